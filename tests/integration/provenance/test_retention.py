"""What is published keeps its history; what isn't loses it after a set time, ends first."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from lineages import paths, stored_lineage

from provenance import (
    ActivityRecord,
    EntityClass,
    EntityRecord,
    GeneratedRecord,
    ParameterRecord,
    UsedRecord,
    retention,
)
from provenance.history import backwards
from provenance.models import Activity, Entity, Parameter, PathKind
from provenance.retention import expire
from provenance.store import enter, make_public

pytestmark = pytest.mark.django_db

NOW = datetime.now(UTC)
OLD = NOW - timedelta(days=400)
YEAR = timedelta(days=365)


def run(used: str, made: str, end: datetime) -> ActivityRecord:
    """One step of a hidden analysis."""
    return ActivityRecord(
        f"ivo://x/activity?{made}", "step", version="1", start=end, end=end,
        used=(UsedRecord(EntityRecord.reference(used)),),
        generated=(GeneratedRecord(EntityRecord(made, derived_from=(used,))),),
        parameters=(ParameterRecord("a", "1"),),
    )  # fmt: skip


def collection(*members: str, public: bool = False) -> EntityRecord:
    """A collection of these, which no activity made."""
    return EntityRecord("all", entity_class=EntityClass.COLLECTION, members=members, public=public)


def known() -> set[str]:
    return set(Entity.objects.values_list("identifier", flat=True))


def test_old_hidden_history_goes_from_its_ends_on_and_leaves_nothing_behind() -> None:
    enter([EntityRecord("events", public=True), run("events", "image", OLD),
           run("image", "mosaic", OLD)])  # fmt: skip
    assert expire(YEAR, now=NOW) == 2
    assert known() == {"events"}
    assert not Activity.objects.exists()
    assert not Parameter.objects.exists()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM provenance_lineage")
        assert cursor.fetchone() == (0,)
        cursor.execute("SELECT count(*) FROM provenance_lineage_source")
        assert cursor.fetchone() == (0,)


def test_what_something_published_or_younger_was_made_from_stays() -> None:
    enter([run("events", "image", OLD), run("image", "published", OLD), run("image", "young", NOW)])
    make_public(["published"])
    enter([run("image", "unpublished", OLD)])
    assert expire(YEAR, now=NOW) == 1
    assert known() == {"events", "image", "published", "young"}
    assert len(backwards(["published"], None).activities) == 2


def test_a_product_keeps_its_history_also_where_it_is_its_owners_alone() -> None:
    # an operator may have given the server another authority since
    products = ("ivo://x/product?1", "ivo://y/product?1")
    enter([run("events", made, OLD) for made in (*products, "ivo://x/entity?1")])
    assert expire(YEAR, now=NOW) == 1
    assert known() == {"events", *products}


def test_a_collection_of_nothing_but_the_results_goes_with_their_activity() -> None:
    enter([run("events", "image", OLD), collection("image")])
    assert expire(YEAR, now=NOW) == 1
    assert known() == {"events"}


@pytest.mark.parametrize(
    "holder",
    [
        collection("image", public=True),
        collection("image", "other"),
    ],
)
def test_a_public_or_wider_collection_keeps_what_it_holds(holder: EntityRecord) -> None:
    enter([run("events", "image", OLD), holder])
    assert expire(YEAR, now=NOW) == 0


def test_a_public_comparison_outlives_the_hidden_run_that_it_was_told_of() -> None:
    hidden = run("events", "again", OLD)
    comparison = replace(
        run("original", "comparison", OLD),
        used=tuple(UsedRecord(EntityRecord.reference(e)) for e in ("original", "again")),
        generated=(GeneratedRecord(EntityRecord("comparison", public=True)),),
        informants=(hidden.id,),
        public=True,
    )
    enter([hidden, comparison])
    assert expire(YEAR, now=NOW) == 1
    assert known() == {"events", "original", "comparison"}
    assert stored_lineage() == {("comparison", "original"): paths(1, PathKind.USED)}


def test_what_another_room_still_has_keeps_its_history(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "_held", [])
    retention.keep_what("SELECT 'image'")
    enter([run("events", "image", OLD), run("image", "mosaic", OLD)])
    assert expire(YEAR, now=NOW) == 1
    assert known() == {"events", "image"}


def test_a_record_that_a_cache_gives_again_is_entered_again() -> None:
    record = run("events", "image", OLD)
    enter([record])
    assert expire(YEAR, now=NOW) == 1
    enter([replace(record), run("image", "new", NOW)])
    assert expire(YEAR, now=NOW) == 0
    assert len(backwards(["new"], None, hidden=True).activities) == 2


def test_looking_for_what_is_old_reads_no_public_activity() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO provenance_activity (identifier, status, end_time, public)"
            " SELECT 'activity:' || n, 'completed', now() - interval '900 days', true"
            " FROM generate_series(1, 5000) AS n"
        )
        cursor.execute("ANALYZE provenance_activity")
        asked = {"cutoff": NOW - YEAR, "products": retention.PRODUCTS, "most": 200}
        cursor.execute(f"EXPLAIN {retention.removal()}", asked)
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "provenance_activity_hidden" in plan, plan


def test_the_time_is_a_setting(settings: Any) -> None:
    enter([run("events", "image", NOW - timedelta(days=3))])
    settings.VO_PROVENANCE_RETENTION_DAYS = 0
    call_command("provenance_tend")
    assert Activity.objects.count() == 1
    settings.VO_PROVENANCE_RETENTION_DAYS = 2
    call_command("provenance_tend")
    assert not Activity.objects.exists()
