"""Whatever is said of an entity or agent itself makes a history that says it out of date."""

from dataclasses import fields

from provenance import AgentRecord, EntityRecord
from provenance.models import Agent, Entity
from provenance.snapshots import AGENT, ENTITY

#: What relates an entity to others never changes; who may see it isn't told in a file.
_NOT_OF_ITSELF = {"members", "derived_from", "attributed_to", "public"}
_NEVER_PUBLISHED = {"email", "phone", "address"}


def test_all_that_a_record_says_is_looked_at() -> None:
    assert {*ENTITY.values()} == {f.name for f in fields(EntityRecord)} - _NOT_OF_ITSELF
    assert {*AGENT.values()} == {f.name for f in fields(AgentRecord)} - _NEVER_PUBLISHED


def test_every_column_is_looked_at() -> None:
    for model, columns, left_out in (
        (Entity, ENTITY, {"id", "public"}),
        (Agent, AGENT, {"id", "public", *_NEVER_PUBLISHED}),
    ):
        known = {column.partition("__")[0] for column in columns}
        assert known == {f.name for f in model._meta.concrete_fields} - left_out
