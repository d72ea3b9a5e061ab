"""Lineages as the tables have them, and as a walk over the graph finds them."""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from django.db import connection

from provenance import (
    ActivityRecord,
    EntityRecord,
    GeneratedRecord,
    ParameterRecord,
    UsedRecord,
)
from provenance.models import PathKind, PathKinds


class Paths(NamedTuple):
    """The shortest paths of a pair: their length, which relations they follow, and which alone."""

    depth: int
    followed: PathKind
    alone: PathKind


def paths(depth: int, followed: PathKind, alone: PathKind | None = None) -> Paths:
    """Paths of that length. alone: left out where each of these relations is followed alone."""
    return Paths(depth, followed, followed if alone is None else alone)


Pairs = dict[tuple[str, str], Paths]
"""Descendant and ancestor, to the shortest paths between them."""
Steps = dict[str, dict[str, PathKind]]
"""Children, their parents, and by which relations."""
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
            "SELECT d.identifier, a.identifier, l.depth, l.kinds FROM provenance_whole_lineage AS l"
            " JOIN provenance_entity AS d ON d.id = l.descendant_id"
            " JOIN provenance_entity AS a ON a.id = l.ancestor_id"
        )
        rows = cursor.fetchall()
    pairs = {}
    for child, ancestor, depth, stored in rows:
        kinds = PathKinds.from_stored(stored)
        pairs[child, ancestor] = Paths(depth, kinds.followed, kinds.alone)
    assert len(pairs) == len(rows)
    return pairs


def walked(records: Iterable[ActivityRecord | EntityRecord]) -> Pairs:
    """The lineage of records, by a walk."""
    parents: Steps = {}
    for record in records:
        if isinstance(record, ActivityRecord):
            for made in record.generated:
                for used in record.used:
                    _lead(parents, made.entity.id, used.entity.id, PathKind.USED)
                for parameter in record.parameters:
                    if parameter.value_entity:
                        _lead(parents, made.entity.id, parameter.value_entity,
                              PathKind.WAS_CONFIGURED_BY)  # fmt: skip
                for origin in made.entity.derived_from:
                    _lead(parents, made.entity.id, origin, PathKind.WAS_DERIVED_FROM)
        else:
            for member in record.members:
                _lead(parents, record.id, member, PathKind.HAD_MEMBER)
            for origin in record.derived_from:
                _lead(parents, record.id, origin, PathKind.WAS_DERIVED_FROM)
    return _closure(parents)


def walked_tables() -> Pairs:
    """The lineage of the relations that are in the tables, by a walk."""
    parents: Steps = {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT d.identifier, a.identifier, step.kind FROM ("
            " SELECT w.entity_id AS descendant, u.entity_id AS ancestor, 'USED' AS kind"
            " FROM provenance_was_generated_by AS w"
            " JOIN provenance_used AS u ON u.activity_id = w.activity_id"
            " UNION SELECT w.entity_id, p.value_entity_id, 'WAS_CONFIGURED_BY'"
            " FROM provenance_was_generated_by AS w"
            " JOIN provenance_was_configured_by AS c ON c.activity_id = w.activity_id"
            " JOIN provenance_parameter AS p ON p.id = c.parameter_id"
            " WHERE p.value_entity_id IS NOT NULL"
            " UNION SELECT generated_entity_id, used_entity_id, 'WAS_DERIVED_FROM'"
            " FROM provenance_was_derived_from"
            " UNION SELECT collection_id, entity_id, 'HAD_MEMBER' FROM provenance_had_member"
            ") AS step"
            " JOIN provenance_entity AS d ON d.id = step.descendant"
            " JOIN provenance_entity AS a ON a.id = step.ancestor"
        )
        for descendant, ancestor, kind in cursor.fetchall():
            _lead(parents, descendant, ancestor, PathKind[kind])
    return _closure(parents)


def _lead(parents: Steps, child: str, parent: str, kind: PathKind) -> None:
    known = parents.setdefault(child, {})
    known[parent] = known.get(parent, PathKind(0)) | kind


def _closure(parents: Mapping[str, Mapping[str, PathKind]]) -> Pairs:
    """All pairs, by walks in breadth: each round takes all paths of one length.

    What they follow alone is found by other walks, which follow nothing else.
    """
    found: Pairs = {}
    for start in parents:
        alone = {kind: _distances(parents, start, kind) for kind in PathKind}
        reached = {start: PathKind(0)}
        depth, met = 0, {start}
        while reached:
            depth += 1
            further: dict[str, PathKind] = {}
            for entity, kinds in reached.items():
                for parent, kind in parents.get(entity, {}).items():
                    if parent not in met:
                        further[parent] = further.get(parent, PathKind(0)) | kinds | kind
            for one, kinds in further.items():
                as_short = [kind for kind in PathKind if alone[kind].get(one) == depth]
                found[start, one] = Paths(depth, kinds, PathKind(sum(as_short)))
            met |= further.keys()
            reached = further
    return found


def _distances(
    parents: Mapping[str, Mapping[str, PathKind]], start: str, kind: PathKind
) -> dict[str, int]:
    """How far everything is that is reached by one relation alone."""
    distances = {start: 0}
    waiting = deque([start])
    while waiting:
        entity = waiting.popleft()
        for parent, kinds in parents.get(entity, {}).items():
            if kind in kinds and parent not in distances:
                distances[parent] = distances[entity] + 1
                waiting.append(parent)
    return distances
