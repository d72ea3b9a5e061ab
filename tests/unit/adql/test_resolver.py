"""What names mean, and what the columns of a result are."""

import pytest
from astropy.io.votable.ucd import check_ucd

import adql
from adql.functions import Function, Parameter, Signature
from adql.schema import Catalogue, Column, Schema, SpaceSystem, Table, TimeSystem
from adql.types import DOUBLE, INT, TEXT, Meaning


def columns(query: str, catalogue: Catalogue) -> tuple[adql.OutputColumn, ...]:
    return adql.resolve(adql.parse(query), catalogue).columns


def names(query: str, catalogue: Catalogue) -> list[str]:
    return [column.name for column in columns(query, catalogue)]


@pytest.mark.parametrize(
    ("value", "datatype", "unit", "ucd"),
    [
        ("s_ra", "double", "deg", "pos.eq.ra"),
        ("-s_ra", "double", "deg", "pos.eq.ra"),
        ("s_ra + s_dec", "double", "deg", None),
        ("s_ra + 10", "double", "deg", "pos.eq.ra"),
        ("t_max - t_min", "double", "d", None),
        ("s_ra + t_min", "double", None, None),
        ("s_ra * s_dec", "double", "deg**2", None),
        ("2 * t_exptime", "double", "s", None),
        ("2.0 * t_exptime", "double", "s", None),
        ("access_estsize / t_exptime", "double", "kbyte.s**-1", None),
        ("s_ra / s_dec", "double", None, None),
        ("calib_level / 2", "int", None, None),
        ("SQRT(POWER(s_ra, 2) + POWER(s_dec, 2))", "double", "deg", None),
        ("RADIANS(s_ra)", "double", "rad", None),
        ("ROUND(s_ra, 2)", "double", "deg", "pos.eq.ra"),
        ("ABS(calib_level)", "long", None, None),
        ("IN_UNIT(s_ra, 'arcmin')", "double", "arcmin", "pos.eq.ra"),
        ("IN_UNIT(SQRT(POWER(s_ra, 2)), 'rad')", "double", "rad", None),
        ("DISTANCE(s_ra, s_dec, 1, 2)", "double", "deg", "pos.angDistance"),
        ("AREA(s_region)", "double", "deg**2", "phys.angArea"),
        ("COUNT(*)", "long", None, "meta.number"),
        ("COUNT(s_ra)", "long", None, "meta.number"),
        ("AVG(t_exptime)", "double", "s", "time.duration;obs.exposure;stat.mean"),
        ("MAX(s_ra)", "double", "deg", "pos.eq.ra;stat.max"),
        ("MIN(t_exptime)", "float", "s", "time.duration;obs.exposure;stat.min"),
        ("SUM(calib_level)", "long", None, None),
        ("COALESCE(s_ra, 0)", "double", "deg", "pos.eq.ra"),
        ("CAST(calib_level AS VARCHAR)", "char", None, None),
        ("LOWER(obs_id)", "char", None, "meta.id"),
        ("target_name || 'x'", "unicodeChar", None, None),
        ("1 = 1", None, None, None),
        ("CONTAINS(POINT(s_ra, s_dec), s_region)", "int", None, None),
    ],
)
def test_an_expression_has_the_type_unit_and_ucd_of_its_parts(
    catalogue: Catalogue, value: str, datatype: str | None, unit: str | None, ucd: str | None
) -> None:
    query = f"SELECT {value} FROM ivoa.obscore"
    if datatype is None:
        with pytest.raises(adql.AdqlError, match="found a condition"):
            columns(query, catalogue)
        return
    (column,) = columns(query, catalogue)
    assert (column.datatype, column.unit, column.ucd) == (datatype, unit, ucd)
    assert ucd is None or check_ucd(ucd, check_controlled_vocabulary=True, has_colon=True)


