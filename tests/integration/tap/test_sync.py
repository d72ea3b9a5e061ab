"""Queries at `/tap/sync`: what is asked, what comes back."""

import csv
import gzip
import io
import re
from datetime import UTC, datetime, timedelta

import pytest

from dali.formats import FORMATS

pytestmark = pytest.mark.django_db(transaction=True)

EVERY_TABLE = "SELECT table_name FROM tap_schema.tables"


def test_a_cone_search_finds_what_is_near(query, observations):
    found = query(
        "SELECT obs_id, s_dec FROM ivoa.obscore WHERE 1 = CONTAINS(POINT('ICRS', s_ra, s_dec),"
        " CIRCLE('ICRS', 83.6331, 22.0145, 3.5)) AND t_min < 55002.5 ORDER BY t_min"
    )
    assert found.status == 200
    assert found.media_type == "application/x-votable+xml;serialization=BINARY2"
    assert [round(dec, 4) for _, dec in found.rows] == [22.0145, 23.0145, 24.0145]
    assert found.statuses == ["OK"]


def test_a_field_of_view_is_searched_and_told_as_region(query, observations):
    found = query(
        "SELECT s_region FROM ivoa.obscore WHERE 1 = CONTAINS(POINT(s_ra + 5, 9.0), s_region)"
    )
    (region,) = found.rows[0]
    assert region.startswith("Polygon ICRS ")
    numbers = [float(word) for word in region.split()[2:]]
    assert numbers[:2] == pytest.approx([69.6331, 8.0145])
    assert found.resource.tables[0].fields[0].xtype == "adql:REGION"


@pytest.mark.parametrize(
    "text",
    [
        "SELECT s_region FROM ivoa.obscore ORDER BY s_dec",
        "SELECT s_region FROM ivoa.obscore ORDER BY s_dec + 1",
        "SELECT r FROM (SELECT s_region AS r, s_dec FROM ivoa.obscore) AS d ORDER BY s_dec",
        "WITH d AS (SELECT s_region AS r, s_dec FROM ivoa.obscore) SELECT r FROM d ORDER BY s_dec",
        "SELECT DISTINCT s_region, s_dec FROM ivoa.obscore ORDER BY s_dec",
        "SELECT s_region, s_dec FROM ivoa.obscore UNION "
        "SELECT s_region, s_dec FROM ivoa.obscore ORDER BY s_dec",
        "SELECT COALESCE(s_region, s_region) FROM ivoa.obscore ORDER BY s_dec",
    ],
)
def test_a_stored_region_is_the_same_however_it_leaves(query, observations, text):
    rows = query(text, MAXREC=2).rows
    assert len(rows) == 2
    for number, row in enumerate(rows):
        corners = ((-14, -14), (14, -14), (14, 14))
        expected = [a for ra, dec in corners for a in (83.6331 + ra, 22.0145 + number + dec)]
        words = row[0].split() if isinstance(row[0], str) else ["Polygon", "ICRS", *row[0]]
        assert [float(word) for word in words[2:]] == pytest.approx(expected, abs=1e-11, rel=0)


def test_fields_carry_the_metadata_of_the_published_columns(query, observations):
    fields = (
        query("SELECT TOP 1 s_ra, access_url, t_min FROM ivoa.obscore").resource.tables[0].fields
    )
    assert [(f.datatype, str(f.unit) if f.unit else None, f.ucd) for f in fields] == [
        ("double", "deg", "pos.eq.ra"),
        ("char", None, "meta.ref.url"),
        ("double", "d", "time.start;obs.exposure"),
    ]
    assert fields[0].utype.startswith("obscore:Char.SpatialAxis")


def test_the_answer_repeats_the_query(query):
    infos = {i.name: i.value for i in query(EVERY_TABLE).resource.infos}
    assert infos["QUERY"] == EVERY_TABLE


@pytest.mark.parametrize(
    ("maxrec", "rows", "statuses"),
    [(12, 12, ["OK"]), (11, 11, ["OK", "OVERFLOW"]), (50, 12, ["OK"])],
)
def test_maxrec_is_exact_at_the_border(query, observations, maxrec, rows, statuses):
    found = query("SELECT obs_id FROM ivoa.obscore", MAXREC=maxrec)
    assert (len(found.rows), found.statuses) == (rows, statuses)


def test_top_is_no_overflow(query, observations):
    assert query("SELECT TOP 3 obs_id FROM ivoa.obscore", MAXREC=3).statuses == ["OK"]


def test_maxrec_zero_gives_metadata_without_running_the_query(query):
    found = query("SELECT 1 / 0 AS x, table_name FROM tap_schema.tables", MAXREC=0)
    assert [f.name for f in found.resource.tables[0].fields] == ["x", "table_name"]
    assert (found.rows, found.statuses) == ([], ["OK", "OVERFLOW"])


