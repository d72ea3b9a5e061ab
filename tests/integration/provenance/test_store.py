"""Records in the tables: entered once, in any order, with a true lineage."""

import random
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from django.db import connection, transaction
from django.db.utils import IntegrityError
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

import provenance
from provenance import (
    ActivityRecord,
    AgentRecord,
    ConfigFileRecord,
    EntityClass,
    EntityRecord,
    GeneratedRecord,
    InvolvedRecord,
    ParameterRecord,
    Status,
    UsedRecord,
    store,
)
from provenance.errors import ProvenanceError
from provenance.models import (
    Activity,
    ActivityDescription,
    Agent,
    Entity,
    Lineage,
    Parameter,
    Used,
    WasConfiguredBy,
    WasGeneratedBy,
    WasInformedBy,
)
from provenance.store import enter

Pairs = dict[tuple[str, str], int]


def run(name: str, used: Sequence[str], generated: Sequence[str]) -> ActivityRecord:
    """An activity that took in and made entities of those names."""
    return ActivityRecord(
        id=f"activity:{name}",
        name=name,
        used=tuple(UsedRecord(EntityRecord.reference(entity)) for entity in used),
        generated=tuple(GeneratedRecord(EntityRecord(entity)) for entity in generated),
    )


def lineage() -> Pairs:
    """The stored lineage: (descendant, ancestor) to depth, every pair once."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT d.identifier, a.identifier, l.depth FROM provenance_whole_lineage AS l"
            " JOIN provenance_entity AS d ON d.id = l.descendant_id"
            " JOIN provenance_entity AS a ON a.id = l.ancestor_id"
        )
        rows = cursor.fetchall()
    pairs = {(descendant, ancestor): depth for descendant, ancestor, depth in rows}
    assert len(pairs) == len(rows)
    return pairs


def walked(records: Sequence[ActivityRecord | EntityRecord]) -> Pairs:
    """The same, found by walking the graph from every entity."""
    parents: dict[str, set[str]] = {}
    for record in records:
        if isinstance(record, ActivityRecord):
            for made in record.generated:
                parents.setdefault(made.entity.id, set()).update(u.entity.id for u in record.used)
        else:
            parents.setdefault(record.id, set()).update((*record.members, *record.derived_from))
    found: Pairs = {}
    for start in parents:
        depths = {start: 0}
        waiting = deque([start])
        while waiting:
            entity = waiting.popleft()
            for parent in parents.get(entity, ()):
                if parent not in depths:
                    depths[parent] = depths[entity] + 1
                    waiting.append(parent)
        found.update({(start, entity): d for entity, d in depths.items() if d})
    return found


Histories = list[list[ActivityRecord | EntityRecord]]
"""What is entered, portion by portion."""


def portions(draw: st.DrawFn, records: list[ActivityRecord | EntityRecord]) -> Histories:
    """The records in up to four portions."""
    cuts = sorted(draw(st.lists(st.integers(0, len(records)), max_size=3)))
    return [records[a:b] for a, b in zip([0, *cuts], [*cuts, len(records)], strict=True)]


@st.composite
def histories(draw: st.DrawFn) -> Histories:
    """Graphs of activities, collections and derivations, entered in any order and portions.

    An entity is made from entities of lower number only, as time has it.
    """
    records: list[ActivityRecord | EntityRecord] = []
    count = draw(st.integers(2, 12))
    number = 1
    while number < count:
        earlier = draw(st.lists(st.integers(0, number - 1), max_size=4, unique=True))
        names = [str(entity) for entity in earlier]
        match draw(st.sampled_from(["activity", "activity", "collection", "derived"])):
            case "activity":
                made = range(number, min(count, number + draw(st.integers(1, 3))))
                records.append(run(str(number), names, [str(entity) for entity in made]))
                number = made.stop
            case "collection":
                records.append(
                    EntityRecord(
                        str(number), entity_class=EntityClass.COLLECTION, members=tuple(names)
                    )
                )
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
    records: list[ActivityRecord | EntityRecord] = []
    inputs = st.lists(st.sampled_from(["x", "y", "z", "w"]), max_size=3, unique=True)
    ends: list[str] = []
    for chain in range(draw(st.integers(2, 3))):
        last = draw(inputs)
        for link in range(draw(st.integers(1, 6))):
            name = f"{chain}.{link}"
            records.append(run(name, [*last, *(draw(inputs) if link < 2 else [])], [name]))
            last = [name]
        ends.extend(last)
    for number in range(draw(st.integers(1, 4))):
        used = draw(st.lists(st.sampled_from(ends), min_size=1, max_size=4, unique=True))
        made = [f"top{number}.{n}" for n in range(draw(st.integers(1, 2)))]
        records.append(run(made[0], [*used, *draw(inputs)], made))
        ends.extend(made)
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
        assert lineage() == walked([record for portion in history for record in portion])

    @settings(max_examples=100, deadline=None)
    @given(mosaics() | histories())
    def test_it_is_so_too_where_every_entity_shares_what_it_can(self, history: Histories) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(store, "LEAST_SHARED", 1)
            for portion in history:
                enter(portion)
        assert lineage() == walked([record for portion in history for record in portion])


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
        *(run(f"product{n}", ["last", "sources"], [f"product{n}"]) for n in range(4)),
    ]
    enter(records)
    pairs = lineage()
    assert pairs == walked(records)
    assert pairs["product0", "events0"] == 4
    # 40 × 83 pairs of cleaned images and 4 × 123 of products among them
    assert len(pairs) > 4000
    assert Lineage.objects.count() < 500


@pytest.mark.django_db
def test_depth_counts_the_least_number_of_activities_between() -> None:
    enter(
        [
            run("image", ["events"], ["image"]),
            run("mosaic", ["image", "events"], ["mosaic"]),
            run("picture", ["mosaic"], ["picture"]),
        ]
    )
    assert lineage() == {
        ("image", "events"): 1,
        ("mosaic", "image"): 1,
        ("mosaic", "events"): 1,
        ("picture", "mosaic"): 1,
        ("picture", "image"): 2,
        ("picture", "events"): 2,
    }


@pytest.mark.django_db
def test_all_that_a_record_says_is_in_the_tables() -> None:
    start = datetime(2026, 11, 20, 12, tzinfo=UTC)
    person = AgentRecord("agent:ada", "Ada", email="ada@example.org")
    record = ActivityRecord(
        id="activity:1",
        name="mosaic",
        version="2",
        start=start,
        end=start.replace(hour=13),
        status=Status.FAILED,
        comment="Ended by MemoryError.",
        used=(UsedRecord(EntityRecord("entity:in", location="scw/0665/x.fits"), "image", start),),
        generated=(
            GeneratedRecord(
                EntityRecord(
                    "entity:out",
                    name="mosaic",
                    content_type="application/fits",
                    checksum="sha256:abc",
                    step_identity="def",
                    attributed_to=(InvolvedRecord(person, "author"),),
                    description="isgri mosaic",
                ),
                "mosaic",
            ),
        ),
        agents=(InvolvedRecord(person, "operator"),),
        parameters=(ParameterRecord("E1_keV", "20", "double", unit="keV", description="From"),),
        config_files=(ConfigFileRecord("osa.par", "cfg/osa.par"),),
        informants=("activity:0",),
    )
    enter([record])
    activity = Activity.objects.get(identifier="activity:1")
    assert (activity.name, activity.status, activity.comment) == (
        "mosaic", "failed", "Ended by MemoryError.",
    )  # fmt: skip
    assert activity.start_time == start
    assert str(activity.activity_description) == "mosaic 2"
    used = Used.objects.get(activity=activity)
    assert (used.entity.location, used.role, used.time) == ("scw/0665/x.fits", "image", start)
    made = WasGeneratedBy.objects.get(activity=activity).entity
    assert (made.name, made.content_type, made.checksum, made.step_identity) == (
        "mosaic", "application/fits", "sha256:abc", "def",
    )  # fmt: skip
    assert made.entity_description is not None
    assert made.entity_description.name == "isgri mosaic"
    assert [(w.agent.email, w.role) for w in made.wasattributedto_set.all()] == [
        ("ada@example.org", "author")
    ]
    assert [w.role for w in activity.wasassociatedwith_set.all()] == ["operator"]
    assert [w.artefact_type for w in WasConfiguredBy.objects.order_by("artefact_type")] == [
        "Configfile", "Parameter",
    ]  # fmt: skip
    parameter = Parameter.objects.get()
    assert (parameter.name, parameter.value) == ("E1_keV", "20")
    assert parameter.parameter_description is not None
    assert parameter.parameter_description.unit == "keV"
    assert parameter.parameter_description.value_type == "double"
    assert WasInformedBy.objects.get().informant.identifier == "activity:0"


def everything() -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table of this room."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE tablename LIKE 'provenance\\_%'")
        names = [name for (name,) in cursor.fetchall()]
        rows = {}
        for name in names:
            cursor.execute(f"SELECT * FROM {name}")
            rows[name] = sorted(cursor.fetchall(), key=repr)
        return rows


@pytest.mark.django_db
def test_entering_the_same_records_twice_changes_nothing() -> None:
    with provenance.activity("job", authority="example.org", parameters={"x": 1}) as job:
        with provenance.activity("step") as step:
            step.used("events")
            step.generated(
                EntityRecord("both", entity_class=EntityClass.COLLECTION, members=("a", "b"))
            )
        job.used("both", role="images")
        job.generated(EntityRecord("mosaic", derived_from=("a",)))
    enter(job.records)
    before = everything()
    assert before["provenance_used"]
    enter(job.records)
    enter([ActivityRecord.from_json(record.to_json()) for record in job.records])
    assert everything() == before


@pytest.mark.django_db
def test_a_record_that_comes_after_those_that_name_it_is_entered_in_full() -> None:
    enter([replace(run("late", ["x"], ["y"]), informants=("activity:early",))])
    assert Activity.objects.get(identifier="activity:early").status is None
    enter([run("early", ["w"], ["x"])])
    assert Activity.objects.get(identifier="activity:early").status == "completed"
    assert lineage()["y", "w"] == 2


@pytest.mark.django_db
def test_what_was_not_known_of_an_entity_is_filled_in_and_what_was_known_stays() -> None:
    enter([run("mosaic", ["image"], ["mosaic"])])
    enter([EntityRecord("image", name="first", location="a.fits")])
    enter([EntityRecord("image", name="second", checksum="sha256:1", public=True)])
    image = Entity.objects.get(identifier="image")
    assert (image.entity_class, image.name, image.location, image.checksum, image.public) == (
        "DatasetEntity", "first", "a.fits", "sha256:1", True,
    )  # fmt: skip
    enter([EntityRecord("image")])
    assert Entity.objects.get(identifier="image").public


@pytest.mark.django_db
def test_an_entity_made_twice_is_refused_and_nothing_is_half_entered() -> None:
    enter([run("first", [], ["image"])])
    with pytest.raises(ProvenanceError, match="image"):
        enter([run("second", ["events"], ["image", "other"])])
    with pytest.raises(ProvenanceError, match="new"):
        enter([run("third", [], ["new"]), run("fourth", [], ["new"])])
    assert list(Activity.objects.values_list("identifier", flat=True)) == ["activity:first"]
    assert not lineage()


@pytest.mark.django_db
def test_the_database_itself_lets_an_entity_be_made_once_only() -> None:
    enter([run("first", [], ["image"]), run("second", [], [])])
    second = Activity.objects.get(identifier="activity:second")
    with pytest.raises(IntegrityError), transaction.atomic():
        WasGeneratedBy(entity=Entity.objects.get(), activity=second).save(force_insert=True)


@pytest.mark.django_db
def test_an_activity_may_change_an_entity_in_place_without_being_its_own_ancestor() -> None:
    enter([run("edit", ["catalogue", "table"], ["catalogue"])])
    assert lineage() == {("catalogue", "table"): 1}


@pytest.mark.django_db
def test_kinds_and_agents_are_entered_once_for_all_activities() -> None:
    agent = InvolvedRecord(AgentRecord("agent:x", "x"), "software")
    parameters = (ParameterRecord("E1_keV", "20"), ParameterRecord("E2_keV", "40"))
    records = [
        replace(run(name, [], []), name="mosaic", agents=(agent,), parameters=parameters)
        for name in ("one", "two")
    ]
    enter(records[:1])
    enter(records[1:])
    assert ActivityDescription.objects.count() == 1
    assert Agent.objects.count() == 1
    assert Parameter.objects.count() == 4
    assert Parameter.objects.values("parameter_description").distinct().count() == 2


@pytest.mark.django_db
def test_text_that_postgresql_cannot_hold_does_not_lose_the_record() -> None:
    enter([ActivityRecord("activity:1", "x", comment="a\0b\\u0000")])
    assert Activity.objects.get().comment == "a\N{REPLACEMENT CHARACTER}b\\u0000"


@pytest.mark.django_db(transaction=True)
def test_writers_at_the_same_time_leave_no_pair_out_of_the_lineage() -> None:
    records: list[ActivityRecord | EntityRecord] = [
        run(str(number), [str(number - 1)], [str(number)]) for number in range(1, 25)
    ]
    random.Random(1).shuffle(records)

    def write(portion: list[ActivityRecord | EntityRecord]) -> None:
        try:
            enter(portion)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, [records[i : i + 2] for i in range(0, len(records), 2)]))
    assert lineage() == walked(records)
