"""The geometrical functions (ADQL 2.1, section 4.2).

Angles are degrees, in ICRS. The deprecated coordinate system argument may be left out, empty or
name ICRS. Anything else is refused rather than silently not converted.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

from adql import calls, pgsphere, tree, typed
from adql.conversions import constant_number, converted, double, is_number
from adql.errors import AdqlError, Position
from adql.types import (
    CIRCLE,
    DOUBLE,
    GEOMETRIES,
    INT,
    POINT,
    POLYGON,
    REGIONS,
    TEXT,
    DataType,
    Kind,
    Meaning,
)

__all__ = ["FUNCTIONS", "build"]


_SYSTEMS = {"", "ICRS", "UNKNOWN", "UNKNOWNFRAME"}

#: Names of a coordinate system that people write, by the reference frame that they mean.
_OTHER_FRAMES = {
    "FK4": "FK4",
    "B1950": "FK4",
    "FK5": "FK5",
    "J2000": "FK5",
    "GALACTIC": "GALACTIC",
    "ECLIPTIC": "ECLIPTIC",
}

#: Words of STC-S that say nothing which matters here: places of reference, kinds of coordinates.
_PLACES = {"BARYCENTER", "GEOCENTER", "HELIOCENTER", "TOPOCENTER", "UNKNOWNREFPOS", "SPHERICAL2"}

_POSITION = Meaning("deg", "pos")
_REGION = Meaning("deg", "pos.outline")

Arguments = tuple[typed.Value, ...]


def build(call: tree.FunctionCall, resolve: Callable[[tree.Value], typed.Value]) -> typed.Value:
    """The typed value of a geometrical function's call; ``resolve`` types an argument."""
    written = call.arguments
    if call.name in {"POINT", "CIRCLE", "BOX", "POLYGON"}:
        _check_coordinate_system(written)
        written = calls.without_coordinate_system(written)
    arguments = tuple(resolve(argument) for argument in written)
    return _BUILDERS[call.name](arguments, call.position)


def of_text(text: str, wanted: DataType, position: Position) -> typed.Value:
    """The geometry that a text stands for (DALI 1.1, sections 3.3.5 to 3.3.7)."""
    name = wanted.kind.name
    words = text.split()
    numbers = [float(word) for word in words] if all(map(is_number, words)) else []
    counts = {"POINT": (2,), "CIRCLE": (3,)}.get(name, range(6, len(numbers) + 1, 2))
    if len(numbers) not in counts or math.inf in map(abs, numbers):
        example = {"POINT": "12.3 45.6", "CIRCLE": "12.3 45.6 1"}.get(name, "10 20 15 20 15 25")
        raise AdqlError(
            f"`{text}` isn't {wanted.kind.value}", position, f"write degrees, as in '{example}'"
        )
    arguments = (typed.Constant(DOUBLE, number, position=position) for number in numbers)
    return _BUILDERS[name](tuple(arguments), position)


def of_region(text: str, position: Position) -> typed.Value:
    """What REGION's text says in STC-S, as in ``CIRCLE ICRS 10 20 0.5`` (TAP 1.0, section 6)."""
    shape, *words = text.upper().split() or [""]
    shape = {"POSITION": "POINT"}.get(shape, shape)
    if shape not in {"POINT", "CIRCLE", "BOX", "POLYGON"}:
        raise AdqlError(
            f"`{text}` isn't a region",
            position,
            "write POSITION, CIRCLE, BOX or POLYGON with degrees, as in 'CIRCLE ICRS 10 20 0.5'",
        )
    if words and not is_number(words[0]) and words[0] not in _PLACES:
        _check_system(words.pop(0), position)
    while words and words[0] in _PLACES:
        words.pop(0)
    if shape == "BOX" and len(words) == 4 and all(map(is_number, words)):
        numbers = (typed.Constant(DOUBLE, float(word), position=position) for word in words)
        return _box(tuple(numbers), position)
    if shape == "BOX":
        raise AdqlError(f"`{text}` isn't a box", position, "write 'BOX ICRS 10 20 2 1'")
    wanted = {"POINT": POINT, "CIRCLE": CIRCLE, "POLYGON": POLYGON}[shape]
    return of_text(" ".join(words), wanted, position)


def _check_coordinate_system(arguments: tuple[tree.Value, ...]) -> None:
    first = arguments[0]
    if isinstance(first, tree.StringLiteral):
        words = first.text.split()
        _check_system(words[0] if words else "", first.position)


