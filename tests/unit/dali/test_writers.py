"""What is written is read back equal, by astropy and by Python's own reader of CSV."""

import csv
import io
import math
import re

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adql.schema import SpaceSystem, TimeSystem
from dali.columns import ColumnError, as_declared
from dali.errors import DaliError
from dali.fields import Field
from dali.tables import Info, TableStream
from dali.writers import binary, binary2, tabledata
from dali.writers import csv as csv_writer
from dali.writers.votable import description, error_document

VOTABLE_WRITERS = {
    "binary2": binary2.write,
    "binary": binary.write,
    "tabledata": tabledata.write,
}
LEAST = {"tiny": 255, "small": -(2**15), "whole": -(2**31), "big": -(2**63), "n": -(2**63)}
FIELDS = (
    Field("flag", "boolean"),
    Field("tiny", "unsignedByte"),
    Field("small", "short"),
    Field("whole", "int", unit="s", ucd="time.duration", description="A <count> & more"),
    Field("big", "long"),
    Field("rough", "float"),
    Field("exact", "double", unit="deg", ucd="pos.eq.ra", utype="Char.SpatialAxis"),
    Field("word", "char", "*"),
    Field("letters", "unicodeChar", "*"),
    Field("code", "char", "4"),
    Field("region", "double", "*", xtype="polygon", unit="deg"),
    Field("point", "double", "2", xtype="point", unit="deg"),
)
ROWS = [
    [True, False, None, True],
    [0, 255, None, 7],
    [-(2**15), 2**15 - 1, None, 0],
    [-(2**31), 2**31 - 1, None, 0],
    [-(2**63), 2**63 - 1, None, 0],
    [math.nan, math.inf, None, 1.5],
    [-math.inf, 5e-324, None, 0.1],
    ["<a&b>", 'say "x", y', None, "a\nb\tc\rd ]]>"],
    ["Γ-ray é", "𝛾 𝛾", None, "plain"],
    ["full", "ab", None, "wxyz"],
    [[1.0, math.nan, -3.5], [0.25] * 7, None, [math.inf, -math.inf]],
    [[1.0, 2.0], [3.0, 4.0], None, [-0.5, 0.5]],
]


def same(found, wanted):
    """Whether a cell read back is the one written, NaN being itself."""
    if isinstance(wanted, list):
        return np.array_equal(np.ma.filled(found, np.nan), np.array(wanted), equal_nan=True)
    if isinstance(wanted, float) and math.isnan(wanted):
        return found is np.ma.masked or math.isnan(found)
    return found == wanted


@pytest.mark.parametrize("serialisation", VOTABLE_WRITERS)
def test_every_type_with_its_extremes_is_read_back_from_a_votable(
    serialisation, stream_of, read_votable
):
    document = b"".join(VOTABLE_WRITERS[serialisation](stream_of(FIELDS, ROWS)))
    table = read_votable(document).get_first_table()
    assert len(table.array) == 4
    for field, values in zip(FIELDS, ROWS, strict=True):
        for row, wanted in enumerate(values):
            cell = table.array[field.name][row]
            if serialisation == "binary" and (field.name, wanted) in LEAST.items():
                assert cell is np.ma.masked  # BINARY has no other way to tell a NULL
            elif wanted is None and serialisation == "binary" and field.datatype == "double":
                assert np.all(np.isnan(np.ma.filled(cell, np.nan)))
            elif wanted is None:
                if field.is_string:
                    assert cell in ("", np.ma.masked)
                else:
                    assert np.all(np.ma.getmaskarray(np.ma.atleast_1d(cell))) or np.size(cell) == 0
            else:
                assert same(cell, wanted), (field.name, row, cell, wanted)


@pytest.mark.parametrize("serialisation", VOTABLE_WRITERS)
def test_fields_carry_their_whole_metadata(serialisation, stream_of, read_votable):
    document = b"".join(VOTABLE_WRITERS[serialisation](stream_of(FIELDS, ROWS)))
    read = read_votable(document).get_first_table().fields
    for field, found in zip(FIELDS, read, strict=True):
        assert found.name == field.name
        assert found.datatype == field.datatype
        assert (found.arraysize or None) == field.arraysize
        assert found.xtype == field.xtype
        assert (str(found.unit) if found.unit else None) == field.unit
        assert found.ucd == field.ucd
        assert found.utype == field.utype
        assert found.description == field.description


def test_binary2_tells_an_empty_string_from_a_missing_one():
    fields = (Field("a", "char", "*"), Field("b", "unicodeChar", "*"))
    texts = pa.array(["", None, "é"])
    rows = binary2.encode_rows(fields, pa.record_batch([texts, texts], names=["a", "b"]))
    empty = bytes(4)
    assert rows == (
        b"\x00" + empty + empty + b"\xc0" + empty + empty
        + b"\x00" + b"\x00\x00\x00\x01?" + b"\x00\x00\x00\x01\x00\xe9"
    )  # fmt: skip


