"""JEM-X 1 and 2: mask, detector, field of view, energies and event selection.

Published facts are those of the JEM-X Observer's Manual (ISOC, INTG-AO-00030), the OSA user manual
and the headers of public products; what is simplified says so. The two units are taken for equal.

Lengths are millimetres in the spacecraft's Y and Z axes (`instruments.frame`), origin on the axis;
the detector's own axes DETX and DETY are taken for Y and Z. A photon from direction s that crosses
the mask plane at (ym, zm) meets the detector at ``y = ym - H*sY/sX``, ``z = zm - H*sZ/sX``,
H = `MASK_DISTANCE_MM`. Arrays over the detector have shape `DETECTOR_SHAPE`, [along Y, along Z].
"""

import math
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from instruments.frame import SpacecraftFrame

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

#: The two units.
UNITS = (1, 2)

# --- Geometry -------------------------------------------------------------------------------------

#: From the mask to the detector (published: 3.4 m).
MASK_DISTANCE_MM = 3400.0
MASK_RADIUS_MM = 535.0 / 2
#: Distance of neighbouring hexagons' centres (published: element dimension 3.3 mm).
MASK_ELEMENT_MM = 3.3
#: Elements of one period of the pattern, of which a quarter is open (published).
PATTERN_ORDER = 22501
MASK_TRANSPARENCY = 0.25
#: Along the second axis of the hexagonal grid an element has the number of its neighbour plus this.
#: The flight mask's order of elements is not public. With this one, the pattern repeats after
#: 495 mm in six directions, as far as it can.
PATTERN_STEP = 1133

#: The window's radius. With mask and distance it gives the published field of view: 4.8 deg across
#: where the whole detector sees the mask, 13.2 deg where some of it does.
DETECTOR_RADIUS_MM = 125.0
#: The detector knows no pixels: events have places in mm. Analysis counts them in these.
PIXEL_PITCH_MM = 1.5
DETECTOR_SHAPE = (167, 167)
#: Error of an event's place (FWHM); simplified: the same at all energies and places.
POSITION_RESOLUTION_FWHM_MM = 0.5
#: Angle that one pixel covers on the axis, 0.0253 deg: the step of images.
PIXEL_SKY_DEG = math.degrees(math.atan(PIXEL_PITCH_MM / MASK_DISTANCE_MM))

#: The collimator of square tubes along Y and Z lets nothing through from this tangent on.
#: Simplified: its transmission falls off linearly along both axes.
COLLIMATOR_TANGENT = (MASK_RADIUS_MM + DETECTOR_RADIUS_MM) / MASK_DISTANCE_MM
#: Distance from the axis, deg, beyond which no part of the detector sees the mask.
FIELD_RADIUS_DEG = math.degrees(math.atan(COLLIMATOR_TANGENT))

# --- Energies and events --------------------------------------------------------------------------

ENERGY_MIN_KEV = 3.0
ENERGY_MAX_KEV = 35.0
#: Limits of the sixteen channels of the mission's standard spectra (EBOUNDS of its products).
SPECTRUM_LIMITS_KEV = (
    3.04,
    3.52,
    4.08,
    4.8,
    5.52,
    6.48,
    7.52,
    8.82,
    10.24,
    12.0,
    13.92,
    16.34,
    18.94,
    22.06,
    25.88,
    30.2,
    34.88,
)
#: Events have channels PI 0..255. Channel 46 begins at 3.04 keV and channel 223 ends at 34.88 keV
#: (CHANMIN, CHANMAX, E_MIN, E_MAX of the mission's light curves); see `pi_limits_kev`.
PI_CHANNELS = 256
_PI_FIRST, _PI_LAST = 46, 223

#: STATUS of an event that is good for all purposes.
STATUS_GOOD = 0

#: Area, cm2, that a source on the axis lights through the mask (a quarter open), by energy, keV;
#: the window, the gas and the collimator's walls are in it. Rounded from the on-axis ARF of JEM-X 1
#: in a public product. A photon flux times this is the INTENSITY (count/s) of a source: its rate on
#: axis, no dead time, the whole detector.
EFFECTIVE_AREA_CM2 = (
    (2.0, 0.1),
    (2.5, 12.4),
    (3.0, 28.6),
    (3.5, 37.4),
    (4.0, 45.7),
    (4.8, 53.0),
    (6.0, 59.4),
    (7.0, 62.4),
    (8.0, 63.8),
    (10.0, 64.2),
    (12.0, 64.7),
    (15.0, 62.2),
    (18.0, 55.1),
    (20.0, 49.4),
    (25.0, 34.4),
    (30.0, 24.0),
    (34.5, 24.8),
    (40.0, 16.1),
    (60.0, 5.3),
)
#: Energies outside are never detected.
SENSITIVE_KEV = (EFFECTIVE_AREA_CM2[0][0], EFFECTIVE_AREA_CM2[-1][0])
#: FWHM of the measured energy, relative: ``0.40 * sqrt(1 / E + 1 / 60)``, E in keV (published).
_RESOLUTION = (0.40, 60.0)
#: Where the resolution is quoted as one number, it is that at this energy.
REFERENCE_ENERGY_KEV = 10.0


