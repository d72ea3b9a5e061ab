"""Records in the tables: whole, once, whatever the order."""

import os
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from django.db import connection, transaction
from django.db.utils import IntegrityError
from lineages import paths, run, stored_lineage

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
)
from provenance.errors import ProvenanceError
from provenance.models import (
    Activity,
    ActivityDescription,
    Agent,
    Entity,
    Parameter,
    PathKind,
    Used,
    WasConfiguredBy,
    WasGeneratedBy,
    WasInformedBy,
)
from provenance.store import enter


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
    assert stored_lineage()["y", "w"] == paths(2, PathKind.USED)


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
    assert not stored_lineage()


@pytest.mark.django_db
def test_the_database_itself_lets_an_entity_be_made_once_only() -> None:
    enter([run("first", [], ["image"]), run("second", [], [])])
    second = Activity.objects.get(identifier="activity:second")
    with pytest.raises(IntegrityError), transaction.atomic():
        WasGeneratedBy(entity=Entity.objects.get(), activity=second).save(force_insert=True)


@pytest.mark.django_db
def test_an_activity_may_change_an_entity_in_place_without_being_its_own_ancestor() -> None:
    enter([run("edit", ["catalogue", "table"], ["catalogue"])])
    assert stored_lineage() == {("catalogue", "table"): paths(1, PathKind.USED)}


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
    name_in_latin_1 = os.fsdecode("a\0gr\xfcn\\u0000".encode("latin-1"))
    enter([ActivityRecord("activity:1", "x", comment=name_in_latin_1)])
    known = "a\N{REPLACEMENT CHARACTER}gr\N{REPLACEMENT CHARACTER}n\\u0000"
    assert Activity.objects.get().comment == known
