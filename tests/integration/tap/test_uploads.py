"""Tables that are sent with a query, at `/tap/sync`."""

import math
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from dali.fields import Field
from dali.formats import FORMATS
from dali.tables import TableStream
from dali.writers import binary, binary2, tabledata

pytestmark = pytest.mark.django_db(transaction=True)

WRITERS = {"TABLEDATA": tabledata, "BINARY": binary, "BINARY2": binary2}


def votable(fields, columns, writer=binary2) -> bytes:
    """A VOTable as this server itself writes it."""
    batch = pa.record_batch(columns, names=[f"c{n}" for n in range(len(columns))])
    pieces: Iterator[bytes] = writer.write(TableStream(tuple(fields), [batch]))
    return b"".join(pieces)


def table(*columns, writer=binary2) -> bytes:
    """A VOTable of pairs: field and values."""
    from dali.columns import arrow_type

    fields = [field for field, _ in columns]
    return votable(fields, [pa.array(v, arrow_type(f)) for f, v in columns], writer)


def written(rows: str, *fields: str) -> bytes:
    """A VOTable in TABLEDATA as a person writes it."""
    declared = "".join(f"<FIELD {field}/>" for field in fields)
    return (
        '<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3"><RESOURCE><TABLE>'
        f"{declared}<DATA><TABLEDATA>{rows}</TABLEDATA></DATA></TABLE></RESOURCE></VOTABLE>"
    ).encode()


@pytest.fixture
def ask(post):
    """POST a query with tables: name to document."""

    def send(text, tables, **parameters):
        parts = {f"part_{name}": SimpleUploadedFile(name, data) for name, data in tables.items()}
        uploads = [f"{name},param:part_{name}" for name in tables]
        return post(
            "/tap/sync",
            {"LANG": "ADQL", "QUERY": text, "UPLOAD": uploads, **parameters, **parts},
        )

    return send


EVERYTHING = (
    (Field("truth", "boolean", description="yes or no"), [True, False, None]),
    (Field("byte", "unsignedByte"), [0, 200, None]),
    (Field("short", "short"), [-32767, 32767, None]),
    (Field("number", "int", ucd="meta.number", utype="a:b.c"), [-(2**31) + 1, 2**31 - 1, None]),
    (Field("big", "long"), [-(2**63) + 1, 2**63 - 1, None]),
    (Field("single", "float", unit="Jy"), [1.5, -math.inf, None]),
    (Field("dbl", "double", unit="km/s", ucd="spect.dopplerVeloc"), [0.1, 1e300, None]),
    (Field("words", "char", "*"), ["it's \"<&>\\", "a", None]),
    (Field("fixed", "char", "3"), ["abc", "de", None]),
    (Field("letter", "char"), ["x", "y", None]),
    (Field("letters", "unicodeChar", "*"), ["Ωμέγα 😀", "β", None]),
    (Field("pair", "double", "2"), [[1.0, 2.0], [3.0, -4.5], None]),
    (Field("list", "int", "*"), [[1, 2, 3], [4], None]),
    (Field("grid", "short", "2x2"), [[1, 2, 3, 4], [5, 6, 7, 8], None]),
    (Field("flags", "boolean", "*"), [[True, False], [True], None]),
    (
        Field("moment", "char", "*", xtype="timestamp"),
        ["2003-02-15T12:30:01.250", "1999-12-31T00:00:00.000", None],
    ),
    (Field("place", "double", "2", xtype="point"), [[83.6, 22.0], [359.5, -89.0], None]),
    (Field("disc", "double", "3", xtype="circle"), [[10.0, 20.0, 0.5], [0.0, 0.0, 3.0], None]),
    (
        Field("outline", "double", "*", xtype="polygon"),
        [[0.0, 0.0, 2.0, 0.0, 0.0, 2.0], [10.0, 10.0, 12.0, 10.0, 11.0, 12.0], None],
    ),
)


def plain(value):
    """A cell as Python's own values, with ``None`` for all that means no value."""
    if isinstance(value, np.ndarray):
        found = np.asarray(value).reshape(-1).tolist()
        return None if not found or all(v != v for v in found) else found
    value = value.item() if hasattr(value, "item") else value
    return None if value == "" or value != value else value


