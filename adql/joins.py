"""Columns that a join merges, and the joins that can be computed (SQL-92, section 7.5)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields

from adql import tree, typed
from adql.errors import AdqlError, Position, nearest
from adql.scopes import VisibleColumn, VisibleTable
from adql.types import GEOMETRIES, Kind, common


def shared_names(
    node: tree.Join, left: list[VisibleColumn], right: list[VisibleColumn]
) -> list[tree.Name]:
    """The names of the columns that USING or NATURAL joins on."""
    if not node.natural:
        return list(node.using)
    theirs = {column.name.lower() for column in right}
    names = dict.fromkeys(column.name for column in left if column.name.lower() in theirs)
    return [tree.Name(name, position=node.right.position) for name in names]


def named(name: tree.Name, columns: list[VisibleColumn]) -> VisibleColumn:
    """The one column of that name on one side of a join."""
    found = [column for column in columns if name.matches(column.name)]
    if len(found) != 1:
        problem = "isn't in" if not found else "is more than once in"
        hint = None if found else nearest(name.text, [column.name for column in columns])
        raise AdqlError(f"column `{name}` {problem} one of the joined tables", name.position, hint)
    return found[0]


def merged(kind: str, left: typed.Value, right: typed.Value) -> typed.Value:
    """What a merged column stands for: whichever side has a value."""
    if kind == "FULL":
        data_type = common(left.type, right.type) or left.type
        return typed.Coalesce(data_type, (left, right), meaning=left.meaning)
    return right if kind == "RIGHT" else left


def check_full(
    condition: typed.Condition,
    left: Iterable[VisibleTable],
    right: Iterable[VisibleTable],
    position: Position,
) -> None:
    """Raise AdqlError for a FULL JOIN without an equality of both sides: PostgreSQL needs one."""
    sides = _relations([t.columns for t in left]), _relations([t.columns for t in right])
    parts = condition.operands if isinstance(condition, typed.And) else (condition,)
    for part in parts:
        if isinstance(part, typed.Comparison) and part.operator == "=":
            one, other = _relations(part.left), _relations(part.right)
            if one and other and part.left.type.kind not in GEOMETRIES | {Kind.ARRAY}:
                for first, second in (sides, sides[::-1]):
                    if one <= first and other <= second:
                        return
    raise AdqlError(
        "a FULL JOIN needs a column of one side that equals a column of the other",
        position,
        "join with LEFT JOIN, or a UNION of two of them",
    )


def _relations(part: object) -> set[str]:
    """The relations whose columns are in it."""
    if isinstance(part, typed.ColumnValue):
        return {part.relation}
    if isinstance(part, tuple | list):
        return set().union(*map(_relations, part))
    if isinstance(part, VisibleColumn):
        return _relations(part.value)
    if isinstance(part, typed.Value):
        return set().union(*(_relations(getattr(part, item.name)) for item in fields(part)))
    return set()
