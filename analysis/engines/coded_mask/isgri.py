"""IBIS/ISGRI for the engine: its camera, its response, its event files."""

from functools import cache
from pathlib import Path

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from analysis.engines.coded_mask.camera import Camera
from analysis.engines.coded_mask.events import EventList, GoodTime, union
from analysis.engines.coded_mask.pixel_state import efficiency_from_counts
from analysis.engines.coded_mask.shadowgram import Shadowgram, shadowgram_of
from analysis.engines.coded_mask.telescope import Response, Telescope
from analysis.errors import EfficiencyNotComputed, NoISGRIEvents, ScWDataCorrupted
from instruments import isgri
from instruments.frame import FrameError, SpacecraftFrame
from instruments.isgri_files import (
    EVENTS,
    GOOD_TIME_INTERVALS,
    PIXEL_EFFICIENCY_EXTENSION,
    RESOLUTION_KEYWORD,
)

STEP = "select_events"
Array = NDArray[np.float64]

#: True energies that the response covers, and the width of its bins: a sixth of the resolution's
#: standard deviation, so that a model taken at the middle of a bin is as good as its mean.
TRUE_ENERGIES_KEV = (10.0, 1100.0)
TRUE_ENERGY_STEP = 0.005


@cache
def isgri_camera() -> Camera:
    """IBIS/ISGRI as `instruments.isgri` states it."""
    return Camera(
        mask=isgri.mask_pattern().astype(np.float64),
        mask_cell_mm=isgri.MASK_ELEMENT_MM,
        mask_element_mm=isgri.MASK_ELEMENT_MM,
        mask_distance_mm=isgri.MASK_DISTANCE_MM,
        pixels=isgri.sensitive_pixels(),
        pixel_pitch_mm=isgri.PIXEL_PITCH_MM,
        pixel_sensitive_mm=isgri.PIXEL_SENSITIVE_MM,
        full_rate_fraction=isgri.MASK_TRANSPARENCY,
    )


@cache
def isgri_response() -> Response:
    """The same effective area at all energies, a Gaussian resolution, the mission's channels."""
    low, high = np.log(TRUE_ENERGIES_KEV)
    count = int(np.ceil((high - low) / TRUE_ENERGY_STEP))
    return Response(
        channel_edges_kev=isgri.channel_edges_kev(),
        valid_kev=(isgri.ENERGY_MIN_KEV, isgri.ENERGY_MAX_KEV),
        energy_edges_kev=np.exp(np.linspace(low, high, count + 1)),
        effective_area_cm2=lambda energy: np.full(energy.shape, isgri.EFFECTIVE_AREA_CM2),
        sigma_kev=isgri.energy_sigma_kev,
    )


def read_events(event_file: Path, science_window: str) -> EventList:
    """The good events of a file.

    science_window: ``RRRRPPPPSSSF.VVV``, whose first 12 digits the file must state as SWID.
    Good events have SELECT_FLAG 0, a rise time in range, and lie in the union of the good time
    intervals. Pixel state comes from the file, or else from the counts of all energies.

    Raises ScWDataCorrupted, NoISGRIEvents, EfficiencyNotComputed.
    """
    try:
        with fits.open(event_file, memmap=False) as hdus:
            return _read(hdus, science_window)
    except (OSError, EOFError, KeyError, ValueError, TypeError) as error:
        # astropy's message may hold the file's path, which is no user's business
        raise ScWDataCorrupted(
            "the event file can't be read as the format demands "
            f"({type(error).__name__.lower()} in {EVENTS.extension} or "
            f"{GOOD_TIME_INTERVALS.extension}).",
            science_window=science_window,
            step=STEP,
        ) from error


def select_events(
    event_file: Path, science_window: str, e_min_kev: float, e_max_kev: float
) -> Shadowgram:
    """The shadowgram of the good events of a file in ``e_min_kev <= energy < e_max_kev``.

    Raises what `read_events` does, NoISGRIEvents for a band without events, EnergyBandError.
    """
    isgri.check_energy_band(e_min_kev, e_max_kev)
    shadowgram = shadowgram_of(read_events(event_file, science_window), e_min_kev, e_max_kev)
    if not shadowgram.counts.any():
        raise NoISGRIEvents(
            f"no good event from {e_min_kev:g} to {e_max_kev:g} keV.",
            science_window=science_window,
            step=STEP,
        )
    return shadowgram