class JemxBandError(ValueError):
    """An energy band that JEM-X has no events in; the message says why."""


# --- Mask -----------------------------------------------------------------------------------------


@cache
def pattern() -> Flags:
    """One period of the mask by element number: True is open; shape (22501,), 5625 True, read only.

    The fourth powers modulo 22501 = 4 * 75**2 + 1: a cyclic difference set, so that every two
    elements are open together equally often (hexagonal uniformly redundant array).
    """
    elements = np.zeros(PATTERN_ORDER, dtype=np.bool_)
    elements[[pow(n, 4, PATTERN_ORDER) for n in range(1, PATTERN_ORDER)]] = True
    elements.setflags(write=False)
    return elements


def mask_is_open(y_mm: ArrayLike, z_mm: ArrayLike) -> Flags:
    """Whether photons pass the mask plane at these points; nothing passes beside the mask.

    Elements are hexagons on a triangular grid, rows along Y, element 0 on the axis.
    """
    y, z = _array(y_mm), _array(z_mm)
    inside = y * y + z * z < MASK_RADIUS_MM**2
    i, j = _nearest_element(y, z)
    is_open: Flags = inside & pattern()[(i + PATTERN_STEP * j) % PATTERN_ORDER]
    return is_open


def mask_point(
    y_mm: ArrayLike, z_mm: ArrayLike, tangent_y: ArrayLike, tangent_z: ArrayLike
) -> tuple[Array, Array]:
    """Where a photon that meets the detector at (y, z) crossed the mask plane, in mm.

    tangent_y, tangent_z: sY/sX and sZ/sX of the direction it came from.
    """
    return (
        _array(y_mm) + MASK_DISTANCE_MM * _array(tangent_y),
        _array(z_mm) + MASK_DISTANCE_MM * _array(tangent_z),
    )


def _nearest_element(y: Array, z: Array) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Grid coordinates (i, j) of the nearest centre ``((i + j/2), j * sqrt(3)/2) * 3.3 mm``."""
    # the cell of a triangular grid is found by rounding three coordinates that add up to 0
    b = z * (2 / math.sqrt(3) / MASK_ELEMENT_MM)
    a = y / MASK_ELEMENT_MM - b / 2
    c = -a - b
    i, j, k = np.rint(a), np.rint(b), np.rint(c)
    off_a, off_b, off_c = np.abs(i - a), np.abs(j - b), np.abs(k - c)
    i = np.where((off_a > off_b) & (off_a > off_c), -j - k, i)
    j = np.where((off_b >= off_a) & (off_b > off_c), -i - k, j)
    return i.astype(np.intp), j.astype(np.intp)


# --- Detector -------------------------------------------------------------------------------------


def pixel_centres_mm() -> Array:
    """Centres of the pixels along Y, and along Z (167 values)."""
    return (_array(np.arange(DETECTOR_SHAPE[0])) - (DETECTOR_SHAPE[0] - 1) / 2) * PIXEL_PITCH_MM


@cache
def sensitive_pixels() -> Flags:
    """Pixels that lie wholly within the detector's window; shape `DETECTOR_SHAPE`, read only."""
    farthest = np.abs(pixel_centres_mm()) + PIXEL_PITCH_MM / 2
    pixels: Flags = np.hypot(farthest[:, None], farthest[None, :]) <= DETECTOR_RADIUS_MM
    pixels.setflags(write=False)
    return pixels


def pixel_of(y_mm: ArrayLike, z_mm: ArrayLike) -> NDArray[np.int32]:
    """The pixel of places on the detector: row * columns + column, -1 where there is none."""
    rows, columns = DETECTOR_SHAPE
    row, column = (
        np.floor(_array(at) / PIXEL_PITCH_MM + count / 2)
        for at, count in ((y_mm, rows), (z_mm, columns))
    )
    # NaN compares false
    inside = (row >= 0) & (row < rows) & (column >= 0) & (column < columns)
    cell = np.where(inside, row * columns + column, 0).astype(np.int32)
    return np.where(inside & sensitive_pixels().ravel()[cell], cell, -1).astype(np.int32)


# --- Field of view --------------------------------------------------------------------------------


def collimator(tangent_y: ArrayLike, tangent_z: ArrayLike) -> Array:
    """What part of the photons from a direction passes the collimator, 1 on the axis."""
    return np.clip(1 - np.abs(_array(tangent_y)) / COLLIMATOR_TANGENT, 0.0, None) * np.clip(
        1 - np.abs(_array(tangent_z)) / COLLIMATOR_TANGENT, 0.0, None
    )


def in_field(frame: SpacecraftFrame, ra: ArrayLike, dec: ArrayLike) -> Flags:
    """Whether ICRS directions in degrees lie in the field (partially coded at least)."""
    sx, sy, sz = frame.components(ra, dec)
    return np.asarray((sx > 0) & (np.hypot(sy, sz) < COLLIMATOR_TANGENT * sx))