def test_without_maxrec_the_default_limit_holds_and_never_more_than_the_hard_one(
    query, observations, settings
):
    settings.VO_TAP_MAXREC = 5
    settings.VO_TAP_MAXREC_HARD = 7
    assert len(query("SELECT obs_id FROM ivoa.obscore").rows) == 5
    assert len(query("SELECT obs_id FROM ivoa.obscore", MAXREC=9).rows) == 7


def test_csv_is_given_where_it_is_asked_for(query, observations):
    found = query("SELECT obs_id, s_ra FROM ivoa.obscore ORDER BY obs_id", FORMAT="csv")
    rows = list(csv.reader(io.StringIO(found.body.decode())))
    assert found.media_type.startswith("text/csv")
    assert rows[:2] == [["obs_id", "s_ra"], ["066500000010", "83.6331"]]


@pytest.mark.parametrize(
    ("accepted", "parameters", "begin"),
    [
        ("gzip, deflate", {}, b"\x1f\x8b"),
        ("gzip, zstd", {"FORMAT": "fits"}, b"\x28\xb5\x2f\xfd"),
        ("gzip, zstd", {"FORMAT": "parquet"}, b"PAR1"),
        ("identity", {}, b"<?xml"),
    ],
)
def test_an_answer_is_compressed_for_those_who_can_read_it(get, accepted, parameters, begin):
    asked = {"LANG": "ADQL", "QUERY": EVERY_TABLE, **parameters}
    found = get("/tap/sync", asked, headers={"accept-encoding": accepted})
    assert found.body.startswith(begin)
    if accepted == "gzip, deflate":
        assert b"QUERY_STATUS" in gzip.decompress(found.body)


def test_an_error_is_never_compressed(get):
    found = get("/tap/sync", {"QUERY": "SELEC"}, headers={"accept-encoding": "gzip"})
    assert "unexpected" in found.error


def test_accept_never_makes_html(get):
    asked = {"LANG": "ADQL", "QUERY": EVERY_TABLE}
    found = get("/tap/sync", asked, headers={"accept": "text/html"})
    assert found.media_type.startswith("application/x-votable+xml")


def test_a_form_is_as_good_as_a_query_string(post):
    multipart = post("/tap/sync", {"lang": "ADQL-2.0", "Query": EVERY_TABLE, "REQUEST": "doQuery"})
    encoded = post(
        "/tap/sync",
        "LANG=ADQL-2.1&query=SELECT+table_name+FROM+tap_schema.tables&RUNID=x&dummy=1",
        content_type="application/x-www-form-urlencoded",
    )
    assert multipart.rows == encoded.rows
    assert ("tap_schema.tables",) in multipart.rows


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"LANG": "OOBLECK"}, "LANG: 'OOBLECK' is not offered; there are ADQL, ADQL-2.0, ADQL-2.1"),
        ({"REQUEST": "getCapabilities"}, "REQUEST: 'getCapabilities' is not offered"),
        ({"MAXREC": "many"}, "MAXREC: 'many' is not a whole number"),
        ({"MAXREC": "1_0"}, "MAXREC: '1_0' is not a whole number"),
        ({"MAXREC": "\u0663"}, "MAXREC: '\u0663' is not a whole number"),
        ({"MAXREC": "9" * 5000}, "MAXREC: '999"),
        ({"MAXREC": "-1"}, "MAXREC: is negative"),
        ({"FORMAT": "image/png"}, "FORMAT: 'image/png' is not offered"),
        ({"UPLOAD": "mine,param:x"}, "UPLOAD: table mine: the request has no part 'x'"),
        ({"QUERY": " "}, "QUERY: is missing"),
        ({"MAXREC": ["1", "2"]}, "MAXREC: given 2 times"),
    ],
)
def test_wrong_parameters_are_explained(get, parameters, message):
    found = get("/tap/sync", {"LANG": "ADQL", "QUERY": EVERY_TABLE, **parameters})
    assert found.status == 400
    assert found.error.startswith(message)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "SELECT s_r FROM ivoa.obscore",
            "line 1, column 8: unknown column `s_r` in `ivoa.obscore`: did you mean `s_ra`?",
        ),
        ("SELECT *\nFROM ivoa.obscor", "line 2, column 6: unknown table `ivoa.obscor`"),
        ("SELEC * FROM ivoa.obscore", "line 1, column 1: unexpected `SELEC`"),
        ('SELECT * FROM "public".vo_auth_user', "line 1, column 15: unknown table"),
        ("SELECT * FROM pg_catalog.pg_authid", "line 1, column 15: unknown table"),
        ("DELETE FROM ivoa.obscore", "line 1, column 1: unexpected `DELETE`"),
        ("SELECT 1; DROP TABLE x", "line 1, column 9: unexpected `;`"),
        ("SELECT 1 / 0 AS x FROM tap_schema.tables", "while the query ran: division by zero"),
        ("SELECT SQRT(-1) AS x FROM tap_schema.tables", "while the query ran: a power"),
    ],
)
def test_a_wrong_query_is_explained(query, text, message):
    found = query(text)
    assert found.status == 400
    assert found.error.startswith(message)