def test_char_is_ascii_whatever_the_column_holds(stream_of, read_votable):
    document = b"".join(binary2.write(stream_of((Field("a", "char", "*"),), [["é𝛾", "plain"]])))
    assert read_votable(document).get_first_table().array["a"].tolist() == ["??", "plain"]


@pytest.mark.parametrize("serialisation", VOTABLE_WRITERS)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_table_is_read_back_equal(serialisation, data, stream_of, read_votable):
    strategies = [
        (Field("n", "long"), st.integers(-(2**63), 2**63 - 1)),
        (Field("x", "double"), st.floats(allow_nan=False)),
        (Field("f", "float"), st.floats(allow_nan=False, width=32)),
        (Field("s", "char", "*"), st.text(st.characters(min_codepoint=32, max_codepoint=126))),
        (
            Field("u", "unicodeChar", "*"),
            st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn"], exclude_characters="\r")),
        ),
        (Field("a", "double", "*"), st.lists(st.floats(allow_nan=False), max_size=4)),
        (Field("b", "boolean"), st.booleans()),
    ]
    chosen = data.draw(st.lists(st.sampled_from(strategies), min_size=1, max_size=7, unique=True))
    size = data.draw(st.integers(1, 9))
    fields = [field for field, _ in chosen]
    columns = [
        data.draw(st.lists(st.one_of(st.none(), values), min_size=size, max_size=size))
        for _, values in chosen
    ]
    document = b"".join(VOTABLE_WRITERS[serialisation](stream_of(fields, columns)))
    table = read_votable(document).get_first_table()
    assert len(table.array) == size
    for field, values in zip(fields, columns, strict=True):
        for row, wanted in enumerate(values):
            cell = table.array[field.name][row]
            if isinstance(wanted, str) and serialisation == "tabledata":
                # readers drop blanks around the text of an element
                assert cell.strip() == wanted.strip()
            elif serialisation == "binary" and (field.name, wanted) in LEAST.items():
                assert cell is np.ma.masked
            elif wanted is not None:
                assert same(cell, wanted), (field.name, cell, wanted)
            elif not (field.is_string or field.is_array):
                assert cell is np.ma.masked
            else:
                assert np.size(cell) == 0 or cell in ("", np.ma.masked)


def test_csv_is_read_back_with_nulls_quotes_and_line_breaks(stream_of):
    fields = FIELDS[3:9]
    document = b"".join(csv_writer.write(stream_of(fields, ROWS[3:9]))).decode()
    rows = list(csv.reader(io.StringIO(document, newline="")))
    assert rows[0] == ["whole", "big", "rough", "exact", "word", "letters"]
    assert rows[1] == [str(-(2**31)), str(-(2**63)), "NaN", "-Infinity", "<a&b>", "Γ-ray é"]
    assert rows[2][4] == 'say "x", y'
    assert rows[3] == [""] * 6
    assert rows[4][4] == "a\nb\tc\rd ]]>"


def test_csv_tells_an_empty_string_from_a_missing_one(stream_of):
    document = b"".join(
        csv_writer.write(stream_of((Field("a", "char", "*"),) * 2, [["", None]] * 2))
    )
    assert document == b'a,a\r\n"",""\r\n,\r\n'


@pytest.mark.parametrize(
    ("limit", "rows", "overflow"), [(4, 4, False), (3, 3, True), (0, 0, True), (9, 4, False)]
)
def test_overflow_is_told_exactly_at_the_border(limit, rows, overflow, stream_of, read_votable):
    stream = stream_of(FIELDS, ROWS, size=2, limit=limit)
    resource = read_votable(b"".join(binary2.write(stream))).resources[0]
    statuses = [i.value for i in resource.infos if i.name == "QUERY_STATUS"]
    assert len(resource.tables[0].array) == rows
    assert statuses == (["OK", "OVERFLOW"] if overflow else ["OK"])


def test_infos_are_written_before_the_table(stream_of, read_votable):
    stream = stream_of(FIELDS, ROWS, infos=(Info("QUERY", "SELECT 1 < 2", "as asked"),))
    infos = read_votable(b"".join(tabledata.write(stream))).resources[0].infos
    assert [(i.name, i.value, i.content) for i in infos] == [
        ("QUERY_STATUS", "OK", None),
        ("QUERY", "SELECT 1 < 2", "as asked"),
    ]


def failing(rows_before):
    """Batches that fail after some rows."""
    if rows_before:
        yield pa.record_batch([pa.array(range(rows_before))], names=["a"])
    raise DaliError("the disk is <full>")


@pytest.mark.parametrize("write", VOTABLE_WRITERS.values())
def test_a_late_failure_ends_a_well_formed_votable_with_an_error(write, read_votable):
    stream = TableStream((Field("a", "long"),), failing(5))
    resource = read_votable(b"".join(write(stream))).resources[0]
    assert [(i.name, i.value, i.content) for i in resource.infos] == [
        ("QUERY_STATUS", "OK", None),
        ("QUERY_STATUS", "ERROR", "the disk is <full>"),
    ]
    assert len(resource.tables[0].array) == 5