@pytest.mark.parametrize("serialisation", WRITERS)
def test_every_type_comes_back_as_it_was_sent(ask, serialisation):
    sent = table(*EVERYTHING, writer=WRITERS[serialisation])
    found = ask("SELECT * FROM TAP_UPLOAD.mine", {"mine": sent})
    assert found.status == 200, found.error
    array = found.resource.tables[0].array
    for name, (field, values) in zip(array.dtype.names, EVERYTHING, strict=True):
        masks = np.ma.getmaskarray(array[name])
        for value, mask, right in zip(array[name].data, masks, values, strict=True):
            got = None if np.all(mask) and np.size(mask) else plain(value)
            if field.xtype in ("point", "circle", "polygon") and right is not None:
                right = pytest.approx(right, abs=1e-9)
            assert got == right, field.name


def test_fields_keep_what_was_said_of_them(ask):
    found = ask("SELECT * FROM TAP_UPLOAD.mine", {"mine": table(*EVERYTHING)})
    for given, (field, _) in zip(found.resource.tables[0].fields, EVERYTHING, strict=True):
        assert (given.name, given.datatype, given.arraysize, given.xtype) == (
            field.name,
            field.datatype,
            field.arraysize or ("1" if field.is_string else None),  # astropy's word for it
            field.xtype,
        )
        assert (given.ucd, given.utype, given.description) == (
            field.ucd,
            field.utype,
            field.description,
        )
    fields = {f.name: f for f in found.resource.tables[0].fields}
    assert (str(fields["single"].unit), str(fields["dbl"].unit)) == ("Jy", "km / s")


@pytest.mark.parametrize("media", [format.media_type for format in FORMATS])
def test_every_format_takes_every_type(ask, media):
    found = ask("SELECT * FROM t", {"t": table(*EVERYTHING)}, FORMAT=media)
    assert found.status == 200, found.error
    assert b"ERROR" not in found.body


def test_texts_that_are_more_than_declared_are_not_cut(ask):
    sent = written(
        "<TR><TD>αβγδ</TD><TD>abcdef</TD></TR>",
        'name="a" datatype="char" arraysize="4"',
        'name="b" datatype="char" arraysize="*"',
    )
    found = ask("SELECT * FROM t", {"t": sent})
    assert found.rows == [("αβγδ", "abcdef")]
    declared = [(f.datatype, f.arraysize) for f in found.resource.tables[0].fields]
    assert declared == [("unicodeChar", "4"), ("char", "*")]


def test_an_empty_string_is_null(ask):
    sent = table((Field("s", "char", "*"), ["", None, "x"]))
    assert ask("SELECT COUNT(*) AS n FROM t WHERE s IS NULL", {"t": sent}).rows == [(2,)]


def test_nan_and_the_declared_null_are_null(ask):
    sent = written(
        "<TR><TD>NaN</TD><TD>-1</TD></TR><TR><TD>1.5</TD><TD>7</TD></TR><TR><TD/><TD/></TR>",
        'name="x" datatype="double"',
        'name="n" datatype="int"><VALUES null="-1"/></FIELD><FIELD name="o" datatype="int"',
    )
    sent = sent.replace(b"</TD></TR>", b"</TD><TD>3</TD></TR>").replace(
        b"<TD/></TR>", b"<TD/><TD/></TR>"
    )
    found = ask("SELECT COUNT(x) AS x, COUNT(n) AS n, COUNT(o) AS o FROM t", {"t": sent})
    assert found.rows == [(1, 1, 2)]


@pytest.mark.parametrize(
    ("name", "written_name"),
    [
        ("select", '"select"'),
        ("SIZE", '"SIZE"'),
        ("B-V", '"B-V"'),
        ('he said "x"', '"he said ""x"""'),
        ("ctid", "ctid"),
        ("xmin", "xmin"),
        ("{0}%s", '"{0}%s"'),
        ("длина", '"длина"'),
        ("RAJ2000", "raj2000"),
        ("a" * 80, "a" * 80),
        ("#1", '"#1"'),
    ],
)
def test_columns_may_have_any_name(ask, name, written_name):
    sent = table((Field(name, "int"), [3, 4]), (Field("other", "int"), [1, 1]))
    found = ask(f"SELECT {written_name} FROM t WHERE {written_name} > 3", {"t": sent})
    assert found.status == 200, found.error
    assert (found.resource.tables[0].fields[0].name, found.rows) == (name, [(4,)])


