"""Whatever is translated is SQL that PostgreSQL takes, and gives the types that were declared.

Queries are drawn from a grammar of their own, over the tables of the small sky. A query may be
refused in ADQL; once translated it is planned without error. Constants are computed in planning:
faults of values (a division by zero, a polygon that crosses itself) are let pass.
"""

from typing import Any

import psycopg2
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

import adql
from adql.schema import Catalogue

Text = SearchStrategy[str]


def filled(template: str, *parts: Text) -> Text:
    """The template with a drawn text in each of its places."""
    return st.tuples(*parts).map(lambda drawn: template.format(*drawn))


# A reference to itself lets an expression hold others, three deep or so.
NUMBER: Text = st.deferred(lambda: _numbers)
WORD: Text = st.deferred(lambda: _words)
TIME: Text = st.deferred(lambda: _times)
POINT: Text = st.deferred(lambda: _points)
REGION: Text = st.deferred(lambda: _regions)

_number_leaves = st.sampled_from(
    [
        "number",
        "s_ra",
        "o.s_dec",
        "exposure",
        '"size"',
        "1",
        "0",
        "2.5",
        "1e-3",
        "9999999999",
        "NULL",
    ]
)
_numbers = st.one_of(
    _number_leaves,
    _number_leaves,
    st.tuples(NUMBER, st.sampled_from("+-*/"), NUMBER).map(" ".join).map("({})".format),
    filled("- {}", NUMBER),
    filled(
        "{}({})",
        st.sampled_from(["ABS", "CEILING", "RADIANS", "COS", "ROUND", "TRUNCATE", "EXP", "ATAN"]),
        NUMBER,
    ),
    filled("{}({}, {})", st.sampled_from(["MOD", "POWER", "ATAN2"]), NUMBER, NUMBER),
    filled("ROUND({}, {})", NUMBER, st.sampled_from(["2", "-2"])),
    filled("COALESCE({}, {})", NUMBER, NUMBER),
    filled("CAST({} AS {})", NUMBER, st.sampled_from(["INTEGER", "REAL", "DOUBLE PRECISION"])),
    filled("DISTANCE({}, {})", POINT, POINT),
    filled("AREA({})", REGION),
    filled("COORD1({})", POINT),
    filled("{}({}, {})", st.sampled_from(["CONTAINS", "INTERSECTS"]), POINT, REGION),
    st.just("IN_UNIT(s_ra, 'arcmin')"),
    st.just("RAND()"),
    filled("ivo_healpix_index({}, {})", st.sampled_from(["0", "3", "29"]), POINT),
    filled("ivo_interval_overlaps({}, {}, 1, 2)", NUMBER, NUMBER),
    filled("ivo_normal_random({}, 2)", NUMBER),
    filled("ivo_{}({})", st.sampled_from(["to_jd", "to_mjd"]), TIME),
    filled("ivo_{}({})", st.sampled_from(["hms_to_degrees", "dms_to_degrees"]), WORD),
    filled(
        "ivo_{}({}, {})",
        st.sampled_from(["nocasematch", "hasword", "hashlist_has"]),
        WORD,
        WORD,
    ),
)
_words = st.one_of(
    st.sampled_from(["obs_id", "kind", "comment", "NULL"]),
    st.text("a'\\%_é\"$-", max_size=6).map(lambda text: "'" + text.replace("'", "''") + "'"),
    filled("{} || {}", WORD, WORD).map("({})".format),
    filled("LOWER({})", WORD),
    filled("COALESCE({}, {})", WORD, WORD),
    filled(
        "CAST({} AS {})",
        NUMBER | TIME | POINT | REGION | WORD,
        st.sampled_from(["VARCHAR", "VARCHAR(3)", "CHAR(4)"]),
    ),
    filled("COORDSYS({})", REGION),
)
_times = st.sampled_from(["released", "CAST('2003-02-03T04:05:06' AS TIMESTAMP)", "NULL"])
_points = st.one_of(
    st.sampled_from(["POINT('ICRS', s_ra, s_dec)", "POINT(83.63, 22.01)", "pointing"]),
    filled("CENTROID({})", REGION),
    filled("ivo_geom_transform('ICRS', 'GALACTIC', {})", POINT),
    filled("ivo_healpix_center(3, {})", st.sampled_from(["number / 3", "767"])),
    filled("ivo_epoch_prop_pos({}, 1, {}, 3, NULL, {}, 2016.0, 2000.0)", NUMBER, NUMBER, NUMBER),
)
_regions = st.one_of(
    st.sampled_from(
        ["s_region", "BOX(s_ra, 20, 2, 3)", "BOX(10, 20, 2, 3)", "POLYGON(1, 2, 3, 2, 3, 4)"]
    ),
    filled(
        "CIRCLE({}, {})",
        st.sampled_from(["POINT(s_ra, s_dec)", "pointing"]),
        st.sampled_from(["1", "exposure", "1./60", "90"]),
    ),
    st.just("POLYGON(pointing, POINT(1, 2), POINT(s_ra, 5))"),
    filled("ivo_geom_transform('FK5', 'ECLIPTIC', {})", REGION),
    st.just("REGION('CIRCLE ICRS 1 2 3')"),
)
VALUE = st.one_of(NUMBER, WORD, TIME, POINT, REGION)

