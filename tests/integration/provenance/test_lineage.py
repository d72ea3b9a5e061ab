"""The lineage is true: whatever is entered, in whatever order, by how many writers, and removed."""

import random
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase
from lineages import Records, paths, run, stored_lineage, walked, walked_tables

from provenance import ActivityRecord, EntityClass, EntityRecord, lineage
from provenance.models import Activity, Lineage, LineageSource, PathKind, Used
from provenance.retention import expire
from provenance.store import enter
from provenance.validity import mark_bad

NOW = datetime.now(UTC)
USED, CONFIGURED = PathKind.USED, PathKind.WAS_CONFIGURED_BY
DERIVED = PathKind.WAS_DERIVED_FROM
WAYS = (USED, USED, CONFIGURED, DERIVED, USED | DERIVED)

Histories = list[Records]
"""What is entered, portion by portion."""


def portions(draw: st.DrawFn, records: Records) -> Histories:
    """The records in up to four portions."""
    cuts = sorted(draw(st.lists(st.integers(0, len(records)), max_size=3)))
    return [records[a:b] for a, b in zip([0, *cuts], [*cuts, len(records)], strict=True)]


def made(
    draw: st.DrawFn, name: str, inputs: Sequence[str], results: Sequence[str]
) -> ActivityRecord:
    """An activity that took in each of these inputs in one way or several."""
    kinds = {i: draw(st.sampled_from(WAYS)) for i in dict.fromkeys(inputs)}
    taken, values, origins = (
        [one for one, kind in kinds.items() if way in kind] for way in (USED, CONFIGURED, DERIVED)
    )
    return derived(run(name, taken, results, values), origins)


def derived(record: ActivityRecord, origins: Sequence[str]) -> ActivityRecord:
    """The same, all that it made derived from these."""
    generated = tuple(
        replace(g, entity=replace(g.entity, derived_from=tuple(origins))) for g in record.generated
    )
    return replace(record, generated=generated)


@st.composite
def histories(draw: st.DrawFn) -> Histories:
    """Graphs of activities, collections and derivations, entered in any order and portions.

    An entity is made from entities of lower number only, as time has it.
    """
    records: Records = []
    count = draw(st.integers(2, 12))
    number = 1
    while number < count:
        earlier = draw(st.lists(st.integers(0, number - 1), max_size=4, unique=True))
        names = [str(entity) for entity in earlier]
        match draw(st.sampled_from(["activity", "activity", "collection", "derived"])):
            case "activity":
                numbers = range(number, min(count, number + draw(st.integers(1, 3))))
                records.append(made(draw, str(number), names, [str(n) for n in numbers]))
                number = numbers.stop
            case "collection":
                # some are derived from their members, too
                origins = tuple(names[: draw(st.sampled_from([0, 0, 1, 2]))])
                collection = EntityRecord(str(number), entity_class=EntityClass.COLLECTION)
                records.append(replace(collection, members=tuple(names), derived_from=origins))
                number += 1
            case _:
                records.append(EntityRecord(str(number), derived_from=tuple(names)))
                number += 1
    return portions(draw, draw(st.permutations(records)))


@st.composite
def mosaics(draw: st.DrawFn) -> Histories:
    """Chains that begin with inputs which several share, and what is made of several chains.

    Entered nearly in time's order, so that there is something to share; a few records come late,
    after what builds on them, some of them from one more input.
    """
    records: Records = []
    inputs = st.lists(st.sampled_from(["x", "y", "z", "w"]), max_size=3, unique=True)
    ends: list[str] = []
    for chain in range(draw(st.integers(2, 3))):
        last = draw(inputs)
        for link in range(draw(st.integers(1, 6))):
            name = f"{chain}.{link}"
            taken = [*last, *(draw(inputs) if link < 2 else [])]
            records.append(made(draw, name, taken, [name]))
            last = [name]
        ends.extend(last)
    for number in range(draw(st.integers(1, 4))):
        used = draw(st.lists(st.sampled_from(ends), min_size=1, max_size=4, unique=True))
        tops = [f"top{number}.{n}" for n in range(draw(st.integers(1, 2)))]
        records.append(made(draw, tops[0], [*used, *draw(inputs)], tops))
        ends.extend(tops)
    late = draw(st.lists(st.integers(0, len(records) - 1), max_size=2, unique=True))
    moved = [records[n] for n in late]
    kept = [record for n, record in enumerate(records) if n not in late]
    # The first chain comes from none of the others' entities, and nothing from "origin" before.
    others = ["x", "1.0", *(end for end in ends if not end.startswith("0"))]
    told = [
        EntityRecord(draw(st.sampled_from(others)), derived_from=("origin",))
        for _ in range(draw(st.integers(0, 2)))
    ]
    told += [
        EntityRecord(draw(st.sampled_from(others[1:])), derived_from=(end,))
        for end in draw(st.lists(st.sampled_from(["0.0", ends[0]]), max_size=2, unique=True))
    ]
    return portions(draw, [*kept, *moved, *told])