def test_columns_of_the_same_name_come_back_both(ask):
    sent = table((Field("x", "int"), [3]), (Field("x", "int"), [4]), (Field("X", "int"), [5]))
    assert ask("SELECT * FROM t", {"t": sent}).rows == [(3, 4, 5)]
    assert "could be any of 3 columns" in ask("SELECT x FROM t", {"t": sent}).error


def test_a_table_without_rows_is_one(ask):
    columns = [(field, []) for field, _ in EVERYTHING]
    found = ask("SELECT COUNT(*) AS n FROM t", {"t": table(*columns)})
    assert found.rows == [(0,)]
    found = ask("SELECT * FROM t", {"t": table(*columns, writer=tabledata)})
    assert (len(found.resource.tables[0].fields), found.rows) == (len(EVERYTHING), [])


def test_shapes_are_shapes_to_the_query(ask):
    sent = table(
        (Field("id", "int"), [1, 2]),
        (Field("place", "double", "2", xtype="point"), [[10.0, 20.0], [50.0, 20.0]]),
        (Field("disc", "double", "3", xtype="circle"), [[11.0, 20.0, 2.0], [0.0, 0.0, 2.0]]),
        (
            Field("outline", "double", "*", xtype="polygon"),
            [[9.0, 19.0, 11.0, 19.0, 10.0, 22.0], [0.0, 0.0, 2.0, 0.0, 0.0, 2.0]],
        ),
        (
            Field("footprint", "char", "*", xtype="adql:REGION"),
            ["Polygon ICRS 9 19 11 19 10 22", "Polygon 0 0 2 0 0 2"],
        ),
    )
    for where in ("place, disc", "place, outline", "place, footprint", "place, CIRCLE(10, 20, 1)"):
        found = ask(f"SELECT id FROM t WHERE 1 = CONTAINS({where})", {"t": sent})
        assert found.status == 200, found.error
        assert found.rows == [(1,)], where
    assert ask("SELECT COORD1(place) AS x FROM t WHERE id = 2", {"t": sent}).rows == [(50.0,)]
    found = ask("SELECT footprint FROM t WHERE id = 1", {"t": sent})
    assert found.rows[0][0].startswith("Polygon ICRS 9")


def test_regions_of_several_kinds_stay_text(ask):
    sent = table(
        (Field("footprint", "char", "*", xtype="adql:REGION"), ["Circle ICRS 1 2 3", "Union (1 2)"])
    )
    found = ask("SELECT footprint FROM t", {"t": sent})
    assert [row[0] for row in found.rows] == ["Circle ICRS 1 2 3", "Union (1 2)"]


def test_an_arraysize_of_one_is_left_out(ask):
    sent = written(
        "<TR><TD>1</TD><TD>x</TD></TR>",
        'name="n" datatype="int" arraysize="1"',
        'name="c" datatype="char" arraysize="1"',
    )
    found = ask("SELECT n + 1 AS n, c FROM t", {"t": sent})
    assert found.status == 200, found.error
    assert [tuple(map(plain, row)) for row in found.rows] == [(2, "x")]
    assert b'arraysize="1"' not in found.body


def test_timestamps_are_times_to_the_query(ask):
    sent = written(
        "<TR><TD>2003-02-15T12:30:01Z</TD></TR><TR><TD>2010-01-01</TD></TR><TR><TD/></TR>",
        'name="moment" datatype="char" arraysize="*" xtype="timestamp"',
    )
    found = ask(
        "SELECT moment FROM t WHERE moment < CAST('2005-01-01T00:00:00' AS TIMESTAMP)", {"t": sent}
    )
    assert found.rows == [("2003-02-15T12:30:01.000",)]


def test_what_a_query_gave_can_be_sent_again(ask, query, observations):
    given = query("SELECT obs_id, s_ra, s_dec, s_region, t_min FROM ivoa.obscore").body
    found = ask(
        "SELECT * FROM mine WHERE 1 = INTERSECTS(s_region, CIRCLE(83, 22, 1))", {"mine": given}
    )
    assert len(found.rows) == 12
    assert found.resource.tables[0].fields[1].utype.startswith("obscore:Char.SpatialAxis")


