"""Sends finished activities to a store of linked data (SPARQL 1.1 Graph Store HTTP Protocol).

Each activity is one named graph, whose name is its identifier: what it used and made, its settings
and agents. Sending it again replaces it (``PUT``, section 5.3 of the protocol), so that a message
that was lost or doubled does no harm. Activities that become public are noted in the outbox by the
transaction that makes them so, and sent later by ``manage.py provenance_tend``: a store that is
slow or gone holds up no job, and a message that it refuses no other message. No transaction is open
while a message is sent.
"""

import base64
import logging
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from http.client import HTTPException, InvalidURL
from itertools import islice
from urllib.parse import quote, urlsplit

from django.conf import settings
from django.db import OperationalError, transaction

from provenance.history import History, backwards, forwards
from provenance.models import Activity, Outgoing
from provenance.store import note_to_send

logger = logging.getLogger(__name__)

_FIRST_PAUSE = timedelta(seconds=30)
_LONGEST_PAUSE = timedelta(days=1)
_AT_ONCE = 20
#: So many activities at a time are put into the outbox where all are.
_AT_A_TIME = 1000
#: How long a message is one sender's alone; after that another may send it, should that one die.
_CLAIM = timedelta(minutes=15)
#: Answers that tell of the message and not of the store (RFC 9110): the next may fare better.
_OF_THE_MESSAGE = frozenset({400, 409, 411, 413, 414, 415, 422})


class RefusedError(OSError):
    """The store's answer to a message was no. status: of HTTP."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"HTTP {status} {reason}")
        self.status = status


class NoAddressError(OSError):
    """What the settings name as the store's address is none."""


class UnwritableError(Exception):
    """An activity can't be written as RDF."""


@dataclass(frozen=True, slots=True)
class GraphStore:
    """Where to send to. url: of the Graph Store, such as Fuseki's ``…/data``.

    timeout_s: how long one message may take.
    """

    url: str
    user: str = ""
    password: str = ""
    timeout_s: float = 30.0

    def put(self, graph: str, turtle: bytes) -> None:
        """Replace a named graph; raises ``OSError`` where the store doesn't take it.

        ``HTTPException`` where what answers is no server of HTTP.
        """
        try:
            self._put(graph, turtle)
        except (ValueError, InvalidURL) as wrong:
            raise NoAddressError(f"VO_SPARQL_GRAPH_STORE is no address: {wrong}") from None

    def _put(self, graph: str, turtle: bytes) -> None:
        separator = "&" if urlsplit(self.url).query else "?"
        request = urllib.request.Request(  # noqa: S310 - the operator's own address
            f"{self.url}{separator}graph={quote(graph, safe='')}",
            data=turtle,
            method="PUT",
            headers={"Content-Type": "text/turtle; charset=utf-8"},
        )
        if self.user:
            known = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
            request.add_header("Authorization", f"Basic {known}")
        try:
            with urllib.request.urlopen(request, timeout=self.timeout_s) as answer:  # noqa: S310
                answer.read(1)
        except urllib.error.HTTPError as refusal:
            with refusal:
                raise RefusedError(refusal.code, str(refusal.reason)) from None


def configured_store() -> GraphStore | None:
    """The store of the settings; ``None`` where nothing is to be sent."""
    if not settings.VO_SPARQL_GRAPH_STORE:
        return None
    return GraphStore(
        settings.VO_SPARQL_GRAPH_STORE, settings.VO_SPARQL_USER, settings.VO_SPARQL_PASSWORD
    )


def publish(store: GraphStore, *, within_s: float = 50.0) -> tuple[int, int]:
    """Send what is due, for ``within_s`` seconds at most; how many were sent, how many failed.

    What fails is tried again later, each time after twice the pause, up to a day; it is never
    given up. After a failure of the store the rest waits too: the next is likely to fail as well.
    """
    sent = failed = 0
    until = time.monotonic() + within_s
    while time.monotonic() < until and (due := _claim()):
        waiting = list(due)
        try:
            while waiting and time.monotonic() < until:
                problem = _send(store, waiting.pop(0))
                if problem is None:
                    sent += 1
                    continue
                failed += 1
                if not _is_of_the_message(problem):
                    return sent, failed
        finally:
            _release(waiting)
    return sent, failed


