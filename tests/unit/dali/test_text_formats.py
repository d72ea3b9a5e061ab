"""TSV, JSON, HTML and plain text: what is written is read back by Python's own readers."""

import csv
import io
import json
import math

import lxml.html
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adql.schema import SpaceSystem
from dali.errors import DaliError
from dali.fields import Field
from dali.tables import Info, TableStream
from dali.writers import csv as csv_writer
from dali.writers import html, plain, tsv
from dali.writers import json as json_writer

A = Field("a", "long")
TOLD_AT_THE_END = [json_writer.write, html.write, plain.write]
any_table = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


def written(write, stream):
    return b"".join(write(stream)).decode()


def from_text(field, text):
    """A cell of CSV or TSV as a value; an empty string and NULL look alike to Python's reader."""
    if field.is_string:
        return text
    if field.is_array:
        return [float(word) for word in text.split()]
    if text == "":
        return None
    if field.datatype == "boolean":
        return {"true": True, "false": False}[text]
    return float(text) if field.datatype in ("float", "double") else int(text)


def same(field, found, wanted):
    if wanted is None:
        return found in (None, "", [])
    if field.is_array:
        pairs = zip(found, wanted, strict=True)
        return all(f == w or (math.isnan(f) and math.isnan(w)) for f, w in pairs)
    if isinstance(wanted, float) and math.isnan(wanted):
        return math.isnan(found)
    if field.datatype == "float":
        return np.float32(found) == np.float32(wanted)
    return found == wanted


@pytest.mark.parametrize(
    ("write", "dialect"),
    [(tsv.write, {"delimiter": "\t", "lineterminator": "\n"}), (csv_writer.write, {})],
)
@any_table
@given(data=st.data())
def test_any_table_of_separated_values_is_read_back_equal(write, dialect, data, tables, stream_of):
    fields, columns = data.draw(tables)
    text = written(write, stream_of(fields, columns))
    names, *rows = csv.reader(io.StringIO(text, newline=""), **dialect)
    assert names == [field.name for field in fields]
    # Python's reader gives an empty line, a row of one NULL, as no cells
    rows = [row or [""] for row in rows]
    assert len(rows) == len(columns[0])
    for place, (field, values) in enumerate(zip(fields, columns, strict=True)):
        for row, wanted in zip(rows, values, strict=True):
            assert same(field, from_text(field, row[place]), wanted)


def test_tsv_quotes_only_what_needs_it_and_tells_an_empty_string_from_a_missing_one(stream_of):
    values = ["", None, "plain, text", "a\tb", 'say "x"', "two\nlines"]
    stream = stream_of((Field("x\ty", "char", "*"), A), [values, [1, 2, 3, 4, 5, None]])
    assert written(tsv.write, stream) == (
        '"x\ty"\ta\n""\t1\n\t2\nplain, text\t3\n"a\tb"\t4\n"say ""x"""\t5\n"two\nlines"\t\n'
    )


WORDS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def from_json(field, cell):
    if cell is None or field.is_string:
        return cell
    if field.is_array:
        return [WORDS.get(element, element) for element in cell]
    return WORDS.get(cell, cell)


@any_table
@given(data=st.data())
def test_any_table_in_json_is_read_back_equal_and_tells_null_from_everything(
    data, tables, stream_of
):
    fields, columns = data.draw(tables)
    document = json.loads(
        written(json_writer.write, stream_of(fields, columns)),
        parse_constant=lambda word: pytest.fail(f"{word} is no JSON"),
    )
    assert document["status"] == {"value": "OK", "text": ""}
    assert len(document["data"]) == len(columns[0])
    for place, (field, values) in enumerate(zip(fields, columns, strict=True)):
        for row, wanted in zip(document["data"], values, strict=True):
            cell = row[place]
            assert (cell is None) == (wanted is None)
            assert same(field, from_json(field, cell), wanted)


