"""Public activities reach a store of linked data, whatever happens to it meanwhile."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.management import call_command
from graph_store import GraphStoreServer, graph_store

from provenance import ActivityRecord, EntityRecord, GeneratedRecord, UsedRecord
from provenance.models import Outgoing
from provenance.publisher import configured_store, publish
from provenance.store import enter, make_public

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
PREFIXES = "PREFIX prov: <http://www.w3.org/ns/prov#> "


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
