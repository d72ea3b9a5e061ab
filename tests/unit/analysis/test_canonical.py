"""The canonical form: one text for one meaning."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.canonical import canonical_text, digest

plain_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)  # fmt: skip


@given(st.dictionaries(st.text(), plain_values))
def test_the_order_of_names_does_not_matter(mapping: dict[str, object]) -> None:
    assert digest(mapping) == digest(dict(reversed(mapping.items())))


@given(st.integers(min_value=-(2**53), max_value=2**53))
def test_a_whole_number_is_the_same_however_it_is_written(number: int) -> None:
    assert canonical_text(number) == canonical_text(float(number))


@given(plain_values, plain_values)
def test_only_equal_meanings_have_equal_texts(one: object, other: object) -> None:
    if canonical_text(one) == canonical_text(other):
        assert one == other


def test_the_order_of_a_list_matters() -> None:
    assert digest([1, 2]) != digest([2, 1])


def test_true_is_not_one() -> None:
    assert digest(True) != digest(1)


@pytest.mark.parametrize("value", [math.nan, math.inf, {1: "a"}, {1, 2}, object(), b"bytes"])
def test_what_could_mean_two_things_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"canonical form|names as keys"):
        canonical_text(value)
