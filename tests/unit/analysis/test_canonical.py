"""The canonical form: one text for one meaning."""

import math
import unicodedata
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.canonical import canonical_text, digest, plain

finite = st.floats(allow_nan=False, allow_infinity=False)
plain_values = st.recursive(
    st.none() | st.booleans() | st.integers() | finite | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(codec="ascii")), inner),
    max_leaves=20,
)


def _same_meaning(one: object, other: object) -> bool:
    """Written without the code under test: Python's equality, but True is no number."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, str) and isinstance(other, str):
        return unicodedata.normalize("NFC", one) == unicodedata.normalize("NFC", other)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same_meaning, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same_meaning(one[k], other[k]) for k in one)
    return one == other


@given(st.dictionaries(st.text(st.characters(codec="ascii")), plain_values))
def test_the_order_of_names_does_not_matter(mapping: dict[str, object]) -> None:
    assert digest(mapping) == digest(dict(reversed(mapping.items())))


@given(finite | st.integers(min_value=-(2**1000), max_value=2**1000).map(float))
def test_a_number_is_the_same_however_it_is_written(number: float) -> None:
    spellings: list[object] = [number, np.float64(number), float(repr(number)), f"{number:.17g}"]
    spellings[-1] = float(str(spellings[-1]))
    if number.is_integer():
        spellings += [int(number), Fraction(int(number))]
    assert len({canonical_text(spelling) for spelling in spellings}) == 1


@given(st.integers(), st.integers())
def test_whole_numbers_of_any_size_stay_apart(one: int, other: int) -> None:
    assert (canonical_text(one) == canonical_text(other)) == (one == other)


def test_beyond_the_exact_doubles_neighbours_stay_apart() -> None:
    assert canonical_text(2**53) == canonical_text(2.0**53)
    assert canonical_text(2**53 + 1) != canonical_text(2**53)
    assert canonical_text(10**300) != canonical_text(1e300)


@given(plain_values, plain_values)
def test_texts_are_equal_if_and_only_if_meanings_are(one: object, other: object) -> None:
    assert (canonical_text(one) == canonical_text(other)) == _same_meaning(one, other)


@given(finite, finite)
def test_numbers_have_equal_texts_if_and_only_if_they_are_equal(one: float, other: float) -> None:
    assert (canonical_text(one) == canonical_text(other)) == (one == other)


@given(finite)
def test_the_next_double_is_another(number: float) -> None:
    following = math.nextafter(number, math.inf)
    if math.isfinite(following) and following != number:
        assert canonical_text(following) != canonical_text(number)


@given(st.text())
def test_text_is_the_same_in_every_normalisation_that_keeps_its_meaning(text: str) -> None:
    composed, decomposed = (unicodedata.normalize(form, text) for form in ("NFC", "NFD"))
    assert canonical_text(text) == canonical_text(composed) == canonical_text(decomposed)
    assert digest({text: 1}) == digest({decomposed: 1})


@given(plain_values)
def test_the_plain_form_of_the_plain_form_is_itself(value: object) -> None:
    once = plain(value)
    assert repr(plain(once)) == repr(once)
    assert canonical_text(once) == canonical_text(value)


@given(st.lists(plain_values))
def test_a_tuple_is_a_list(values: list[object]) -> None:
    assert digest(values) == digest(tuple(values))
    assert digest({"nested": [values]}) == digest({"nested": (tuple(values),)})


@given(st.lists(st.integers(), min_size=2, unique=True))
def test_the_order_of_a_list_matters(values: list[int]) -> None:
    assert digest(values) != digest(list(reversed(values)))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (True, 1),
        (False, 0),
        (None, "null"),
        (None, False),
        (1, "1"),
        (1.5, "1.5"),
        ([], {}),
        ([1], 1),
        ("", None),
        ("a", "A"),
        ("a ", "a"),
        ({"a": None}, {}),
        (["ab"], ["a", "b"]),
        ({"a": {"b": 1}}, {"a": 1, "b": 1}),
        ("é", "e"),
        ("ﬁ", "fi"),
    ],
)
def test_what_differs_in_meaning_differs(one: object, other: object) -> None:
    assert digest(one) != digest(other)


def test_zero_has_no_sign() -> None:
    assert canonical_text(-0.0) == canonical_text(0) == "0"
    assert canonical_text([-0.0]) == "[0]"


def test_the_form_is_that_which_was_agreed_on() -> None:
    """Every identity ever made depends on it: whoever changes it makes all caches worthless."""
    value = {"b": [1.0, 0.1, 1e22, -0.0, 1e-7], "a": (True, None, "é\n"), "c": {"Z": 2**64}}
    assert canonical_text(value) == (
        '{"a":[true,null,"\\u00e9\\n"],"b":[1,0.1,10000000000000000000000,0,1e-07],'
        '"c":{"Z":18446744073709551616}}'
    )
    assert digest({}) == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"


@pytest.mark.parametrize(
    "value",
    [
        math.nan,
        math.inf,
        -math.inf,
        np.float32("nan"),
        {1: "a"},
        {1, 2},
        object(),
        b"bytes",
        Decimal("0.1"),
        Fraction(1, 3),
        "\ud83d",
        ["\ud83d\ude00"],
        {"\u00e9": 1, "e\u0301": 2},
    ],
    ids=repr,
)
def test_what_could_mean_two_things_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"canonical form|names as keys|two spellings"):
        canonical_text(value)
