"""Queries run on PostgreSQL with pgSphere, their results checked against astropy and by hand."""

import math
from typing import Any

import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord

Positions = dict[str, tuple[float, float]]


def within(positions: Positions, ra: float, dec: float, radius: float) -> set[str]:
    """The observations in a circle, as astropy has them; all in degrees."""
    points = SkyCoord(list(positions.values()), unit="deg")
    distances = points.separation(SkyCoord(ra, dec, unit="deg")).deg
    return {name for name, distance in zip(positions, distances, strict=True) if distance <= radius}


CIRCLES = [(83.63, 22.01, 10), (0.5, -89, 15), (359.9, 0, 8), (180, 45, 89), (10, 20, 120)]


@pytest.mark.parametrize(("ra", "dec", "radius"), CIRCLES)
@pytest.mark.parametrize(
    "condition",
    [
        "1 = CONTAINS(POINT('ICRS', s_ra, s_dec), CIRCLE('ICRS', {}, {}, {}))",
        "CONTAINS(POINT(s_ra, s_dec), CIRCLE(POINT({}, {}), {})) = 1",
        "0 <> CONTAINS(pointing, CIRCLE('', {}, {}, {}))",
        "NOT (0 = CONTAINS(pointing, CIRCLE({}, {}, {})))",
        "INTERSECTS(CIRCLE({}, {}, {}), POINT(s_ra, s_dec)) = 1",
        "DISTANCE(POINT(s_ra, s_dec), POINT({}, {})) <= {}",
        "DISTANCE({}, {}, s_ra, s_dec) < {}",
        "NOT DISTANCE(pointing, POINT({}, {})) > {}",
        "DISTANCE(pointing, POINT({}, {})) BETWEEN 0 AND {}",
        "IN_UNIT(DISTANCE(s_ra, s_dec, {}, {}), 'arcsec') <= 3600 * {}",
        "60 * DISTANCE(pointing, POINT({}, {})) / 2 < 30 * {}",
    ],
)
def test_a_cone_holds_what_astropy_finds_in_it(
    sky: Any, positions: Positions, condition: str, ra: float, dec: float, radius: float
) -> None:
    where = condition.format(ra, dec, radius)
    rows = sky.rows(f"SELECT obs_id FROM observation WHERE {where}")
    assert {row[0] for row in rows} == within(positions, ra, dec, radius)


def test_distances_are_those_of_astropy(sky: Any, positions: Positions) -> None:
    rows = sky.rows("SELECT obs_id, DISTANCE(s_ra, s_dec, 83.6331, 22.0145) FROM observation")
    points = SkyCoord([positions[row[0]] for row in rows], unit="deg")
    expected = points.separation(SkyCoord(83.6331, 22.0145, unit="deg")).deg
    assert np.allclose([row[1] for row in rows], expected, atol=1e-8)


def test_a_join_by_distance_is_a_crossmatch(sky: Any, positions: Positions) -> None:
    rows = sky.rows(
        "SELECT o.obs_id, s.name FROM observation AS o JOIN source AS s"
        " ON DISTANCE(o.s_ra, o.s_dec, s.ra, s.dec) < 6"
    )
    assert {row[0] for row in rows if row[1] == "Crab"} == within(positions, 83.6331, 22.0145, 6)
    assert {row[1] for row in rows} == {"Crab", "Cyg X-1", "Sco X-1"}


