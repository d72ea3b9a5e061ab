"""What a query's author is told, and where."""

import time

import pytest

import adql
from adql.schema import Catalogue

ERRORS = [
    # query, line, column, part of the message, part of the hint
    ("", 1, 1, "unexpected end of the query; expected", None),
    ("SELEC * FROM ivoa.obscore", 1, 1, "unexpected `SELEC`", "did you mean `SELECT`?"),
    ("SELECT FROM ivoa.obscore", 1, 8, "unexpected `FROM`", None),
    ("SELECT size FROM integral.source", 1, 8, "unexpected `size`", 'is written "size"'),
    ("SELECT distance FROM ivoa.obscore", 1, 17, "unexpected `FROM`", 'written "distance"'),
    ("SELECT s_r FROM ivoa.obscore", 1, 8, "unknown column `s_r` in `ivoa.obscore`", "`s_ra`"),
    ("SELECT *\nFROM ivoa.obscor", 2, 6, "unknown table `ivoa.obscor`", "`ivoa.obscore`"),
    ("SELECT o.x FROM ivoa.obscore AS o", 1, 10, "unknown column `x` in `o`", None),
    ("SELECT a.s_ra FROM ivoa.obscore AS o", 1, 8, "unknown table `a`; FROM has `o`", None),
    ("SELECT * FROM ivoa.obscore LIMIT 5", 1, 34, "unexpected `5`", "TOP n"),
    ("SELECT TOP -1 * FROM ivoa.obscore", 1, 12, "expected a whole number", None),
    ("SELECT 0x1F FROM ivoa.obscore", 1, 8, "hexadecimal", "decimal numbers only"),
    ("SELECT calib_level & 1 FROM ivoa.obscore", 1, 20, "unexpected character `&`", "no bitwise"),
    ("SELECT 'abc FROM ivoa.obscore", 1, 8, "unexpected character `'`", "no closing quote"),
    ("SELECT * FROM t WHERE a == 2", 1, 26, "unexpected `=`", "a single ="),
    ("SELECT * FROM t WHERE CONTAINS(a, b)", 1, 23, "found a value", "1 = CONTAINS"),
    ("SELECT * FROM a JOIN b", 1, 23, "unexpected end", "ON (...) or USING (...)"),
    ("SELECT obs_id FROM ivoa.obscore GROUP BY s_ra", 1, 8, "many values", "GROUP BY"),
    (
        "SELECT * FROM ivoa.obscore WHERE MAX(s_ra) > 1",
        1,
        34,
        "can't stand here",
        "not within one another",
    ),
    ("SELECT * FROM ivoa.obscore WHERE s_ra = 'a'", 1, 41, "a number and a text", None),
    ("SELECT nofunction(1) FROM ivoa.obscore", 1, 8, "unknown function", None),
    ("SELECT ABS(1, 2) FROM ivoa.obscore", 1, 8, "takes 1 argument, not 2", None),
    ("SELECT obs_id FROM obscore, integral.product", 1, 8, "could be any of 2", "alias"),
    ("SELECT IN_UNIT(s_ra, 'kg') FROM obscore", 1, 22, "can't convert deg to kg", None),
    (
        "SELECT POINT('GALACTIC', 1, 2) FROM obscore",
        1,
        14,
        "isn't offered",
        "ivo_geom_transform('GALACTIC', 'ICRS', ...)",
    ),
    (
        "SELECT CIRCLE('J2000 GEOCENTER', 1, 2, 3) FROM obscore",
        1,
        15,
        "`J2000` isn't offered",
        "ivo_geom_transform('FK5', 'ICRS', ...)",
    ),
    ("SELECT POINT('MARS', 1, 2) FROM obscore", 1, 14, "`MARS` isn't offered", "leave"),
    ("SELECT REGION('CIRCLE FK5 1 2 3') FROM obscore", 1, 15, "`FK5` isn't", "'FK5', 'ICRS'"),
    ("SELECT REGION('ELLIPSE 1 2 3 4 5') FROM obscore", 1, 15, "isn't a region", "CIRCLE"),
    ("SELECT REGION('CIRCLE ICRS 1 2') FROM obscore", 1, 15, "isn't a circle", "degrees"),
    ("SELECT REGION('BOX 1 2 3') FROM obscore", 1, 15, "isn't a box", "BOX ICRS"),
    ("SELECT REGION('') FROM obscore", 1, 15, "isn't a region", "POSITION"),
    ("SELECT REGION(obs_id) FROM obscore", 1, 15, "takes a text in quotes", None),
    ("SELECT s_ra AS x FROM obscore WHERE x > 1", 1, 37, "unknown column `x`", "alias of SELECT"),
    ("SELECT DISTINCT CAST('1_0' AS REAL) FROM obscore", 1, 22, "`1_0` isn't a number", None),
    ("SELECT TOP 5 DISTINCT s_ra FROM obscore", 1, 14, "unexpected `DISTINCT`", "before TOP"),
    ("SELECT s_ra FROM obscore WHERE obs_id = ‘a’", 1, 41, "unexpected character", "straight"),
    ("SELECT CASE WHEN 1 = 1 THEN 2 END FROM obscore", 1, 8, "unexpected `CASE`", "no CASE"),
    ("SELECT * FROM (SELECT * FROM obscore)", 1, 38, "unexpected end of the query", None),
    ("SELECT POINT(1, 100) FROM obscore", 1, 17, "latitude", None),
    ("SELECT (SELECT 1 FROM obscore) FROM obscore", 1, 9, "unexpected `SELECT`", "EXISTS"),
]