def _read(hdus: fits.HDUList, science_window: str) -> EventList:
    present = {hdu.name for hdu in hdus}
    for structure in (EVENTS, GOOD_TIME_INTERVALS):
        if structure.extension not in present:
            raise _corrupted(science_window, f"extension {structure.extension} is missing.")
        missing = structure.missing_columns(hdus[structure.extension].columns.names)
        if missing:
            raise _corrupted(
                science_window, f"{structure.extension} lacks column {', '.join(missing)}."
            )
    header = hdus[EVENTS.extension].header
    swid = str(header.get("SWID", "")).strip()
    if swid and swid != science_window[:12]:
        raise _corrupted(science_window, f"the event file says that it is of {swid}.")
    frame, live_fraction = _stated_by(header, science_window)
    starts, stops = union(hdus[GOOD_TIME_INTERVALS.extension].data)
    if starts.size == 0:
        raise NoISGRIEvents("there is no good time.", science_window=science_window, step=STEP)
    good_time = GoodTime(starts, stops, live_fraction)

    table = hdus[EVENTS.extension].data
    time = np.asarray(table["TIME"], dtype=np.float64)
    dety = np.asarray(table["DETY"], dtype=np.int32)
    detz = np.asarray(table["DETZ"], dtype=np.int32)
    rows, columns = isgri.DETECTOR_SHAPE
    if np.any((dety < 0) | (dety >= rows) | (detz < 0) | (detz >= columns)):
        raise _corrupted(science_window, "an event lies beside the detector.")
    pixels = isgri.sensitive_pixels()
    cell = dety * columns + detz
    good = (
        isgri.selected_events(table["SELECT_FLAG"], table["RISE_TIME"])
        & good_time.holds(time)
        & pixels.ravel()[cell]
    )
    chosen = np.flatnonzero(good)
    if chosen.size == 0:
        raise NoISGRIEvents("there is no good event.", science_window=science_window, step=STEP)
    if np.any(np.diff(time[chosen]) < 0):
        chosen = chosen[np.argsort(time[chosen], kind="stable")]
    if PIXEL_EFFICIENCY_EXTENSION in present:
        efficiency = _stated(hdus[PIXEL_EFFICIENCY_EXTENSION].data, science_window) * pixels
    else:
        counts = np.bincount(cell[chosen], minlength=pixels.size).reshape(pixels.shape)
        efficiency = efficiency_from_counts(counts, pixels)
    if not efficiency.any():
        raise EfficiencyNotComputed("no pixel is in use.", science_window=science_window, step=STEP)
    return EventList(
        science_window=science_window,
        frame=frame,
        good_time=good_time,
        time_ijd=time[chosen],
        energy_kev=np.asarray(table["ISGRI_ENERGY"], dtype=np.float32)[chosen],
        cell=cell[chosen],
        efficiency=efficiency,
        energy_resolution_fwhm=float(header.get(RESOLUTION_KEYWORD, isgri.ENERGY_RESOLUTION_FWHM)),
    )


def _stated_by(header: fits.Header, science_window: str) -> tuple[SpacecraftFrame, float]:
    """Attitude and live fraction."""
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
    return frame, live_fraction


def _stated(image: object, science_window: str) -> Array:
    """The pixel state that a file states, [DETY, DETZ]."""
    state = isgri.detector_image(image)
    if state is None:
        raise _corrupted(
            science_window,
            f"{PIXEL_EFFICIENCY_EXTENSION} has shape {np.asarray(image).shape}, "
            f"not {isgri.DETECTOR_SHAPE}.",
        )
    return np.clip(np.nan_to_num(state, nan=0.0), 0.0, 1.0)


def _corrupted(science_window: str, reason: str) -> ScWDataCorrupted:
    return ScWDataCorrupted(reason, science_window=science_window, step=STEP)


ISGRI = Telescope(
    name="isgri",
    camera=isgri_camera,
    image_pixel_deg=0.0823,
    response=isgri_response,
    read_events=read_events,
    check_energy_band=isgri.check_energy_band,
    no_events=NoISGRIEvents,
    catalogue_flag="ISGRI_FLAG",
)
