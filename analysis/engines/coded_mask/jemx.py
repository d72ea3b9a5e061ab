"""JEM-X 1 and 2 for the engine: camera, response, event files.

The hexagons of the mask are drawn on fine square cells, each with the part of it that is open, and
blurred as the detector blurs; photons are counted in pixels of 1.5 mm. The rest is the core's.
"""

from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from analysis.engines.coded_mask.camera import Camera
from analysis.engines.coded_mask.events import EventList, GoodTime, union
from analysis.engines.coded_mask.telescope import Response, Telescope
from analysis.errors import NoJEMXEvents, ScWDataCorrupted
from instruments import jemx
from instruments.frame import FrameError, SpacecraftFrame
from instruments.jemx_files import RESOLUTION_KEYWORD, events, good_time_intervals

STEP = "select_events"
Array = NDArray[np.float64]

#: Cells along the distance of two hexagons' centres, and points along a cell at which the mask is
#: looked up.
CELLS_PER_ELEMENT = 6
POINTS_PER_CELL = 2
#: Rows of points that are looked up at once: little enough to stay in the processor's cache.
_ROWS_AT_ONCE = 32
#: Width of the response's bins of true energy, relative.
TRUE_ENERGY_STEP = 0.01
_SIGMA_PER_FWHM = 1 / np.sqrt(8 * np.log(2))


@cache
def jemx_camera() -> Camera:
    """A JEM-X unit as `instruments.jemx` states it."""
    cell = jemx.MASK_ELEMENT_MM / CELLS_PER_ELEMENT
    blur = jemx.POSITION_RESOLUTION_FWHM_MM * _SIGMA_PER_FWHM / cell
    return Camera(
        mask=gaussian_filter(_drawn_mask(cell), blur, mode="constant"),
        mask_cell_mm=cell,
        mask_element_mm=jemx.MASK_ELEMENT_MM,
        mask_distance_mm=jemx.MASK_DISTANCE_MM,
        pixels=jemx.sensitive_pixels(),
        pixel_pitch_mm=jemx.PIXEL_PITCH_MM,
        pixel_sensitive_mm=jemx.PIXEL_PITCH_MM,
        full_rate_fraction=jemx.MASK_TRANSPARENCY,
        collimator_tangent=jemx.COLLIMATOR_TANGENT,
    )


def _drawn_mask(cell_mm: float) -> Array:
    """The open part of each cell; a margin of two cells around the mask."""
    cells = 2 * (int(np.ceil(jemx.MASK_RADIUS_MM / cell_mm)) + 2)
    count = cells * POINTS_PER_CELL
    at = (np.arange(count) - (count - 1) / 2) * (cell_mm / POINTS_PER_CELL)
    mask = np.empty((cells, cells))
    for row in range(0, count, _ROWS_AT_ONCE):
        rows = slice(row, row + _ROWS_AT_ONCE)
        is_open = jemx.mask_is_open(at[rows, None], at[None, :])
        points = is_open.reshape(-1, POINTS_PER_CELL, cells, POINTS_PER_CELL)
        first = row // POINTS_PER_CELL
        mask[first : first + len(points)] = points.mean(axis=(1, 3))
    return mask


@cache
def jemx_response() -> Response:
    """The published on-axis area and resolution, the mission's sixteen channels."""
    low, high = np.log(jemx.SENSITIVE_KEV)
    count = int(np.ceil((high - low) / TRUE_ENERGY_STEP))
    return Response(
        channel_edges_kev=np.array(jemx.SPECTRUM_LIMITS_KEV),
        valid_kev=(jemx.SPECTRUM_LIMITS_KEV[0], jemx.SPECTRUM_LIMITS_KEV[-1]),
        energy_edges_kev=np.exp(np.linspace(low, high, count + 1)),
        effective_area_cm2=jemx.effective_area_cm2,
        sigma_kev=jemx.energy_sigma_kev,
    )