@pytest.mark.parametrize(("query", "line", "column", "message", "hint"), ERRORS)
def test_an_error_tells_the_place_the_fault_and_the_remedy(
    catalogue: Catalogue, query: str, line: int, column: int, message: str, hint: str | None
) -> None:
    with pytest.raises(adql.AdqlError) as caught:
        adql.translate(query, catalogue)
    error = caught.value
    assert (error.line, error.column) == (line, column)
    assert message in error.message
    assert hint in (error.hint or "") if hint else error.hint is None


@pytest.mark.parametrize(
    ("query", "messages"),
    [
        (
            "SELECT s_r, foo(s_dc), s_r FROM obscore WHERE s_r > 1 AND t_mn < 3",
            [
                (8, "unknown column `s_r` in `ivoa.obscore`"),
                (13, "unknown function `foo`"),
                (17, "unknown column `s_dc` in `ivoa.obscore`"),
                (59, "unknown column `t_mn` in `ivoa.obscore`"),
            ],
        ),
        (
            "SELECT a.x, b.y, s_ra, z FROM obscore a JOIN nosuch AS b ON a.obs_id = b.obs_id",
            [(10, "unknown column `x` in `a`"), (46, "unknown table `nosuch`")],
        ),
        (
            "SELECT nosuch.* FROM nosuch UNION SELECT s_ra, s_dd FROM obscore",
            [(22, "unknown table `nosuch`"), (48, "unknown column `s_dd` in `ivoa.obscore`")],
        ),
        (
            "SELECT s_rx AS b FROM obscore ORDER BY b, c",
            [(8, "unknown column `s_rx` in"), (43, "unknown column `c` in `ivoa.obscore`")],
        ),
        ("SELECT ivoa.x.y, q FROM ivoa.x GROUP BY q ORDER BY zz", [(25, "unknown table `ivoa.x`")]),
        # a fault that may only follow from an unknown name isn't told
        ("SELECT IN_UNIT(s_rr, 'deg') FROM obscore", [(16, "unknown column `s_rr`")]),
        (
            "SELECT MAX(zz) FROM obscore HAVING qq > 1 AND s_ra = 'a'",
            [(12, "unknown column `zz`"), (36, "unknown column `qq`")],
        ),
        (
            "SELECT obs_id FROM obscore WHERE EXISTS (SELECT * FROM nosuch WHERE a = obs_id AND"
            " obscore.b = 2)",
            [(56, "unknown table `nosuch`"), (92, "unknown column `b` in `ivoa.obscore`")],
        ),
    ],
)
def test_all_unknown_names_are_told_at_once(
    catalogue: Catalogue, query: str, messages: list[tuple[int, str]]
) -> None:
    with pytest.raises(adql.AdqlError) as caught:
        adql.translate(query, catalogue)
    told = (caught.value, *caught.value.others)
    assert [error.column for error in told] == [column for column, _ in messages]
    for error, (_, message) in zip(told, messages, strict=True):
        assert error.message.startswith(message)
    assert str(caught.value).endswith("".join(f"; {error}" for error in told[1:]))