class LineageOfAnyHistory(TestCase):
    """Hypothesis needs Django's own test class to undo each example."""

    @settings(max_examples=40, deadline=None)
    @given(histories())
    def test_the_lineage_is_what_a_walk_over_the_graph_finds_whatever_the_order(
        self, history: Histories
    ) -> None:
        for portion in history:
            enter(portion)
        assert stored_lineage() == walked([record for portion in history for record in portion])

    @settings(max_examples=100, deadline=None)
    @given(mosaics() | histories())
    def test_it_is_so_too_where_every_entity_shares_what_it_can(self, history: Histories) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(lineage, "LEAST_SHARED", 1)
            for portion in history:
                enter(portion)
        assert stored_lineage() == walked([record for portion in history for record in portion])

    @settings(max_examples=30, deadline=None)
    @given(mosaics() | histories(), st.sampled_from([1, 32]))
    def test_written_anew_from_the_relations_it_is_the_same(
        self, history: Histories, shared: int
    ) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(lineage, "LEAST_SHARED", shared)
            for portion in history:
                enter(portion)
            lineage.rebuild()
        assert stored_lineage() == walked([record for portion in history for record in portion])

    @settings(max_examples=20, deadline=None)
    @given(histories(), st.booleans())
    def test_it_is_true_too_where_something_is_said_to_come_from_itself(
        self, history: Histories, in_place: bool
    ) -> None:
        records = [record for portion in history for record in portion]
        last = max((e for e, _ in walked(records)), key=int, default="1")
        circle: Records = [
            run("edit", ["0", last], ["0"]) if in_place else EntityRecord("0", derived_from=(last,))
        ]
        enter(records)
        enter(circle)
        assert stored_lineage() == walked([*records, *circle])
        lineage.rebuild()
        assert stored_lineage() == walked([*records, *circle])


@pytest.mark.django_db
def test_a_mosaic_of_many_images_shares_the_rows_of_its_lineage() -> None:
    size = 40
    images = [f"image{n}" for n in range(size)]
    records = [
        *(run(image, [f"events{n}"], [image]) for n, image in enumerate(images)),
        run("first", images, ["first"]),
        run("sources", ["first"], ["sources"]),
        *(run(f"clean{n}", [image, "sources"], [f"clean{n}"]) for n, image in enumerate(images)),
        run("last", [f"clean{n}" for n in range(size)], ["last"]),
        *(
            derived(run(f"product{n}", ["last", "sources"], [f"product{n}"]), ["last", "sources"])
            for n in range(4)
        ),
    ]
    # In whatever order they are told: parents are entered first.
    enter(reversed(records))
    pairs = stored_lineage()
    assert pairs == walked(records)
    assert pairs["product0", "events0"] == paths(4, USED | DERIVED, USED)
    # 40 × 83 pairs of cleaned images and 4 × 123 of products among them
    assert len(pairs) > 4000
    rows = Lineage.objects.count()
    assert rows < 500
    lineage.rebuild()
    assert stored_lineage() == pairs
    assert Lineage.objects.count() == rows


@pytest.mark.django_db
def test_depth_counts_the_least_number_of_activities_between() -> None:
    enter(
        [
            run("image", ["events"], ["image"]),
            run("mosaic", ["image", "events"], ["mosaic"]),
            run("picture", ["mosaic"], ["picture"]),
        ]
    )
    assert stored_lineage() == {
        ("image", "events"): paths(1, USED),
        ("mosaic", "image"): paths(1, USED),
        ("mosaic", "events"): paths(1, USED),
        ("picture", "mosaic"): paths(1, USED),
        ("picture", "image"): paths(2, USED),
        ("picture", "events"): paths(2, USED),
    }


