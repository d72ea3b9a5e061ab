"""FITS, Parquet and Arrow: what is written is read back equal by astropy and by pyarrow."""

import contextlib
import io
import math
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.io import fits
from astropy.io.votable import parse
from astropy.table import Table
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adql.schema import SpaceSystem
from dali.columns import arrow_type
from dali.errors import DaliError
from dali.fields import Field
from dali.tables import Info, TableStream
from dali.writers import arrow, parquet
from dali.writers import fits as fits_writer

A = Field("a", "long")
any_table = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
RA = Field("ra", "double", None, None, "deg", "pos.eq.ra", "a:b.c", "Right", SpaceSystem("ICRS"))


def written(write, stream):
    return b"".join(write(stream))


def read_parquet(document):
    return pq.read_table(io.BytesIO(document))


def read_arrow(document):
    return pa.ipc.open_stream(document).read_all()


@pytest.mark.parametrize(
    ("write", "read"), [(parquet.write, read_parquet), (arrow.write, read_arrow)]
)
@any_table
@given(data=st.data())
def test_any_table_is_read_back_by_arrow_as_it_was(write, read, data, tables, stream_of):
    fields, columns = data.draw(tables)
    table = read(written(write, stream_of(fields, columns)))
    assert table.column_names == [field.name for field in fields]
    for field, values in zip(fields, columns, strict=True):
        found = table.column(field.name)
        assert found.type.equals(arrow_type(field))
        # NaN isn't equal to itself, but its text is
        assert str(found.to_pylist()) == str(pa.array(values, arrow_type(field)).to_pylist())


def same_in_fits(field, found, wanted):
    if field.is_string:
        text = found.decode() if isinstance(found, bytes) else found
        # FITS ends a string at a zero byte; astropy drops white space at its end
        return text.rstrip(" \t\n\r\v\f") == (wanted or "").rstrip(" \t\n\r\v\f")
    if field.is_array:
        missing = [math.nan] * len(found)
        return np.array_equal(found, missing if wanted is None else wanted, equal_nan=True)
    if field.datatype == "boolean":
        return found == {True: b"T", False: b"F", None: b""}[wanted]
    if wanted is None:
        return math.isnan(found)
    return found == wanted or (math.isnan(wanted) and math.isnan(found))


@any_table
@given(data=st.data())
def test_any_table_in_fits_is_read_back_equal(data, tables, stream_of):
    fields, columns = data.draw(tables)
    document = written(fits_writer.write, stream_of(fields, columns))
    assert len(document) % 2880 == 0
    with fits.open(io.BytesIO(document), logical_as_bytes=True, character_as_bytes=True) as hdus:
        hdus.verify("exception")
        table = hdus[1]
        assert table.columns.names == [field.name for field in fields]
        assert table.header["NAXIS2"] == len(columns[0])
        for number, (field, values) in enumerate(zip(fields, columns, strict=True), 1):
            null = table.header.get(f"TNULL{number}")
            assert (null is None) or (null not in values)
            for found, wanted in zip(table.data[field.name], values, strict=True):
                if wanted is None and null is not None:
                    assert found == null
                else:
                    assert same_in_fits(field, found, wanted), (field, found, wanted)


def test_fits_finds_a_number_for_null_that_no_row_has_or_says_that_there_is_none(stream_of):
    tiny = Field("tiny", "unsignedByte")
    numbers = [n for n in range(256) if n != 77]
    document = written(fits_writer.write, stream_of((tiny,), [[*numbers, None]], size=100))
    table = Table.read(io.BytesIO(document), format="fits")
    assert table["tiny"].tolist() == [*numbers, None]
    with pytest.raises(DaliError, match="column tiny holds so many numbers"):
        next(fits_writer.write(stream_of((tiny,), [[*range(256), None]])))


def test_astropy_reads_fits_with_unicode_nulls_and_what_the_columns_mean(stream_of):
    fields = (RA, Field("name", "unicodeChar", "*"), A)
    stream = stream_of(
        fields,
        [[1.5, None], ["Γ-ray 𝛾", None], [2**63 - 1, None]],
        infos=(Info("QUERY", "SELECT " + "x" * 200),),
        limit=9,
    )
    document = written(fits_writer.write, stream)
    table = Table.read(io.BytesIO(document), format="fits")
    assert table["ra"].unit == "deg"
    assert table["name"].tolist() == ["Γ-ray 𝛾", ""]
    assert table["a"].tolist() == [2**63 - 1, None]
    header = fits.getheader(io.BytesIO(document), 1)
    assert (header["TUCD1"], header["TUTYP1"], header["TCOMM1"]) == ("pos.eq.ra", "a:b.c", "Right")
    assert (header["RADESYS"], header["QSTATUS"], header["MAXREC"]) == ("ICRS", "OK", 9)
    assert header["QUERY"] == "SELECT " + "x" * 200