CONDITION: Text = st.deferred(lambda: _conditions)
SUBQUERY: Text = st.deferred(lambda: _subqueries)
_comparisons = st.sampled_from(["=", "<>", "<", ">=", "!="])
_conditions = st.one_of(
    filled("{} {} {}", NUMBER, _comparisons, NUMBER),
    filled("{} {} {}", WORD, _comparisons, WORD),
    filled("released {} {}", _comparisons, TIME | st.just("'2003-05-06'")),
    filled(
        "{} {} {}",
        st.sampled_from("01"),
        st.sampled_from(["=", "<>"]),
        filled("CONTAINS({}, {})", POINT, REGION),
    ),
    filled("INTERSECTS({}, {}) = 1", REGION, REGION),
    filled("{} = ivo_nocasematch({}, {})", st.sampled_from("012"), WORD, WORD),
    filled("DISTANCE({}, {}) {} {}", POINT, POINT, _comparisons, st.sampled_from(["1", "200"])),
    filled("{} BETWEEN {} AND {}", NUMBER, NUMBER, NUMBER),
    filled("{} NOT IN ({}, {})", NUMBER, NUMBER, NUMBER),
    filled("{} {} {}", WORD, st.sampled_from(["LIKE", "NOT ILIKE"]), WORD),
    filled("{} IS NOT NULL", VALUE),
    filled("is_public = {}", st.sampled_from(["1", "'false'"])),
    filled("({} {} {})", CONDITION, st.sampled_from(["AND", "OR"]), CONDITION),
    filled("NOT {}", CONDITION),
    filled("EXISTS ({})", SUBQUERY),
    filled("number IN ({})", SUBQUERY),
)
TABLES = st.sampled_from(
    [
        "observation AS o",
        "sky.observation o LEFT JOIN source AS s ON DISTANCE(o.s_ra, o.s_dec, s.ra, s.dec) < 2",
        "observation AS o NATURAL JOIN (SELECT obs_id, number AS n FROM observation) AS t",
        "(observation AS o FULL JOIN (SELECT TOP 3 number, rate FROM observation, source) AS t"
        " USING (number))",
        "(SELECT * FROM observation WHERE number > 3) AS o",
        "observation AS o FULL JOIN source AS s ON s.rate = o.number AND s.ra < o.s_ra",
    ]
)
_subqueries = filled("SELECT number FROM {} WHERE {}", TABLES, CONDITION)


def _lists(parts: Text) -> Text:
    return st.lists(parts, min_size=1, max_size=3).map(", ".join)


SELECTS = st.one_of(
    filled(
        "SELECT {} {} {} FROM {} WHERE {}",
        st.sampled_from(["", "ALL", "DISTINCT"]),
        st.sampled_from(["", "TOP 5"]),
        _lists(VALUE | st.sampled_from(["*", "o.*"])),
        TABLES,
        CONDITION,
    ),
    filled(
        "SELECT kind, COUNT(*) AS n, MAX({}), AVG({}) + 1 FROM {} GROUP BY kind, {} HAVING {} > n",
        NUMBER,
        NUMBER,
        TABLES,
        NUMBER,
        filled("MIN({})", NUMBER),
    ),
    filled("SELECT kind FROM {} GROUP BY kind HAVING COUNT(DISTINCT {}) > 1", TABLES, WORD),
    filled(
        "SELECT kind, ivo_string_agg({}, ','), ivo_histogram({}, 0, 1, 3) FROM {} GROUP BY kind",
        WORD,
        NUMBER,
        TABLES,
    ),
)
ORDERS = st.sampled_from(
    [
        "",
        " ORDER BY 1",
        " ORDER BY 1 DESC OFFSET 2",
        " ORDER BY kind",
        " ORDER BY -1, LOWER(kind)",
    ]
)
_plain = filled("{}{}", SELECTS, ORDERS)
QUERIES = st.one_of(
    _plain,
    filled("WITH w AS ({}) SELECT * FROM w", _plain),
    filled("SELECT * FROM ({}) AS q", _plain),
    filled(
        "SELECT {0} FROM observation AS o {2} (SELECT TOP 2 {1} FROM observation AS o){3}",
        NUMBER,
        NUMBER,
        st.sampled_from(["UNION", "UNION ALL", "EXCEPT", "INTERSECT"]),
        st.sampled_from(["", " ORDER BY 1", " ORDER BY 1 OFFSET 3"]),
    ),
    filled(
        "SELECT {0}, kind FROM observation AS o UNION SELECT {0}, kind FROM observation AS o"
        " ORDER BY LOWER(kind)",
        VALUE,
    ),
)


@settings(max_examples=150, deadline=None)
@given(QUERIES)
def test_a_translated_query_gives_the_types_it_declares(
    sky: Any, catalogue: Catalogue, query: str
) -> None:
    try:
        translation = adql.translate(query, catalogue, adql.CATALOGUE_FUNCTIONS, 3)
    except adql.AdqlError:
        return
    try:
        types = sky.types(translation.sql)
    except (psycopg2.DataError, psycopg2.errors.InternalError_):
        return
    assert types == [column.postgres_type for column in translation.columns]


@settings(max_examples=150, deadline=None)
@given(
    QUERIES,
    st.sets(st.sampled_from(["s_ra", "number", "kind", "observation", "source", "LOWER", "ivo_"])),
)
def test_a_query_with_unknown_names_gives_an_error_and_nothing_else(
    catalogue: Catalogue, query: str, names: set[str]
) -> None:
    for name in names:
        query = query.replace(name, name[::-1].lower().strip("_") + "x")
    try:
        adql.translate(query, catalogue, adql.CATALOGUE_FUNCTIONS)
    except adql.AdqlError as error:
        told = (error, *error.others)
        places = [(e.line, e.column) for e in told]
        assert places == sorted(places)
        assert all(e.message for e in told)
