"""Histories read back: what everybody sees, and what an owner does."""

import pytest
from django.db import connection

from dali.errors import DaliError, NotFoundError
from provenance import (
    ActivityRecord,
    EntityClass,
    EntityRecord,
    GeneratedRecord,
    ParameterRecord,
    UsedRecord,
    history,
)
from provenance.history import backwards, forwards
from provenance.store import enter

EVENTS = "ivo://x/entity?events"
IMAGE = "ivo://x/entity?image"
MAKING = "ivo://x/activity?making"


@pytest.fixture
def hidden_image() -> None:
    """An image of public events that nobody but its owner may see."""
    events = EntityRecord(EVENTS, name="events", public=True)
    image = EntityRecord(IMAGE, name="image")
    enter(
        [
            events,
            ActivityRecord(
                MAKING,
                "making",
                used=(UsedRecord(events, "events"),),
                generated=(GeneratedRecord(image, "image"),),
            ),
        ]
    )


@pytest.mark.django_db
def test_what_is_hidden_is_part_of_the_owners_history_only(hidden_image: None) -> None:
    with pytest.raises(NotFoundError, match="nothing public"):
        backwards([IMAGE])
    history = backwards([IMAGE], hidden=True)
    assert [activity.id for activity in history.activities] == [MAKING]
    assert {entity.id: entity.public for entity in history.entities} == {EVENTS: True, IMAGE: False}


@pytest.mark.django_db
@pytest.mark.parametrize("public", [True, False])
def test_the_entity_that_a_setting_was_taken_from_is_an_origin_and_named_to_whom_it_is_shown(
    public: bool,
) -> None:
    limit = EntityRecord("ivo://x/entity?limit", entity_class=EntityClass.VALUE, value="7",
                         public=public)  # fmt: skip
    enter(
        [
            limit,
            ActivityRecord(
                MAKING,
                "making",
                generated=(GeneratedRecord(EntityRecord(IMAGE, public=True), "image"),),
                parameters=(ParameterRecord("threshold", "7", value_entity=limit.id),),
                public=True,
            ),
        ]
    )
    for hidden in (False, True):
        told = {limit.id} if public or hidden else set()
        back = backwards([IMAGE], hidden=hidden)
        assert {entity.id for entity in back.entities} == {IMAGE} | told
        (setting,) = back.activities[0].parameters
        assert {setting.value_entity} - {None} == told
        if told:
            ahead = forwards([limit.id], hidden=hidden)
            assert {entity.id for entity in ahead.entities} == {IMAGE, limit.id}
    with connection.cursor() as cursor:
        cursor.execute("SELECT ancestor FROM provenance_public_lineage")
        assert cursor.fetchall() == ([(limit.id,)] if public else [])


@pytest.mark.django_db
@pytest.mark.parametrize("left_out", ["enable_nestloop", "enable_hashjoin", "enable_mergejoin"])
def test_what_an_activity_used_keeps_its_order_however_postgresql_plans(left_out: str) -> None:
    names = [f"ivo://x/entity?{number * 7 % 40}" for number in range(40)]
    enter([EntityRecord(name, name=name, public=True) for name in sorted(names)])
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL {left_out} = off")
    parameters = tuple(ParameterRecord(name[-2:], name) for name in names)
    used = tuple(UsedRecord(EntityRecord.reference(name), "input") for name in names)
    enter([ActivityRecord(MAKING, "making", used=used, parameters=parameters, public=True)])
    (activity,) = backwards([MAKING]).activities
    assert [use.entity.id for use in activity.used] == names
    assert [parameter.value for parameter in activity.parameters] == names


@pytest.mark.django_db
def test_a_step_to_too_many_activities_is_refused_also_where_they_made_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(history, "MOST_ENTITIES", 3)
    calibration = EntityRecord("calibration", public=True)
    enter(
        [
            ActivityRecord(f"failed{n}", "step", used=(UsedRecord(calibration),), public=True)
            for n in range(5)
        ]
    )
    for hidden in (False, True):
        with pytest.raises(DaliError, match="one step has more than 3 activities"):
            forwards(["calibration"], None, hidden=hidden, whole=False)
    assert len(forwards(["calibration"], None, hidden=True).activities) == 5