@pytest.mark.parametrize(
    ("query", "messages"),
    [
        (
            "SELECT s_ra || s_region, IN_UNIT(s_ra, 'kg'), obs_id FROM obscore"
            " WHERE s_dec = 'a' AND (ABS(obs_id) > 1 OR t_min > 3) ORDER BY s_region",
            [
                (16, "can't join a polygon to a text"),
                (40, "can't convert deg to kg"),
                (81, "can't compare a number and a text"),
                (90, "ABS doesn't take a text"),
                (129, "rows can't be sorted by a polygon"),
            ],
        ),
        # what comes of a fault isn't told, and what comes before an unknown name is
        (
            "SELECT IN_UNIT(x, 'rad') FROM (SELECT s_ra + obs_id AS x FROM obscore) AS d"
            " WHERE y > 1 AND x = 'a'",
            [(46, "expected a number, found a text"), (83, "unknown column `y` in `d`")],
        ),
        (
            "SELECT SUM(MAX(s_ra)), obs_id FROM obscore GROUP BY s_region, LOWER(s_dec)",
            [
                (12, "MAX can't stand here"),
                (53, "rows can't be grouped by a geometry"),
                (63, "LOWER doesn't take a number"),
            ],
        ),
        (
            "SELECT o.*, nosuch.* FROM obscore AS o JOIN source AS s ON s.ra = 'a' AND s.rra = 1",
            [
                (13, "unknown table `nosuch`"),
                (67, "can't compare a number and a text"),
                (77, "unknown column `rra`"),
            ],
        ),
    ],
)
def test_faults_in_different_places_are_told_at_once(
    catalogue: Catalogue, query: str, messages: list[tuple[int, str]]
) -> None:
    with pytest.raises(adql.AdqlError) as caught:
        adql.translate(query, catalogue)
    told = [(error.column, error.message) for error in (caught.value, *caught.value.others)]
    for (column, message), (wanted_column, wanted) in zip(told, messages, strict=False):
        assert (column, message[: len(wanted)]) == (wanted_column, wanted)
    assert len(told) == len(messages), told


def test_more_columns_than_postgresql_can_give_are_refused(catalogue: Catalogue) -> None:
    names = ", ".join(["s_ra"] * 1601)
    with pytest.raises(adql.AdqlError, match="gives 1601 columns; 1600 are the most"):
        adql.translate(f"SELECT {names} FROM obscore", catalogue)


def test_no_more_than_ten_errors_are_told(catalogue: Catalogue) -> None:
    names = ", ".join(f"x{n}" for n in range(40))
    with pytest.raises(adql.AdqlError) as caught:
        adql.translate(f"SELECT {names} FROM obscore", catalogue)
    assert len(caught.value.others) == 9


def test_the_rest_of_a_query_with_many_errors_is_not_read(catalogue: Catalogue) -> None:
    conditions = " AND ".join(f"s_ra{n} > 1" for n in range(20_000))
    begin = time.process_time()
    with pytest.raises(adql.AdqlError, match="unknown column `s_ra0`") as caught:
        adql.translate(f"SELECT s_ra FROM obscore WHERE {conditions}", catalogue)
    assert len(caught.value.others) == 9
    assert time.process_time() - begin < 5
