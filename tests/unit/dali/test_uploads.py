"""The parameter UPLOAD, in the forms that clients send."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dali.errors import ParameterError
from dali.parameters import Parameters
from dali.uploads import references


def read(*values):
    return [(r.name, r.uri, r.part) for r in references(Parameters(("UPLOAD", v) for v in values))]


def test_a_part_of_the_request_is_told_from_an_address():
    assert read("a,param:one", "b,http://x.org/t.vot") == [
        ("a", "param:one", "one"),
        ("b", "http://x.org/t.vot", None),
    ]


def test_pairs_may_stand_in_one_value_as_in_tap_1_0():
    assert read("a,param:one;b,http://x.org/t;") == [
        ("a", "param:one", "one"),
        ("b", "http://x.org/t", None),
    ]


def test_a_semicolon_in_an_address_separates_nothing():
    assert [uri for _, uri, _ in read("a,http://x.org/t;session=1,2?q=a;b=c")] == [
        "http://x.org/t;session=1,2?q=a;b=c"
    ]


def test_blanks_around_the_words_and_empty_values_mean_nothing():
    assert read(" a , param:one ", "", "  ") == [("a", "param:one", "one")]


@pytest.mark.parametrize("name", ["", "1a", "a.b", "a b", '"a"', "ä", "a-b", "a" * 65])
def test_a_name_that_is_no_regular_identifier_is_refused(name):
    with pytest.raises(ParameterError, match="can't be a table's name"):
        read(f"{name},param:x")


def test_names_that_differ_in_case_only_are_the_same():
    with pytest.raises(ParameterError, match="two tables are named 'STARS'"):
        read("stars,param:a", "STARS,param:b")


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text):
    try:
        found = read(text)
    except ParameterError:
        return
    assert all(name.isascii() and uri for name, uri, _ in found)
