"""Records are values: they read back equal, and equal records are written alike."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenance import (
    ActivityRecord,
    AgentRecord,
    AgentType,
    ConfigFileRecord,
    EntityClass,
    EntityRecord,
    GeneratedRecord,
    InvolvedRecord,
    ParameterRecord,
    Status,
    UsedRecord,
)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
maybe = st.none() | texts
times = st.none() | st.datetimes(timezones=st.just(UTC))
agents = st.builds(
    AgentRecord, texts, texts, st.none() | st.sampled_from(AgentType), maybe, email=maybe, url=maybe
)
involved = st.lists(st.builds(InvolvedRecord, agents, maybe), max_size=2).map(tuple)
identifiers = st.lists(texts, max_size=3).map(tuple)
attributes = {
    "id": texts, "name": maybe, "location": maybe, "content_type": maybe, "checksum": maybe,
    "step_identity": maybe, "generated_at": times, "invalidated_at": times, "comment": maybe,
    "description": maybe, "derived_from": identifiers, "attributed_to": involved,
    "public": st.booleans(),
}  # fmt: skip
entities = st.one_of(
    st.builds(EntityRecord, **attributes),
    st.builds(EntityRecord, **attributes, entity_class=st.just(EntityClass.VALUE), value=maybe),
    st.builds(
        EntityRecord,
        **attributes,
        entity_class=st.just(EntityClass.COLLECTION),
        members=identifiers,
    ),
)
parameters = st.builds(ParameterRecord, texts, texts, unit=maybe, ucd=maybe, description=maybe)
activities = st.builds(
    ActivityRecord,
    id=texts,
    name=texts,
    version=maybe,
    start=times,
    end=times,
    status=st.sampled_from(Status),
    comment=maybe,
    used=st.lists(st.builds(UsedRecord, entities, maybe, times), max_size=2).map(tuple),
    generated=st.lists(st.builds(GeneratedRecord, entities, maybe), max_size=2).map(tuple),
    agents=involved,
    parameters=st.lists(parameters, max_size=2).map(tuple),
    config_files=st.lists(st.builds(ConfigFileRecord, texts, texts), max_size=2).map(tuple),
    informants=identifiers,
    public=st.booleans(),
)


@given(activities)
def test_a_record_reads_back_equal_and_is_written_alike_again(record: ActivityRecord) -> None:
    text = record.to_json()
    again = ActivityRecord.from_json(text)
    assert again == record
    assert again.to_json() == text


def test_what_is_unknown_is_left_out_of_the_json() -> None:
    assert ActivityRecord("ivo://a/activity?1", "mosaic").to_json() == (
        '{"id":"ivo://a/activity?1","name":"mosaic"}'
    )


def test_a_field_that_nobody_knows_is_an_error_that_names_it() -> None:
    with pytest.raises(ValueError, match="colour"):
        ActivityRecord.from_json('{"id":"a","name":"b","colour":"red"}')


def test_times_are_kept_in_utc_whatever_zone_they_came_in() -> None:
    in_geneva = datetime(2015, 6, 20, 14, 0, tzinfo=timezone(timedelta(hours=2)))
    record = ActivityRecord("a", "b", start=in_geneva)
    assert record.start == datetime(2015, 6, 20, 12, 0, tzinfo=UTC)
    assert "2015-06-20T12:00:00Z" in record.to_json()


def test_a_time_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        ActivityRecord("a", "b", start=datetime(2015, 6, 20, 14, 0))


def test_only_values_have_a_value_and_only_collections_members() -> None:
    with pytest.raises(ValueError, match="ValueEntity"):
        EntityRecord("a", value="1")
    with pytest.raises(ValueError, match="Collection"):
        EntityRecord("a", members=("b",))


def test_two_mentions_of_an_entity_make_one_that_says_what_both_say() -> None:
    named = EntityRecord("a", name="mosaic", derived_from=("b",))
    mention = EntityRecord("a", name="other", checksum="sha256:1", derived_from=("c", "b"))
    assert named.filled_from(mention) == EntityRecord(
        "a", name="mosaic", checksum="sha256:1", derived_from=("b", "c")
    )
    assert EntityRecord.reference("a").filled_from(named) == named