def test_several_tables_are_joined_with_each_other_and_with_published_ones(ask, observations):
    ids = table((Field("obs_id", "char", "*"), ["066500010010", "066500030010"]))
    notes = table(
        (Field("id", "char", "*"), ["066500030010"]), (Field("note", "unicodeChar", "*"), ["β"])
    )
    found = ask(
        "SELECT o.obs_id, n.note FROM ivoa.obscore AS o JOIN TAP_UPLOAD.ids USING (obs_id)"
        " LEFT JOIN tap_upload.Notes AS n ON o.obs_id = n.id ORDER BY o.obs_id",
        {"ids": ids, "notes": notes},
    )
    assert found.status == 200, found.error
    assert [tuple(map(plain, row)) for row in found.rows] == [
        ("066500010010", None),
        ("066500030010", "β"),
    ]


def test_a_crossmatch_finds_what_is_near(ask, observations):
    mine = table(
        (Field("ra", "double", ucd="pos.eq.ra;meta.main"), [83.6331, 10.0]),
        (Field("dec", "double", ucd="pos.eq.dec;meta.main"), [24.0145, 10.0]),
    )
    for near in (
        "1 = CONTAINS(POINT(o.s_ra, o.s_dec), CIRCLE(m.ra, m.dec, 1.1))",
        "1 = CONTAINS(POINT(m.ra, m.dec), CIRCLE(o.s_ra, o.s_dec, 1.1))",
        "DISTANCE(POINT('ICRS', o.s_ra, o.s_dec), POINT('ICRS', m.ra, m.dec)) < 1.1",
    ):
        text = f"SELECT o.obs_id FROM ivoa.obscore AS o JOIN TAP_UPLOAD.m AS m ON {near} ORDER BY 1"
        found = ask(text, {"m": mine})
        assert found.status == 200, found.error
        assert [row[0][4:8] for row in found.rows] == ["0001", "0002", "0003"]


@pytest.mark.parametrize(
    ("upload", "message"),
    [
        ("mine,param:nothing", "UPLOAD: table mine: the request has no part 'nothing'"),
        ("mine", "UPLOAD: 'mine' is no name and address"),
        ("mine,", "UPLOAD: 'mine,' is no name and address"),
        ("my table,param:part", "UPLOAD: 'my table' can't be a table's name"),
        ("tap_upload.mine,param:part", "UPLOAD: 'tap_upload.mine' can't be a table's name"),
        ("a,param:part;A,param:part", "UPLOAD: two tables are named 'A'"),
        ("mine,ftp://example.org/x", "UPLOAD: table mine: addresses of the kind ftp: are not"),
        ("mine,file:///etc/passwd", "UPLOAD: table mine: addresses of the kind file: are not"),
        ("mine,vos://example.org/x", "UPLOAD: table mine: addresses of the kind vos: are not"),
        ("mine,http://127.0.0.1:5432/", "UPLOAD: table mine: '127.0.0.1' has no public address"),
        ("mine,http://localhost/", "UPLOAD: table mine: 'localhost' has no public address"),
        ("mine,http://nowhere.invalid/", "UPLOAD: table mine: 'nowhere.invalid' has no public"),
    ],
)
def test_a_wrong_upload_is_explained(post, upload, message):
    part = SimpleUploadedFile("part", table((Field("x", "int"), [1])))
    asked = {"LANG": "ADQL", "QUERY": "SELECT * FROM mine", "UPLOAD": upload, "part": part}
    found = post("/tap/sync", asked)
    assert found.status == 400
    assert found.error.startswith(message)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (b"ra,dec\n1,2\n", "line 1"),
        (b"", "line"),
        (b"<VOTABLE/>", "it is a VOTable without a table"),
        (b"<VOTABLE/>" * 300, "line 1, column 1"),
        (written("<TR><TD>x</TD></TR>", 'name="a" datatype="int"'), "line 1, column"),
        (written("<TR><TD>1</TD>", 'name="a" datatype="int"'), "line 1, column"),
        (
            written("<TR><TD>1 2</TD></TR>", 'name="a" datatype="doubleComplex"'),
            "column 1 (a) can't be taken: column a: no datatype 'doubleComplex'",
        ),
        (
            written("<TR/>", 'name="a" datatype="int" arraysize="2000000"'),
            "column 1 (a) has too large an arraysize",
        ),
        (
            written(
                "<TR><TD>soon</TD></TR>", 'name="a" datatype="char" arraysize="*" xtype="timestamp"'
            ),
            "column a: 'soon' is no timestamp",
        ),
        (
            written(
                "<TR><TD>1 100</TD></TR>", 'name="a" datatype="double" arraysize="2" xtype="point"'
            ),
            "column a, row 1: a point has longitudes from 0 to 360",
        ),
        (
            written(
                "<TR><TD>0 0 1 1</TD></TR>",
                'name="a" datatype="double" arraysize="*" xtype="polygon"',
            ),
            "column a, row 1: these numbers are not a polygon",
        ),
        (
            written(
                "<TR><TD>0 0 2 2 2 0 0 2</TD></TR>",
                'name="a" datatype="double" arraysize="*" xtype="polygon"',
            ),
            "has a polygon that crosses itself",
        ),
        (
            written("", 'name="a" datatype="int"').replace(
                b"<TABLEDATA></TABLEDATA>",
                b'<BINARY><STREAM href="file:///etc/passwd"/></BINARY>',
            ),
            "its data lie elsewhere",
        ),
        (
            written("", 'name="a" datatype="int"').replace(
                b"<TABLEDATA></TABLEDATA>", b'<FITS><STREAM href="file:///etc/passwd"/></FITS>'
            ),
            "data as FITS are not taken",
        ),
    ],
)
def test_a_wrong_document_is_explained(ask, document, message):
    found = ask("SELECT * FROM mine", {"mine": document})
    assert found.status == 400
    assert found.error.startswith("UPLOAD: table mine: ")
    assert message in found.error
    assert not any(word in found.error for word in ("SELECT", "upload_1", "pg_temp"))