def _check_system(name: str, position: Position) -> None:
    if name.upper() in _SYSTEMS:
        return
    hint = "give ICRS coordinates and leave the argument out"
    frame = _OTHER_FRAMES.get(name.upper())
    if frame is not None:
        hint += f"; ivo_geom_transform('{frame}', 'ICRS', ...) turns a geometry"
    raise AdqlError(f"coordinate system `{name}` isn't offered", position, hint)


def _latitude(value: typed.Value) -> typed.Value:
    value = double(value)
    number = constant_number(value)
    if number is not None and not -90 <= number <= 90:
        raise AdqlError("a latitude is from -90 to 90 degrees", value.position)
    return value


def _longitude(value: typed.Value) -> typed.Value:
    value = double(value)
    number = constant_number(value)
    if number is not None and not -360 <= number <= 360:
        raise AdqlError("a longitude is from 0 to 360 degrees", value.position)
    return value


def _size(value: typed.Value, largest: float, what: str) -> typed.Value:
    value = double(value)
    number = constant_number(value)
    if number is not None and not 0 <= number <= largest:
        raise AdqlError(f"a {what} is from 0 to {largest:g} degrees", value.position)
    return value


def _point_of(longitude: typed.Value, latitude: typed.Value) -> typed.Value:
    return typed.Point(
        POINT,
        _longitude(longitude),
        _latitude(latitude),
        meaning=_POSITION,
        position=longitude.position,
    )


def _as_point(value: typed.Value, function: str) -> typed.Value:
    if value.type.kind is Kind.NULL:
        return converted(value, POINT)
    if value.type.kind is not Kind.POINT:
        raise AdqlError(
            f"{function} takes points here, found {value.type.kind.value}", value.position
        )
    return value


def _as_geometry(value: typed.Value, function: str) -> typed.Value:
    if value.type.kind is Kind.NULL:
        return converted(value, POINT)
    if value.type.kind not in GEOMETRIES:
        raise AdqlError(
            f"{function} takes geometries, found {value.type.kind.value}", value.position
        )
    return value


def _centre(arguments: Arguments, sizes: int, function: str) -> typed.Value:
    if len(arguments) == 2 + sizes:
        return _point_of(arguments[0], arguments[1])
    return _as_point(arguments[0], function)


def _point(arguments: Arguments, position: Position) -> typed.Value:
    return _point_of(*arguments)


def _circle(arguments: Arguments, position: Position) -> typed.Value:
    radius = _size(arguments[-1], 180, "radius")
    centre = _centre(arguments, 1, "CIRCLE")
    return typed.Circle(CIRCLE, centre, radius, meaning=_REGION, position=position)


def _box(arguments: Arguments, position: Position) -> typed.Value:
    centre = _centre(arguments, 2, "BOX")
    width, height = (_size(value, 179, "BOX's width or height") for value in arguments[-2:])
    box = typed.Box(POLYGON, centre, width, height, meaning=_REGION, position=position)
    return _corners(box) or box


def _corners(box: typed.Box) -> typed.Value | None:
    """The polygon of a box whose numbers are all known; an index serves it."""
    if not isinstance(box.centre, typed.Point):
        return None
    parts = (box.centre.longitude, box.centre.latitude, box.width, box.height)
    numbers = [constant_number(part) for part in parts]
    if None in numbers:
        return None
    longitude, latitude, width, height = (math.radians(n or 0) for n in numbers)
    x, y = math.tan(width / 2), math.tan(height / 2)
    if not (x and y):
        raise AdqlError("a BOX has a width and a height", box.position)
    sine, cosine = math.sin(latitude), math.cos(latitude)
    vertices = []
    for east, north in ((-x, -y), (x, -y), (x, y), (-x, y)):
        # The gnomonic projection turned back: (1, east, north) seen from the tangent point.
        along, up = cosine - north * sine, sine + north * cosine
        corner = math.degrees(longitude + math.atan2(east, along)) % 360
        vertices.append(
            typed.Point(
                POINT,
                typed.Constant(DOUBLE, corner),
                typed.Constant(DOUBLE, math.degrees(math.atan2(up, math.hypot(east, along)))),
                meaning=_POSITION,
                position=box.position,
            )
        )
    return typed.Polygon(POLYGON, tuple(vertices), meaning=box.meaning, position=box.position)


