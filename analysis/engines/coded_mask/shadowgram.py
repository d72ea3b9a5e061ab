"""From a Science Window's event file to the counts of each pixel in an energy band."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from analysis.engines.coded_mask.pixel_state import efficiency_from_counts
from analysis.errors import EfficiencyNotComputed, NoISGRIEvents, ScWDataCorrupted
from instruments import isgri
from instruments.frame import FrameError, SpacecraftFrame
from instruments.isgri_files import (
    EVENTS,
    GOOD_TIME_INTERVALS,
    PIXEL_EFFICIENCY_EXTENSION,
    RESOLUTION_KEYWORD,
)
from instruments.time import SECONDS_PER_DAY

STEP = "select_events"


@dataclass(frozen=True, slots=True, eq=False)
class Shadowgram:
    """Counts of the detector's pixels in a band, and what is needed to make rates of them.

    science_window: ``RRRRPPPPSSSF.VVV``. frame: the attitude. counts, efficiency: shape (130, 134),
    [DETY, DETZ]; efficiency is 0 in gaps and for off and noisy pixels, at most 1, dead time apart.
    ontime_s: length of the good time; livetime_s: the same without dead time. t_start_ijd,
    t_stop_ijd: first start and last end of the good time, IJD (TT).
    energy_resolution_fwhm: as a fraction of the energy.
    """

    science_window: str
    frame: SpacecraftFrame
    e_min_kev: float
    e_max_kev: float
    counts: NDArray[np.int32]
    efficiency: NDArray[np.float64]
    ontime_s: float
    livetime_s: float
    t_start_ijd: float
    t_stop_ijd: float
    energy_resolution_fwhm: float

    @property
    def usable_pixels(self) -> int:
        """How many pixels have an efficiency above 0."""
        return int(np.count_nonzero(self.efficiency))


def select_events(
    event_file: Path, science_window: str, e_min_kev: float, e_max_kev: float
) -> Shadowgram:
    """The shadowgram of the good events of a file in ``e_min_kev <= energy < e_max_kev``.

    science_window: ``RRRRPPPPSSSF.VVV``, whose first 12 digits the file must state as SWID.
    Good events have SELECT_FLAG 0, a rise time in range, and lie in the union of the good time
    intervals. Pixel state comes from the file, or else from the counts of all energies.

    Raises ScWDataCorrupted, NoISGRIEvents, EfficiencyNotComputed; EnergyBandError for the band.
    """
    isgri.check_energy_band(e_min_kev, e_max_kev)
    try:
        with fits.open(event_file, memmap=False) as hdus:
            return _select(hdus, science_window, e_min_kev, e_max_kev)
    except (OSError, EOFError, KeyError, ValueError, TypeError) as error:
        # astropy's message may hold the file's path, which is no user's business
        raise ScWDataCorrupted(
            "the event file can't be read as the format demands "
            f"({type(error).__name__.lower()} in {EVENTS.extension} or "
            f"{GOOD_TIME_INTERVALS.extension}).",
            science_window=science_window,
            step=STEP,
        ) from error


def _select(
    hdus: fits.HDUList, science_window: str, e_min_kev: float, e_max_kev: float
) -> Shadowgram:
    present = {hdu.name for hdu in hdus}
    for structure in (EVENTS, GOOD_TIME_INTERVALS):
        if structure.extension not in present:
            raise _corrupted(science_window, f"extension {structure.extension} is missing.")
        missing = structure.missing_columns(hdus[structure.extension].columns.names)
        if missing:
            raise _corrupted(
                science_window, f"{structure.extension} lacks column {', '.join(missing)}."
            )
    events = hdus[EVENTS.extension]
    header = events.header
    swid = str(header.get("SWID", "")).strip()
    if swid and swid != science_window[:12]:
        raise _corrupted(science_window, f"the event file says that it is of {swid}.")
    try:
        frame = SpacecraftFrame.from_axes(
            *(float(header[name]) for name in ("RA_SCX", "DEC_SCX", "RA_SCZ", "DEC_SCZ"))
        )
        live_fraction = float(header["LIVETIME"]) / float(header["ONTIME"])
    except FrameError as error:
        raise _corrupted(science_window, f"its attitude is no frame. {error}") from error
    except KeyError as error:
        raise _corrupted(science_window, f"{EVENTS.extension} lacks a keyword: {error}.") from error
    except ZeroDivisionError:
        live_fraction = 0.0
    if not 0 < live_fraction <= 1 + 1e-9:
        raise NoISGRIEvents(
            f"LIVETIME / ONTIME is {live_fraction:g}: there is no live time.",
            science_window=science_window,
            step=STEP,
        )
    starts, stops = _union(hdus[GOOD_TIME_INTERVALS.extension].data)
    if starts.size == 0:
        raise NoISGRIEvents("there is no good time.", science_window=science_window, step=STEP)

    table = events.data
    time = np.asarray(table["TIME"], dtype=np.float64)
    energy = np.asarray(table["ISGRI_ENERGY"], dtype=np.float64)
    dety = np.asarray(table["DETY"], dtype=np.intp)
    detz = np.asarray(table["DETZ"], dtype=np.intp)
    interval = np.searchsorted(starts, time, side="right") - 1
    good = (
        isgri.selected_events(table["SELECT_FLAG"], table["RISE_TIME"])
        & (interval >= 0)
        & (time <= stops[interval])
    )
    rows, columns = isgri.DETECTOR_SHAPE
    if np.any((dety < 0) | (dety >= rows) | (detz < 0) | (detz >= columns)):
        raise _corrupted(science_window, "an event lies beside the detector.")
    cell = dety * columns + detz
    in_band = good & (energy >= e_min_kev) & (energy < e_max_kev)
    pixels = isgri.sensitive_pixels()
    counts = _binned(cell[in_band]) * pixels
    if not counts.any():
        raise NoISGRIEvents(
            f"no good event from {e_min_kev:g} to {e_max_kev:g} keV.",
            science_window=science_window,
            step=STEP,
        )
    if PIXEL_EFFICIENCY_EXTENSION in present:
        efficiency = _stated(hdus[PIXEL_EFFICIENCY_EXTENSION].data, science_window) * pixels
    else:
        efficiency = efficiency_from_counts(_binned(cell[good]), pixels)
    if not efficiency.any():
        raise EfficiencyNotComputed("no pixel is in use.", science_window=science_window, step=STEP)
    ontime_s = float(np.sum(stops - starts)) * SECONDS_PER_DAY
    return Shadowgram(
        science_window=science_window,
        frame=frame,
        e_min_kev=e_min_kev,
        e_max_kev=e_max_kev,
        counts=counts,
        efficiency=efficiency,
        ontime_s=ontime_s,
        livetime_s=ontime_s * live_fraction,
        t_start_ijd=float(starts[0]),
        t_stop_ijd=float(stops[-1]),
        energy_resolution_fwhm=float(header.get(RESOLUTION_KEYWORD, isgri.ENERGY_RESOLUTION_FWHM)),
    )


def _binned(cells: NDArray[np.intp]) -> NDArray[np.int32]:
    rows, columns = isgri.DETECTOR_SHAPE
    return np.bincount(cells, minlength=rows * columns).reshape(rows, columns).astype(np.int32)


def _stated(image: object, science_window: str) -> NDArray[np.float64]:
    """The pixel state that a file states, [DETY, DETZ]."""
    state = isgri.detector_image(image)
    if state is None:
        raise _corrupted(
            science_window,
            f"{PIXEL_EFFICIENCY_EXTENSION} has shape {np.asarray(image).shape}, "
            f"not {isgri.DETECTOR_SHAPE}.",
        )
    return np.clip(np.nan_to_num(state, nan=0.0), 0.0, 1.0)


def _union(intervals: fits.FITS_rec) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Starts and ends of the union of intervals, in order and apart."""
    bounds = np.stack([np.asarray(intervals[name], dtype=np.float64) for name in ("START", "STOP")])
    bounds = bounds[:, np.isfinite(bounds).all(axis=0) & (bounds[1] > bounds[0])]
    bounds = bounds[:, np.argsort(bounds[0], kind="stable")]
    if bounds.shape[1] == 0:
        return bounds[0], bounds[1]
    reached = np.maximum.accumulate(bounds[1])
    first = np.concatenate([[True], bounds[0, 1:] > reached[:-1]])
    last = np.concatenate([first[1:], [True]])
    return bounds[0, first], reached[last]


def _corrupted(science_window: str, reason: str) -> ScWDataCorrupted:
    return ScWDataCorrupted(reason, science_window=science_window, step=STEP)