@pytest.mark.parametrize(
    ("value", "arraysize", "xtype", "postgres_type"),
    [
        ("s_region", "*", "polygon", "double precision[]"),
        ("POINT(s_ra, s_dec)", "2", "point", "double precision[]"),
        ("CIRCLE(s_ra, s_dec, 1)", "3", "circle", "double precision[]"),
        ("BOX(s_ra, s_dec, 1, 1)", "*", "polygon", "double precision[]"),
        ("CENTROID(s_region)", "2", "point", "double precision[]"),
        ("obs_release_date", "*", "timestamp", "text"),
        ("MAX(obs_release_date)", "*", "timestamp", "text"),
        ("CAST('2020-01-01' AS TIMESTAMP)", "*", "timestamp", "text"),
        ("CAST(obs_id AS VARCHAR(5))", "5*", None, "text"),
        ("NULL", "*", None, "text"),
        ("s_ra", None, None, "double precision"),
    ],
)
def test_a_column_tells_how_it_leaves_the_database(
    catalogue: Catalogue, value: str, arraysize: str | None, xtype: str | None, postgres_type: str
) -> None:
    (column,) = columns(f"SELECT {value} FROM obscore", catalogue)
    found = (column.arraysize, column.xtype, column.postgres_type)
    assert found == (arraysize, xtype, postgres_type)


def test_a_column_keeps_its_utype_and_an_expression_is_described_by_its_text(
    catalogue: Catalogue,
) -> None:
    plain, computed = columns("SELECT s_ra AS x, 2*s_ra AS y FROM obscore", catalogue)
    assert plain.utype == "Char.SpatialAxis.C1"
    assert (computed.utype, computed.description) == (None, "2 * s_ra")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("SELECT S_RA, s_dec AS Dec FROM obscore", ["s_ra", "Dec"]),
        (
            "SELECT COUNT(*), s_ra + 1, LOG(s_ra) FROM obscore GROUP BY s_ra",
            ["count", "col2", "log"],
        ),
        ("SELECT a.obs_id, b.obs_id FROM obscore a, product b", ["obs_id", "obs_id_2"]),
        ("SELECT s_ra AS X, s_dec AS x FROM obscore", ["X", "x_2"]),
        ('SELECT "Flux", flux, "size" FROM source', ["Flux", "Flux_2", "size"]),
        ("SELECT * FROM tap_schema.tables", ["table_name", "description"]),
        ("SELECT * FROM TAP_SCHEMA.Tables", ["table_name", "description"]),
        ("SELECT t.* FROM tables AS t", ["table_name", "description"]),
        ("SELECT tap_schema.tables.* FROM tap_schema.tables", ["table_name", "description"]),
        ("SELECT m.*, ra FROM TAP_UPLOAD.mine AS m", ["oid", "ra", "ra_2"]),
        (
            "SELECT * FROM tables JOIN (SELECT description, 1 AS n FROM tables) AS d"
            " USING (description)",
            ["description", "table_name", "n"],
        ),
        ("SELECT * FROM product NATURAL JOIN (SELECT path, s_ra FROM obscore, product) AS p", None),
        (
            "SELECT * FROM (SELECT obs_id, path FROM product) a NATURAL JOIN"
            " (SELECT path, calib_level FROM product) b",
            ["path", "obs_id", "calib_level"],
        ),
        (
            "WITH a AS (SELECT obs_id FROM product), b AS (SELECT * FROM a) SELECT * FROM b",
            ["obs_id"],
        ),
        ("SELECT obs_id FROM product UNION SELECT name FROM source", ["obs_id"]),
        ("SELECT NULL, 'a' FROM product", ["col1", "col2"]),
        ('SELECT obs_id AS " odd ""name""" FROM product', [' odd "name"']),
    ],
)
def test_result_columns_have_unique_names(
    catalogue: Catalogue, query: str, expected: list[str] | None
) -> None:
    if expected is None:
        expected = ["path", "obs_id", "calib_level", "s_ra"]
    assert names(query, catalogue) == expected


