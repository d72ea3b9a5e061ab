"""From typed tree to one SELECT statement of PostgreSQL 15 with pgSphere 1.2.

Indexes that queries can use, for whoever makes the stored tables:

- ``USING gist (spoint(radians(s_ra), radians(s_dec)))``: exactly the expression that
  ``POINT(s_ra, s_dec)`` becomes where both columns are ``double precision``. It serves
  ``1 = CONTAINS(POINT(...), CIRCLE(...))``, also in joins, and ``DISTANCE(...) < r``.
- ``USING gist (s_region)`` on an ``spoly``, ``scircle`` or ``spoint`` column: CONTAINS, INTERSECTS.

Published tables are read as ``"schema"."name"``, uploads as ``pg_temp."source"``; both names of
pgSphere's functions and PostgreSQL's own are found on the search path.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import IntEnum
from typing import Any

from adql import pgsphere, typed
from adql.conversions import constant_number
from adql.errors import AdqlError
from adql.outputs import ResolvedQuery
from adql.postgres_values import call, degrees, is_constant, iso, overlap, sql_of
from adql.quoting import quote, quote_name
from adql.types import DOUBLE, GEOMETRIES, Kind

_MIRRORED = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "=": "=", "<>": "<>"}


class _Form(IntEnum):
    """Where a query's values go, and so which form they take."""

    #: to another part of the statement
    INSIDE = 0
    #: to the client
    LEAVING = 1
    #: to the client; whoever reads them turns polygons into degrees
    PACKED = 2


def to_postgres(resolved: ResolvedQuery, *, limit: int | None = None, packed: bool = False) -> str:
    """The SQL of a query, giving `ResolvedQuery.columns` in their order.

    limit: the most rows to give, whatever TOP says. Geometries leave as ``float8[]`` of degrees,
    timestamps as ISO 8601 text. packed: stored polygons may leave as ``bytea`` with pgSphere's own
    text, ``{(longitude , latitude),...}`` in radians: taking it apart costs PostgreSQL several
    times what all else costs that a row needs. Raises AdqlError for what pgSphere can't compute.
    """
    try:
        return _query(resolved.query, _Form.PACKED if packed else _Form.LEAVING, limit)
    except RecursionError:
        raise AdqlError("the query is nested too deeply") from None


# --- queries --------------------------------------------------------------------------------


def _query(query: typed.Query, form: _Form = _Form.INSIDE, limit: int | None = None) -> str:
    """``form``: that of the result's values."""
    body = query.body
    words = []
    if query.common_tables:
        words.append("WITH " + ", ".join(map(_common_table, query.common_tables)))
    if isinstance(body, typed.Select):
        words.append(_select(body, form))
        if body.top is not None:
            limit = body.top if limit is None else min(limit, body.top)
        by_number = body.distinct
    elif isinstance(body, typed.Query) or any(term.output is None for term in query.order_by):
        alias = quote_name(query.alias)
        items = (
            _items((o.column, _column_of(query.alias, o)) for o in body.outputs)
            if not form
            else _items((o.column, _leaving(_value_of(query.alias, o), form)) for o in body.outputs)
        )
        words.append(f"SELECT {items} FROM ({_body(body, _Form.INSIDE)}) AS {alias}")  # noqa: S608
        by_number = False
    else:
        words.append(_body(body, form))
        by_number = True
    order = [text for term in query.order_by if (text := _order_term(term, by_number))]
    if order:
        words.append("ORDER BY " + ", ".join(order))
    if limit is not None:
        words.append(f"LIMIT {limit}")
    if query.offset:
        words.append(f"OFFSET {query.offset}")
    return " ".join(words)


def _common_table(table: typed.CommonTable) -> str:
    word = "AS MATERIALIZED" if table.by_itself else "AS"
    return f"{quote_name(table.name)} {word} ({_query(table.query)})"


def _column_of(alias: str, output: typed.Output) -> str:
    return f"{quote_name(alias)}.{quote_name(output.column)}"


def _value_of(alias: str, output: typed.Output) -> typed.ColumnValue:
    return typed.ColumnValue(output.value.type, alias, output.column, -1)


def _order_term(term: typed.OrderTerm, by_number: bool) -> str | None:
    direction = " DESC" if term.descending else ""
    if by_number and term.output is not None:
        return f"{term.output}{direction}"
    if _is_literal(term.value):
        return None  # sorts nothing, and PostgreSQL would take a whole number for a column's
    return sql_of(term.value) + direction


