"""The SQL of pgSphere 1.2: geometries made, taken apart and turned into degrees.

Arguments are SQL expressions; angles go in and come out in degrees, pgSphere's own are radians.
Where an argument is needed more than once, a subquery names it; its ``OFFSET 0`` keeps PostgreSQL
from writing it out again in every place, which in nested calls would grow without end.
"""

from __future__ import annotations

from collections.abc import Iterable

from adql.types import Kind

#: pgSphere's circles have at most this radius; degrees.
WIDEST_CIRCLE = 90.0

#: The centre of a polygon's area: half the sum over its edges of the edge's length times the
#: normal of its great circle points to it or, where the vertices run clockwise, away from it
#: (Brock 1975, Journal of Applied Mechanics 42). ``{0}`` is the polygon.
POLYGON_CENTROID = """(
SELECT spoint(atan2(way * y, way * x), atan2(way * z, sqrt(x * x + y * y)))
FROM (
  SELECT sum(nx * f), sum(ny * f), sum(nz * f),
    sign(sum(nx * f) * sum(a[1]) + sum(ny * f) * sum(a[2]) + sum(nz * f) * sum(a[3]))
  FROM (
    SELECT xyz(spoint(v[2 * i - 1], v[2 * i])),
      xyz(spoint(v[2 * (i % n) + 1], v[2 * (i % n) + 2]))
    FROM (SELECT ('{{' || translate({0}::text, '(){{}} ', '') || '}}')::float8[] OFFSET 0) AS g(v),
      LATERAL (SELECT cardinality(v) / 2) AS m(n),
      LATERAL generate_series(1, n) AS e(i)
  ) AS h(a, b),
  LATERAL (SELECT a[2] * b[3] - a[3] * b[2], a[3] * b[1] - a[1] * b[3], a[1] * b[2] - a[2] * b[1],
    a[1] * b[1] + a[2] * b[2] + a[3] * b[3]) AS k(nx, ny, nz, cosine),
  LATERAL (SELECT sqrt(nx * nx + ny * ny + nz * nz)) AS l(sine),
  LATERAL (SELECT atan2(sine, cosine) / nullif(sine, 0)) AS o(f)
) AS s(x, y, z, way))"""


def point(longitude: str, latitude: str) -> str:
    """A position; on two columns of doubles, exactly what the index of a table is made on."""
    return f"spoint(radians({longitude}), radians({latitude}))"


def circle(centre: str, radius: str) -> str:
    """A circle around a point."""
    return f"scircle({centre}, radians({radius}))"


def polygon(corners: Iterable[str]) -> str:
    """A polygon whose vertices are known when it is computed; see `corner`."""
    return "('{' || " + " || ',' || ".join(corners) + " || '}')::spoly"


def corner(longitude: str, latitude: str) -> str:
    """A vertex for `polygon`, as text; that of a point is the point itself as text."""
    return f"'(' || {longitude}::text || 'd,' || {latitude}::text || 'd)'"


def box(centre: str, width: str, height: str) -> str:
    """A box; its sides are straight in the gnomonic projection about its centre."""
    corners = (f"gnomonic_inv(point({x}x, {y}y), c)::text" for x, y in ("--", " -", "  ", "- "))
    sizes = f"tan(radians({width}) / 2), tan(radians({height}) / 2)"
    return f"(SELECT {polygon(corners)} FROM (SELECT {centre}, {sizes} OFFSET 0) AS b(c, x, y))"  # noqa: S608


def of_text(text: str, wanted: Kind) -> str:
    """A geometry from its DALI serialisation (DALI 1.1, sections 3.3.5 to 3.3.7)."""
    if wanted is Kind.POLYGON:
        pairs = rf"regexp_replace(btrim({text}), '(\S+)\s+(\S+)\s*', '(\1d,\2d),', 'g')"
        return f"('{{' || rtrim({pairs}, ',') || '}}')::spoly"
    words = f"regexp_split_to_array(btrim({text}), '\\s+')"
    longitude, latitude, radius = (f"({words})[{n}]::float8" for n in (1, 2, 3))
    position = point(longitude, latitude)
    return position if wanted is Kind.POINT else circle(position, radius)


def numbers(geometry: str, kind: Kind) -> str:
    """The array of degrees that stands for a geometry in DALI's order; NULL stays NULL."""
    if kind is Kind.POINT:
        parts: tuple[str, ...] = (f"long({geometry})", f"lat({geometry})")
    else:
        centre = f"center({geometry})"
        parts = (f"long({centre})", f"lat({centre})", f"radius({geometry})")
    array = f"ARRAY[{', '.join(map(_degrees, parts))}]"
    if kind is Kind.POLYGON:
        # pgSphere 1.2 gives a polygon's vertices as text only.
        vertices = f"('{{' || translate({geometry}::text, '(){{}} ', '') || '}}')::float8[]"
        array = f"ARRAY(SELECT {_degrees('d')} FROM unnest({vertices}) AS u(d))"  # noqa: S608
    return f"CASE WHEN {geometry} IS NOT NULL THEN {array} END"


def packed_polygon(geometry: str) -> str:
    """A polygon as pgSphere itself writes it, in radians; of a type that no other value has."""
    return f"{geometry}::text::bytea"


def _degrees(radians: str) -> str:
    """Degrees to 1e-11: what was stored as 83.63 comes back so, not as 83.63000000000001."""
    return f"round(degrees({radians}) * 1e11) / 1e11"
