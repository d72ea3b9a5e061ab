"""Examines the files of a Science Window that not every one has: those of JEM-X and SPI-ACS.

Pure, as `archive.ingest.examination`. A file here that isn't what it should be is left out and
named; the Science Window is loaded without it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from archive.ingest import checks
from archive.ingest.fits_file import FileFacts, FitsFile, first_line
from archive.ingest.problems import Problem, UnreadableError
from archive.kinds import JEMX_KINDS, SPI_ACS_KIND
from instruments import jemx, jemx_files, spi_acs
from instruments.science_window import ScienceWindowId


@dataclass(frozen=True, slots=True)
class FurtherContent:
    """What a sound file holds.

    kind: of product. good_time_s, live_time_s: good time, and the same without dead time.
    count: events or bins.
    """

    kind: str
    file: FileFacts
    good_time_s: float
    live_time_s: float
    count: int


@dataclass(frozen=True, slots=True)
class FurtherFiles:
    """The outcome for one folder: contents of what is sound, names and problems of what isn't."""

    contents: tuple[FurtherContent, ...] = ()
    left_out: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()


def further_paths(folder: Path) -> tuple[Path, ...]:
    """The files of JEM-X and SPI-ACS that a folder has."""
    return tuple(folder / name for name in _EXAMINATIONS if (folder / name).is_file())


def examine_further(
    identifier: ScienceWindowId, files: tuple[FitsFile, ...], keywords: dict[str, Any]
) -> FurtherFiles:
    """Examine files of `further_paths`.

    keywords: values of ``swg.fits`` by keyword.
    """
    contents: list[FurtherContent] = []
    left_out: list[str] = []
    problems: list[Problem] = []
    for file in files:
        try:
            content = _EXAMINATIONS[file.path.name](identifier, file, keywords)
        except UnreadableError as wrong:
            content = None
            file.problems.append(wrong.problem)
        except Exception as exc:
            # as for whole Science Windows: astropy stumbles in many ways
            content = None
            file.report(f"can't be understood ({type(exc).__name__}: {first_line(exc)})")
        if content is None or file.problems:
            left_out.append(file.path.name)
            problems += file.problems
        else:
            contents.append(content)
    return FurtherFiles(tuple(contents), tuple(left_out), tuple(problems))


def _jemx(
    unit: int, identifier: ScienceWindowId, file: FitsFile, keywords: dict[str, Any]
) -> FurtherContent | None:
    structure, intervals = jemx_files.events(unit), jemx_files.good_time_intervals(unit)
    hdus = file.open()
    hdu = file.extension(hdus, structure.extension)
    gti = file.extension(hdus, intervals.extension)
    if hdu is None or gti is None:
        return None
    elsewhere = {name: value for name, value in keywords.items() if name not in checks.AXES}
    header = file.keywords(hdu, structure.keywords, elsewhere)
    checks.check_identity(identifier, file, hdu.name, header)
    checks.check_times(file, hdu.name, header)
    checks.check_attitude(file, hdu.name, header, keywords)
    checks.check_live_time(file, hdu.name, header)
    if file.check_columns(hdu, structure):
        _check_events(file, hdu, keywords)
    good_time_s = 0.0
    if file.check_columns(gti, intervals):
        good_time_s = checks.good_time(file, gti, keywords)
    if file.problems:
        return None
    return FurtherContent(
        kind=JEMX_KINDS[unit],
        file=file.facts,
        good_time_s=good_time_s,
        live_time_s=checks.live_time(header, good_time_s),
        count=len(hdu.data),
    )


def _check_events(file: FitsFile, hdu: Any, keywords: dict[str, Any]) -> None:
    channel = np.asarray(hdu.data["PI"])
    wrong = int(np.count_nonzero((channel < 0) | (channel >= jemx.PI_CHANNELS)))
    if wrong:
        file.report(
            f"{wrong} events lie outside the channels 0..{jemx.PI_CHANNELS - 1}",
            hdu=hdu.name,
            item="PI",
        )
    checks.check_inside(file, hdu.name, "TIME", np.asarray(hdu.data["TIME"]), keywords)


def _spi_acs(
    identifier: ScienceWindowId, file: FitsFile, keywords: dict[str, Any]
) -> FurtherContent | None:
    hdu = file.extension(file.open(), spi_acs.RATES.extension)
    if hdu is None:
        return None
    header = file.keywords(hdu, spi_acs.RATES.keywords, keywords)
    checks.check_identity(identifier, file, hdu.name, header)
    checks.check_times(file, hdu.name, header)
    if not file.check_columns(hdu, spi_acs.RATES) or file.problems:
        return None
    width = float(header["TIMEDEL"])
    if not width > 0:
        file.report(f"is {width} s; must be above 0", hdu=hdu.name, item="TIMEDEL")
    time, counts = np.asarray(hdu.data["TIME"]), np.asarray(hdu.data["COUNTS"])
    checks.check_inside(file, hdu.name, "TIME", time, keywords)
    if np.any(np.diff(time) <= 0):
        file.report("the bins aren't in order of time", hdu=hdu.name, item="TIME")
    negative = int(np.count_nonzero(counts < 0))
    if negative:
        file.report(f"{negative} bins have negative counts", hdu=hdu.name, item="COUNTS")
    seconds = len(time) * width
    return FurtherContent(SPI_ACS_KIND, file.facts, seconds, seconds, len(time))


_EXAMINATIONS: dict[
    str, Callable[[ScienceWindowId, FitsFile, dict[str, Any]], FurtherContent | None]
] = {
    **{jemx_files.event_file(unit): partial(_jemx, unit) for unit in jemx.UNITS},
    spi_acs.RATE_FILE: _spi_acs,
}