def _body(body: typed.Body, form: _Form) -> str:
    """A query as an operand or as a derived table, without parentheses around it."""
    if isinstance(body, typed.Query):
        return _query(body, form)
    if isinstance(body, typed.Select):
        limit = "" if body.top is None else f" LIMIT {body.top}"
        return _select(body, form) + limit
    # both sides take the one form in which equal geometries are equal
    form = min(form, _Form.LEAVING)
    # Geometries have no equality that UNION and the others could use, unless they have left.
    if not form and not (body.operator == "UNION" and body.keeps_all):
        for output in body.outputs:
            _refuse_geometry(output.value, body.operator)
    word = f"{body.operator} ALL" if body.keeps_all else body.operator
    return f"({_body(body.left, form)}) {word} ({_body(body.right, form)})"


def _refuse_geometry(value: typed.Value, word: str) -> None:
    if value.type.kind in GEOMETRIES:
        raise AdqlError(f"{word} in a subquery can't tell geometries apart", value.position)


def _select(select: typed.Select, form: _Form) -> str:
    if select.distinct:
        form = min(form, _Form.LEAVING)
    items = _items((output.column, _written(output.value, form)) for output in select.outputs)
    if select.distinct and not form:
        for output in select.outputs:
            _refuse_geometry(output.value, "DISTINCT")
    words = ["SELECT DISTINCT" if select.distinct else "SELECT", items]
    words += ["FROM", ", ".join(_relation(relation) for relation in select.relations)]
    if select.where is not None:
        words += ["WHERE", _condition(select.where)]
    if select.group_by:
        words += ["GROUP BY", ", ".join(_group_term(value) for value in select.group_by)]
    if select.having is not None:
        words += ["HAVING", _condition(select.having)]
    return " ".join(words)


def _items(items: Iterable[tuple[str, str]]) -> str:
    return ", ".join(f"{sql} AS {quote_name(column)}" for column, sql in items)


def _group_term(value: typed.Value) -> str:
    # A bare whole number would be taken for the number of a column.
    text = sql_of(value)
    return f"{text}::{value.type.postgres}" if _is_literal(value) else text


def _is_literal(value: typed.Value) -> bool:
    return isinstance(value, typed.Constant) or constant_number(value) is not None


def _relation(relation: typed.Table | typed.Derived | typed.Join) -> str:
    if isinstance(relation, typed.Table):
        schema = "" if relation.schema is None else quote_name(relation.schema) + "."
        if relation.schema == "pg_temp":
            schema = "pg_temp."
        return f"{schema}{quote_name(relation.name)} AS {quote_name(relation.alias)}"
    if isinstance(relation, typed.Derived):
        text = _query(relation.query)
        if relation.by_itself and not relation.query.offset:
            text += " OFFSET 0"
        return f"({text}) AS {quote_name(relation.alias)}"
    right = _relation(relation.right)
    if isinstance(relation.right, typed.Join):
        right = f"({right})"
    condition = "TRUE" if relation.condition is None else _condition(relation.condition)
    return f"{_relation(relation.left)} {relation.kind} JOIN {right} ON {condition}"


# --- conditions -----------------------------------------------------------------------------


def _condition(condition: typed.Condition) -> str:
    return _CONDITIONS[type(condition)](condition)


def _not(negated: bool) -> str:
    return "NOT " if negated else ""


def _comparison(c: typed.Comparison) -> str:
    for one, other, operator in (
        (c.left, c.right, c.operator),
        (c.right, c.left, _MIRRORED[c.operator]),
    ):
        number = constant_number(other)
        if isinstance(one, typed.Overlap) and number in {0, 1} and operator in {"=", "<>"}:
            text = overlap(one)
            return text if (number == 1) == (operator == "=") else f"NOT ({text})"
        if isinstance(one, typed.Test) and number in {0, 1} and operator in {"=", "<>"}:
            text = f"({call(one)})"
            return text if (number == 1) == (operator == "=") else f"NOT {text}"
        near = _near(one, number) if operator in {"<", "<="} else None
        if near is not None:
            return f"({near} AND {sql_of(one)} {operator} {sql_of(other)})"
    if c.left.type.kind in GEOMETRIES and c.operator == "<>":
        return f"NOT ({sql_of(c.left)} = {sql_of(c.right)})"
    return f"{sql_of(c.left)} {c.operator} {sql_of(c.right)}"