def failing(rows_before):
    if rows_before:
        yield pa.record_batch([pa.array(range(rows_before))], names=["a"])
    raise DaliError("the disk is full")


@pytest.mark.parametrize(
    ("write", "rows"),
    [(parquet.write, 0), (arrow.write, 0), (fits_writer.write, 0), (fits_writer.write, 5)],
)
def test_a_failure_before_the_first_byte_begins_no_document(write, rows):
    with pytest.raises(DaliError, match="full"):
        next(write(TableStream((A,), failing(rows))))


@pytest.mark.parametrize(
    ("write", "read"), [(parquet.write, read_parquet), (arrow.write, read_arrow)]
)
def test_a_late_failure_is_raised_and_what_was_sent_is_no_whole_document(write, read):
    sent = []
    with pytest.raises(DaliError, match="full"):
        sent.extend(write(TableStream((A,), failing(5))))
    if write is arrow.write:
        assert not b"".join(sent).endswith(b"\xff\xff\xff\xff\0\0\0\0")
    else:
        with pytest.raises(pa.ArrowInvalid):
            read(b"".join(sent))


@pytest.mark.parametrize(("limit", "is_cut"), [(2, True), (4, False), (0, True)])
def test_an_overflow_is_told_in_each_format_s_metadata(limit, is_cut, stream_of):
    def stream():
        return stream_of((A,), [[1, 2, 3, 4]], limit=limit)

    header = fits.getheader(io.BytesIO(written(fits_writer.write, stream())), 1)
    assert header["NAXIS2"] == min(limit, 4)
    assert header["QSTATUS"] == ("OVERFLOW" if is_cut else "OK")
    metadata = read_parquet(written(parquet.write, stream())).schema.metadata
    infos = parse(io.BytesIO(metadata[parquet.CONTENT.encode()])).resources[0].infos
    assert [info.value for info in infos] == (["OK", "OVERFLOW"] if is_cut else ["OK"])
    reader = pa.ipc.open_stream(written(arrow.write, stream()))
    told = []
    while True:
        try:
            told.append(reader.read_next_batch_with_custom_metadata()[1])
        except StopIteration:
            break
    last = told[-1] if told else None
    assert (last is not None and last[b"QUERY_STATUS"] == b"OVERFLOW") == is_cut


def test_arrow_carries_what_its_columns_mean(stream_of):
    schema = read_arrow(written(arrow.write, stream_of((RA, A), [[1.5], [2]]))).schema
    assert schema.field("ra").metadata == {
        b"datatype": b"double",
        b"unit": b"deg",
        b"ucd": b"pos.eq.ra",
        b"utype": b"a:b.c",
        b"description": b"Right",
    }
    document = parse(io.BytesIO(schema.metadata[arrow.CONTENT.encode()]))
    assert document.get_first_table().fields[0].ucd == "pos.eq.ra"


@pytest.mark.filterwarnings("ignore::astropy.utils.exceptions.AstropyUserWarning")
def test_astropy_reads_parquet_with_units_and_meanings(stream_of, tmp_path, monkeypatch):
    # astropy's reader asks for pandas, which it doesn't use
    monkeypatch.setattr("astropy.io.misc.parquet.HAS_PANDAS", True)
    path = tmp_path / "result.parquet"
    fields = (RA, Field("name", "unicodeChar", "*"), A, Field("region", "double", "*"))
    columns = [[1.5, math.nan], ["Γ-ray", "a"], [2**63 - 1, -(2**63)], [[1.0, 2.0], [3.0]]]
    path.write_bytes(written(parquet.write, stream_of(fields, columns)))
    table = Table.read(path, format="parquet.votable")
    assert table.colnames == ["ra", "name", "a", "region"]
    assert (table["ra"].unit, table["ra"].description) == ("deg", "Right")
    assert table["ra"].meta["ucd"] == "pos.eq.ra"
    assert table["name"].tolist() == ["Γ-ray", "a"]
    assert table["a"].tolist() == columns[2]
    assert [list(cell) for cell in table["region"]] == columns[3]


def test_row_groups_grow_beyond_the_first_batch(stream_of):
    rows = list(range(5000))
    document = written(parquet.write, stream_of((A,), [rows], size=100))
    file = pq.ParquetFile(io.BytesIO(document))
    sizes = [file.metadata.row_group(n).num_rows for n in range(file.num_row_groups)]
    assert sizes == [100, 4900]


def open_files(folder):
    """Files that this process has open below a folder."""
    links = []
    for entry in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            links.append(str(entry.readlink()))
    return [link for link in links if link.startswith(str(folder))]


def test_fits_spools_to_a_file_that_goes_with_the_stream(stream_of, monkeypatch, tmp_path):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    pieces = fits_writer.write(stream_of((A,), [[1, 2, 3, 4]], size=1))
    next(pieces)
    assert len(open_files(tmp_path)) == 1
    assert list(tmp_path.iterdir()) == []
    pieces.close()
    assert open_files(tmp_path) == []