@pytest.mark.parametrize("write", [*VOTABLE_WRITERS.values(), csv_writer.write])
def test_a_failure_before_the_first_row_begins_no_document(write):
    stream = TableStream((Field("a", "long"),), failing(0))
    with pytest.raises(DaliError, match="full"):
        next(write(stream))


@pytest.mark.parametrize("write", VOTABLE_WRITERS.values())
def test_an_empty_table_has_its_fields(write, stream_of, read_votable):
    table = read_votable(b"".join(write(stream_of(FIELDS, [[]] * 12)))).get_first_table()
    assert len(table.fields) == 12
    assert len(table.array) == 0


def test_an_error_document_holds_its_message(read_votable):
    message = 'unknown column "x\x01y" in <ivoa.obscore> & more'
    info = read_votable(error_document(message)).resources[0].infos[0]
    assert (info.name, info.value) == ("QUERY_STATUS", "ERROR")
    assert info.content == message.replace("\x01", "\ufffd")


def test_a_value_that_does_not_fit_its_declared_type_is_a_fault():
    batch = pa.record_batch([pa.array([2**40])], names=["a"])
    with pytest.raises(ColumnError, match="column a is no int"):
        list(binary2.write(TableStream((Field("a", "int"),), iter([batch]))))


def test_numeric_sums_and_timestamps_are_written_as_declared():
    times = pa.array([0, 1_500_000], pa.timestamp("us", "UTC"))
    numbers = pa.array(["12", "13"])
    batch = pa.record_batch([times, numbers], names=["t", "n"])
    fields = (Field("t", "char", "*", xtype="timestamp"), Field("n", "long"))
    document = b"".join(csv_writer.write(TableStream(fields, iter([batch])))).decode()
    assert document.split("\r\n")[1:3] == ['"1970-01-01T00:00:00",12', '"1970-01-01T00:00:01.5",13']


def test_a_region_is_written_as_stc_s():
    corners = pa.array([[1.0, 2.5, 3.0, 4.0, 5.0, -6.0], None])
    batch = pa.record_batch([corners], names=["r"])
    fields = (Field("s_region", "char", "*", xtype="adql:REGION"),)
    document = b"".join(csv_writer.write(TableStream(fields, iter([batch]))))
    assert document == b's_region\r\n"Polygon ICRS 1 2.5 3 4 5 -6"\r\n\r\n'


PACKED = [
    b"{(1.45961885344286 , 0.384146968363952),(6.2831 , -1.5),(0 , 1e-05)}",
    None,
    b"{(0.1 , 0.2),(0.3 , 0.4),(0.5 , 0.6),(0.7 , 0.8)}",
]


@pytest.mark.parametrize("part", [slice(0, 3), slice(1, 3), slice(1, 2), slice(0, 0)])
def test_a_polygon_in_radians_is_written_in_degrees(part):
    packed = pa.array(PACKED, pa.binary())[part]
    field = Field("r", "double", "*", xtype="polygon")
    written = as_declared(field, packed).to_pylist()
    for degrees, text in zip(written, PACKED[part], strict=True):
        if text is None:
            assert degrees is None
            continue
        radians = [float(number) for number in re.findall(rb"[-\d.e]+", text)]
        assert degrees == pytest.approx(list(map(math.degrees, radians)), abs=1e-11, rel=0)
    if part.start == 0 and written:
        assert written[0][:2] == [83.63, 22.01]
    region = as_declared(Field("r", "char", "*", xtype="adql:REGION"), packed).to_pylist()
    assert [text and [float(word) for word in text.split()[2:]] for text in region] == written


@pytest.mark.parametrize("field", [Field("r", "char", "*"), Field("r", "char", "*", xtype="uri")])
def test_bytes_are_no_text(field):
    with pytest.raises(ColumnError, match="column r is no polygon"):
        as_declared(field, pa.array([b"a"]))


def test_positions_and_times_refer_to_what_they_are_counted_from(stream_of, read_votable):
    icrs = SpaceSystem("ICRS")
    utc = TimeSystem("UTC", "MJD-origin", "TOPOCENTER")
    fields = (
        Field("ra", "double", system=icrs),
        Field("t", "double", system=utc),
        Field("dec", "double", system=icrs),
        Field("n", "long"),
    )
    for document in (
        b"".join(binary2.write(stream_of(fields, [[1.0]] * 3 + [[1]]))),
        description(stream_of(fields, [[]] * 4)),
    ):
        resource = read_votable(document).resources[0]
        (space,) = resource.coordinate_systems
        (time,) = resource.time_systems
        assert space.system == "ICRS"
        assert (time.timescale, time.refposition) == ("UTC", "TOPOCENTER")
        assert time.timeorigin == "MJD-origin"
        refs = [field.ref for field in resource.tables[0].fields]
        assert refs == [space.ID, time.ID, space.ID, None]