@pytest.mark.parametrize(
    "query",
    [
        "SELECT obscore.s_ra FROM ivoa.obscore",
        "SELECT ivoa.obscore.s_ra FROM ivoa.obscore",
        "SELECT O.S_RA FROM ivoa.obscore AS o",
        'SELECT "s_ra" FROM "ivoa"."obscore"',
        "SELECT obs_id FROM obscore o WHERE EXISTS (SELECT * FROM source WHERE name = o.obs_id)",
        "SELECT obs_id FROM obscore WHERE obs_id IN (SELECT obs_id FROM product WHERE s_ra > 1)",
        "SELECT s_ra FROM (SELECT * FROM obscore) AS q WHERE q.s_ra > 1",
        "SELECT a.obs_id FROM obscore a JOIN product b USING (obs_id) WHERE b.obs_id = 'x'",
        "SELECT obs_id FROM obscore JOIN product USING (obs_id)",
        "SELECT obs_id FROM obscore FULL JOIN product USING (obs_id) GROUP BY obs_id",
        "SELECT ROUND(s_ra) AS band, COUNT(*) AS n FROM obscore GROUP BY band HAVING n > 1",
        "SELECT dataproduct_type, COUNT(*) FROM obscore GROUP BY 1 ORDER BY 2 DESC",
        "SELECT s_ra FROM obscore ORDER BY s_dec + 1",
        "SELECT DISTINCT s_ra FROM obscore ORDER BY s_ra",
        "SELECT name FROM source WHERE is_new = 1 OR is_new = 'true'",
        "SELECT name FROM source WHERE name = NULL",
        "SELECT * FROM obscore o FULL JOIN source s ON o.s_ra + 1 = s.ra AND o.s_dec < s.dec",
        "SELECT COUNT(*) FROM obscore GROUP BY 2.5 ORDER BY 1.5",
        'SELECT name FROM source a WHERE 1 = CONTAINS("position", error_circle)',
    ],
)
def test_a_name_is_found_where_the_standard_lets_it_stand(catalogue: Catalogue, query: str) -> None:
    assert columns(query, catalogue)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ('SELECT "S_RA" FROM obscore', "unknown column"),
        ('SELECT s_ra FROM "Obscore"', "unknown table"),
        ("SELECT ivoa.obscore.s_ra FROM ivoa.obscore AS o", "unknown table"),
        ("SELECT s_ra FROM vo.ivoa.obscore", "unknown table"),
        ("SELECT s_ra FROM obscore, obscore", "stands twice in FROM"),
        ("SELECT obs_id FROM obscore, product", "could be any of 2 columns"),
        ("SELECT * FROM obscore JOIN product USING (path)", "isn't in one of the joined tables"),
        ("SELECT * FROM obscore, (SELECT * FROM product WHERE path = s_ra) AS q", "unknown column"),
        ("SELECT * FROM source JOIN product ON name = s_ra", "unknown column"),
        ("SELECT a.x FROM (SELECT 1 AS y FROM product) AS a", "unknown column `x` in `a`"),
        (
            "WITH a AS (SELECT * FROM b), b AS (SELECT * FROM product) SELECT * FROM a",
            "unknown table",
        ),
        (
            "WITH a AS (SELECT path FROM product), A AS (SELECT path FROM product) SELECT * FROM a",
            "defined twice",
        ),
        ("SELECT DISTINCT s_ra FROM obscore ORDER BY s_dec", "sorts by columns of its result"),
        ("SELECT s_ra FROM obscore ORDER BY 2", "there is no column 2"),
        ("SELECT s_ra FROM obscore ORDER BY s_region", "can't be sorted by a polygon"),
        ("SELECT s_ra FROM obscore GROUP BY s_ra ORDER BY s_dec", "many values in each group"),
        ("SELECT MAX(s_ra) FROM obscore GROUP BY MAX(s_ra)", "can't stand here"),
        ("SELECT MAX(AVG(s_ra)) FROM obscore", "can't stand here"),
        ("SELECT s_ra FROM obscore UNION SELECT path FROM product", "is a number in one query"),
        ("SELECT s_ra, 1 FROM obscore UNION SELECT s_ra FROM obscore", "give 2 and 1 columns"),
        ("SELECT path FROM product WHERE path IN (SELECT * FROM product)", "gives 3 columns"),
        ("SELECT path FROM product WHERE path LIKE 3", "LIKE compares texts"),
        ("SELECT obs_id || POINT(1, 2) FROM obscore", "can't join a point to a text"),
        ("SELECT obs_id + 1 FROM obscore", "expected a number, found a text"),
        ("SELECT LOG(obs_id) FROM obscore", "LOG doesn't take a text"),
        ("SELECT COALESCE(obs_id, 1) FROM obscore", "can't choose between"),
        ("SELECT CAST(s_ra AS TIMESTAMP) FROM obscore", "CAST can't make a timestamp of a number"),
        ("SELECT CAST('2020-02-30' AS TIMESTAMP) FROM obscore", "isn't a timestamp"),
        ("SELECT * FROM obscore WHERE obs_release_date > 'soon'", "`soon` isn't a timestamp"),
        ("SELECT REGION('CIRCLE 1 2 300') FROM obscore", "a radius is from 0 to 180"),
        ("SELECT DISTANCE(s_region, POINT(1, 2)) FROM obscore", "DISTANCE takes points"),
        ("SELECT * FROM obscore WHERE 1 = CONTAINS(s_region, POINT(1, 2))", "lies in a point"),
        ("SELECT CIRCLE(1, 2, -1) FROM obscore", "radius is from 0"),
        ("SELECT AREA(CIRCLE(1, 2, 100)) FROM obscore", "at most 90 degrees"),
        ("SELECT POLYGON(1, 2, 3, 4, 1, 2) FROM obscore", "at least 3 different vertices"),
        ("SELECT BOX(1, 2, 0, 1) FROM obscore", "has a width and a height"),
        ("SELECT IN_UNIT(calib_level, 'm') FROM obscore", "has no unit to convert"),
        ("SELECT IN_UNIT(s_ra, 'foo') FROM obscore", "isn't a unit"),
        ("SELECT IN_UNIT(s_ra, '') FROM obscore", "no unit"),
        ("SELECT IN_UNIT(42, 'kg') FROM obscore", "has no unit to convert"),
        ("SELECT 1e999 FROM obscore", "too large"),
        ("SELECT TOP 99999999999999999999 s_ra FROM obscore", "too large"),
        ("SELECT x.* FROM obscore", "unknown table `x`"),
        ("SELECT CAST('1 2 3' AS POINT) FROM obscore", "`1 2 3` isn't a point"),
        ("SELECT CAST('a b c' AS CIRCLE) FROM obscore", "isn't a circle"),
        ("SELECT CAST('1 2 3 4 5' AS POLYGON) FROM obscore", "isn't a polygon"),
        ("SELECT CAST('1 2 nan' AS CIRCLE) FROM obscore", "isn't a circle"),
        ("SELECT * FROM obscore FULL JOIN source ON s_ra < ra", "a FULL JOIN needs a column"),
        ("SELECT * FROM obscore FULL JOIN source ON s_ra = s_dec", "a FULL JOIN needs a column"),
        ("SELECT s_region FROM (SELECT DISTINCT s_region FROM obscore) q", "tell geometries apart"),
        ("SELECT COUNT(DISTINCT s_region) FROM obscore", "told apart by DISTINCT"),
        ("SELECT COUNT(*) FROM obscore GROUP BY s_region", "grouped by a geometry"),
    ],
)
def test_what_has_no_meaning_is_refused(catalogue: Catalogue, query: str, message: str) -> None:
    with pytest.raises(adql.AdqlError) as caught:
        adql.translate(query, catalogue)
    assert message in caught.value.message


