"""The SQL of values: expressions of PostgreSQL 15 with pgSphere 1.2.

No value holds a query, so nothing here knows of any; conditions stand here only where a function's
value is one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from adql import pgsphere, typed
from adql.conversions import constant_number
from adql.errors import AdqlError
from adql.quoting import quote, quote_name, quote_text
from adql.types import GEOMETRIES, Kind

#: Characters of SQL; functions whose arguments stand there twice grow fast where they are nested.
_LONGEST_VALUE = 1_000_000


def sql_of(value: typed.Value) -> str:
    """An expression that keeps together wherever it stands."""
    text = _VALUES[type(value)](value)
    if len(text) > _LONGEST_VALUE:
        raise AdqlError("the expression is too large", value.position)
    return text


def _column(v: typed.ColumnValue) -> str:
    return f"{quote_name(v.relation)}.{quote_name(v.column)}"


def call(v: typed.Call) -> str:
    """A function's SQL: an expression or, of a `typed.Test`, a condition."""
    return v.template.format(*map(sql_of, v.arguments))


def _aggregate(v: typed.Aggregate) -> str:
    if v.argument is None:
        return "count(*)"
    call = f"{v.function.lower()}({'DISTINCT ' if v.distinct else ''}{sql_of(v.argument)})"
    return call if v.function in {"COUNT", "MIN", "MAX"} else f"{call}::{v.type.postgres}"


def _cast(v: typed.Cast) -> str:
    source, wanted = v.operand.type.kind, v.type.kind
    # each operand is written once: writing it twice at every level of a deep query takes for ever
    if wanted is Kind.TEXT and source in GEOMETRIES:
        text = f"array_to_string({degrees(v.operand)}, ' ')"
    else:
        text = sql_of(v.operand)
    if wanted is Kind.TEXT and source is not Kind.NULL:
        if source is Kind.TIMESTAMP:
            text = iso(text)
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
    return pgsphere.point(sql_of(v.longitude), sql_of(v.latitude))


def _circle(v: typed.Circle) -> str:
    radius = constant_number(v.radius)
    if radius is not None and radius > pgsphere.WIDEST_CIRCLE:
        raise AdqlError(
            f"a circle here has a radius of at most {pgsphere.WIDEST_CIRCLE:g} degrees",
            v.radius.position,
            "only `1 = CONTAINS(POINT(...), CIRCLE(...))` takes wider ones",
        )
    return pgsphere.circle(sql_of(v.centre), sql_of(v.radius))


def _polygon(v: typed.Polygon) -> str:
    if all(is_constant(vertex) for vertex in v.vertices):
        pairs = ",".join(
            f"({constant_number(p.longitude)!r}d,{constant_number(p.latitude)!r}d)"
            for p in v.vertices
            if isinstance(p, typed.Point)
        )
        return f"{quote_text('{' + pairs + '}')}::spoly"
    return pgsphere.polygon(_corner(vertex) for vertex in v.vertices)


def _corner(vertex: typed.Value) -> str:
    if isinstance(vertex, typed.Point):
        return pgsphere.corner(sql_of(vertex.longitude), sql_of(vertex.latitude))
    return f"{sql_of(vertex)}::text"


_VALUES: dict[type, Callable[[Any], str]] = {
    typed.Constant: lambda v: quote(v.value, v.type),
    typed.ColumnValue: _column,
    typed.Signed: lambda v: f"({v.operator} {sql_of(v.operand)})",
    typed.Arithmetic: lambda v: f"({sql_of(v.left)} {v.operator} {sql_of(v.right)})",
    typed.Concatenation: lambda v: f"({sql_of(v.left)} || {sql_of(v.right)})",
    typed.Call: call,
    typed.Test: lambda v: f"({call(v)})::integer",
    typed.AggregateCall: call,
    typed.Aggregate: _aggregate,
    typed.Coalesce: lambda v: f"coalesce({', '.join(map(sql_of, v.values))})",
    typed.Cast: _cast,
    typed.Point: _point,
    typed.Circle: _circle,
    typed.Polygon: _polygon,
    typed.Box: lambda v: pgsphere.box(sql_of(v.centre), sql_of(v.width), sql_of(v.height)),
    typed.Distance: lambda v: f"degrees({sql_of(v.left)} <-> {sql_of(v.right)})",
    typed.Overlap: lambda v: f"({overlap(v)})::integer",
}


def is_constant(value: typed.Value) -> bool:
    """Whether a point is made of literals alone."""
    return isinstance(value, typed.Point) and all(
        constant_number(part) is not None for part in (value.longitude, value.latitude)
    )


def overlap(v: typed.Overlap) -> str:
    """The condition that the one geometry lies in the other, or has a place in common with it."""
    left, right = v.left, v.right
    if v.contains and right.type.kind is Kind.POINT:
        return f"{sql_of(left)} = {sql_of(right)}"
    if v.contains and left.type.kind is Kind.POINT and isinstance(right, typed.Circle):
        radius = constant_number(right.radius)
        if radius is not None and radius > pgsphere.WIDEST_CIRCLE:
            distance = f"{sql_of(left)} <-> {sql_of(right.centre)}"
            return f"({distance}) <= radians({sql_of(right.radius)})"
    operator = "<@" if v.contains else "&&"
    return f"{sql_of(left)} {operator} {sql_of(right)}"


def iso(timestamp: str) -> str:
    """A timestamp as text (DALI 1.1, section 3.3.3)."""
    return f"""to_char({timestamp}, 'YYYY-MM-DD"T"HH24:MI:SS.MS')"""


def degrees(value: typed.Value) -> str:
    """A geometry as an array of degrees in DALI's order; NULL stays NULL."""
    parts = _numbers(value)
    if parts is not None:
        texts = [sql_of(part) for part in parts]
        array = f"ARRAY[{', '.join(texts)}]"
        pairs = zip(parts, texts, strict=True)
        unknown = [text for part, text in pairs if constant_number(part) is None]
        if not unknown:
            return array
        known = " AND ".join(f"{text} IS NOT NULL" for text in unknown)
        return f"CASE WHEN {known} THEN {array} END"
    kind = value.type.kind
    if isinstance(value, typed.ColumnValue):
        return pgsphere.numbers(sql_of(value), kind)
    return f"(SELECT {pgsphere.numbers('g', kind)} FROM (SELECT {sql_of(value)} OFFSET 0) AS v(g))"  # noqa: S608


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
