"""The lineage tells which relations the shortest paths follow, and which one of them all along."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from lineages import Records, paths, run, stored_lineage, walked
from migrating import migrate

from provenance import ActivityRecord, EntityClass, EntityRecord, lineage
from provenance.models import LineageSource, PathKind, PathKinds
from provenance.retention import expire
from provenance.store import enter

pytestmark = pytest.mark.django_db

USED, CONFIGURED = PathKind.USED, PathKind.WAS_CONFIGURED_BY
DERIVED, MEMBER = PathKind.WAS_DERIVED_FROM, PathKind.HAD_MEMBER
NONE = PathKind(0)


def derived(name: str, *origins: str) -> EntityRecord:
    return EntityRecord(name, derived_from=origins)


def collection(name: str, *members: str) -> EntityRecord:
    return EntityRecord(name, entity_class=EntityClass.COLLECTION, members=members)


def ended(record: ActivityRecord, end: datetime, *, public: bool) -> ActivityRecord:
    """The same, ended then; public with what it made, or not."""
    made = tuple(replace(g, entity=replace(g.entity, public=public)) for g in record.generated)
    return replace(record, end=end, public=public, generated=made)


def blocks_of(name: str) -> set[str]:
    """Whose rows an entity shares."""
    shared = LineageSource.objects.filter(descendant__identifier=name, distance__gt=0)
    return set(shared.values_list("block__identifier", flat=True))


def share_from(rows: int, patch: pytest.MonkeyPatch) -> None:
    """Let lineages of so few rows be shared."""
    patch.setattr(lineage, "LEAST_SHARED", rows)


def test_each_relation_is_a_kind_of_its_own() -> None:
    enter(
        [
            run("image", ["events"], ["image"], ["energies"]),
            derived("copy", "image"),
            collection("results", "copy"),
        ]
    )
    assert stored_lineage() == {
        ("image", "events"): paths(1, USED),
        ("image", "energies"): paths(1, CONFIGURED),
        ("copy", "image"): paths(1, DERIVED),
        ("copy", "events"): paths(2, DERIVED | USED, NONE),
        ("copy", "energies"): paths(2, DERIVED | CONFIGURED, NONE),
        ("results", "copy"): paths(1, MEMBER),
        ("results", "image"): paths(2, MEMBER | DERIVED, NONE),
        ("results", "events"): paths(3, MEMBER | DERIVED | USED, NONE),
        ("results", "energies"): paths(3, MEMBER | DERIVED | CONFIGURED, NONE),
    }


def test_the_published_table_names_all_kinds_in_one_order() -> None:
    kinds = [
        [one for bit, one in enumerate(PathKind) if number >> bit & 1] for number in range(1, 16)
    ]
    enter(
        [
            record
            for number, some in enumerate(kinds)
            for record in (
                EntityRecord(
                    f"result{number}",
                    entity_class=EntityClass.COLLECTION,
                    members=("origin",) if MEMBER in some else (),
                    derived_from=("origin",) if DERIVED in some else (),
                    public=True,
                ),
                run(
                    f"{number}",
                    ["origin"] if USED in some else [],
                    [f"result{number}"],
                    ["origin"] if CONFIGURED in some else [],
                ),
                EntityRecord("origin", public=True),
            )
        ]
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT descendant, path_kind, path_relations FROM provenance_public_lineage"
        )
        published = {descendant: tuple(words) for descendant, *words in cursor.fetchall()}
    names = [[str(one.name).lower() for one in some] for some in kinds]
    assert published == {f"result{n}": (some[0], " ".join(some)) for n, some in enumerate(names)}
    for number in range(15):
        of_one_step = PathKinds.of_step(PathKind(number + 1))
        words = (of_one_step.word, of_one_step.followed.words)
        assert published[f"result{number}"] == words
    assert published["result14"][1] == "used was_configured_by was_derived_from had_member"


def test_a_path_of_several_relations_is_published_as_mixed() -> None:
    public = EntityRecord("image", public=True), EntityRecord("events", public=True)
    copy = replace(derived("copy", "image"), public=True)
    enter([run("image", ["events"], ["image"]), *public, copy])
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT path_kind, path_relations FROM provenance_public_lineage"
            " WHERE descendant = 'copy' AND ancestor = 'events'"
        )
        assert cursor.fetchall() == [("mixed", "used was_derived_from")]
    assert PathKinds(USED | DERIVED, NONE).word == "mixed"


def test_longer_paths_do_not_count() -> None:
    enter([run("image", ["events"], ["image"]), derived("mosaic", "image", "events")])
    assert stored_lineage()["mosaic", "events"] == paths(1, DERIVED)


def test_of_several_paths_one_is_enough_that_follows_a_relation_all_along() -> None:
    enter(
        [
            run("first", ["events"], ["first"]),
            run("second", [], ["second"], ["events"]),
            run("both", ["first", "second"], ["both"]),
        ]
    )
    assert stored_lineage()["both", "events"] == paths(2, USED | CONFIGURED, USED)


def test_paths_of_the_same_length_count_together() -> None:
    enter(
        [
            run("first", [], ["first"], ["events"]),
            run("second", ["events"], ["second"]),
            derived("both", "first", "second"),
        ]
    )
    assert stored_lineage()["both", "events"] == paths(2, DERIVED | CONFIGURED | USED, NONE)


def test_another_relation_of_a_known_pair_adds_its_kind() -> None:
    enter([run("image", ["events"], ["image"]), derived("copy", "image")])
    enter([derived("image", "events")])
    assert stored_lineage() == {
        ("image", "events"): paths(1, USED | DERIVED),
        ("copy", "image"): paths(1, DERIVED),
        ("copy", "events"): paths(2, USED | DERIVED, DERIVED),
    }


def test_a_shorter_path_that_comes_later_has_only_its_own_kinds() -> None:
    enter([run("image", ["events"], ["image"]), run("mosaic", ["image"], ["mosaic"])])
    enter([derived("mosaic", "events")])
    assert stored_lineage()["mosaic", "events"] == paths(1, DERIVED)


def test_what_is_derived_from_all_that_it_used_shares_their_lineage() -> None:
    origins = [f"events{n}" for n in range(40)]
    records: Records = [
        run("mosaic", origins, ["mosaic"]),
        run("job", ["mosaic"], ["product"]),
        derived("product", "mosaic"),
    ]
    enter(records)
    assert blocks_of("product") == {"mosaic"}
    assert stored_lineage() == walked(records)
    assert stored_lineage()["product", "events7"] == paths(2, USED | DERIVED, USED)


def test_a_block_that_is_reached_in_two_ways_is_shared_with_the_kinds_of_both(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    share_from(3, monkeypatch)
    records: Records = [
        derived("base", "a", "b", "c"),
        run("one", ["base"], ["one"]),
        run("two", [], ["two"], ["base"]),
        run("end", ["one"], ["end"], ["two"]),
    ]
    enter(records)
    assert "base" in blocks_of("end")
    assert stored_lineage()["end", "a"] == paths(3, USED | CONFIGURED | DERIVED, NONE)
    assert stored_lineage() == walked(records)


@pytest.mark.parametrize("blocks", [1, 2])
def test_what_a_block_would_tell_with_a_kind_missing_is_written_out(
    blocks: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    share_from(3, monkeypatch)
    large = ["one", "two"][:blocks]
    records: Records = [
        run("one", ["a1", "a2", "a3", "a4", "a5"], ["one"]),
        run("two", ["b1", "b2", "b3", "b4"], ["two"]),
        run("small", [], ["small"], ["a1", "b1"]),
        run("end", [*large, "small"], ["end"]),
    ]
    enter(records)
    assert blocks_of("end") == set(large)
    pairs = stored_lineage()
    assert pairs[("end", "a1" if blocks == 1 else "b1")] == paths(2, USED | CONFIGURED, USED)
    assert pairs == walked(records)


@pytest.mark.parametrize("blocks", [1, 2])
@pytest.mark.parametrize("further", [False, True], ids=["as short", "further"])
def test_a_path_that_comes_later_joins_those_that_a_block_tells(
    blocks: int, further: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    share_from(3, monkeypatch)
    large = ["one", "two"][:blocks]
    records: Records = [
        run("one", ["a1", "a2", "a3", "a4"], ["one"]),
        run("two", ["b1", "b2", "b3", "b4"], ["two"]),
        run("end", large, ["end"], ["late"]),
        run("last", ["end"], ["last"]),
    ]
    enter(records)
    assert blocks_of("end") == set(large)
    later: Records = [derived("late", "between"), derived("between", "a1")]
    if not further:
        later = [derived("late", "a1")]
    enter(later)
    pairs = stored_lineage()
    followed = USED if further else USED | CONFIGURED | DERIVED
    assert pairs["end", "a1"] == paths(2, followed, USED)
    assert pairs == walked([*records, *later])


def test_what_is_left_after_retention_tells_the_kinds_that_are_left() -> None:
    """The lineages of what came from a removed result are written anew, with all that is left."""
    now = datetime.now(UTC)
    old = run("old", ["table"], ["old"])
    open_run = run("open", ["first", "second", "old"], ["open"])
    records: Records = [
        derived("table", "origin"),
        run("first", [], ["first"], ["table"]),
        derived("second", "table"),
        run("copy", ["open"], ["copy"]),
        run("setting", [], ["setting"], ["open"]),
        derived("end", "copy", "setting"),
    ]
    enter([ended(old, now - timedelta(days=500), public=False)])
    enter(
        ended(r, now, public=True) if isinstance(r, ActivityRecord) else r
        for r in [*records, open_run]
    )
    assert stored_lineage()["copy", "old"] == paths(2, USED)
    assert expire(timedelta(days=365), now=now) == 1
    pairs = stored_lineage()
    assert pairs["open", "table"] == paths(2, USED | CONFIGURED | DERIVED, NONE)
    assert pairs["end", "open"] == paths(2, USED | CONFIGURED | DERIVED, NONE)
    assert pairs == walked([*records, run("open", ["first", "second"], ["open"])])


def test_lineages_of_before_get_their_kinds_when_the_database_is_brought_up_to_date() -> None:
    images = [f"image{n}" for n in range(40)]
    records: Records = [
        *(run(image, [f"events {image}", "response"], [image]) for image in images),
        run("mosaic", images, ["mosaic"], ["energies"]),
        derived("copy", "mosaic"),
        collection("results", "copy"),
    ]
    enter(records)
    before = stored_lineage()
    migrate("provenance", "0010_messages_noted_again")
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM provenance_whole_lineage")
        assert cursor.fetchone() == (len(before),)
    migrate("provenance", "0011_kinds_of_paths")
    assert stored_lineage() == before == walked(records)
