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
from adql.quoting import quote, quote_name, quote_text
from adql.types import GEOMETRIES, Kind

#: Characters of SQL; functions whose arguments stand there twice grow fast where they are nested.
_LONGEST_VALUE = 1_000_000

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
    return _value(term.value) + direction


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
    text = _value(value)
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
            text = _overlap(one)
            return text if (number == 1) == (operator == "=") else f"NOT ({text})"
        if isinstance(one, typed.Test) and number in {0, 1} and operator in {"=", "<>"}:
            text = f"({_call(one)})"
            return text if (number == 1) == (operator == "=") else f"NOT {text}"
        if (
            isinstance(one, typed.Distance)
            and number is not None
            and operator in {"<", "<="}
            and 0 <= number <= pgsphere.WIDEST_CIRCLE
        ):
            near = _near(one, other)
            return f"({near} AND {_value(one)} {operator} {_value(other)})"
    if c.left.type.kind in GEOMETRIES and c.operator == "<>":
        return f"NOT ({_value(c.left)} = {_value(c.right)})"
    return f"{_value(c.left)} {c.operator} {_value(c.right)}"


def _near(distance: typed.Distance, radius: typed.Value) -> str:
    """That the points lie within a circle of each other: what an index can answer.

    Where both points vary, either may be the one that has an index, so both ways are said.
    """
    sides = [(distance.left, distance.right), (distance.right, distance.left)]
    varying = [(a, b) for a, b in sides if not _is_constant(a)] or sides[:1]
    return " AND ".join(
        f"{_value(a)} <@ {pgsphere.circle(_value(b), _value(radius))}" for a, b in varying
    )


def _is_constant(value: typed.Value) -> bool:
    return isinstance(value, typed.Point) and all(
        constant_number(part) is not None for part in (value.longitude, value.latitude)
    )


def _overlap(overlap: typed.Overlap) -> str:
    left, right = overlap.left, overlap.right
    if overlap.contains and right.type.kind is Kind.POINT:
        return f"{_value(left)} = {_value(right)}"
    if overlap.contains and left.type.kind is Kind.POINT and isinstance(right, typed.Circle):
        radius = constant_number(right.radius)
        if radius is not None and radius > pgsphere.WIDEST_CIRCLE:
            distance = f"{_value(left)} <-> {_value(right.centre)}"
            return f"({distance}) <= radians({_value(right.radius)})"
    operator = "<@" if overlap.contains else "&&"
    return f"{_value(left)} {operator} {_value(right)}"


def _between(c: typed.Between) -> str:
    limits = f"{_value(c.low)} AND {_value(c.high)}"
    return f"{_value(c.operand)} {_not(c.negated)}BETWEEN {limits}"


def _in_list(c: typed.InList) -> str:
    return f"{_value(c.operand)} {_not(c.negated)}IN ({', '.join(map(_value, c.values))})"


def _in_query(c: typed.InQuery) -> str:
    return f"{_value(c.operand)} {_not(c.negated)}IN ({_query(c.query)})"


def _like(c: typed.Like) -> str:
    word = f"{_not(c.negated)}{'ILIKE' if c.ignores_case else 'LIKE'}"
    # ADQL's patterns have no escape character, PostgreSQL's have the backslash.
    plain = isinstance(c.pattern, typed.Constant) and "\\" not in str(c.pattern.value)
    escape = "" if plain else " ESCAPE ''"
    return f"{_value(c.operand)} {word} {_value(c.pattern)}{escape}"


def _joined(word: str, operands: Iterable[typed.Condition]) -> str:
    return "(" + f" {word} ".join(_condition(operand) for operand in operands) + ")"


_CONDITIONS: dict[type, Callable[[Any], str]] = {
    typed.Comparison: _comparison,
    typed.Between: _between,
    typed.InList: _in_list,
    typed.InQuery: _in_query,
    typed.Like: _like,
    typed.IsNull: lambda c: f"{_value(c.operand)} IS {_not(c.negated)}NULL",
    typed.Exists: lambda c: f"EXISTS ({_query(c.query)})",
    typed.Not: lambda c: f"NOT ({_condition(c.operand)})",
    typed.And: lambda c: _joined("AND", c.operands),
    typed.Or: lambda c: _joined("OR", c.operands),
}


# --- values ---------------------------------------------------------------------------------


def _value(value: typed.Value) -> str:
    """An expression that keeps together wherever it stands."""
    text = _VALUES[type(value)](value)
    if len(text) > _LONGEST_VALUE:
        raise AdqlError("the expression is too large", value.position)
    return text


def _column(v: typed.ColumnValue) -> str:
    return f"{quote_name(v.relation)}.{quote_name(v.column)}"


def _call(v: typed.Call) -> str:
    return v.template.format(*map(_value, v.arguments))


def _aggregate(v: typed.Aggregate) -> str:
    if v.argument is None:
        return "count(*)"
    call = f"{v.function.lower()}({'DISTINCT ' if v.distinct else ''}{_value(v.argument)})"
    return call if v.function in {"COUNT", "MIN", "MAX"} else f"{call}::{v.type.postgres}"


