"""IJD (TT) against UTC, with leap seconds."""

from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instruments.time import ijd_from_mjd_utc, ijd_from_utc, mjd_utc_from_ijd, utc_from_ijd

MICROSECOND_DAYS = 1e-6 / 86400


def test_ijd_zero_is_the_start_of_2000_in_tt():
    assert utc_from_ijd(0) == datetime(1999, 12, 31, 23, 58, 55, 816000, tzinfo=UTC)


@pytest.mark.parametrize(("year", "seconds"), [(2003, 64.184), (2008, 65.184), (2017, 69.184)])
def test_tt_is_ahead_of_utc_by_the_leap_seconds_of_the_year(year, seconds):
    midnight = datetime(year, 6, 30, tzinfo=UTC)
    mjd = (midnight - datetime(1858, 11, 17, tzinfo=UTC)).days
    ahead = (ijd_from_utc(midnight) - (mjd - 51544)) * 86400
    assert ahead == pytest.approx(seconds, abs=1e-5)
    assert (ijd_from_mjd_utc(mjd) - (mjd - 51544)) * 86400 == pytest.approx(seconds, abs=1e-5)


@given(st.floats(1000, 9300))
def test_times_taken_to_utc_and_back_are_themselves(ijd):
    assert ijd_from_mjd_utc(mjd_utc_from_ijd(ijd)) == pytest.approx(ijd, abs=MICROSECOND_DAYS)
    assert ijd_from_utc(utc_from_ijd(ijd)) == pytest.approx(ijd, abs=MICROSECOND_DAYS)


def test_arrays_give_arrays():
    ijd = np.array([[3000.0, 4000.0], [5000.0, 6000.0]])
    mjd = mjd_utc_from_ijd(ijd)
    assert mjd.shape == (2, 2)
    np.testing.assert_allclose(ijd_from_mjd_utc(mjd), ijd, atol=MICROSECOND_DAYS)


def test_a_moment_is_the_same_in_any_time_zone():
    moment = datetime(2015, 6, 18, 12, tzinfo=UTC)
    assert ijd_from_utc(moment) == ijd_from_utc(moment.astimezone(timezone(timedelta(hours=2))))


def test_a_datetime_without_time_zone_is_refused():
    with pytest.raises(ValueError, match="time zone"):
        ijd_from_utc(datetime(2015, 6, 18))
