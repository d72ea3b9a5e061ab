"""Uploaded tables are read within limits, whatever they say of themselves."""

import io
import time

import pyarrow as pa
import pytest

from dali.errors import DaliError
from dali.fields import Field
from dali.tables import TableStream
from dali.writers import binary2, tabledata
from tap import reading, uploaded_tables
from tap.reading import ReadingLimits, read

PLENTY = ReadingLimits(500_000, 1_000_000_000, 60)
SOME = ReadingLimits(500_000, 100_000_000, 60)
ROWS = 300
FIELDS = (
    Field("id", "long", ucd="meta.id;meta.main", description="Eine Zähl<ung>"),
    Field("ra", "double", unit="deg", ucd="pos.eq.ra;meta.main"),
    Field("dec", "double", unit="deg", ucd="pos.eq.dec;meta.main"),
    Field("Name", "unicodeChar", "*"),
    Field("p", "double", "2", xtype="point"),
    Field("t", "char", "*", xtype="timestamp"),
    Field("v", "short", "*"),
)


@pytest.fixture
def apart(monkeypatch):
    """No document is small enough to be read at once."""
    monkeypatch.setattr(reading, "_SMALL_DOCUMENT", 0)


def sources(writer=tabledata):
    """A document with columns of many types."""
    numbers = range(ROWS)
    batch = pa.record_batch(
        [
            pa.array(numbers, pa.int64()),
            pa.array([n / 100 for n in numbers]),
            pa.array([n / 1000 for n in numbers]),
            pa.array([None if n == 7 else f"Ω{n}" * 20 for n in numbers]),
            pa.array([[n / 100, 5.0] for n in numbers], pa.list_(pa.float64())),
            pa.array(["2003-02-15T12:30:01.250"] * ROWS),
            pa.array([[n % 100] * (n % 3) for n in numbers], pa.list_(pa.int16())),
        ],
        names=[str(n) for n in range(len(FIELDS))],
    )
    return io.BytesIO(b"".join(writer.write(TableStream(FIELDS, [batch]))))


def document(rows, *fields, before="", after=""):
    declared = "".join(f"<FIELD {field}/>" for field in fields)
    text = (
        f"<VOTABLE>{before}<RESOURCE><TABLE>{declared}<DATA><TABLEDATA>{rows}</TABLEDATA></DATA>"
        f"</TABLE>{after}</RESOURCE></VOTABLE>"
    )
    return io.BytesIO(text.encode())


@pytest.mark.parametrize("writer", [tabledata, binary2])
def test_a_large_table_is_read_apart_and_is_the_same(writer, apart, monkeypatch):
    sent = sources(writer)
    here = uploaded_tables.read("mine", 3, sent, 500_000)
    monkeypatch.setattr(uploaded_tables, "read", None)
    sent.seek(0)
    assert read("mine", 3, sent, PLENTY) == here
    assert here.rows.num_rows == ROWS


def test_a_small_table_is_read_at_once(monkeypatch):
    monkeypatch.setattr(reading, "_read_apart", None)
    found = read("mine", 1, document("<TR><TD>4</TD></TR>", 'name="a" datatype="int"'), PLENTY)
    assert found.rows.to_pydict() == {"a": [4]}


@pytest.mark.parametrize(
    "bomb",
    [
        pytest.param(
            document("<TR><TD/></TR>" * 990, 'name="a" datatype="double" arraysize="1000000"'),
            id="rows of huge empty cells",
        ),
        pytest.param(
            document("<TR><TD/></TR>" * 990, 'name="a" datatype="char" arraysize="1000000"'),
            id="rows of huge empty texts",
        ),
        pytest.param(
            document("", 'name="a" datatype="int"', before='<INFO name="a" value="b"/>' * 80_000),
            id="elements beside the table",
        ),
        pytest.param(
            document("", 'name="a" datatype="int"', after='<INFO name="a" value="b"/>' * 80_000),
            id="elements after the table",
        ),
    ],
)
def test_a_document_that_grows_in_memory_is_refused_soon(bomb):
    begin = time.monotonic()
    with pytest.raises(DaliError, match="too much memory") as caught:
        read("mine", 1, bomb, SOME)
    assert caught.value.status == 413
    assert time.monotonic() - begin < 20


def test_what_is_read_apart_is_refused_in_the_same_words(apart):
    sent = sources()
    text = sent.getvalue().replace(b"<TD>299</TD>", b"<TD>many</TD>", 1)
    with pytest.raises(DaliError) as there:
        read("mine", 1, io.BytesIO(text), PLENTY)
    with pytest.raises(DaliError) as here:
        uploaded_tables.read("mine", 1, io.BytesIO(text), 500_000)
    assert (there.value.message, there.value.status) == (here.value.message, here.value.status)


def test_more_rows_than_the_limit_are_refused_apart_too(apart):
    with pytest.raises(DaliError, match="more than 100 rows") as caught:
        read("mine", 1, sources(), ReadingLimits(100, 1_000_000_000, 60))
    assert caught.value.status == 413


def test_reading_ends_when_its_time_is_over(apart):
    with pytest.raises(DaliError, match=r"longer than the limit of 0\.1 s") as caught:
        read("mine", 1, sources(), ReadingLimits(500_000, 1_000_000_000, 0.1))
    assert caught.value.status == 413


def test_a_process_that_runs_out_of_memory_harms_nobody():
    # more than is foreseen, so that the process itself finds no room
    cell = document(
        f"<TR><TD>{'x' * 40_000_000}</TD></TR>", 'name="a" datatype="char" arraysize="*"'
    )
    with pytest.raises(DaliError, match="too much memory") as caught:
        read("mine", 1, cell, ReadingLimits(500_000, 50_000_000, 60))
    assert caught.value.status == 413


def test_without_any_memory_left_nothing_is_read():
    with pytest.raises(DaliError, match="too much memory"):
        read("mine", 1, document("", 'name="a" datatype="int"'), ReadingLimits(5, 0, 60))