def _polygon(arguments: Arguments, position: Position) -> typed.Value:
    if all(argument.type.kind is Kind.NUMBER for argument in arguments):
        if len(arguments) < 6 or len(arguments) % 2:
            raise AdqlError("a POLYGON of numbers has 3 or more pairs of them", position)
        pairs = zip(arguments[::2], arguments[1::2], strict=True)
        vertices = [_point_of(longitude, latitude) for longitude, latitude in pairs]
    else:
        vertices = [_as_point(argument, "POLYGON") for argument in arguments]
    distinct: list[typed.Value] = []
    for vertex in vertices:
        if not distinct or vertex != distinct[-1]:
            distinct.append(vertex)
    if distinct[0] == distinct[-1]:
        distinct.pop()  # closed by hand; here the last vertex is joined to the first anyway
    if len(distinct) < 3:
        raise AdqlError("a POLYGON has at least 3 different vertices", position)
    return typed.Polygon(POLYGON, tuple(distinct), meaning=_REGION, position=position)


def _contains(arguments: Arguments, position: Position) -> typed.Value:
    inner, outer = (_as_geometry(argument, "CONTAINS") for argument in arguments)
    if outer.type.kind is Kind.POINT and inner.type.kind is not Kind.POINT:
        raise AdqlError(
            "nothing but a point lies in a point",
            outer.position,
            "CONTAINS(a, b) asks whether a lies in b",
        )
    return typed.Overlap(INT, True, inner, outer, position=position)


def _intersects(arguments: Arguments, position: Position) -> typed.Value:
    left, right = (_as_geometry(argument, "INTERSECTS") for argument in arguments)
    if right.type.kind is Kind.POINT:
        left, right = right, left  # section 4.2.14: read as CONTAINS with the point first
    contains = left.type.kind is Kind.POINT
    return typed.Overlap(INT, contains, left, right, position=position)


def _distance(arguments: Arguments, position: Position) -> typed.Value:
    if len(arguments) == 4:
        left, right = _point_of(*arguments[:2]), _point_of(*arguments[2:])
    else:
        left, right = (_as_point(argument, "DISTANCE") for argument in arguments)
    return typed.Distance(
        DOUBLE, left, right, meaning=Meaning("deg", "pos.angDistance"), position=position
    )


def _coordinate(number: int) -> Callable[[Arguments, Position], typed.Value]:
    def coordinate(arguments: Arguments, position: Position) -> typed.Value:
        point = _as_point(arguments[0], f"COORD{number}")
        if isinstance(point, typed.Point):
            return (point.longitude, point.latitude)[number - 1]
        sql = ("degrees(long({0}))", "degrees(lat({0}))")[number - 1]
        return typed.Call(DOUBLE, sql, (point,), meaning=Meaning("deg"), position=position)

    return coordinate


def _coordinate_system(arguments: Arguments, position: Position) -> typed.Value:
    value = _as_geometry(arguments[0], "COORDSYS")
    sql = "CASE WHEN {0} IS NOT NULL THEN 'ICRS'::text END"
    return typed.Call(TEXT, sql, (value,), position=position)


def _area(arguments: Arguments, position: Position) -> typed.Value:
    value = _as_geometry(arguments[0], "AREA")
    sql = "CASE WHEN {0} IS NOT NULL THEN 0::double precision END"
    if value.type.kind in REGIONS:
        sql = "degrees(degrees(area({0})))"
    meaning = Meaning("deg**2", "phys.angArea")
    return typed.Call(DOUBLE, sql, (value,), meaning=meaning, position=position)


def _centroid(arguments: Arguments, position: Position) -> typed.Value:
    value = _as_geometry(arguments[0], "CENTROID")
    if value.type.kind is Kind.POINT:
        return value
    if isinstance(value, typed.Circle | typed.Box):
        return replace(value.centre, position=position)
    if value.type.kind is Kind.CIRCLE:
        return typed.Call(POINT, "center({0})", (value,), meaning=_POSITION, position=position)
    return typed.Call(
        POINT, pgsphere.POLYGON_CENTROID, (value,), meaning=_POSITION, position=position
    )


_BUILDERS: dict[str, Callable[[Arguments, Position], typed.Value]] = {
    "POINT": _point,
    "CIRCLE": _circle,
    "BOX": _box,
    "POLYGON": _polygon,
    "CONTAINS": _contains,
    "INTERSECTS": _intersects,
    "DISTANCE": _distance,
    "COORD1": _coordinate(1),
    "COORD2": _coordinate(2),
    "COORDSYS": _coordinate_system,
    "AREA": _area,
    "CENTROID": _centroid,
}

FUNCTIONS = frozenset(_BUILDERS)
