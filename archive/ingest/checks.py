"""Checks that every file of a Science Window goes through: identity, times, attitude, good time.

Each reports what is wrong to the file; keywords are those of ``swg.fits`` unless said otherwise.
"""

from datetime import UTC, datetime
from typing import Any

import numpy as np

from archive.ingest.fits_file import FitsFile
from instruments.isgri_files import SCIENCE_WINDOW_FILE
from instruments.science_window import ScienceWindowId
from instruments.time import SECONDS_PER_DAY

#: From the launch to well after the end of operations: catches times of another kind.
_MISSION_IJD = (1000.0, 10000.0)
#: How far times of one Science Window may stick out of it, in seconds.
_TIME_SLACK_S = 1.0
#: How far the attitude in the events' header may differ, in degrees.
_ATTITUDE_SLACK_DEG = 1e-3
#: How far LIVETIME may exceed ONTIME, both sums of many intervals, by rounding.
_LIVE_FRACTION_SLACK = 1e-9
#: Keywords of the attitude.
AXES = ("RA_SCX", "DEC_SCX", "RA_SCZ", "DEC_SCZ")


def check_identity(
    identifier: ScienceWindowId, file: FitsFile, hdu: str, keywords: dict[str, Any]
) -> None:
    """Folder and header must tell of the same Science Window."""
    for name, right in (
        ("SWID", identifier.swid),
        ("REVOL", identifier.revolution),
        ("SW_TYPE", identifier.kind.name),
    ):
        if name in keywords and keywords[name] != right:
            file.report(
                f"is {keywords[name]!r}; in folder {identifier} it must be {right!r}",
                hdu=hdu,
                item=name,
            )


def check_times(file: FitsFile, hdu: str, keywords: dict[str, Any]) -> None:
    """TSTART, TSTOP and TELAPSE must fit the mission and each other."""
    start, stop = keywords.get("TSTART"), keywords.get("TSTOP")
    for name, time in (("TSTART", start), ("TSTOP", stop)):
        if time is not None and not _MISSION_IJD[0] <= time <= _MISSION_IJD[1]:
            file.report(
                f"is {time}, outside the mission; must be IJD (TT), days from 2000-01-01, "
                f"{_MISSION_IJD[0]:g} to {_MISSION_IJD[1]:g}",
                hdu=hdu,
                item=name,
            )
    if start is None or stop is None:
        return
    if start >= stop:
        file.report(f"is {stop}; must be after TSTART, {start}", hdu=hdu, item="TSTOP")
        return
    elapsed, right = keywords.get("TELAPSE"), (stop - start) * SECONDS_PER_DAY
    if elapsed is not None and abs(elapsed - right) > max(_TIME_SLACK_S, 0.001 * right):
        file.report(f"is {elapsed} s; TSTOP - TSTART is {right:.3f} s", hdu=hdu, item="TELAPSE")


def check_date(file: FitsFile, hdu: str, keywords: dict[str, Any]) -> None:
    """DATE must be a date."""
    try:
        date(keywords.get("DATE"))
    except ValueError:
        file.report(
            f"is {keywords['DATE']!r}; must be YYYY-MM-DDThh:mm:ss, UTC", hdu=hdu, item="DATE"
        )


def date(text: str | None) -> datetime | None:
    """A FITS date as an aware datetime; raises ValueError for another form."""
    if not text:
        return None
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def check_attitude(
    file: FitsFile, hdu: str, header: dict[str, Any], keywords: dict[str, Any]
) -> None:
    """The axes in a file's own header must be those of ``swg.fits``."""
    for axis in AXES:
        there, here = keywords[axis], header.get(axis, keywords[axis])
        if abs((here - there + 180) % 360 - 180) > _ATTITUDE_SLACK_DEG:
            file.report(f"is {here}; {SCIENCE_WINDOW_FILE} has {there}", hdu=hdu, item=axis)


def check_live_time(file: FitsFile, hdu: str, header: dict[str, Any]) -> None:
    """LIVETIME must be a part of ONTIME."""
    ontime, livetime = header.get("ONTIME"), header.get("LIVETIME")
    if ontime is not None and ontime < 0:
        file.report(f"is {ontime} s; must not be negative", hdu=hdu, item="ONTIME")
    elif ontime is not None and livetime is not None and not _is_part(livetime, ontime):
        file.report(
            f"is {livetime} s; must be from 0 to ONTIME, {ontime} s", hdu=hdu, item="LIVETIME"
        )


def _is_part(livetime: float, ontime: float) -> bool:
    return 0 <= livetime <= ontime * (1 + _LIVE_FRACTION_SLACK)


def check_inside(file: FitsFile, hdu: str, item: str, times: Any, keywords: dict[str, Any]) -> bool:
    """Whether times, IJD (TT), lie in the Science Window, give or take a second."""
    slack = _TIME_SLACK_S / SECONDS_PER_DAY
    start, stop = keywords["TSTART"], keywords["TSTOP"]
    outside = ~((times >= start - slack) & (times <= stop + slack))
    wrong = int(np.count_nonzero(outside))
    if wrong:
        file.report(
            f"{wrong} of {len(times)} times lie outside the Science Window (such as "
            f"{times[outside][0]!s}); must be IJD (TT) from {start} to {stop}",
            hdu=hdu,
            item=item,
        )
    return not wrong


def good_time(file: FitsFile, hdu: Any, keywords: dict[str, Any]) -> float:
    """Length of the union of the intervals, in seconds."""
    starts, stops = np.asarray(hdu.data["START"]), np.asarray(hdu.data["STOP"])
    inside = check_inside(file, hdu.name, "START", starts, keywords)
    inside &= check_inside(file, hdu.name, "STOP", stops, keywords)
    if not inside:
        return 0.0
    wrong = int(np.count_nonzero(starts > stops))
    if wrong:
        file.report(f"{wrong} intervals end before their START", hdu=hdu.name, item="STOP")
        return 0.0
    return union_length(starts, stops) * SECONDS_PER_DAY


def union_length(starts: Any, stops: Any) -> float:
    """Length of the union of intervals that may overlap, in the unit of their limits."""
    order = np.argsort(starts)
    starts, stops = np.asarray(starts)[order], np.asarray(stops)[order]
    if not len(starts):
        return 0.0
    covered = np.maximum.accumulate(stops)
    begins = np.concatenate([starts[:1], np.maximum(starts[1:], covered[:-1])])
    return float(np.sum(np.maximum(covered - begins, 0.0)))


def live_time(header: dict[str, Any], good_time_s: float) -> float:
    """Good time without dead time, seconds, by LIVETIME over ONTIME."""
    ontime = float(header["ONTIME"])
    return good_time_s * float(header["LIVETIME"]) / ontime if ontime > 0 else 0.0