@pytest.mark.django_db
def test_what_is_made_of_several_mosaics_shares_the_rows_of_all() -> None:
    records: Records = []
    for mosaic in range(3):
        images = [f"image{mosaic}.{n}" for n in range(40)]
        records += [run(image, [f"events{image}", "response"], [image]) for image in images]
        records.append(run(f"mosaic{mosaic}", images, [f"mosaic{mosaic}"]))
    enter(records)
    before = Lineage.objects.count()
    whole = run("survey", ["mosaic0", "mosaic1", "mosaic2"], ["survey"])
    enter([whole])
    # the mosaics, and the one input that they have in common
    assert Lineage.objects.count() - before == 4
    assert LineageSource.objects.filter(descendant__identifier="survey").count() == 4
    assert stored_lineage() == walked([*records, whole])


def aged(records: Records, ages: list[int], public: list[bool]) -> Records:
    """The same, activities ended that many days ago, some of them public with what they made."""
    found: Records = []
    for record, age, shown in zip(records, ages, public, strict=True):
        if isinstance(record, ActivityRecord):
            end = NOW - timedelta(days=age)
            made = tuple(
                replace(g, entity=replace(g.entity, public=shown)) for g in record.generated
            )
            record = replace(record, end=end, public=shown, generated=made)
        found.append(record)
    return found


def kept(records: Records, now: datetime, keep: timedelta) -> set[str]:
    """The activities that retention leaves, by the rule itself: taken away one after another."""
    activities = {r.id: r for r in records if isinstance(r, ActivityRecord)}
    members: dict[str, set[str]] = {}
    origins: dict[str, set[str]] = {}
    for record in records:
        if isinstance(record, EntityRecord):
            members.setdefault(record.id, set()).update(record.members)
        told = (
            [record] if isinstance(record, EntityRecord) else [g.entity for g in record.generated]
        )
        for entity_told in told:
            origins.setdefault(entity_told.id, set()).update(entity_told.derived_from)

    def used(entity: str, but: str, *, by_public: bool) -> bool:
        return any(
            entity in {u.entity.id for u in other.used} and (by_public or not other.public)
            for other in activities.values()
            if other.id != but
        )

    def is_a_setting(entity: str) -> bool:
        settings = (p for activity in activities.values() for p in activity.parameters)
        return any(p.value_entity == entity for p in settings)

    def goes(activity: ActivityRecord) -> bool:
        made = {g.entity.id for g in activity.generated}
        if activity.public or activity.end is None or activity.end >= now - keep:
            return False
        for entity in made:
            holders = [c for c, held in members.items() if entity in held and c not in made]
            if (
                used(entity, activity.id, by_public=False)
                or any(map(is_a_setting, (entity, *holders)))
                or any(entity in of for child, of in origins.items() if child not in made)
                or any(not members[c] <= made for c in holders)
                or any(used(c, "", by_public=True) for c in holders)
                or any(c in of for c in holders for of in (*origins.values(), *members.values()))
                or any(c in {g.entity.id for g in a.generated} for c in holders
                       for a in activities.values())
            ):  # fmt: skip
                return False
        return True

    while gone := [a for a in activities.values() if goes(a)][:1]:
        del activities[gone[0].id]
        made = {g.entity.id for g in gone[0].generated}
        for removed in made | {c for c, held in members.items() if held & made}:
            members.pop(removed, None)
            origins.pop(removed, None)
    return set(activities)