def test_json_describes_its_columns_and_repeats_the_infos(stream_of):
    field = Field(
        "ra",
        "double",
        None,
        None,
        "deg",
        "pos.eq.ra",
        "x:y.z",
        'A "right" <one>',
        SpaceSystem("ICRS"),
    )
    stream = stream_of((field, A), [[1.5], [2]], infos=(Info("QUERY", 'SELECT "ra"', "é"),))
    document = json.loads(written(json_writer.write, stream))
    assert document["info"] == [{"name": "QUERY", "value": 'SELECT "ra"', "text": "é"}]
    assert document["metadata"] == [
        {
            "name": "ra",
            "datatype": "double",
            "unit": "deg",
            "ucd": "pos.eq.ra",
            "utype": "x:y.z",
            "description": 'A "right" <one>',
            "system": {"frame": "ICRS"},
        },
        {"name": "a", "datatype": "long"},
    ]


NASTY = ["<script>alert('x')</script>", 'a & b "c"', "</td>", "&lt;", "Γ-ray é 𝛾"]


def test_html_shows_every_value_and_makes_no_markup_of_it(stream_of):
    fields = (Field("<b>name", "unicodeChar", "*", unit="a<b", description="<i>what"), A)
    infos = (Info("QUERY", "SELECT 1 <script>"),)
    page = written(html.write, stream_of(fields, [NASTY, [1, None, 3, 4, 5]], infos=infos))
    tree = lxml.html.document_fromstring(page)
    assert [cell.text_content() for cell in tree.iterfind(".//td[1]")] == NASTY
    assert [cell.text_content() for cell in tree.iterfind(".//td[2]")] == ["1", "", "3", "4", "5"]
    assert [cell.text_content() for cell in tree.iterfind(".//th")][::2] == [
        "<b>name",
        "a<b",
        "<i>what",
    ]
    assert tree.findtext(".//code") == "SELECT 1 <script>"
    assert not tree.findall(".//script")
    assert "Status: OK" in page


def test_plain_text_is_aligned_by_the_first_batch_and_escapes_line_breaks(stream_of):
    fields = (Field("name", "char", "*"), Field("ra", "double", unit="deg"))
    columns = [
        ["Crab", "two\nlines", None, "a name that is longer\\"],
        [83.5, math.nan, None, -1.0],
    ]
    assert written(plain.write, stream_of(fields, columns)).splitlines() == [
        "name       | ra",
        "           | deg",
        "-----------+-----",
        "Crab       | 83.5",
        "two\\nlines |  NaN",
        "           |     ",
        "a name that is longer\\\\ |   -1",
        "OK",
    ]


def failing(rows_before):
    if rows_before:
        yield pa.record_batch([pa.array(range(rows_before))], names=["a"])
    raise DaliError("the disk is <full>")


@pytest.mark.parametrize("write", [tsv.write, *TOLD_AT_THE_END])
def test_a_failure_before_the_first_row_begins_no_document(write):
    with pytest.raises(DaliError, match="full"):
        next(write(TableStream((A,), failing(0))))


@pytest.mark.parametrize("write", [tsv.write, csv_writer.write])
def test_a_late_failure_is_raised_where_there_is_no_place_to_tell_it(write):
    with pytest.raises(DaliError, match="full"):
        list(write(TableStream((A,), failing(5))))


@pytest.mark.parametrize("write", TOLD_AT_THE_END)
def test_a_late_failure_and_an_overflow_are_told_at_the_end(write, stream_of):
    failed = written(write, TableStream((A,), failing(5)))
    assert "ERROR" in failed
    assert "the disk is" in failed
    cut = written(write, stream_of((A,), [[1, 2, 3, 4]], limit=2))
    assert "OVERFLOW" in cut
    assert "cut after 2 rows" in cut
    if write is json_writer.write:
        assert json.loads(failed)["status"] == {"value": "ERROR", "text": "the disk is <full>"}
        assert json.loads(cut)["data"] == [[1], [2]]
    assert "OVERFLOW" not in written(write, stream_of((A,), [[1, 2, 3, 4]], limit=4))
    assert "OVERFLOW" in written(write, stream_of((A,), [[1]], limit=0))