def field_polygon(frame: SpacecraftFrame) -> tuple[Array, Array]:
    """Twelve points around the field of 13.2 deg, ICRS ra and dec in degrees.

    Counter-clockwise as seen on the sky; the circle lies between the polygon's corners and edges,
    whose area is its own.
    """
    corners = 12
    step = 2 * math.pi / corners
    wider = math.sqrt(2 * math.pi / (corners * math.sin(step)))
    # Y is to the east where Z is north
    angle = (np.arange(corners) + 0.5) * step
    radius = COLLIMATOR_TANGENT * wider
    return frame.sky(np.ones(corners), radius * np.sin(angle), radius * np.cos(angle))


# --- Energies and events --------------------------------------------------------------------------


@cache
def spectrum_channels() -> NDArray[np.intp]:
    """First PI channel of each of the sixteen channels of spectra, and the end; 17 numbers.

    Which PI channels make up one channel is not public: energies go up by about the same ratio.
    """
    energies = np.log(SPECTRUM_LIMITS_KEV)
    span = (energies - energies[0]) / (energies[-1] - energies[0])
    channels: NDArray[np.intp] = np.rint(_PI_FIRST + span * (_PI_LAST + 1 - _PI_FIRST)).astype(
        np.intp
    )
    channels.setflags(write=False)
    return channels


@cache
def pi_limits_kev() -> Array:
    """The 257 limits of the PI channels, keV, read only.

    Simplified: the published limits, and logarithmic steps between and beyond them.
    """
    known, energies = spectrum_channels(), np.log(SPECTRUM_LIMITS_KEV)
    channels = np.arange(PI_CHANNELS + 1)
    logarithm = np.interp(channels, known, energies)
    step = (energies[-1] - energies[0]) / (known[-1] - known[0])
    logarithm = np.where(channels < known[0], energies[0] + (channels - known[0]) * step, logarithm)
    logarithm = np.where(
        channels > known[-1], energies[-1] + (channels - known[-1]) * step, logarithm
    )
    limits = np.exp(logarithm)
    limits[known] = SPECTRUM_LIMITS_KEV
    limits.setflags(write=False)
    return limits


def energy_of_pi(channel: ArrayLike) -> Array:
    """The energy, keV, that an event of a PI channel is taken to have: the middle of the channel.

    NaN for what is no channel.
    """
    number = np.asarray(channel, dtype=np.intp)
    known = (number >= 0) & (number < PI_CHANNELS)
    limits = pi_limits_kev()
    safe = np.where(known, number, 0)
    return np.where(known, np.sqrt(limits[safe] * limits[safe + 1]), np.nan)


def pi_of_energy(energy_kev: ArrayLike) -> NDArray[np.intp]:
    """The PI channel of measured energies; -1 below all channels, 256 above."""
    found: NDArray[np.intp] = np.searchsorted(pi_limits_kev(), _array(energy_kev), side="right") - 1
    return found


def effective_area_cm2(energy_kev: ArrayLike) -> Array:
    """`EFFECTIVE_AREA_CM2` at energies in keV, 0 outside `SENSITIVE_KEV`."""
    energies, areas = np.array(EFFECTIVE_AREA_CM2).T
    area: Array = np.interp(_array(energy_kev), energies, areas, left=0.0, right=0.0)
    return area


def energy_fwhm(energy_kev: ArrayLike) -> Array:
    """The resolution (FWHM) as a fraction of the energy."""
    factor, constant = _RESOLUTION
    return factor * np.sqrt(1 / _array(energy_kev) + 1 / constant)


def energy_sigma_kev(energy_kev: ArrayLike, fwhm: float | None = None) -> Array:
    """Standard deviation of the measured energy.

    fwhm: at `REFERENCE_ENERGY_KEV`, relative, where it isn't the published one.
    """
    scale = 1.0 if fwhm is None else fwhm / float(energy_fwhm(REFERENCE_ENERGY_KEV))
    fwhm_kev: Array = _array(energy_kev) * energy_fwhm(energy_kev)
    return fwhm_kev * (scale / math.sqrt(8 * math.log(2)))


def check_energy_band(e_min_kev: float, e_max_kev: float) -> None:
    """Raise `JemxBandError` unless there are events from `e_min_kev` to `e_max_kev`."""
    for name, energy in (("lower", e_min_kev), ("upper", e_max_kev)):
        if not ENERGY_MIN_KEV <= energy <= ENERGY_MAX_KEV:
            raise JemxBandError(
                f"The {name} energy {energy:g} keV is outside JEM-X's range, "
                f"{ENERGY_MIN_KEV:g} to {ENERGY_MAX_KEV:g} keV."
            )
    if e_min_kev >= e_max_kev:
        raise JemxBandError(
            f"The lower energy {e_min_kev:g} keV must be below the upper one, {e_max_kev:g} keV."
        )


def _array(values: ArrayLike) -> Array:
    return np.asarray(values, dtype=np.float64)
