"""Examines a Science Window's folder: is it what the mission's formats say it is?

Pure: a folder in, values and problems out; no Django and no database, since it runs in processes
of its own. The formats are those of `instruments.isgri_files`.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from archive.ingest.fits_file import FitsFile, first_line, quiet
from archive.ingest.problems import Problem, UnreadableError
from instruments import isgri, isgri_files
from instruments.frame import FrameError, SpacecraftFrame
from instruments.isgri_files import EVENT_FILE, SCIENCE_WINDOW_FILE
from instruments.science_window import ScienceWindowId, ScienceWindowIdError
from instruments.time import SECONDS_PER_DAY

#: From the launch to well after the end of operations: catches times of another kind.
_MISSION_IJD = (1000.0, 10000.0)
#: How far times of one Science Window may stick out of it, in seconds.
_TIME_SLACK_S = 1.0
#: How far the attitude in the events' header may differ, in degrees.
_ATTITUDE_SLACK_DEG = 1e-3
#: How far LIVETIME may exceed ONTIME, both sums of many intervals, by rounding.
_LIVE_FRACTION_SLACK = 1e-9
_AXES = ("RA_SCX", "DEC_SCX", "RA_SCZ", "DEC_SCZ")


@dataclass(frozen=True, slots=True)
class FileFacts:
    """A file as it was examined: bytes and digest."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class ScienceWindowContent:
    """What a sound Science Window holds.

    keywords: values of ``swg.fits`` by keyword, those that are there. Times: IJD (TT), and seconds.
    files: every file of the folder; those that were examined are `group` and `events` too.
    """

    id: ScienceWindowId
    group: FileFacts
    events: FileFacts
    keywords: dict[str, Any]
    frame: SpacecraftFrame
    start_ijd: float
    stop_ijd: float
    good_time_s: float
    live_time_s: float
    event_count: int
    written_at: datetime | None
    origin: str | None


@dataclass(frozen=True, slots=True)
class Examination:
    """The outcome for one folder.

    content: of a sound one. is_unchanged: the archive holds these very files already, so they were
    not looked at any further. problems: why there is no content.
    """

    folder: Path
    content: ScienceWindowContent | None = None
    is_unchanged: bool = False
    problems: tuple[Problem, ...] = ()


def examine(folder: Path, known: dict[str, str] | None = None) -> Examination:
    """Examine a folder.

    known: digests by file name of this Science Window in this version, where the archive holds it.
    """
    try:
        identifier = ScienceWindowId.parse(folder.name)
    except ScienceWindowIdError as wrong:
        return Examination(folder, problems=(Problem(folder, str(wrong)),))
    try:
        group, events = FitsFile(folder / SCIENCE_WINDOW_FILE), FitsFile(folder / EVENT_FILE)
        if known is not None:
            return _compared(folder, (group, events), known)
        with quiet():
            return _examined(folder, identifier, group, events)
    except UnreadableError as wrong:
        return Examination(folder, problems=(wrong.problem,))
    except Exception as exc:
        # one file that astropy stumbles over must not keep the others out
        what = f"can't be understood ({type(exc).__name__}: {first_line(exc)})"
        return Examination(folder, problems=(Problem(folder, what),))


def _compared(folder: Path, files: tuple[FitsFile, ...], known: dict[str, str]) -> Examination:
    """The same files again, or others under a name that is taken."""
    problems = tuple(
        Problem(
            file.path,
            f"{folder.name} is in the archive already with other content (sha256 "
            f"{known.get(file.path.name, 'unknown')[:16]}…, here {file.sha256[:16]}…); changed "
            "data need a new version number",
        )
        for file in files
        if known.get(file.path.name) != file.sha256
    )
    return Examination(folder, is_unchanged=not problems, problems=problems)


