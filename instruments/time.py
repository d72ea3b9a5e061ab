"""Times of the mission: IJD (TT) inside files, MJD (UTC) outside.

IJD, the INTEGRAL Julian date, is MJD(TT) - 51544: days since 2000-01-01T00:00:00 TT. Leap seconds
come with astropy; nothing here asks the network.
"""

from datetime import UTC, datetime
from typing import overload

import numpy as np
from astropy.utils import iers
from numpy.typing import ArrayLike, NDArray

# before astropy.time is imported, which may look for newer leap seconds
iers.conf.auto_download = False

from astropy.time import Time  # noqa: E402

#: MJD (TT) of IJD 0, also keyword MJDREF.
IJD_ORIGIN_MJD = 51544.0
SECONDS_PER_DAY = 86400.0


@overload
def mjd_utc_from_ijd(ijd: float) -> float: ...
@overload
def mjd_utc_from_ijd(ijd: ArrayLike) -> NDArray[np.float64] | float: ...
def mjd_utc_from_ijd(ijd: ArrayLike) -> NDArray[np.float64] | float:
    """MJD (UTC) of IJD (TT); a number for a number, an array for an array."""
    mjd = _from_ijd(ijd).utc.mjd
    return float(mjd) if np.ndim(ijd) == 0 else np.asarray(mjd)


@overload
def ijd_from_mjd_utc(mjd: float) -> float: ...
@overload
def ijd_from_mjd_utc(mjd: ArrayLike) -> NDArray[np.float64] | float: ...
def ijd_from_mjd_utc(mjd: ArrayLike) -> NDArray[np.float64] | float:
    """IJD (TT) of MJD (UTC); a number for a number, an array for an array."""
    days = np.asarray(mjd, dtype=np.float64)
    ijd = _ijd(Time(days, format="mjd", scale="utc"))
    return float(ijd) if np.ndim(mjd) == 0 else np.asarray(ijd)


def utc_from_ijd(ijd: float) -> datetime:
    """The aware UTC datetime of an IJD (TT), to the microsecond."""
    moment: datetime = _from_ijd(ijd).utc.to_datetime(timezone=UTC, leap_second_strict="silent")
    return moment


def ijd_from_utc(moment: datetime) -> float:
    """The IJD (TT) of an aware datetime; raises ValueError for a naive one."""
    if moment.tzinfo is None:
        raise ValueError("A datetime without time zone could mean anything: give it one.")
    return float(_ijd(Time(moment.astimezone(UTC).replace(tzinfo=None), scale="utc")))


def _from_ijd(ijd: ArrayLike) -> Time:
    # two parts keep full precision
    days = np.asarray(ijd, dtype=np.float64)
    return Time(np.full(days.shape, IJD_ORIGIN_MJD), days, format="mjd", scale="tt")


def _ijd(time: Time) -> NDArray[np.float64]:
    tt = time.tt
    # jd1 and jd2 apart: their sum would lose microseconds
    return np.asarray((tt.jd1 - 2400000.5 - IJD_ORIGIN_MJD) + tt.jd2)