def read_events(unit: int, event_file: Path, science_window: str) -> EventList:
    """The good events of a file of JEM-X 1 or 2.

    science_window: ``RRRRPPPPSSSF.VVV``, whose first 12 digits the file must state as SWID, if any.
    Good events have STATUS 0, lie in a pixel and in the union of the good time intervals. The
    energy of an event is the middle of its PI channel. All pixels are taken to be equally good.

    Raises ScWDataCorrupted, NoJEMXEvents.
    """
    table, intervals = events(unit), good_time_intervals(unit)
    try:
        with fits.open(event_file, memmap=False) as hdus:
            return _read(unit, hdus, science_window)
    except (OSError, EOFError, KeyError, ValueError, TypeError) as error:
        # astropy's message may hold the file's path, which is no user's business
        raise ScWDataCorrupted(
            "the event file can't be read as the format demands "
            f"({type(error).__name__.lower()} in {table.extension} or {intervals.extension}).",
            science_window=science_window,
            step=STEP,
        ) from error


def _read(unit: int, hdus: fits.HDUList, science_window: str) -> EventList:
    present = {hdu.name for hdu in hdus}
    for structure in (events(unit), good_time_intervals(unit)):
        if structure.extension not in present:
            raise _corrupted(science_window, f"extension {structure.extension} is missing.")
        missing = structure.missing_columns(hdus[structure.extension].columns.names)
        if missing:
            raise _corrupted(
                science_window, f"{structure.extension} lacks column {', '.join(missing)}."
            )
    header = hdus[events(unit).extension].header
    swid = str(header.get("SWID", "")).strip()
    if swid and swid != science_window[:12]:
        raise _corrupted(science_window, f"the event file says that it is of {swid}.")
    frame, live_fraction = _stated_by(header, science_window)
    starts, stops = union(hdus[good_time_intervals(unit).extension].data)
    if starts.size == 0:
        raise _none(science_window, "there is no good time.")
    good_time = GoodTime(starts, stops, live_fraction)

    table = hdus[events(unit).extension].data
    time = np.asarray(table["TIME"], dtype=np.float64)
    energy = jemx.energy_of_pi(table["PI"])
    cell = jemx.pixel_of(table["DETX"], table["DETY"])
    good = np.asarray(table["STATUS"]) == jemx.STATUS_GOOD
    chosen = np.flatnonzero(good & (cell >= 0) & np.isfinite(energy) & good_time.holds(time))
    if chosen.size == 0:
        raise _none(science_window, "there is no good event.")
    if np.any(np.diff(time[chosen]) < 0):
        chosen = chosen[np.argsort(time[chosen], kind="stable")]
    nominal = float(jemx.energy_fwhm(jemx.REFERENCE_ENERGY_KEV))
    return EventList(
        science_window=science_window,
        frame=frame,
        good_time=good_time,
        time_ijd=time[chosen],
        energy_kev=energy[chosen].astype(np.float32),
        cell=cell[chosen],
        efficiency=jemx.sensitive_pixels().astype(np.float64),
        energy_resolution_fwhm=float(header.get(RESOLUTION_KEYWORD, nominal)),
    )


def _stated_by(header: fits.Header, science_window: str) -> tuple[SpacecraftFrame, float]:
    """Attitude and live fraction."""
    try:
        frame = SpacecraftFrame.from_axes(
            *(float(header[name]) for name in ("RA_SCX", "DEC_SCX", "RA_SCZ", "DEC_SCZ"))
        )
        ontime, livetime = float(header["ONTIME"]), float(header["LIVETIME"])
    except FrameError as error:
        raise _corrupted(science_window, f"its attitude is no frame. {error}") from error
    except KeyError as error:
        raise _corrupted(science_window, f"a keyword of the events is missing: {error}.") from error
    live_fraction = livetime / ontime if ontime > 0 else 0.0
    if not 0 < live_fraction <= 1 + 1e-9:
        raise _none(
            science_window, f"LIVETIME / ONTIME is {live_fraction:g}: there is no live time."
        )
    return frame, live_fraction


def _corrupted(science_window: str, reason: str) -> ScWDataCorrupted:
    return ScWDataCorrupted(reason, science_window=science_window, step=STEP)


def _none(science_window: str, reason: str) -> NoJEMXEvents:
    return NoJEMXEvents(reason, science_window=science_window, step=STEP)


def _telescope(unit: int) -> Telescope:
    read: Callable[[Path, str], EventList] = partial(read_events, unit)
    return Telescope(
        name=f"jemx{unit}",
        camera=jemx_camera,
        image_pixel_deg=0.025,
        response=jemx_response,
        read_events=read,
        check_energy_band=jemx.check_energy_band,
        no_events=NoJEMXEvents,
        catalogue_flag="JEMX_FLAG",
    )


JEMX_1 = _telescope(1)
JEMX_2 = _telescope(2)