def _examined(
    folder: Path, identifier: ScienceWindowId, group: FitsFile, events: FitsFile
) -> Examination:
    keywords, frame = _group_content(identifier, group)
    if keywords is None or frame is None:
        return Examination(folder, problems=tuple(group.problems))
    found = _event_content(identifier, events, keywords)
    problems = (*group.problems, *events.problems)
    if found is None or problems:
        return Examination(folder, problems=problems)
    header, count, good_time_s = found
    content = ScienceWindowContent(
        id=identifier,
        group=FileFacts(group.path.name, group.size, group.sha256),
        events=FileFacts(events.path.name, events.size, events.sha256),
        keywords=keywords,
        frame=frame,
        start_ijd=float(keywords["TSTART"]),
        stop_ijd=float(keywords["TSTOP"]),
        good_time_s=good_time_s,
        live_time_s=_live_time(header, good_time_s),
        event_count=count,
        written_at=_date(header.get("DATE")),
        origin=header.get("ORIGIN"),
    )
    return Examination(folder, content=content)


def _live_time(header: dict[str, Any], good_time_s: float) -> float:
    ontime = float(header["ONTIME"])
    return good_time_s * float(header["LIVETIME"]) / ontime if ontime > 0 else 0.0


# --- swg.fits -------------------------------------------------------------------------------------


def _group_content(
    identifier: ScienceWindowId, file: FitsFile
) -> tuple[dict[str, Any] | None, SpacecraftFrame | None]:
    structure = isgri_files.SCIENCE_WINDOW_GROUP
    hdu = file.extension(file.open(), structure.extension)
    if hdu is None:
        return None, None
    keywords = file.keywords(hdu, structure.keywords)
    _check_identity(identifier, file, hdu.name, keywords)
    _check_times(file, hdu.name, keywords)
    _check_date(file, hdu.name, keywords)
    frame = None
    if all(axis in keywords for axis in _AXES):
        try:
            frame = SpacecraftFrame.from_axes(*(keywords[axis] for axis in _AXES))
        except FrameError as wrong:
            file.report(str(wrong), hdu=hdu.name, item="RA_SCX, DEC_SCX, RA_SCZ, DEC_SCZ")
    return (None if file.problems else keywords), frame