def test_limits_of_rows_and_bytes_are_told(ask, settings):
    settings.VO_TAP_UPLOAD_MAX_ROWS = 3
    four = (Field("x", "int"), [1, 2, 3, 4])
    for writer in WRITERS.values():
        found = ask("SELECT * FROM t", {"t": table(four, writer=writer)})
        assert (found.status, found.error) == (
            413,
            "UPLOAD: table t: it has more than 3 rows, the most that are taken",
        )
    settings.VO_TAP_UPLOAD_MAX_BYTES = 200
    found = ask("SELECT * FROM t", {"t": table(four)})
    assert (found.status, found.error) == (413, "UPLOAD: table t: is larger than 200 bytes")


def test_the_tables_of_one_query_share_the_memory_that_reading_may_take(ask, settings):
    ints = table((Field("x", "int"), list(range(30_000))))
    settings.VO_TAP_UPLOAD_MEMORY_BYTES = 1_000_000
    assert ask("SELECT COUNT(*) AS n FROM t", {"t": ints}).rows == [(30_000,)]
    settings.VO_TAP_UPLOAD_MEMORY_BYTES = 240_000
    found = ask("SELECT COUNT(*) AS n FROM t", {"t": ints, "u": ints})
    assert (found.status, found.error) == (
        413,
        "UPLOAD: table u: reading it would take too much memory",
    )


#: The Crab, by astropy.
CRAB = {
    "ICRS": (83.6331, 22.0145),
    "FK5": (83.6331076, 22.0144948),
    "J2000": (83.6331076, 22.0144948),
    "FK4": (82.8807436, 21.9818052),
    "B1950": (82.8807436, 21.9818052),
    "GALACTIC": (184.5574662, -5.7843437),
    "ECLIPTIC": (84.0975213, -1.2944233),
    "UNKNOWNFRAME": (83.6331, 22.0145),
}


@pytest.mark.parametrize("frame", CRAB)
@pytest.mark.parametrize("words", ["Position {0} {1} {2}", "POSITION {0} BARYCENTER {1} {2}"])
def test_a_position_in_stc_s_is_where_its_frame_says(ask, frame, words):
    text = words.format(frame, *CRAB[frame])
    sent = table((Field("place", "char", "*", xtype="adql:POINT"), [text, None]))
    found = ask("SELECT place FROM t WHERE place IS NOT NULL", {"t": sent})
    place = found.resource.tables[0].array["place"][0].data
    assert place == pytest.approx(CRAB["ICRS"], abs=1e-6)


