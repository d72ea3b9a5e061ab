"""How large an expression becomes when PostgreSQL writes out the columns of subqueries.

Its planner puts a subquery's expressions in the place of every mention of its columns. Where each
of many nested queries mentions a column twice, a short text would fill the memory of the machine;
a subquery whose columns have grown beyond a measure is therefore computed by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields

from adql import typed

#: Weight that no formula written by hand has.
_HEAVY = 200

#: By relation and column: how many values the column stands for. Others stand for themselves.
Weights = Mapping[tuple[str, str], int]


def of_outputs(body: typed.Body, weights: Weights) -> dict[str, int]:
    """The weight of each column that a query gives."""
    if isinstance(body, typed.Query):
        return of_outputs(body.body, weights)
    if isinstance(body, typed.SetOperation):
        left, right = of_outputs(body.left, weights), of_outputs(body.right, weights)
        pairs = zip(left.items(), right.values(), strict=True)
        return {column: max(one, other) for (column, one), other in pairs}
    return {output.column: _weight(output.value, weights) for output in body.outputs}


def is_heavy(columns: Mapping[str, int]) -> bool:
    """Whether a query with such columns is better computed by itself."""
    return max(columns.values(), default=0) > _HEAVY


def _weight(part: object, weights: Weights) -> int:
    if isinstance(part, typed.ColumnValue):
        return weights.get((part.relation, part.column), 1)
    if isinstance(part, typed.Call):
        return 1 + sum(
            part.template.count(f"{{{n}}}") * _weight(argument, weights)
            for n, argument in enumerate(part.arguments)
        )
    if isinstance(part, tuple):
        return sum(_weight(item, weights) for item in part)
    if isinstance(part, typed.Value):
        parts = (getattr(part, item.name) for item in fields(part))
        return 1 + sum(_weight(item, weights) for item in parts)
    return 0
