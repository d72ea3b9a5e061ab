"""Examines a Science Window's folder: is it what the mission's formats say it is?

Pure: a folder in, values and problems out; no Django and no database, since it runs in processes
of its own. The formats are those of `instruments.isgri_files`.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from archive.ingest import checks
from archive.ingest.fits_file import FileFacts, FitsFile, first_line, quiet
from archive.ingest.further_files import FurtherContent, examine_further, further_paths
from archive.ingest.problems import Problem, UnreadableError
from instruments import isgri, isgri_files
from instruments.frame import FrameError, SpacecraftFrame
from instruments.isgri_files import EVENT_FILE, SCIENCE_WINDOW_FILE
from instruments.science_window import ScienceWindowId, ScienceWindowIdError


@dataclass(frozen=True, slots=True)
class ScienceWindowContent:
    """What a sound Science Window holds.

    keywords: values of ``swg.fits`` by keyword, those that are there. Times: IJD (TT), and seconds.
    group, events: the files that every Science Window has. further: sound files of other
    instruments. left_out: names of files that aren't sound and stay outside.
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
    further: tuple[FurtherContent, ...] = ()
    left_out: tuple[str, ...] = ()

    @property
    def files(self) -> tuple[FileFacts, ...]:
        """All files that were examined and are sound."""
        return (self.group, self.events, *(content.file for content in self.further))


@dataclass(frozen=True, slots=True)
class Examination:
    """The outcome for one folder.

    content: of a sound one. is_unchanged: the archive holds these very files already, so they were
    not looked at any further. added: sound files of a Science Window that the archive holds without
    them. problems: why there is no content; beside content, why a file of it was left out.
    """

    folder: Path
    content: ScienceWindowContent | None = None
    is_unchanged: bool = False
    added: tuple[FurtherContent, ...] = ()
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
        further = tuple(FitsFile(path) for path in further_paths(folder))
        with quiet():
            if known is not None:
                return _compared(folder, identifier, group, (events, *further), known)
            return _examined(folder, identifier, group, events, further)
    except UnreadableError as wrong:
        return Examination(folder, problems=(wrong.problem,))
    except Exception as exc:
        # one file that astropy stumbles over must not keep the others out
        what = f"can't be understood ({type(exc).__name__}: {first_line(exc)})"
        return Examination(folder, problems=(Problem(folder, what),))


def _compared(
    folder: Path,
    identifier: ScienceWindowId,
    group: FitsFile,
    others: tuple[FitsFile, ...],
    known: dict[str, str],
) -> Examination:
    """The same files again, others under a name that is taken, or new ones beside the same."""
    required = (SCIENCE_WINDOW_FILE, EVENT_FILE)
    files = (group, *others)
    problems = tuple(
        Problem(
            file.path,
            f"{folder.name} is in the archive already with other content (sha256 "
            f"{known.get(file.path.name, 'unknown')[:16]}…, here {file.sha256[:16]}…); changed "
            "data need a new version number",
        )
        for file in files
        if (file.path.name in known or file.path.name in required)
        and known.get(file.path.name) != file.sha256
    )
    new = tuple(file for file in others if file.path.name not in known)
    if problems or not new:
        return Examination(folder, is_unchanged=not problems, problems=problems)
    keywords, _ = _group_content(identifier, group)
    if keywords is None:
        return Examination(folder, problems=tuple(group.problems))
    found = examine_further(identifier, new, keywords)
    return Examination(
        folder, is_unchanged=not found.contents, added=found.contents, problems=found.problems
    )


def _examined(
    folder: Path,
    identifier: ScienceWindowId,
    group: FitsFile,
    events: FitsFile,
    others: tuple[FitsFile, ...],
) -> Examination:
    keywords, frame = _group_content(identifier, group)
    if keywords is None or frame is None:
        return Examination(folder, problems=tuple(group.problems))
    found = _event_content(identifier, events, keywords)
    problems = (*group.problems, *events.problems)
    if found is None or problems:
        return Examination(folder, problems=problems)
    header, count, good_time_s = found
    further = examine_further(identifier, others, keywords)
    content = ScienceWindowContent(
        id=identifier,
        group=group.facts,
        events=events.facts,
        keywords=keywords,
        frame=frame,
        start_ijd=float(keywords["TSTART"]),
        stop_ijd=float(keywords["TSTOP"]),
        good_time_s=good_time_s,
        live_time_s=checks.live_time(header, good_time_s),
        event_count=count,
        written_at=checks.date(header.get("DATE")),
        origin=header.get("ORIGIN"),
        further=further.contents,
        left_out=further.left_out,
    )
    return Examination(folder, content=content, problems=further.problems)


# --- swg.fits -------------------------------------------------------------------------------------


def _group_content(
    identifier: ScienceWindowId, file: FitsFile
) -> tuple[dict[str, Any] | None, SpacecraftFrame | None]:
    structure = isgri_files.SCIENCE_WINDOW_GROUP
    hdu = file.extension(file.open(), structure.extension)
    if hdu is None:
        return None, None
    keywords = file.keywords(hdu, structure.keywords)
    checks.check_identity(identifier, file, hdu.name, keywords)
    checks.check_times(file, hdu.name, keywords)
    checks.check_date(file, hdu.name, keywords)
    frame = None
    if all(axis in keywords for axis in checks.AXES):
        try:
            frame = SpacecraftFrame.from_axes(*(keywords[axis] for axis in checks.AXES))
        except FrameError as wrong:
            file.report(str(wrong), hdu=hdu.name, item="RA_SCX, DEC_SCX, RA_SCZ, DEC_SCZ")
    return (None if file.problems else keywords), frame


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
    elsewhere = {name: value for name, value in keywords.items() if name not in checks.AXES}
    header = file.keywords(hdu, isgri_files.EVENTS.keywords, elsewhere)
    checks.check_identity(identifier, file, hdu.name, header)
    checks.check_times(file, hdu.name, header)
    checks.check_date(file, hdu.name, header)
    checks.check_attitude(file, hdu.name, header, keywords)
    checks.check_live_time(file, hdu.name, header)
    _check_pixel_efficiency(file, hdus)
    if file.check_columns(hdu, isgri_files.EVENTS):
        _check_events(file, hdu, keywords)
    good_time_s = 0.0
    if file.check_columns(gti, isgri_files.GOOD_TIME_INTERVALS):
        good_time_s = checks.good_time(file, gti, keywords)
    return header, len(hdu.data), good_time_s


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
    checks.check_inside(file, name, "TIME", np.asarray(data["TIME"]), keywords)


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