@pytest.mark.parametrize("frame", ["GALACTIC", "ECLIPTIC"])
def test_a_region_in_stc_s_is_where_its_frame_says(ask, frame):
    longitude, latitude = CRAB[frame]
    corners = [(-1, -1), (1, -1), (1, 1), (-1, 1)]
    numbers = " ".join(f"{longitude + x} {latitude + y}" for x, y in corners)
    regions = [f"Polygon {frame} GEOCENTER SPHERICAL2 {numbers}", "Polygon ICRS 0 0 1 0 0 1"]
    sent = table(
        (Field("id", "int"), [1, 2]),
        (Field("r", "char", "*", xtype="adql:REGION"), regions),
    )
    query = "SELECT id FROM t WHERE 1 = CONTAINS(POINT(83.6331, 22.0145), r)"
    assert ask(query, {"t": sent}).rows == [(1,)]


@pytest.mark.parametrize(
    ("system", "frame"),
    [
        ('system="ICRS"', "ICRS"),
        ('system="eq_FK5"', "FK5"),
        ('system="eq_FK5" equinox="J2000.0"', "FK5"),
        ('system="eq_FK4" equinox="B1950"', "FK4"),
        ('system="galactic"', "GALACTIC"),
        ('system="GALACTIC" epoch="J2016"', "GALACTIC"),
        ('system="ecl_FK5"', "ECLIPTIC"),
    ],
)
def test_shapes_are_turned_into_icrs_from_the_system_of_their_column(ask, system, frame):
    longitude, latitude = CRAB[frame]
    sent = written(
        f"<TR><TD>{longitude} {latitude}</TD><TD>{longitude} {latitude} 2</TD></TR>",
        'name="place" datatype="double" arraysize="2" xtype="point" ref="s"',
        'name="disc" datatype="double" arraysize="3" xtype="circle" ref="s"',
    ).replace(b"<RESOURCE>", f'<RESOURCE><COOSYS ID="s" {system}/>'.encode())
    found = ask("SELECT * FROM t WHERE 1 = CONTAINS(place, disc)", {"t": sent})
    assert found.status == 200, found.error
    array = found.resource.tables[0].array
    assert array["place"][0].data == pytest.approx(CRAB["ICRS"], abs=1e-6)
    assert array["disc"][0].data == pytest.approx((*CRAB["ICRS"], 2), abs=1e-6)
    (space,) = found.resource.coordinate_systems
    assert (space.system, space.epoch) == (
        system.split('"')[1] if frame == "ICRS" else "ICRS",
        "J2016" if "J2016" in system else None,
    )


def test_shapes_of_a_frame_that_is_not_known_are_refused(ask):
    sent = written(
        "<TR><TD>1 2</TD></TR>",
        'name="place" datatype="double" arraysize="2" xtype="point" ref="s"',
    ).replace(b"<RESOURCE>", b'<RESOURCE><COOSYS ID="s" system="eq_FK5" equinox="J1975"/>')
    found = ask("SELECT * FROM t", {"t": sent})
    assert found.status == 400
    assert "column place: its positions are counted in 'eq_FK5 J1975'" in found.error


def test_columns_keep_what_they_are_counted_from(ask):
    sent = written(
        "<TR><TD>184.5</TD><TD>55000</TD></TR>",
        'name="l" datatype="double" ref="s"',
        'name="t" datatype="double" ref="u"',
    ).replace(
        b"<RESOURCE>",
        b'<RESOURCE><COOSYS ID="s" system="galactic" epoch="J2016"/>'
        b'<TIMESYS ID="u" timescale="TT" timeorigin="2400000.5" refposition="BARYCENTER"/>',
    )
    found = ask("SELECT l, t FROM t", {"t": sent})
    assert found.rows == [(184.5, 55000)]
    (space,) = found.resource.coordinate_systems
    (time,) = found.resource.time_systems
    assert (space.system, space.epoch) == ("galactic", "J2016")
    assert (time.timescale, time.refposition, time.timeorigin) == ("TT", "BARYCENTER", 2400000.5)


def test_an_unknown_column_of_an_upload_is_explained_as_any(ask):
    found = ask("SELECT rra FROM TAP_UPLOAD.t", {"t": table((Field("ra", "int"), [1]))})
    assert "unknown column `rra` in `tap_upload.t`: did you mean `ra`?" in found.error


def test_uploads_are_gone_with_their_query(ask, query):
    assert ask("SELECT * FROM TAP_UPLOAD.t", {"t": table((Field("x", "int"), [1]))}).status == 200
    assert "unknown table" in query("SELECT * FROM TAP_UPLOAD.t").error