def _check_identity(
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


def _check_times(file: FitsFile, hdu: str, keywords: dict[str, Any]) -> None:
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


def _check_date(file: FitsFile, hdu: str, keywords: dict[str, Any]) -> None:
    try:
        _date(keywords.get("DATE"))
    except ValueError:
        file.report(
            f"is {keywords['DATE']!r}; must be YYYY-MM-DDThh:mm:ss, UTC", hdu=hdu, item="DATE"
        )


def _date(text: str | None) -> datetime | None:
    """A FITS date as an aware datetime; raises ValueError for another form."""
    if not text:
        return None
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


# --- isgri_events.fits.gz -------------------------------------------------------------------------


def _event_content(
    identifier: ScienceWindowId, file: FitsFile, keywords: dict[str, Any]
) -> tuple[dict[str, Any], int, float] | None:
    """Header values, number of events and good time in s; ``None`` with problems reported."""
    hdus = file.open()
    hdu = file.extension(hdus, isgri_files.EVENTS.extension)
    gti = file.extension(hdus, isgri_files.GOOD_TIME_INTERVALS.extension)
    if hdu is None or gti is None:
        return None
    # the engines read the attitude beside the events; for the rest swg.fits may speak
    elsewhere = {name: value for name, value in keywords.items() if name not in _AXES}
    header = file.keywords(hdu, isgri_files.EVENTS.keywords, elsewhere)
    _check_identity(identifier, file, hdu.name, header)
    _check_times(file, hdu.name, header)
    _check_date(file, hdu.name, header)
    _check_attitude(file, hdu.name, header, keywords)
    _check_live_time(file, hdu.name, header)
    _check_pixel_efficiency(file, hdus)
    if file.check_columns(hdu, isgri_files.EVENTS):
        _check_events(file, hdu, keywords)
    good_time_s = 0.0
    if file.check_columns(gti, isgri_files.GOOD_TIME_INTERVALS):
        good_time_s = _good_time(file, gti, keywords)
    return header, len(hdu.data), good_time_s


def _check_attitude(
    file: FitsFile, hdu: str, header: dict[str, Any], keywords: dict[str, Any]
) -> None:
    for axis in _AXES:
        there, here = keywords[axis], header.get(axis, keywords[axis])
        if abs((here - there + 180) % 360 - 180) > _ATTITUDE_SLACK_DEG:
            file.report(f"is {here}; {SCIENCE_WINDOW_FILE} has {there}", hdu=hdu, item=axis)


def _check_live_time(file: FitsFile, hdu: str, header: dict[str, Any]) -> None:
    ontime, livetime = header.get("ONTIME"), header.get("LIVETIME")
    if ontime is not None and ontime < 0:
        file.report(f"is {ontime} s; must not be negative", hdu=hdu, item="ONTIME")
    elif ontime is not None and livetime is not None and not _is_part(livetime, ontime):
        file.report(
            f"is {livetime} s; must be from 0 to ONTIME, {ontime} s", hdu=hdu, item="LIVETIME"
        )


def _is_part(livetime: float, ontime: float) -> bool:
    return 0 <= livetime <= ontime * (1 + _LIVE_FRACTION_SLACK)


def _check_events(file: FitsFile, hdu: Any, keywords: dict[str, Any]) -> None:
    data = hdu.data
    name = hdu.name
    y, z = np.asarray(data["DETY"]), np.asarray(data["DETZ"])
    inside = True
    for item, values, cells in zip(("DETY", "DETZ"), (y, z), isgri.DETECTOR_SHAPE, strict=True):
        wrong = int(np.count_nonzero((values < 0) | (values >= cells)))
        if wrong:
            inside = False
            file.report(
                f"{wrong} events lie outside the detector's cells 0..{cells - 1}",
                hdu=name,
                item=item,
            )
    if inside:
        wrong = int(np.count_nonzero(~isgri.sensitive_pixels()[y, z]))
        if wrong:
            file.report(
                f"{wrong} events lie in gaps between modules, where there are no pixels (DETY "
                f"{', '.join(map(str, isgri.GAP_DETY))}; DETZ "
                f"{', '.join(map(str, isgri.GAP_DETZ))})",
                hdu=name,
                item="DETY, DETZ",
            )
    energies = np.asarray(data["ISGRI_ENERGY"])
    wrong = int(np.count_nonzero(~(np.isfinite(energies) & (energies >= 0))))
    if wrong:
        file.report(
            f"{wrong} events have an energy that is no finite number of keV from 0",
            hdu=name,
            item="ISGRI_ENERGY",
        )
    _check_inside(file, name, "TIME", np.asarray(data["TIME"]), keywords)


def _check_inside(
    file: FitsFile, hdu: str, item: str, times: Any, keywords: dict[str, Any]
) -> bool:
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


def _good_time(file: FitsFile, hdu: Any, keywords: dict[str, Any]) -> float:
    """Length of the union of the intervals, in seconds."""
    starts, stops = np.asarray(hdu.data["START"]), np.asarray(hdu.data["STOP"])
    inside = _check_inside(file, hdu.name, "START", starts, keywords)
    inside &= _check_inside(file, hdu.name, "STOP", stops, keywords)
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


def _check_pixel_efficiency(file: FitsFile, hdus: Any) -> None:
    """The optional image of pixels' states."""
    name = isgri_files.PIXEL_EFFICIENCY_EXTENSION
    hdu = next((h for h in hdus if h.name == name), None)
    if hdu is None or not file.check_sums(hdu):
        return
    image = isgri.detector_image(hdu.data)
    if image is None:
        shape = "no data" if hdu.data is None else f"shape {hdu.data.shape}"
        file.report(f"has {shape}; must be an image of {isgri.DETECTOR_SHAPE}", hdu=name)
    elif not (np.isfinite(image).all() and image.min() >= 0 and image.max() <= 1):
        file.report("has values outside 0..1", hdu=name)
