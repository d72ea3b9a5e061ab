"""Where set functions may stand, and which columns beside them (SQL-92, sections 6.5 and 7.9)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields

from adql import typed
from adql.errors import AdqlError, Position
from adql.scopes import Scope

_AGGREGATES = (typed.Aggregate, typed.AggregateCall)


def check(select: typed.Select, scope: int) -> None:
    """Raise AdqlError for a column that is neither grouped by nor in a set function."""
    if not is_grouped(select):
        return
    for output in select.outputs:
        check_value(output.value, select, scope)
    if select.having is not None:
        _check(select.having, select, scope)


def check_value(value: typed.Value, select: typed.Select, scope: int) -> None:
    """As `check`, for a value of ORDER BY."""
    if is_grouped(select) or has_aggregate(value):
        _check(value, select, scope)


def is_grouped(select: typed.Select) -> bool:
    """Whether rows are brought together."""
    return (
        bool(select.group_by)
        or select.having is not None
        or any(has_aggregate(output.value) for output in select.outputs)
    )


def columns_in(part: object) -> bool:
    """Whether a column is in it."""
    return isinstance(part, typed.ColumnValue) or any(map(columns_in, _parts(part)))


def has_aggregate(part: object) -> bool:
    """Whether a set function is in it."""
    return isinstance(part, _AGGREGATES) or any(map(has_aggregate, _parts(part)))


@contextmanager
def within_aggregate(name: str, position: Position, scope: Scope) -> Iterator[None]:
    """While the arguments of a set function are read, none may stand there."""
    if not scope.allows_aggregates:
        raise AdqlError(
            f"{name} can't stand here",
            position,
            "set functions belong in SELECT, HAVING and ORDER BY, and not within one another",
        )
    scope.allows_aggregates = False
    try:
        yield
    finally:
        scope.allows_aggregates = True


def _check(part: object, select: typed.Select, scope: int) -> None:
    if isinstance(part, _AGGREGATES) or part in select.group_by:
        return
    if isinstance(part, typed.ColumnValue) and part.scope == scope:
        raise AdqlError(
            f"column `{part.column}` has many values in each group",
            part.position,
            "name it in GROUP BY, or put it into a set function such as MIN",
        )
    for inner in _parts(part):
        _check(inner, select, scope)


def _parts(part: object) -> Iterator[object]:
    if isinstance(part, tuple):
        yield from part
    elif isinstance(part, typed.Value | typed.Condition):
        for item in fields(part):
            value = getattr(part, item.name)
            if isinstance(value, tuple | typed.Value | typed.Condition):
                yield value