def _near(value: typed.Value, limit: float | None) -> str | None:
    """That two points lie within a circle of each other: what an index can answer.

    ``None`` where the value is no distance, or where no circle is as large as the limit. Where both
    points vary, either may be the one that has an index, so both ways are said.
    """
    found = None if limit is None else _distance_within(value, limit)
    if found is None:
        return None
    distance, radius = found
    if not 0 <= radius <= pgsphere.WIDEST_CIRCLE:
        return None
    sides = [(distance.left, distance.right), (distance.right, distance.left)]
    varying = [(a, b) for a, b in sides if not is_constant(a)] or sides[:1]
    circle_radius = quote(radius, DOUBLE)
    return " AND ".join(
        f"{sql_of(a)} <@ {pgsphere.circle(sql_of(b), circle_radius)}" for a, b in varying
    )


def _distance_within(value: typed.Value, limit: float) -> tuple[typed.Distance, float] | None:
    """The distance that a value is a multiple of, and what it is when the value is the limit."""
    if isinstance(value, typed.Distance):
        return value, limit
    if isinstance(value, typed.Cast) and value.type == DOUBLE:
        return _distance_within(value.operand, limit)
    if not isinstance(value, typed.Arithmetic) or value.operator not in "*/":
        return None
    factor, other = constant_number(value.right), value.left
    if factor is None and value.operator == "*":
        factor, other = constant_number(value.left), value.right
    if factor is None or factor <= 0:
        return None
    # a little more: what is rounded away must not leave out a row
    scaled = limit / factor if value.operator == "*" else limit * factor
    return _distance_within(other, min(scaled * (1 + 1e-12), max(scaled, pgsphere.WIDEST_CIRCLE)))


def _between(c: typed.Between) -> str:
    text = f"{sql_of(c.operand)} {_not(c.negated)}BETWEEN {sql_of(c.low)} AND {sql_of(c.high)}"
    near = None if c.negated else _near(c.operand, constant_number(c.high))
    return text if near is None else f"({near} AND {text})"


def _in_list(c: typed.InList) -> str:
    return f"{sql_of(c.operand)} {_not(c.negated)}IN ({', '.join(map(sql_of, c.values))})"


def _in_query(c: typed.InQuery) -> str:
    return f"{sql_of(c.operand)} {_not(c.negated)}IN ({_query(c.query)})"


def _like(c: typed.Like) -> str:
    word = f"{_not(c.negated)}{'ILIKE' if c.ignores_case else 'LIKE'}"
    # ADQL's patterns have no escape character, PostgreSQL's have the backslash.
    plain = isinstance(c.pattern, typed.Constant) and "\\" not in str(c.pattern.value)
    escape = "" if plain else " ESCAPE ''"
    return f"{sql_of(c.operand)} {word} {sql_of(c.pattern)}{escape}"


def _joined(word: str, operands: Iterable[typed.Condition]) -> str:
    return "(" + f" {word} ".join(_condition(operand) for operand in operands) + ")"


_CONDITIONS: dict[type, Callable[[Any], str]] = {
    typed.Comparison: _comparison,
    typed.Between: _between,
    typed.InList: _in_list,
    typed.InQuery: _in_query,
    typed.Like: _like,
    typed.IsNull: lambda c: f"{sql_of(c.operand)} IS {_not(c.negated)}NULL",
    typed.Exists: lambda c: f"EXISTS ({_query(c.query)})",
    typed.Not: lambda c: f"NOT ({_condition(c.operand)})",
    typed.And: lambda c: _joined("AND", c.operands),
    typed.Or: lambda c: _joined("OR", c.operands),
}


# --- what leaves ----------------------------------------------------------------------------


def _written(value: typed.Value, form: _Form) -> str:
    return _leaving(value, form) if form else sql_of(value)


def _leaving(value: typed.Value, form: _Form) -> str:
    """The value in the form, and of the type, in which it leaves PostgreSQL."""
    kind = value.type.kind
    if form is _Form.PACKED and kind is Kind.POLYGON and isinstance(value, typed.ColumnValue):
        return pgsphere.packed_polygon(sql_of(value))
    if kind in GEOMETRIES:
        return degrees(value)
    text = sql_of(value)
    if kind is Kind.TIMESTAMP:
        return iso(text)
    if isinstance(value, typed.ColumnValue | typed.Aggregate) or kind is Kind.TEXT:
        return text
    return f"{text}::{value.type.postgres}"