def test_a_sum_that_is_nested_too_deeply_is_refused(catalogue: Catalogue) -> None:
    with pytest.raises(adql.AdqlError, match="nested too deeply"):
        adql.translate("SELECT " + "+".join(["s_ra"] * 5000) + " FROM obscore", catalogue)


def test_many_alternatives_are_no_deep_nesting(catalogue: Catalogue) -> None:
    query = "SELECT s_ra FROM obscore WHERE " + " OR ".join(f"s_ra = {n}" for n in range(3000))
    assert adql.translate(query, catalogue).columns


DOUBLED = Function(
    "ivo_doubled",
    "Twice x",
    (
        Signature((Parameter("x", INT),), INT, "2 * {0}"),
        Signature((Parameter("x", DOUBLE),), DOUBLE, "2 * {0}"),
        Signature((Parameter("word", TEXT),), TEXT, "{0} || {0}"),
    ),
    lambda arguments: Meaning(arguments[0].meaning.unit),
)


def test_a_user_defined_function_is_one_value_that_is_handed_over(catalogue: Catalogue) -> None:
    query = adql.parse("SELECT IVO_Doubled(s_ra), ivo_doubled(3), ivo_doubled('a') FROM obscore")
    resolved = adql.resolve(query, catalogue, (DOUBLED,))
    assert [(c.datatype, c.unit) for c in resolved.columns] == [
        ("double", "deg"),
        ("int", None),
        ("char", None),
    ]
    assert DOUBLED.forms()[0] == "ivo_doubled(x INTEGER) -> INTEGER"
    features = adql.language_features((DOUBLED,))
    (declared,) = (forms for kind, forms in features.items() if kind.endswith("#features-udf"))
    assert ("ivo_doubled(word VARCHAR) -> VARCHAR", "Twice x") in declared


