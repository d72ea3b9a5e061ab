"""Public activities reach a store of linked data, whatever happens to it meanwhile."""

import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connections
from django.test import Client
from graph_store import GraphStoreServer, graph_store

from provenance import ActivityRecord, EntityRecord, GeneratedRecord, UsedRecord, publisher
from provenance.history import History
from provenance.models import Activity, Outgoing
from provenance.publisher import configured_store, publish
from provenance.store import enter, make_public
from provenance.validity import mark_bad, mark_good

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
PREFIXES = (
    "PREFIX prov: <http://www.w3.org/ns/prov#>"
    " PREFIX voprov: <http://www.ivoa.net/documents/ProvenanceDM/index.html#> "
)


@pytest.fixture
def served(settings: Any) -> Iterator[GraphStoreServer]:
    with graph_store() as server:
        settings.VO_SPARQL_GRAPH_STORE = server.url
        yield server


def chain(public: bool) -> list[ActivityRecord]:
    """Events to image to mosaic."""
    return [
        ActivityRecord(
            f"ivo://x/activity?{made}", made, version="1", start=NOON, end=NOON,
            used=(UsedRecord(EntityRecord.reference(f"ivo://x/entity?{used}"), "input"),),
            generated=(
                GeneratedRecord(EntityRecord(f"ivo://x/entity?{made}", public=public), "output"),
            ),
            public=public,
        )
        for used, made in (("events", "image"), ("image", "mosaic"))
    ]  # fmt: skip


def send() -> tuple[int, int]:
    store = configured_store()
    assert store is not None
    return publish(store)


def test_nothing_is_noted_where_no_store_is_set() -> None:
    enter(chain(public=True))
    assert not Outgoing.objects.exists()
    assert configured_store() is None
    call_command("provenance_tend")


def test_finished_activities_reach_the_store_once(served: GraphStoreServer) -> None:
    enter(chain(public=True))
    enter(chain(public=True))
    assert Outgoing.objects.count() == 2
    call_command("provenance_tend")
    assert served.graphs() == {"ivo://x/activity?image", "ivo://x/activity?mosaic"}
    found = served.ask(
        PREFIXES + "SELECT ?e WHERE { <ivo://x/entity?mosaic> prov:wasGeneratedBy/prov:used ?e }"
    )
    assert found == [("ivo://x/entity?image",)]
    assert send() == (0, 0)
    assert len(served.asked) == 2


def test_hidden_activities_are_sent_when_they_become_public(served: GraphStoreServer) -> None:
    enter(chain(public=False))
    assert send() == (0, 0)
    make_public(["ivo://x/entity?mosaic"])
    assert send() == (2, 0)
    assert len(served.graphs()) == 2


def test_what_fails_is_tried_again_later_and_never_lost(served: GraphStoreServer) -> None:
    served.refuse = 1
    enter(chain(public=True))
    assert send() == (0, 1)  # the rest waits for a better time
    waiting = Outgoing.objects.get(attempts=1)
    assert "503" in (waiting.problem or "")
    assert waiting.next_try > datetime.now(UTC) + timedelta(seconds=20)
    Outgoing.objects.update(next_try=NOON)
    assert send() == (2, 0)
    assert len(served.graphs()) == 2


def test_a_store_that_is_gone_holds_nothing_up(served: GraphStoreServer, settings: Any) -> None:
    settings.VO_SPARQL_GRAPH_STORE = "http://127.0.0.1:9/data"
    enter(chain(public=True))
    assert send() == (0, 1)
    assert Outgoing.objects.count() == 2


def test_credentials_are_sent(served: GraphStoreServer, settings: Any) -> None:
    served.credentials = ("ada", "secret")
    enter(chain(public=True))
    assert send() == (0, 1)
    Outgoing.objects.update(next_try=NOON)
    settings.VO_SPARQL_USER, settings.VO_SPARQL_PASSWORD = "ada", "secret"
    assert send() == (2, 0)


def test_a_mark_that_is_taken_back_is_taken_from_the_store(served: GraphStoreServer) -> None:
    def told() -> list[tuple[str, ...]]:
        return served.ask(
            PREFIXES + "SELECT ?e WHERE { ?e voprov:invalidatedAtTime ?t FILTER(isIRI(?e)) }"
        )

    enter(chain(public=True))
    assert send() == (2, 0)
    mark_bad("ivo://x/entity?mosaic", "solar flare", authority="x")
    assert send() == (1, 0)
    assert told() == [("ivo://x/entity?mosaic",)]
    # in PROV's own terms it would not be allowed that the mosaic is used after that
    assert served.ask(PREFIXES + "SELECT ?e WHERE { ?e prov:invalidatedAtTime ?t }") == []
    mark_good("ivo://x/entity?mosaic", "a mistake", authority="x")
    assert send() == (2, 0), "the mark, and that it was taken back"
    assert told() == []