def test_a_query_beyond_its_time_is_ended_with_advice(query, settings):
    settings.VO_TAP_SYNC_TIMEOUT_S = 1
    tables = ", ".join(f"tap_schema.columns AS c{n}" for n in range(4))
    found = query(f"SELECT COUNT(*) AS n FROM {tables}")
    assert found.status == 400
    assert "limit of 1 s; run it as an asynchronous job" in found.error


def test_other_methods_are_refused(get, post):
    assert post("/tap/tables").status == 405
    assert post("/tap/tables").error.startswith("POST is not offered here")


@pytest.mark.parametrize("offered", FORMATS, ids=lambda offered: offered.aliases[0])
def test_every_declared_format_is_given_under_each_of_its_names(get, query, observations, offered):
    assert f"<mime>{offered.media_type}</mime>" in get("/tap/capabilities").body.decode()
    asked = "SELECT obs_id, s_ra, s_region, t_min, obs_release_date FROM ivoa.obscore ORDER BY 1"
    answers = [query(asked, RESPONSEFORMAT=n) for n in (offered.media_type, *offered.aliases)]
    assert {answer.status for answer in answers} == {200}
    bodies = {re.sub(rb"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d", b"now", a.body) for a in answers}
    assert len(bodies) == 1


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        ("votable", "application/x-votable+xml;serialization=BINARY2"),
        ("application/x-votable+xml", "application/x-votable+xml;serialization=BINARY2"),
        ("text/xml", "text/xml;serialization=BINARY2"),
        ("TEXT/XML; serialization=tabledata", "text/xml;serialization=TABLEDATA"),
        ("application/xml", "application/xml;serialization=BINARY2"),
        ("text/csv", "text/csv;header=present;charset=UTF-8"),
        ("text/csv;header=present", "text/csv;header=present;charset=UTF-8"),
        ("application/x-parquet", "application/x-parquet"),
        ("application/fits;type=table", "application/fits;type=table"),
    ],
)
def test_who_asks_by_a_media_type_is_answered_with_that_one(query, asked, answered):
    assert query(EVERY_TABLE, RESPONSEFORMAT=asked).media_type == answered


def test_a_result_tells_its_origin_and_how_to_cite_it(query, settings):
    settings.VO_PUBLISHER = "The <Data> Centre"
    settings.VO_RIGHTS_URI = ""
    infos = {i.name: i for i in query(EVERY_TABLE).resource.infos}
    assert infos["standardID"].value == "ivo://ivoa.net/std/TAP"
    assert infos["SERVICE"].value == f"{settings.SITE_URL}/tap"
    assert infos["publisher"].value == "The <Data> Centre"
    assert (infos["citation"].value, infos["citation"].ucd) == (
        "2003A&A...411L...1W",
        "meta.bib.bibcode",
    )
    assert "data_rights" in infos["rights"].value
    assert datetime.now(UTC) - datetime.fromisoformat(
        infos["request_date"].value + "Z"
    ) < timedelta(minutes=1)
    assert not {"rights_uri", "contact"} & set(infos)

    settings.VO_CITATION = "doi:10.5072/integral"
    settings.VO_RIGHTS_URI = "https://spdx.org/licenses/CC-BY-4.0.html"
    infos = {i.name: i for i in query(EVERY_TABLE).resource.infos}
    assert infos["citation"].ucd == "meta.bib"
    assert infos["rights_uri"].value == settings.VO_RIGHTS_URI


def test_head_tells_the_headers_and_runs_nothing(head):
    running = {"LANG": "ADQL", "QUERY": "SELECT 1 / 0 AS x FROM tap_schema.tables"}
    found = head("/tap/sync", {**running, "FORMAT": "csv"})
    assert (found.status, found.body) == (200, b"")
    assert found.media_type == "text/csv;header=present;charset=UTF-8"
    assert head("/tap/sync", {"LANG": "ADQL", "QUERY": "SELECT x FROM y"}).status == 400


def test_a_votable_says_what_published_columns_are_counted_from(query, observations):
    resource = query("SELECT s_ra, t_min, t_min + 1 AS later FROM ivoa.obscore").resource
    refs = [field.ref for field in resource.tables[0].fields]
    assert refs == [resource.coordinate_systems[0].ID, resource.time_systems[0].ID, None]
    assert resource.time_systems[0].timescale == "UTC"