def test_a_region_holds_a_point_in_it(sky: Any) -> None:
    rows = sky.rows(
        "SELECT s_ra, s_dec FROM observation WHERE 1 = CONTAINS(POINT(83.63, 22.01), s_region)"
    )
    assert rows
    assert all(abs(ra - 83.63) <= 2.01 and abs(dec - 22.01) <= 2.01 for ra, dec in rows)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        # geometry: solid angles and positions known in closed form
        ("AREA(CIRCLE(10, 20, 90))", 2 * math.pi * math.degrees(1) ** 2),
        ("AREA(POLYGON(0, 0, 90, 0, 0, 90))", math.pi / 2 * math.degrees(1) ** 2),
        ("AREA(POINT(1, 2))", 0),
        ("COORD1(POINT(83.63, 22.01))", 83.63),
        ("COORD2(CENTROID(CIRCLE(1, 2, 3)))", 2),
        ("COORD2(CENTROID(error_circle))", 22.0145),
        ("COORD1(CENTROID(POLYGON(0, 0, 90, 0, 0, 90)))", 45),
        ("COORD2(CENTROID(POLYGON(0, 0, 90, 0, 0, 90)))", math.degrees(math.atan(0.5**0.5))),
        ("COORD2(CENTROID(POLYGON(0, 90, 90, 0, 0, 0)))", math.degrees(math.atan(0.5**0.5))),
        ("COORD1(CENTROID(BOX(ra, dec, 10, 4)))", 83.6331),
        ("DISTANCE(0, 0, 0, 180 - 90)", 90),
        ("CONTAINS(POINT(ra, dec), error_circle)", 1),
        ("CONTAINS(error_circle, CIRCLE(ra, dec, 2))", 1),
        ("CONTAINS(CIRCLE(ra, dec, 2), error_circle)", 0),
        ("INTERSECTS(error_circle, BOX(ra + 1.5, dec, 2, 2))", 1),
        ("INTERSECTS(error_circle, POLYGON(1, 2, 3, 2, 3, 4))", 0),
        ("CONTAINS(POINT(14, 21), BOX(10, 20, 10, 10))", 1),
        ("CONTAINS(POINT(10, 25.01), BOX(10, 20, 10, 10))", 0),
        # mathematics
        ("ABS(-3)", 3),
        ("ABS(-3.5)", 3.5),
        ("CEILING(-1.5)", -1),
        ("FLOOR(-1.5)", -2),
        ("EXP(1)", math.e),
        ("LOG(10)", math.log(10)),
        ("LOG10(1000)", 3),
        ("MOD(7.5, 2)", 1.5),
        ("MOD(-7, 3)", -1),
        ("MOD(-7.5, 2)", -1.5),
        ("MOD(1.0, 0.1)", 0),
        ("MOD(2459000.123456789, 1)", 0.123456789),
        ("PI()", math.pi),
        ("POWER(2, -1)", 0.5),
        ("SQRT(2)", 2**0.5),
        ("DEGREES(PI())", 180),
        ("RADIANS(180)", math.pi),
        ("ROUND(2.5)", 3),
        ("ROUND(-2.567, 2)", -2.57),
        ("ROUND(1234.5, -2)", 1200),
        ("ROUND(2459000.1234567891, 8)", 2459000.12345679),
        ("TRUNCATE(-2.567, 2)", -2.56),
        ("TRUNCATE(1299, -2)", 1200),
        ("TRUNCATE(-2.9)", -2),
        ("ACOS(0)", math.pi / 2),
        ("ATAN2(1, -1)", 3 * math.pi / 4),
        ("COT(1)", 1 / math.tan(1)),
        ("7 / 2", 3),
        ("-9223372036854775808", -(2**63)),
        ("-9223372036854775808 + 9223372036854775807", -1),
        ("COALESCE(NULL, -9223372036854775808)", -(2**63)),
        ("7 / 2.", 3.5),
        ("1 + 2 * 3 - -4", 11),
        ("IN_UNIT(ra, 'rad')", math.radians(83.6331)),
        ("IN_UNIT(rate, '1/min')", None),
        ("32767 + CAST(1 AS SMALLINT)", 32768),
        # texts
        ("LOWER('CraB') || UPPER('x')", "crabX"),
        ("name || 1 || 2.5", "Crab12.5"),
        ("CAST(12 AS VARCHAR)", "12"),
        ("CAST('abc' AS VARCHAR(2))", "ab"),
        ("CAST('ab' AS CHAR(4))", "ab  "),
        ("CAST('12.5' AS DOUBLE PRECISION)", 12.5),
        ("CAST(2.6 AS INTEGER)", 3),
        ("CAST('2021-01-14T11:25:00Z' AS TIMESTAMP)", "2021-01-14T11:25:00.000"),
        ("CAST('2021-01-14' AS TIMESTAMP)", "2021-01-14T00:00:00.000"),
        ("CAST(POINT(12.5, 45.25) AS VARCHAR)", "12.5 45.25"),
        ("COALESCE(NULL, 'a')", "a"),
        ("COALESCE(NULL, 1, 2.5)", 1.0),
        ("COORDSYS(error_circle)", "ICRS"),
        ("'it''s \\ \" $1 %s'", "it's \\ \" $1 %s"),
        ("NULL", None),
    ],
)
def test_an_expression_has_its_value(sky: Any, expression: str, expected: Any) -> None:
    if expression == "IN_UNIT(rate, '1/min')":
        expression, expected = "IN_UNIT(rate, 'count/min')", 12000
    value = sky.value(expression)
    if isinstance(expected, int | float):
        assert value == pytest.approx(expected, rel=1e-12, abs=1e-9)
    else:
        assert value == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("POINT('ICRS', 83.63, 22.01)", [83.63, 22.01]),
        ("CIRCLE(10, 20, 120)", [10, 20, 120]),
        ("POLYGON('', 1, 2, 3, 4, 5, 2)", [1, 2, 3, 4, 5, 2]),
        ("POLYGON(POINT(1, 2), POINT(3, 4), POINT(ra, dec))", [1, 2, 3, 4, 83.6331, 22.0145]),
        ("error_circle", [83.6331, 22.0145, 1]),
        ("CENTROID(error_circle)", [83.6331, 22.0145]),
        ("CAST('12.3 45.6' AS POINT)", [12.3, 45.6]),
        ("CAST('12.3 45.6 1.0' AS CIRCLE)", [12.3, 45.6, 1]),
        ("CAST('12.3  45.6 1.0' || ' ' AS CIRCLE)", [12.3, 45.6, 1]),
        ("CAST('1 0.1  2 0.2 3 -0.3' || ' ' AS POLYGON)", [1, 0.1, 2, 0.2, 3, -0.3]),
        ("CAST('1 0.1 2 0.2 3 -0.3' AS POLYGON)", [1, 0.1, 2, 0.2, 3, -0.3]),
        ("REGION('Position ICRS 12.5 45')", [12.5, 45]),
        ("REGION('CIRCLE ICRS GEOCENTER 10 20 0.5')", [10, 20, 0.5]),
        ("REGION('polygon 1 2 3 4 5 2')", [1, 2, 3, 4, 5, 2]),
        ("CENTROID(REGION('BOX ICRS 10 20 4 2'))", [10, 20]),
        ("CIRCLE(ra, NULL, 1)", None),
        ("CAST(NULL AS POLYGON)", None),
    ],
)
def test_a_geometry_leaves_as_degrees_in_the_order_of_dali(
    sky: Any, expression: str, expected: list[float] | None
) -> None:
    value = sky.value(expression)
    assert value == (expected if expected is None else pytest.approx(expected, abs=1e-9))