def _cast(v: typed.Cast) -> str:
    source, wanted = v.operand.type.kind, v.type.kind
    # each operand is written once: writing it twice at every level of a deep query takes for ever
    if wanted is Kind.TEXT and source in GEOMETRIES:
        text = f"array_to_string({_degrees(v.operand)}, ' ')"
    else:
        text = _value(v.operand)
    if wanted is Kind.TEXT and source is not Kind.NULL:
        if source is Kind.TIMESTAMP:
            text = _iso(text)
        elif source is not Kind.TEXT and source not in GEOMETRIES:
            text = f"{text}::text"
        if v.length is not None:
            text = f"left({text}, {v.length})"
            text = f"rpad({text}, {v.length})" if v.padded else text
        return text
    if wanted in GEOMETRIES and source is Kind.TEXT:
        return pgsphere.of_text(text, wanted)
    return f"{text}::{v.type.postgres}"


def _point(v: typed.Point) -> str:
    return pgsphere.point(_value(v.longitude), _value(v.latitude))


def _circle(v: typed.Circle) -> str:
    radius = constant_number(v.radius)
    if radius is not None and radius > pgsphere.WIDEST_CIRCLE:
        raise AdqlError(
            f"a circle here has a radius of at most {pgsphere.WIDEST_CIRCLE:g} degrees",
            v.radius.position,
            "only `1 = CONTAINS(POINT(...), CIRCLE(...))` takes wider ones",
        )
    return pgsphere.circle(_value(v.centre), _value(v.radius))


def _polygon(v: typed.Polygon) -> str:
    if all(_is_constant(vertex) for vertex in v.vertices):
        pairs = ",".join(
            f"({constant_number(p.longitude)!r}d,{constant_number(p.latitude)!r}d)"
            for p in v.vertices
            if isinstance(p, typed.Point)
        )
        return f"{quote_text('{' + pairs + '}')}::spoly"
    return pgsphere.polygon(_corner(vertex) for vertex in v.vertices)


def _corner(vertex: typed.Value) -> str:
    if isinstance(vertex, typed.Point):
        return pgsphere.corner(_value(vertex.longitude), _value(vertex.latitude))
    return f"{_value(vertex)}::text"


_VALUES: dict[type, Callable[[Any], str]] = {
    typed.Constant: lambda v: quote(v.value, v.type),
    typed.ColumnValue: _column,
    typed.Signed: lambda v: f"({v.operator} {_value(v.operand)})",
    typed.Arithmetic: lambda v: f"({_value(v.left)} {v.operator} {_value(v.right)})",
    typed.Concatenation: lambda v: f"({_value(v.left)} || {_value(v.right)})",
    typed.Call: _call,
    typed.Test: lambda v: f"({_call(v)})::integer",
    typed.AggregateCall: _call,
    typed.Aggregate: _aggregate,
    typed.Coalesce: lambda v: f"coalesce({', '.join(map(_value, v.values))})",
    typed.Cast: _cast,
    typed.Point: _point,
    typed.Circle: _circle,
    typed.Polygon: _polygon,
    typed.Box: lambda v: pgsphere.box(_value(v.centre), _value(v.width), _value(v.height)),
    typed.Distance: lambda v: f"degrees({_value(v.left)} <-> {_value(v.right)})",
    typed.Overlap: lambda v: f"({_overlap(v)})::integer",
}


# --- what leaves ----------------------------------------------------------------------------


def _written(value: typed.Value, form: _Form) -> str:
    return _leaving(value, form) if form else _value(value)


def _leaving(value: typed.Value, form: _Form) -> str:
    """The value in the form, and of the type, in which it leaves PostgreSQL."""
    kind = value.type.kind
    if form is _Form.PACKED and kind is Kind.POLYGON and isinstance(value, typed.ColumnValue):
        return pgsphere.packed_polygon(_value(value))
    if kind in GEOMETRIES:
        return _degrees(value)
    text = _value(value)
    if kind is Kind.TIMESTAMP:
        return _iso(text)
    if isinstance(value, typed.ColumnValue | typed.Aggregate) or kind is Kind.TEXT:
        return text
    return f"{text}::{value.type.postgres}"


def _iso(timestamp: str) -> str:
    return f"""to_char({timestamp}, 'YYYY-MM-DD"T"HH24:MI:SS.MS')"""


def _degrees(value: typed.Value) -> str:
    """A geometry as an array of degrees in DALI's order; NULL stays NULL."""
    parts = _numbers(value)
    if parts is not None:
        texts = [_value(part) for part in parts]
        array = f"ARRAY[{', '.join(texts)}]"
        pairs = zip(parts, texts, strict=True)
        unknown = [text for part, text in pairs if constant_number(part) is None]
        if not unknown:
            return array
        known = " AND ".join(f"{text} IS NOT NULL" for text in unknown)
        return f"CASE WHEN {known} THEN {array} END"
    kind = value.type.kind
    if isinstance(value, typed.ColumnValue):
        return pgsphere.numbers(_value(value), kind)
    return f"(SELECT {pgsphere.numbers('g', kind)} FROM (SELECT {_value(value)} OFFSET 0) AS v(g))"  # noqa: S608


def _numbers(value: typed.Value) -> list[typed.Value] | None:
    """The numbers that a geometry was made of, where it was made of numbers in the query."""
    if isinstance(value, typed.Point):
        return [value.longitude, value.latitude]
    if isinstance(value, typed.Circle):
        centre = _numbers(value.centre)
        return None if centre is None else [*centre, value.radius]
    if isinstance(value, typed.Polygon):
        parts: list[typed.Value] = []
        for vertex in value.vertices:
            point = _numbers(vertex)
            if point is None:
                return None
            parts += point
        return parts
    return None
