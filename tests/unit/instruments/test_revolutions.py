"""Revolutions against dates of real observations."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instruments.revolutions import (
    revolution_at_ijd,
    revolution_start_ijd,
    useful_interval_ijd,
)
from instruments.time import ijd_from_utc


@pytest.mark.parametrize(
    ("moment", "revolution"),
    [
        (datetime(2003, 8, 15, tzinfo=UTC), 102),
        # from the headers of real products and orbit files
        (datetime(2008, 3, 25, 3, tzinfo=UTC), 665),
        (datetime(2009, 4, 1, 2, 30, tzinfo=UTC), 789),
        (datetime(2022, 8, 27, 8, 19, 45, tzinfo=UTC), 2542),
        # GRB 221009A
        (datetime(2022, 10, 9, 13, 17, tzinfo=UTC), 2558),
    ],
)
def test_real_observations_fall_into_their_revolutions(moment, revolution):
    assert revolution_at_ijd(ijd_from_utc(moment)) == revolution


@given(st.integers(1, 2900))
def test_a_revolution_holds_its_own_useful_time(revolution):
    start, stop = useful_interval_ijd(revolution)
    assert revolution_start_ijd(revolution) < start < stop < revolution_start_ijd(revolution + 1)
    assert revolution_at_ijd(start) == revolution_at_ijd(stop) == revolution


def test_the_orbit_became_shorter_in_january_2015_without_a_jump():
    lengths = [revolution_start_ijd(r + 1) - revolution_start_ijd(r) for r in range(1495, 1510)]
    assert lengths[0] == pytest.approx(2.991)
    assert lengths[-1] == pytest.approx(2.6593)
    assert all(2.659 < length < 2.992 for length in lengths)