def test_a_function_that_isnt_declared_is_unknown(catalogue: Catalogue) -> None:
    with pytest.raises(adql.AdqlError) as caught:
        adql.translate("SELECT ivo_double(s_ra) FROM obscore", catalogue, (DOUBLED,))
    assert caught.value.hint == "did you mean `ivo_doubled`?"


@pytest.mark.parametrize(
    ("query", "limit", "ending"),
    [
        ("SELECT path FROM product", None, '"product"'),
        ("SELECT path FROM product", 11, "LIMIT 11"),
        ("SELECT TOP 5 path FROM product", 11, "LIMIT 5"),
        ("SELECT TOP 50 path FROM product", 11, "LIMIT 11"),
        ("SELECT TOP 0 path FROM product", 11, "LIMIT 0"),
        ("SELECT TOP 5 path FROM product OFFSET 7", 11, "LIMIT 5 OFFSET 7"),
        ("SELECT TOP 5 path FROM product UNION SELECT path FROM product", 11, ") LIMIT 11"),
        ("SELECT path FROM product UNION SELECT TOP 5 path FROM product", None, "LIMIT 5)"),
    ],
)
def test_the_limit_goes_with_top_and_offset(
    catalogue: Catalogue, query: str, limit: int | None, ending: str
) -> None:
    assert adql.translate(query, catalogue, limit=limit).sql.endswith(ending)


def test_an_upload_is_read_from_its_temporary_table(catalogue: Catalogue) -> None:
    sql = adql.translate("SELECT oid FROM tap_upload.MINE", catalogue).sql
    assert 'FROM pg_temp."upload_0" AS "mine"' in sql


@pytest.mark.parametrize("text", ["it's", "a\\b", "\\'; DROP TABLE x; --", "é☉", "$1 %s {0}"])
def test_texts_are_quoted(catalogue: Catalogue, text: str) -> None:
    quoted = text.replace("'", "''")
    sql = adql.translate(f"SELECT obs_id FROM obscore WHERE obs_id = '{quoted}'", catalogue).sql
    expected = "'" + quoted + "'"
    if "\\" in text:
        expected = "E" + expected.replace("\\", "\\\\")
    assert sql.endswith(f'"obs_id" = {expected}::text')


UTC = TimeSystem("UTC", "MJD-origin", "TOPOCENTER")
TT = TimeSystem("TT", "MJD-origin", "TOPOCENTER")
TIMES = Table(
    "s",
    "times",
    (
        Column("utc", "double", system=UTC),
        Column("tt", "double", system=TT),
        Column("ra", "double", system=SpaceSystem("ICRS")),
    ),
    "",
    "times",
)


@pytest.mark.parametrize(
    ("query", "system"),
    [
        ("SELECT utc FROM s.times", UTC),
        ("SELECT t.utc AS other FROM s.times AS t", UTC),
        ("SELECT x FROM (SELECT tt AS x FROM s.times) AS q", TT),
        ("SELECT utc FROM s.times UNION SELECT utc FROM s.times", UTC),
        ("SELECT utc FROM s.times UNION SELECT tt FROM s.times", None),
        ("SELECT ra FROM s.times", SpaceSystem("ICRS")),
        ("SELECT utc + 1 FROM s.times", None),
        ("SELECT MAX(utc) FROM s.times", None),
        ("SELECT COALESCE(utc, tt) FROM s.times", None),
        ("SELECT x FROM (SELECT -utc AS x FROM s.times) AS q", None),
    ],
)
def test_only_a_column_given_as_published_keeps_its_system(query, system):
    (column,) = columns(query, Catalogue((Schema("s", "", (TIMES,)),)))
    assert column.system == system
