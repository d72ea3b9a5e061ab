"""What a query's author is told, and where."""

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
    ("SELECT POINT('GALACTIC', 1, 2) FROM obscore", 1, 14, "isn't offered", "ICRS"),
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
