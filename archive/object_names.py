"""The position of an object by its name: from the reference catalogue or, where set, Sesame.

What Sesame said is remembered for a while by each process, so that a plan that is looked at again
and again asks once.
"""

import http.client
import math
import re
import time
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from urllib.parse import quote
from urllib.request import Request, urlopen

from django.conf import settings

from archive.catalogue import source_named

#: A position in the answer to format ``-oI``: ``%J 083.633080 +22.014500 = 05:34:31.9 ...``
_POSITION = re.compile(r"^%J\s+([0-9.]+)\s+([+-]?[0-9.]+)", re.MULTILINE)
_TIMEOUT_S = 5
_LONGEST_ANSWER = 100_000
_LONGEST_NAME = 200
#: How long an answer is remembered, seconds: a position, an unknown name, a Sesame out of order.
_POSITION_KEPT_S = 3600.0
_UNKNOWN_KEPT_S = 300.0
_FAILURE_KEPT_S = 20.0
_MOST_ANSWERS = 1000

Position = tuple[float, float]


class Answers:
    """Answers by address, each for its time; the oldest go first. Safe among threads."""

    def __init__(self, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        """most: how many are kept. clock: seconds."""
        self._most = most
        self._clock = clock
        self._lock = Lock()
        self._kept: OrderedDict[str, tuple[float, Position | LookupError | None]] = OrderedDict()

    def get(self, address: str, ask: Callable[[str], Position | None]) -> Position | None:
        """What ``ask`` says, or said not long ago; raises the LookupError that it raised."""
        with self._lock:
            until, said = self._kept.get(address, (-math.inf, None))
        if until <= self._clock():
            try:
                said = ask(address)
                kept_s = _UNKNOWN_KEPT_S if said is None else _POSITION_KEPT_S
            except LookupError as error:
                said, kept_s = error, _FAILURE_KEPT_S
            self._keep(address, self._clock() + kept_s, said)
        if isinstance(said, LookupError):
            raise LookupError(*said.args)
        return said

    def _keep(self, address: str, until: float, said: Position | LookupError | None) -> None:
        with self._lock:
            self._kept[address] = (until, said)
            self._kept.move_to_end(address)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)


_answers = Answers(_MOST_ANSWERS)


def places() -> str:
    """Where names are looked up, for people."""
    own = "the mission's reference catalogue"
    return f"{own} and, if it isn't there, from CDS's Sesame" if settings.VO_SESAME_URL else own


def position_of(name: str) -> Position | None:
    """ICRS degrees, or ``None`` where nobody knows the name.

    Raises LookupError, with a message for people, where Sesame should know and doesn't answer.
    """
    source = source_named(name)
    if source is not None:
        return source.ra, source.dec
    wanted = " ".join(name.split())
    if not settings.VO_SESAME_URL or not 0 < len(wanted) <= _LONGEST_NAME:
        return None
    address = f"{settings.VO_SESAME_URL.rstrip('/')}/-oI/SNV?{quote(wanted, safe='')}"
    return _answers.get(address, _from_sesame)


def _from_sesame(address: str) -> Position | None:
    if not address.startswith(("http://", "https://")):
        raise LookupError("the service's name resolver is set wrongly")
    try:
        with urlopen(Request(address), timeout=_TIMEOUT_S) as answer:  # noqa: S310 - checked above
            text = answer.read(_LONGEST_ANSWER).decode("utf-8", "replace")
    except (OSError, http.client.HTTPException) as error:
        raise LookupError("the name resolver Sesame doesn't answer; try again later") from error
    match = _POSITION.search(text)
    if match is None:
        return None
    ra, dec = map(float, match.groups())
    return (ra, dec) if math.isfinite(ra) and abs(dec) <= 90 else None
