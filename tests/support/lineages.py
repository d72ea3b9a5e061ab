"""Lineages as the tables have them, and as a walk over the graph finds them."""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence

from django.db import connection

from provenance import (
    ActivityRecord,
    EntityRecord,
    GeneratedRecord,
    ParameterRecord,
    UsedRecord,
)

Pairs = dict[tuple[str, str], int]
"""Descendant and ancestor, to the least number of steps between them."""
Records = list[ActivityRecord | EntityRecord]


def run(
    name: str, used: Sequence[str], generated: Sequence[str], values: Sequence[str] = ()
) -> ActivityRecord:
    """An activity that took in and made entities of those names, and was set to values of some."""
    return ActivityRecord(
        id=f"activity:{name}",
        name=name,
        used=tuple(UsedRecord(EntityRecord.reference(entity)) for entity in used),
        generated=tuple(GeneratedRecord(EntityRecord(entity)) for entity in generated),
        parameters=tuple(ParameterRecord(entity, "1", value_entity=entity) for entity in values),
    )


def stored_lineage() -> Pairs:
    """The stored lineage; raises ``AssertionError`` where it has a pair twice."""
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


def walked(records: Iterable[ActivityRecord | EntityRecord]) -> Pairs:
    """The lineage of records, by a walk."""
    parents: dict[str, set[str]] = {}
    for record in records:
        if isinstance(record, ActivityRecord):
            for made in record.generated:
                parents.setdefault(made.entity.id, set()).update(
                    (u.entity.id for u in record.used),
                    (p.value_entity for p in record.parameters if p.value_entity),
                )
        else:
            parents.setdefault(record.id, set()).update((*record.members, *record.derived_from))
    return _closure(parents)


def walked_tables() -> Pairs:
    """The lineage of the relations that are in the tables, by a walk."""
    parents: dict[str, set[str]] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT d.identifier, a.identifier FROM ("
            " SELECT w.entity_id AS descendant, u.entity_id AS ancestor"
            " FROM provenance_was_generated_by AS w"
            " JOIN provenance_used AS u ON u.activity_id = w.activity_id"
            " UNION SELECT w.entity_id, p.value_entity_id FROM provenance_was_generated_by AS w"
            " JOIN provenance_was_configured_by AS c ON c.activity_id = w.activity_id"
            " JOIN provenance_parameter AS p ON p.id = c.parameter_id"
            " WHERE p.value_entity_id IS NOT NULL"
            " UNION SELECT generated_entity_id, used_entity_id FROM provenance_was_derived_from"
            " UNION SELECT collection_id, entity_id FROM provenance_had_member) AS step"
            " JOIN provenance_entity AS d ON d.id = step.descendant"
            " JOIN provenance_entity AS a ON a.id = step.ancestor"
        )
        for descendant, ancestor in cursor.fetchall():
            parents.setdefault(descendant, set()).add(ancestor)
    return _closure(parents)


def _closure(parents: Mapping[str, set[str]]) -> Pairs:
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
        found.update({(start, entity): depth for entity, depth in depths.items() if depth})
    return found
