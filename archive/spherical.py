"""pgSphere in Django: polygons as a field, points and cones as expressions.

A polygon in Python is a tuple of corners, each (ra, dec) in degrees ICRS. pgSphere's types live in
whatever schema the search path finds them in.
"""

import math
import re
from collections.abc import Sequence
from typing import Any

from django.contrib.postgres.indexes import GistIndex
from django.db.models import BooleanField, Expression, F, Field, FloatField, Func, Value

Corner = tuple[float, float]
Polygon = tuple[Corner, ...]

#: pgSphere's circles are at most this wide; degrees.
_WIDEST_CIRCLE = 90.0
_NUMBER = r"[-+0-9.eE]+"
_CORNER = re.compile(rf"\(\s*({_NUMBER})\s*,\s*({_NUMBER})\s*\)")


def polygon_literal(corners: Sequence[Corner]) -> str:
    """pgSphere's text of a polygon; raises ValueError for fewer than three finite corners."""
    if len(corners) < 3 or not all(math.isfinite(a) for corner in corners for a in corner):
        raise ValueError("A spherical polygon needs at least three finite corners.")
    return "{" + ",".join(f"({ra!r}d,{dec!r}d)" for ra, dec in corners) + "}"


def parse_polygon(text: str) -> Polygon:
    """The corners in degrees of a polygon as pgSphere prints it (radians)."""
    return tuple(
        (math.degrees(float(ra)), math.degrees(float(dec))) for ra, dec in _CORNER.findall(text)
    )


class SphericalPolygonField(Field):  # type: ignore[type-arg]  # no generic at run time
    """A region of the sky, pgSphere's ``spoly``."""

    description = "Polygon of great circles on the sky, ICRS"

    def db_type(self, connection: Any) -> str:
        """The type's name; the search path finds it."""
        return "spoly"

    def get_prep_value(self, value: Sequence[Corner] | None) -> str | None:
        """Corners as pgSphere reads them."""
        return (
            None
            if value is None
            else polygon_literal([(float(ra), float(dec)) for ra, dec in value])
        )

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> Polygon | None:
        """Corners of what pgSphere prints."""
        return None if value is None else parse_polygon(value)


def spherical_point(ra: str, dec: str) -> Func:
    """The point of two columns in degrees, written as ADQL's POINT is: indexes must match it."""
    return Func(
        Func(F(ra), function="radians"), Func(F(dec), function="radians"), function="spoint"
    )


def position_index(ra: str, dec: str, name: str) -> GistIndex:
    """The GiST index that cone searches on two columns use."""
    return GistIndex(spherical_point(ra, dec), name=name)


def within_cone(point: Expression, ra: float, dec: float, radius_deg: float) -> Func:
    """Whether a point lies in a cone; all angles in degrees, ICRS."""
    if radius_deg > _WIDEST_CIRCLE:
        limit = Value(math.radians(radius_deg))
        return _operator(" <= ", separation(point, ra, dec), limit, BooleanField())
    cone = Func(_point(ra, dec), Value(math.radians(radius_deg)), function="scircle")
    return _operator(" <@ ", point, cone, BooleanField())


def separation(point: Expression, ra: float, dec: float) -> Func:
    """Angle in radians between a point and an ICRS direction in degrees; for ordering."""
    return _operator(" <-> ", point, _point(ra, dec), FloatField())


def _operator(sign: str, left: Expression, right: Expression, gives: Field) -> Func:  # type: ignore[type-arg]
    return Func(left, right, arg_joiner=sign, template="(%(expressions)s)", output_field=gives)


def _point(ra: float, dec: float) -> Func:
    return Func(Value(math.radians(ra)), Value(math.radians(dec)), function="spoint")
