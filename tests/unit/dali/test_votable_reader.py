"""Reading VOTables from anybody: a table or an error in words, whatever is sent."""

import base64
import io

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dali.fields import Field
from dali.tables import TableStream
from dali.votable_reader import TableError, read
from dali.writers import binary, binary2, tabledata

FIELDS = (
    Field("i", "int", ucd="meta.id"),
    Field("x", "double", unit="deg"),
    Field("s", "unicodeChar", "*"),
    Field("v", "short", "*"),
)
BATCH = pa.record_batch(
    [
        pa.array([1, None, 3], pa.int32()),
        pa.array([1.5, None, -2.0]),
        pa.array(["a", "β", None]),
        pa.array([[1, 2], None, [3]], pa.list_(pa.int16())),
    ],
    names=["1", "2", "3", "4"],
)
DOCUMENTS = [
    b"".join(writer.write(TableStream(FIELDS, [BATCH]))) for writer in (tabledata, binary, binary2)
]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_what_the_writers_write_is_read_as_it_was(document):
    table = read(io.BytesIO(document), 3)
    assert [(f.name, f.datatype, f.arraysize, f.unit, f.ucd) for f in table.fields] == [
        (f.name, f.datatype, f.arraysize, f.unit, f.ucd) for f in FIELDS
    ]
    assert [c.to_pylist() for c in table.columns] == [c.to_pylist() for c in BATCH.columns]
    assert table.row_count == 3


@pytest.mark.parametrize("document", DOCUMENTS)
def test_more_rows_than_the_limit_are_refused(document):
    with pytest.raises(TableError, match="more than 2 rows") as caught:
        read(io.BytesIO(document), 2)
    assert caught.value.status == 413


def stream(count):
    """One byte per row."""
    data = base64.encodebytes(b"\1" * count)
    return (
        b'<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3"><RESOURCE><TABLE>'
        b'<FIELD name="b" datatype="unsignedByte"/><DATA><BINARY><STREAM encoding="base64">'
        + data
        + b"</STREAM></BINARY></DATA></TABLE></RESOURCE></VOTABLE>"
    )


@pytest.mark.parametrize("count", [0, 1, 999, 1000])
def test_a_stream_of_rows_within_the_limit_is_read(count):
    assert read(io.BytesIO(stream(count)), 1000).row_count == count


@pytest.mark.parametrize("count", [1001, 1004, 1_000_000])
def test_a_stream_of_too_many_rows_is_refused_before_they_are_read(count):
    with pytest.raises(TableError, match="more than 1000 rows"):
        read(io.BytesIO(stream(count)), 1000)


def test_entities_within_entities_are_refused_or_bounded():
    entities = b"".join(b'<!ENTITY e%d "%s">' % (n, b"&e%d;" % (n - 1) * 10) for n in range(1, 12))
    bomb = b'<!DOCTYPE v [<!ENTITY e0 "0123456789">' + entities + b"]><VOTABLE>&e11;</VOTABLE>"
    with pytest.raises(TableError):
        read(io.BytesIO(bomb), 10)


def test_an_entity_from_a_file_is_not_read(tmp_path):
    (tmp_path / "secret").write_text("password")
    outside = f'<!DOCTYPE v [<!ENTITY e SYSTEM "file://{tmp_path}/secret">]>'.encode()
    document = DOCUMENTS[0].replace(b"?>", b"?>" + outside, 1).replace(b">a<", b">&e;<", 1)
    try:
        table = read(io.BytesIO(document), 10)
    except TableError:
        return
    assert "password" not in str(table.columns)


def test_a_table_is_found_among_others_and_below_nested_resources():
    inner = DOCUMENTS[0][DOCUMENTS[0].index(b"<RESOURCE") : DOCUMENTS[0].rindex(b"</VOTABLE>")]
    head = DOCUMENTS[0][: DOCUMENTS[0].index(b"<RESOURCE")]
    nested = head + b'<RESOURCE type="meta">' + inner + inner + b"</RESOURCE></VOTABLE>"
    assert read(io.BytesIO(nested), 10).row_count == 3


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_damaged_document_is_a_table_or_an_error_in_words(data):
    document = bytearray(data.draw(st.sampled_from(DOCUMENTS)))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(document) - 1))
        cut = data.draw(st.integers(0, 30))
        document[place : place + cut] = data.draw(st.binary(max_size=10))
    try:
        table = read(io.BytesIO(bytes(document)), 1000)
    except TableError:
        return
    assert len(table.fields) == len(table.columns)
