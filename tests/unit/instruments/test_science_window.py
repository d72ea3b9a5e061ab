"""Identity of Science Windows: what is read is what is written, and text order is time order."""

from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instruments.science_window import (
    ScienceWindowId,
    ScienceWindowIdError,
    ScienceWindowKind,
)

identifiers = st.builds(
    ScienceWindowId,
    revolution=st.integers(0, 9999),
    pointing=st.integers(0, 9999),
    subdivision=st.integers(0, 999),
    kind=st.sampled_from(ScienceWindowKind),
    version=st.integers(0, 999),
)


@given(identifiers)
def test_an_identifier_that_is_printed_and_parsed_is_itself(identifier):
    assert ScienceWindowId.parse(str(identifier)) == identifier
    assert ScienceWindowId.from_swid(identifier.swid, identifier.version) == identifier


@given(identifiers, identifiers)
def test_identifiers_are_ordered_as_their_texts_are(one, other):
    assert (one < other) == (str(one) < str(other))
    assert (one == other) == (str(one) == str(other))


def test_the_parts_of_an_identifier_are_read():
    identifier = ScienceWindowId.parse("066500330011.002")
    assert identifier.revolution == 665
    assert identifier.pointing == 33
    assert identifier.subdivision == 1
    assert identifier.kind is ScienceWindowKind.SLEW
    assert identifier.version == 2
    assert identifier.swid == "066500330011"
    assert not identifier.is_near_real_time


def test_the_folder_is_the_one_of_the_archive():
    identifier = ScienceWindowId.parse("066500330010.001")
    assert identifier.folder == PurePosixPath("scw/0665/066500330010.001")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "066500330010.01",
        "06650033001.001",
        "066500330013.001",
        "066500330010-001",
        " 066500330010.001",
        "066500330010.001\n",
        "0665００330010.001",
        "٠66500330010.001",
        "../../etc/passwd",
    ],
)
def test_anything_else_is_refused_with_the_form_that_is_expected(text):
    with pytest.raises(ScienceWindowIdError, match=r"RRRRPPPPSSSF\.VVV"):
        ScienceWindowId.parse(text)


def test_a_missing_version_is_named():
    with pytest.raises(ScienceWindowIdError, match=r"lacks the version.*066500330010\.001"):
        ScienceWindowId.parse("066500330010")


def test_a_malformed_swid_is_refused():
    with pytest.raises(ScienceWindowIdError, match="no SWID"):
        ScienceWindowId.from_swid("0665003300", 1)


@pytest.mark.parametrize(
    ("numbers", "word"),
    [
        ({"revolution": 10000, "pointing": 1}, "revolution"),
        ({"revolution": 1, "pointing": -1}, "pointing"),
        ({"revolution": 1, "pointing": 1, "subdivision": 1000}, "subdivision"),
        ({"revolution": 1, "pointing": 1, "version": 1000}, "version"),
        ({"revolution": 1, "pointing": 1, "kind": 3}, "kind"),
    ],
)
def test_numbers_that_do_not_fit_their_digits_are_refused(numbers, word):
    with pytest.raises(ScienceWindowIdError, match=word):
        ScienceWindowId(**numbers)
