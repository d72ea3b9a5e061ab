"""Which format a request gets."""

import pytest

from dali.errors import ParameterError
from dali.formats import BINARY, BINARY2, CSV, FORMATS, HTML, JSON, TABLEDATA, TSV, table_format
from dali.parameters import Parameters


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("votable", BINARY2),
        ("votable/b2", BINARY2),
        ("VOTable/TD", TABLEDATA),
        ("application/x-votable+xml", BINARY2),
        ('application/x-votable+xml; serialization="binary2"', BINARY2),
        ("application/x-votable+xml;serialization=TABLEDATA", TABLEDATA),
        ("text/xml", BINARY2),
        ("csv", CSV),
        ("text/csv;header=present", CSV),
        ("text/csv; charset=utf-8; header=present", CSV),
        ("votable/b", BINARY),
        ("text/tab-separated-values", TSV),
        ("application/json", JSON),
        ("text/html", HTML),
        ("", BINARY2),
    ],
)
@pytest.mark.parametrize("name", ["FORMAT", "responseFormat"])
def test_a_format_is_asked_for_by_alias_or_media_type(name, asked, given):
    assert table_format(Parameters([(name, asked)])).write is given.write


def test_without_a_wish_the_default_is_given():
    assert table_format(Parameters()) is FORMATS[0]


def test_responseformat_comes_before_format():
    both = Parameters([("FORMAT", "csv"), ("RESPONSEFORMAT", "votable/td")])
    assert table_format(both).write is TABLEDATA.write


@pytest.mark.parametrize("asked", ["text/htm", "votable/xyz", "text/csv;header=absent", "*/*"])
def test_an_unknown_format_is_refused_with_those_that_there_are(asked):
    with pytest.raises(ParameterError, match="votable/b2, votable/b, votable/td, csv"):
        table_format(Parameters([("FORMAT", asked)]))


def test_a_repeated_format_is_refused():
    with pytest.raises(ParameterError, match="given 2 times"):
        table_format(Parameters([("FORMAT", "csv"), ("format", "votable")]))