def test_a_box_has_its_sides_at_the_ends_of_its_cross(sky: Any) -> None:
    known, computed = sky.value("BOX(83.6331, 22.0145, 10, 4)"), sky.value("BOX(ra, dec, 10, 4)")
    assert known == pytest.approx(computed, abs=1e-9)
    centre = SkyCoord(83.6331, 22.0145, unit="deg")
    corners = SkyCoord(np.reshape(known, (-1, 2)), unit="deg")
    offsets = np.tan(np.radians([5, 2]))
    expected = math.degrees(math.atan(math.hypot(*offsets)))
    assert np.allclose(corners.separation(centre).deg, expected, atol=1e-9)


def test_a_stored_region_comes_back_as_it_was_stored(sky: Any) -> None:
    rows = sky.rows("SELECT s_region, s_ra, s_dec FROM observation WHERE number IN (700, 2000)")
    missing, region = sorted(rows, key=lambda row: row[0] is not None)
    assert missing[0] is None
    ra, dec = region[1:]
    corners = [ra - 2, dec - 2, ra + 2, dec - 2, ra + 2, dec + 2, ra - 2, dec + 2]
    assert region[0] == pytest.approx(corners, abs=1e-9)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("SELECT COUNT(*) FROM observation", [(2000,)]),
        ("SELECT DISTINCT -9223372036854775808 AS x FROM observation", [(-(2**63),)]),
        ("SELECT COUNT(*) FROM observation WHERE number > -9223372036854775808", [(2000,)]),
        ("SELECT TOP 2 number FROM observation ORDER BY number DESC OFFSET 3", [(1997,), (1996,)]),
        ("SELECT number FROM observation WHERE number BETWEEN 3 AND 4 ORDER BY 1", [(3,), (4,)]),
        ("SELECT COUNT(*) FROM observation WHERE comment IS NULL", [(200,)]),
        ("SELECT COUNT(*) FROM observation WHERE comment IS NOT NULL", [(1800,)]),
        ("SELECT COUNT(*) FROM observation WHERE is_public = 'true'", [(1000,)]),
        ("SELECT COUNT(*) FROM observation WHERE is_public = 0", [(1000,)]),
        ("SELECT number FROM observation WHERE comment LIKE 'a_b\\c'", [(1,)]),
        ("SELECT number FROM observation WHERE comment LIKE 'a_b' || '\\c'", [(1,)]),
        ("SELECT COUNT(*) FROM observation WHERE comment LIKE 'a_b\\_'", [(1,)]),
        ("SELECT number FROM observation WHERE comment ILIKE 'A%'", [(1,)]),
        ("SELECT number FROM observation WHERE comment = 'ö7'", [(7,)]),
        (
            "SELECT kind, COUNT(*) AS n FROM observation GROUP BY kind HAVING n > 666 ORDER BY 1",
            [("event", 667), ("spectrum", 667)],
        ),
        (
            'SELECT MAX("size"), MIN(released), SUM("size"), AVG("size") FROM observation',
            [(6, "2003-01-01T00:00:00.000", 6000, 3)],
        ),
        ("SELECT SUM(exposure) FROM observation WHERE number < 3", [(4.5,)]),
        ("SELECT COUNT(DISTINCT kind) FROM observation", [(3,)]),
        (
            "SELECT DISTINCT kind FROM observation ORDER BY kind DESC",
            [("spectrum",), ("image",), ("event",)],
        ),
        (
            "SELECT number FROM observation WHERE released > '2003-01-02'"
            " AND released <= '2003-01-03T00:00:00'",
            [(3,)],
        ),
        (
            "SELECT released FROM observation WHERE released IN ('2003-01-05', '2003-01-05Z')",
            None,
        ),
        (
            "SELECT name, number FROM source LEFT JOIN observation ON rate = number ORDER BY name",
            [("Crab", 200), ("Cyg X-1", 150), ("Sco X-1", None)],
        ),
        (
            "SELECT name FROM source AS s WHERE NOT EXISTS"
            " (SELECT * FROM observation WHERE number = s.rate)",
            [("Sco X-1",)],
        ),
        (
            "SELECT name FROM source WHERE rate IN (SELECT number FROM observation"
            " WHERE number > 150)",
            [("Crab",)],
        ),
        (
            "SELECT name, n FROM (SELECT name, 1 AS n FROM source) AS a NATURAL FULL JOIN"
            " (SELECT 'Vela X-1' AS name, 2 AS m FROM source WHERE rate = 200) AS b"
            " ORDER BY name",
            [("Crab", 1), ("Cyg X-1", 1), ("Sco X-1", 1), ("Vela X-1", None)],
        ),
        (
            "SELECT COUNT(*) FROM observation a JOIN observation b USING (number, kind)",
            [(2000,)],
        ),
        (
            "SELECT number FROM observation WHERE number < 4 UNION SELECT number FROM observation"
            " WHERE number < 6 INTERSECT SELECT number FROM observation WHERE number > 4"
            " ORDER BY number",
            [(1,), (2,), (3,), (5,)],
        ),
        (
            "(SELECT TOP 2 number FROM observation ORDER BY number) EXCEPT SELECT 1 FROM source",
            [(2,)],
        ),
        (
            "(SELECT TOP 2 number, released FROM observation ORDER BY number DESC) UNION ALL"
            " (SELECT TOP 1 number, released FROM observation ORDER BY number)"
            " ORDER BY MOD(number, 7), released",
            [
                (1, "2003-01-01T00:00:00.000"),
                (1999, "2008-06-21T00:00:00.000"),
                (2000, "2008-06-22T00:00:00.000"),
            ],
        ),
        (
            "WITH low AS (SELECT * FROM observation WHERE number < 10),"
            " even AS (SELECT number FROM low WHERE MOD(number, 2) = 0)"
            " SELECT SUM(number) FROM even",
            [(20,)],
        ),
        (
            "SELECT 1 AS x, name FROM source ORDER BY x, -1, name DESC",
            [(1, "Sco X-1"), (1, "Cyg X-1"), (1, "Crab")],
        ),
        (
            "SELECT NULL AS x FROM source WHERE rate = 200 UNION SELECT rate FROM source"
            " WHERE rate = 150 ORDER BY x",
            [(150.0,), (None,)],
        ),
        (
            "SELECT DISTINCT error_circle FROM source WHERE name = 'Crab'",
            [([83.6331, 22.0145, 1.0],)],
        ),
        (
            "SELECT error_circle FROM source WHERE rate = 200 UNION"
            " SELECT error_circle FROM source WHERE rate = 200",
            [([83.6331, 22.0145, 1.0],)],
        ),
        (
            "SELECT a.name FROM source a, source b WHERE a.error_circle = b.error_circle"
            " ORDER BY LOWER(a.name) DESC",
            [("Sco X-1",), ("Crab",)],
        ),
    ],
)
def test_a_query_gives_its_rows(
    sky: Any, query: str, expected: list[tuple[Any, ...]] | None
) -> None:
    if expected is None:
        query = query.replace("-05Z", "-06")
        expected = [("2003-01-05T00:00:00.000",), ("2003-01-06T00:00:00.000",)]
    assert sky.rows(query) == expected


def test_random_numbers_lie_between_0_and_1_and_the_argument_changes_nothing(sky: Any) -> None:
    rows = sky.rows("SELECT RAND(), RAND(5) FROM observation")
    values = np.array(rows).ravel()
    assert 0 <= values.min() < 0.01
    assert 0.99 < values.max() < 1
    assert len(set(values)) == values.size


def test_the_limit_cuts_below_top_and_offset(sky: Any) -> None:
    query = "SELECT TOP 5 number FROM observation ORDER BY number OFFSET 10"
    assert [row[0] for row in sky.rows(query, limit=3)] == [11, 12, 13]
    assert [row[0] for row in sky.rows(query, limit=30)] == [11, 12, 13, 14, 15]
    assert sky.rows(query, limit=0) == []


def test_units_of_astropy_and_in_unit_agree(sky: Any) -> None:
    assert sky.value("IN_UNIT(ra, 'arcsec')") == pytest.approx((83.6331 * u.deg).to_value("arcsec"))