def note_all() -> int:
    """Put all public activities into the outbox; how many are in it now."""
    public = Activity.objects.filter(public=True, status__isnull=False)
    keys = public.values_list("pk", flat=True).order_by("pk").iterator(chunk_size=_AT_A_TIME)
    while some := list(islice(keys, _AT_A_TIME)):
        note_to_send(some)
    return Outgoing.objects.count()


def _claim() -> list[Outgoing]:
    """Messages that are due, no other sender's for a while."""
    now = datetime.now(UTC)
    with transaction.atomic():
        due = list(
            Outgoing.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(next_try__lte=now)
            .select_related("activity")
            .order_by("next_try", "activity")[:_AT_ONCE]
        )
        Outgoing.objects.filter(pk__in=[message.pk for message in due]).update(
            next_try=now + _CLAIM
        )
    return due


def _release(messages: Sequence[Outgoing]) -> None:
    """Give back what was claimed and not tried, or not told whole."""
    with transaction.atomic():
        # locked in the order of keys, as by whoever notes them again meanwhile
        claimed = Outgoing.objects.select_for_update().order_by("pk")
        held = [m.pk for m in claimed.filter(pk__in=[message.pk for message in messages])]
        Outgoing.objects.filter(pk__in=held).update(next_try=datetime.now(UTC))


def _send(store: GraphStore, message: Outgoing) -> Exception | None:
    """Send it and forget it; else what went wrong, which is noted."""
    from provenance import rdf

    identifier = message.activity.identifier
    try:
        turtle = rdf.to_turtle(rdf.graph(neighbourhood(message.activity))).encode()
        graph = str(rdf.iri(identifier))
    except OperationalError:
        raise  # the database is gone, which says nothing of the message
    except Exception as fault:
        # whatever it is, it is of this message: the others are to be sent
        logger.exception("%s can't be written as RDF", identifier)
        problem: Exception = UnwritableError(f"{type(fault).__name__}: {fault}")
        _put_off(message, problem)
        return problem
    try:
        store.put(graph, turtle)
    except (OSError, HTTPException) as refused:
        _put_off(message, refused)
        logger.warning("%s was not sent to the graph store: %s", identifier, message.problem)
        return refused
    # what was noted again meanwhile was perhaps not yet read
    told = Outgoing.objects.filter(pk=message.pk, times_noted=message.times_noted)
    if not told.delete()[0]:
        _release([message])
    return None


def _put_off(message: Outgoing, problem: Exception) -> None:
    """Note what went wrong, and when to try again."""
    message.attempts += 1
    pause = min(_FIRST_PAUSE * 2 ** min(message.attempts - 1, 20), _LONGEST_PAUSE)
    message.next_try = datetime.now(UTC) + pause
    message.problem = f"{type(problem).__name__}: {problem}"[:500]
    message.save(update_fields=["attempts", "next_try", "problem"])


def _is_of_the_message(problem: Exception) -> bool:
    """Whether the store may well take others."""
    if isinstance(problem, RefusedError):
        return problem.status in _OF_THE_MESSAGE
    return isinstance(problem, UnwritableError)


def neighbourhood(activity: Activity) -> History:
    """An activity with what it used and what it made."""
    before = backwards([activity.identifier], 1)
    after = forwards([activity.identifier], 1)
    (own,) = (a for a in after.activities if a.id == activity.identifier)
    (inputs,) = (a for a in before.activities if a.id == activity.identifier)
    entities = {entity.id: entity for entity in (*before.entities, *after.entities)}
    whole = replace(own, used=inputs.used, parameters=inputs.parameters)
    return History((whole,), tuple(entities.values()), before.asked).described(2)