def test_a_mark_that_is_taken_back_while_it_is_sent_is_sent_again(
    served: GraphStoreServer, transactional_db: None
) -> None:
    enter(chain(public=True))
    assert send() == (2, 0)
    mark_bad("ivo://x/entity?mosaic", "solar flare", authority="x")

    def take_back() -> None:
        served.at_request = None
        mark_good("ivo://x/entity?mosaic", "a mistake", authority="x")
        connections.close_all()

    served.at_request = take_back
    sent, failed = send()
    assert (sent, failed) == (3, 0), "the mark as it was and as it is, and that it was taken back"
    assert served.ask(PREFIXES + "SELECT ?t WHERE { ?e voprov:invalidatedAtTime ?t }") == []
    assert not Outgoing.objects.exists()


def test_what_is_noted_again_keeps_the_pause_and_is_sent_once(served: GraphStoreServer) -> None:
    served.refuse = 1
    enter(chain(public=True)[:1])
    assert send() == (0, 1)
    due = Outgoing.objects.get().next_try
    assert publisher.note_all() == 1
    assert Outgoing.objects.get().next_try == due
    Outgoing.objects.update(next_try=NOON)
    assert send() == (1, 0)
    assert not Outgoing.objects.exists()


@pytest.mark.parametrize("address", ["127.0.0.1/data", "http://127.0.0.1:port/data", "http://["])
def test_a_store_whose_address_is_none_is_one_fault_and_not_one_of_each_message(
    served: GraphStoreServer, settings: Any, address: str
) -> None:
    settings.VO_SPARQL_GRAPH_STORE = address
    enter(chain(public=True))
    assert send() == (0, 1)
    assert sorted(Outgoing.objects.values_list("attempts", flat=True)) == [0, 1]
    problem = Outgoing.objects.get(attempts=1).problem or ""
    assert "VO_SPARQL_GRAPH_STORE is no address" in problem


def test_a_message_that_the_store_refuses_holds_up_no_other(served: GraphStoreServer) -> None:
    served.dislikes = {"ivo://x/activity?image"}
    enter(chain(public=True))
    assert send() == (1, 1)
    assert served.graphs() == {"ivo://x/activity?mosaic"}
    poison = Outgoing.objects.get()
    assert "400" in (poison.problem or "")
    for _ in range(5):
        Outgoing.objects.update(next_try=NOON)
        assert send() == (0, 1)
    served.dislikes.clear()
    Outgoing.objects.update(next_try=NOON)
    assert send() == (1, 0), "it is never given up"


def test_an_activity_that_can_not_be_written_is_counted_and_holds_up_no_other(
    served: GraphStoreServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    enter(chain(public=True))
    whole = publisher.neighbourhood

    def neighbourhood(activity: Activity) -> History:
        if activity.identifier.endswith("image"):
            raise KeyError("unforeseen")
        return whole(activity)

    monkeypatch.setattr(publisher, "neighbourhood", neighbourhood)
    assert send() == (1, 1)
    poison = Outgoing.objects.get()
    assert (poison.attempts, poison.problem) == (1, "UnwritableError: KeyError: 'unforeseen'")


def test_the_rest_waits_no_longer_than_the_store_is_gone(served: GraphStoreServer) -> None:
    served.refuse = 1
    enter(chain(public=True))
    assert send() == (0, 1)
    assert send() == (1, 0), "what was not tried is due at once"


def test_while_a_message_is_sent_no_row_is_locked(
    served: GraphStoreServer, transactional_db: None
) -> None:
    enter(chain(public=True))

    def look() -> None:
        beside = connections.create_connection("default")
        try:
            with beside.cursor() as cursor:
                cursor.execute("SET lock_timeout = '1s'")
                cursor.execute("UPDATE provenance_outgoing SET problem = 'seen'")
        finally:
            beside.close()

    served.at_request = look
    assert send() == (2, 0)


def test_messages_of_a_sender_that_died_are_sent_by_another_later(
    served: GraphStoreServer,
) -> None:
    enter(chain(public=True))
    assert len(publisher._claim()) == 2
    assert send() == (0, 0), "they are the other's for a while"
    Outgoing.objects.update(next_try=NOON)
    assert send() == (2, 0)


def test_operators_see_what_waits_and_why(served: GraphStoreServer) -> None:
    served.refuse = 1
    enter(chain(public=True))
    said = io.StringIO()
    call_command("provenance_tend", stdout=said)
    assert "0 activities were sent, 1 could not be; 2 wait, 1 of them were tried" in said.getvalue()
    assert "503" in said.getvalue()
    told = Client().get("/metrics").content.decode()
    assert "\nprovenance_outgoing 2\n" in told
    assert "\nprovenance_outgoing_failing 1\n" in told
    assert "\nprovenance_outgoing_oldest_seconds " in told
    assert "\nuws_queue_length" in told


def test_a_store_that_is_new_gets_all_that_is_public(served: GraphStoreServer) -> None:
    enter(chain(public=True))
    enter([ActivityRecord("ivo://x/activity?hidden", "hidden", start=NOON, end=NOON)])
    Outgoing.objects.all().delete()
    call_command("provenance_tend", "--resend", stdout=io.StringIO())
    assert served.graphs() == {"ivo://x/activity?image", "ivo://x/activity?mosaic"}