class LineageOfWhatIsKept(TestCase):
    """Removing old history keeps the rest true."""

    @settings(max_examples=60, deadline=None)
    @given(mosaics() | histories(), st.data())
    def test_after_retention_the_lineage_is_that_of_the_relations_that_are_left(
        self, history: Histories, data: st.DataObject
    ) -> None:
        records = [record for portion in history for record in portion]
        size = len(records)
        ages = data.draw(st.lists(st.sampled_from([1, 500]), min_size=size, max_size=size))
        public = data.draw(
            st.lists(st.sampled_from([False, False, True]), min_size=size, max_size=size)
        )
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(lineage, "LEAST_SHARED", 1)
            old = aged(records, ages, public)
            enter(old)
            assert stored_lineage() == walked(records)
            uses = Used.objects.count()
            removed = expire(timedelta(days=365), now=NOW)
            left = set(Activity.objects.values_list("identifier", flat=True))
            assert left == kept(old, NOW, timedelta(days=365))
            assert removed == len([r for r in old if isinstance(r, ActivityRecord)]) - len(left)
            assert stored_lineage() == walked_tables()
            # what was removed can come again, but for what public activities had used of it
            enter(aged(records, [1] * size, public))
            assert stored_lineage() == walked_tables()
            assert Used.objects.count() == uses or any(public)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM provenance_lineage_source AS s"
                " WHERE NOT EXISTS (SELECT 1 FROM provenance_entity WHERE id = s.descendant_id)"
                " OR NOT EXISTS (SELECT 1 FROM provenance_entity WHERE id = s.block_id)"
            )
            assert cursor.fetchone() == (0,)


def in_a_thread(pool: ThreadPoolExecutor, do: Callable[[], None]) -> "Future[None]":
    """Do it with a connection of its own."""

    def work() -> None:
        try:
            do()
        finally:
            connection.close()

    return pool.submit(work)


def wait_for_one_in_turn() -> None:
    """Wait until some writer of this database waits for its turn."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
                " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            )
            if cursor.fetchone() != (0,):
                return
        time.sleep(0.01)
    raise AssertionError("nobody waits")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("seed", [1, 2])
def test_writers_at_the_same_time_leave_no_pair_out_of_the_lineage(seed: int) -> None:
    chance = random.Random(seed)
    records: Records = [
        run(
            str(number),
            [str(n) for n in chance.sample(range(number), min(number, chance.randint(1, 3)))],
            [str(number)],
        )
        for number in range(1, 40)
    ]
    chance.shuffle(records)
    with ThreadPoolExecutor(4) as pool:
        written = [
            in_a_thread(pool, lambda portion=records[i : i + 2]: enter(portion))
            for i in range(0, len(records), 2)
        ]
    assert all(future.exception() is None for future in written)
    assert stored_lineage() == walked(records)


@pytest.mark.django_db(transaction=True)
def test_the_second_of_two_that_each_add_half_of_a_path_waits_and_sees_the_first() -> None:
    entered, may_end = threading.Event(), threading.Event()

    def first() -> None:
        with transaction.atomic():
            enter([run("image", ["events"], ["image"])])
            entered.set()
            assert may_end.wait(30)

    with ThreadPoolExecutor(2) as pool:
        one = in_a_thread(pool, first)
        try:
            assert entered.wait(30)
            two = in_a_thread(pool, lambda: enter([run("mosaic", ["image"], ["mosaic"])]))
            wait_for_one_in_turn()
        finally:
            may_end.set()
    assert one.exception() is None
    assert two.exception() is None
    assert stored_lineage() == {
        ("image", "events"): paths(1, USED),
        ("mosaic", "image"): paths(1, USED),
        ("mosaic", "events"): paths(2, USED),
    }


@pytest.mark.django_db(transaction=True)
def test_marking_data_as_bad_waits_for_its_turn_before_it_holds_their_rows() -> None:
    enter([EntityRecord("ivo://x/archive?scw")])
    entered, may_go_on = threading.Event(), threading.Event()

    def writer() -> None:
        with transaction.atomic():
            enter([run("image", ["ivo://x/archive?scw"], ["image"])])
            entered.set()
            assert may_go_on.wait(30)
            enter([EntityRecord("ivo://x/archive?scw", name="events", location="a.fits")])

    def marker() -> None:
        mark_bad("ivo://x/archive?scw", "flare", authority="x")

    with ThreadPoolExecutor(2) as pool:
        one = in_a_thread(pool, writer)
        try:
            assert entered.wait(30)
            two = in_a_thread(pool, marker)
            wait_for_one_in_turn()
        finally:
            may_go_on.set()
    assert one.exception() is None
    assert two.exception() is None
