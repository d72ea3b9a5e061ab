"""What the grammar says of the arguments of the language's own functions.

Counts and literal arguments only (ADQL 2.1, appendix A); types are for `adql.resolver`.
"""

from __future__ import annotations

from adql import tree
from adql.errors import AdqlError
from adql.words import FUNCTIONS

#: PostgreSQL's longest ``char(n)``.
LONGEST_TEXT = 10_485_760

_ONE = (
    "ABS ACOS AREA ASIN ATAN CEILING CENTROID COORD1 COORD2 COORDSYS COS COT DEGREES EXP FLOOR "
    "LOG LOG10 LOWER RADIANS REGION SIN SQRT TAN UPPER"
)
_TWO = "ATAN2 CONTAINS INTERSECTS IN_UNIT MOD POWER"

_COUNTS: dict[str, tuple[int, ...]] = {
    **dict.fromkeys(_ONE.split(), (1,)),
    **dict.fromkeys(_TWO.split(), (2,)),
    "PI": (0,),
    "RAND": (0, 1),
    "ROUND": (1, 2),
    "TRUNCATE": (1, 2),
    "DISTANCE": (2, 4),
}

_SHAPES = {
    "POINT": "POINT(longitude, latitude)",
    "CIRCLE": "CIRCLE(longitude, latitude, radius) or CIRCLE(point, radius)",
    "BOX": "BOX(longitude, latitude, width, height) or BOX(point, width, height)",
    "POLYGON": "POLYGON(longitude, latitude, ...) or POLYGON(point, ...) with 3 or more vertices",
}


def check(call: tree.FunctionCall) -> None:
    """Raise AdqlError where a call can't be what the grammar allows."""
    name, arguments = call.name, call.arguments
    if name in _SHAPES:
        if not _is_shape(name, without_coordinate_system(arguments)):
            raise AdqlError(f"wrong arguments of {name}", call.position, f"write {_SHAPES[name]}")
        return
    counts = _COUNTS.get(name)
    if counts is not None and len(arguments) not in counts:
        wanted = " or ".join(str(n) for n in counts)
        plural = "" if counts == (1,) else "s"
        raise AdqlError(
            f"{name} takes {wanted} argument{plural}, not {len(arguments)}", call.position
        )
    if name == "COALESCE" and not arguments:
        raise AdqlError("COALESCE takes at least one argument", call.position)
    if name == "REGION" and not isinstance(arguments[0], tree.StringLiteral):
        raise AdqlError("REGION takes a text in quotes", arguments[0].position)
    if name == "IN_UNIT" and not isinstance(arguments[1], tree.StringLiteral):
        raise AdqlError("the unit is a text in quotes, as in 'deg'", arguments[1].position)
    if name in {"ROUND", "TRUNCATE"} and len(arguments) == 2 and not _is_integer(arguments[1]):
        raise AdqlError("the number of digits is a whole number", arguments[1].position)


def without_coordinate_system(arguments: tuple[tree.Value, ...]) -> tuple[tree.Value, ...]:
    """The arguments of a geometry without the deprecated first one (section 4.2.6)."""
    if arguments and isinstance(arguments[0], tree.StringLiteral | tree.NullLiteral):
        return arguments[1:]
    return arguments


def may_be_point(value: tree.Value) -> bool:
    """Whether the grammar lets this stand for a position (``<coord_value>``)."""
    if isinstance(value, tree.FunctionCall):
        return value.name in {"POINT", "CENTROID"} or value.name not in FUNCTIONS
    return isinstance(value, tree.ColumnReference)


def _is_shape(name: str, arguments: tuple[tree.Value, ...]) -> bool:
    count = len(arguments)
    if name == "POINT":
        return count == 2
    if name == "POLYGON":
        return (count >= 6 and count % 2 == 0) or (count >= 3 and all(map(may_be_point, arguments)))
    sizes = 1 if name == "CIRCLE" else 2
    return count == 2 + sizes or (count == 1 + sizes and may_be_point(arguments[0]))


def _is_integer(value: tree.Value) -> bool:
    if isinstance(value, tree.Sign):
        value = value.operand
    return isinstance(value, tree.NumberLiteral) and value.is_integer
