"""IBIS/ISGRI: mask, detector, field of view, energies and event selection.

Lengths are millimetres in the spacecraft's Y and Z axes (`instruments.frame`), origin on the
telescope's axis. A photon from direction s that crosses the mask plane at (ym, zm) meets the
detector at ``y = ym - H*sY/sX``, ``z = zm - H*sZ/sX``, H = `MASK_DISTANCE_MM`. Arrays over the
detector have shape `DETECTOR_SHAPE` and are indexed [DETY, DETZ]; arrays over the mask have shape
(95, 95), indexed [i along Y, j along Z].
"""

import math
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from instruments.frame import SpacecraftFrame

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

# --- Geometry -------------------------------------------------------------------------------------

#: From the middle of the mask to the detector.
MASK_DISTANCE_MM = 3202.97
PIXEL_PITCH_MM = 4.6
#: Side of the square inside a pixel that detects photons.
PIXEL_SENSITIVE_MM = 4.0
#: Cells along DETY and DETZ, the gaps between modules among them.
DETECTOR_SHAPE = (130, 134)
GAP_DETY = (64, 65)
GAP_DETZ = (32, 33, 66, 67, 100, 101)
PIXEL_COUNT = 128 * 128
#: Angle that one pixel covers on the axis (0.0823 deg): the step of images.
PIXEL_SKY_DEG = math.degrees(math.atan(PIXEL_PITCH_MM / MASK_DISTANCE_MM))

MASK_ELEMENT_MM = 11.2
#: Elements along each side of the mask.
MASK_ELEMENTS = 95
MURA_ORDER = 53
#: Index of the element at which a period of the pattern begins.
MASK_PHASE = 47

MASK_HALF_WIDTH_MM = MASK_ELEMENTS * MASK_ELEMENT_MM / 2
DETECTOR_HALF_WIDTHS_MM = (
    DETECTOR_SHAPE[0] * PIXEL_PITCH_MM / 2,
    DETECTOR_SHAPE[1] * PIXEL_PITCH_MM / 2,
)
#: sY/sX and sZ/sX at the edges of the field: beyond them no pixel sees any part of the mask.
FIELD_TANGENTS = (
    (MASK_HALF_WIDTH_MM + DETECTOR_HALF_WIDTHS_MM[0]) / MASK_DISTANCE_MM,
    (MASK_HALF_WIDTH_MM + DETECTOR_HALF_WIDTHS_MM[1]) / MASK_DISTANCE_MM,
)

# --- Energies and events --------------------------------------------------------------------------

ENERGY_MIN_KEV = 15.0
ENERGY_MAX_KEV = 800.0
#: Images are made in bands whose limits are multiples of this.
ENERGY_STEP_KEV = 0.5
#: Spectra have the mission's fixed channels (OSA 11): 256 of them from this energy on, …
CHANNELS_FROM_KEV = 12.5
#: … so many of each width, keV.
CHANNEL_WIDTHS_KEV = (
    (0.5, 9),
    (1.0, 18),
    (1.5, 19),
    (2.0, 18),
    (2.5, 19),
    (3.0, 18),
    (3.5, 19),
    (4.0, 18),
    (4.5, 19),
    (5.0, 18),
    (5.5, 19),
    (6.0, 18),
    (6.5, 19),
    (7.0, 18),
    (7.5, 7),
)
#: Full width at half maximum as a fraction of the energy, where keyword ERESFWHM does not say.
ENERGY_RESOLUTION_FWHM = 0.07
#: Rates are quoted for an open mask fraction of one half (INTENSITY, see `EFFECTIVE_AREA_CM2`).
MASK_TRANSPARENCY = 0.5
#: 1310.72 cm2 at all energies: sensitive area of all pixels times `MASK_TRANSPARENCY`. A photon
#: flux (1/cm2/s) times this is the INTENSITY (count/s) of a source: its rate on axis, all pixels
#: alive, no dead time.
EFFECTIVE_AREA_CM2 = PIXEL_COUNT * (PIXEL_SENSITIVE_MM / 10) ** 2 * MASK_TRANSPARENCY
#: Events outside these rise times (inclusive) are not used.
RISE_TIME_MIN = 16
RISE_TIME_MAX = 116
#: SELECT_FLAG of a good event.
SELECT_FLAG_GOOD = 0


class EnergyBandError(ValueError):
    """An energy band that ISGRI images cannot be made in; the message says why."""


class FractionalEnergyError(EnergyBandError):
    """A limit of the band lies within a channel."""


# --- Mask -----------------------------------------------------------------------------------------


@cache
def mura() -> Flags:
    """One period of the mask, the MURA of order 53: True is open; shape (53, 53), read only.

    A[0, j] = 0; A[i, 0] = 1 for i > 0; else 1 where C(i)C(j) = +1, C(k) being +1 for the quadratic
    residues of 53 and -1 otherwise (Gottesman and Fenimore 1989, Applied Optics 28, 4344).
    """
    residue = np.zeros(MURA_ORDER, dtype=np.bool_)
    residue[(np.arange(1, MURA_ORDER) ** 2) % MURA_ORDER] = True
    pattern: Flags = np.equal.outer(residue, residue)
    pattern[:, 0] = True
    pattern[0, :] = False
    pattern.setflags(write=False)
    return pattern


@cache
def mask_pattern() -> Flags:
    """The whole mask: True is open; shape (95, 95) [i along Y, j along Z], read only."""
    phase = (np.arange(MASK_ELEMENTS) - MASK_PHASE) % MURA_ORDER
    pattern = np.ascontiguousarray(mura()[np.ix_(phase, phase)])
    pattern.setflags(write=False)
    return pattern


def mask_is_open(y_mm: ArrayLike, z_mm: ArrayLike) -> Flags:
    """Whether photons pass the mask plane at these points; nothing passes beside the mask.

    Element i covers ``(i - 47.5) * 11.2`` to ``(i - 46.5) * 11.2`` mm. Beside the mask the
    telescope's tube is opaque.
    """
    i, j = (np.floor(_array(at) / MASK_ELEMENT_MM + MASK_ELEMENTS / 2) for at in (y_mm, z_mm))
    inside = (i >= 0) & (i < MASK_ELEMENTS) & (j >= 0) & (j < MASK_ELEMENTS)
    rows = np.where(inside, i, 0).astype(np.intp)
    columns = np.where(inside, j, 0).astype(np.intp)
    return inside & mask_pattern()[rows, columns]


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


# --- Detector -------------------------------------------------------------------------------------


def pixel_centres_mm() -> tuple[Array, Array]:
    """Centres of the cells along Y (130 values) and along Z (134 values)."""
    return (
        (_array(np.arange(DETECTOR_SHAPE[0])) - (DETECTOR_SHAPE[0] - 1) / 2) * PIXEL_PITCH_MM,
        (_array(np.arange(DETECTOR_SHAPE[1])) - (DETECTOR_SHAPE[1] - 1) / 2) * PIXEL_PITCH_MM,
    )


@cache
def sensitive_pixels() -> Flags:
    """Cells that hold a pixel, i.e. all but the gaps; shape (130, 134), 16384 True, read only."""
    pixels = np.ones(DETECTOR_SHAPE, dtype=np.bool_)
    pixels[list(GAP_DETY), :] = False
    pixels[:, list(GAP_DETZ)] = False
    pixels.setflags(write=False)
    return pixels


def detector_image(image: object) -> Array | None:
    """An image of the detector's cells as [DETY, DETZ], ``None`` for one of another shape.

    FITS counts axes the other way round than NumPy: a file whose NAXIS1 is DETY gives (134, 130).
    The two lengths differ, so that nobody needs to be told which way a file means.
    """
    cells = np.asarray(image, dtype=np.float64)
    if cells.shape == DETECTOR_SHAPE[::-1]:
        cells = cells.T
    return cells if cells.shape == DETECTOR_SHAPE else None


def detector_shift_mm(frame: SpacecraftFrame, ra: float, dec: float) -> tuple[float, float]:
    """How far the mask's shadow lies from the axis, (y, z), for a source at ICRS degrees.

    Raises ValueError for a source behind the telescope.
    """
    sx, sy, sz = (float(s) for s in frame.components(ra, dec))
    if sx <= 0:
        raise ValueError("The source is behind the telescope: it casts no shadow.")
    return -MASK_DISTANCE_MM * sy / sx, -MASK_DISTANCE_MM * sz / sx


# --- Field of view --------------------------------------------------------------------------------


def in_field(frame: SpacecraftFrame, ra: ArrayLike, dec: ArrayLike) -> Flags:
    """Whether ICRS directions in degrees lie in the field (partially coded at least)."""
    sx, sy, sz = frame.components(ra, dec)
    return np.asarray(
        (sx > 0) & (np.abs(sy) < FIELD_TANGENTS[0] * sx) & (np.abs(sz) < FIELD_TANGENTS[1] * sx)
    )


def field_polygon(frame: SpacecraftFrame) -> tuple[Array, Array]:
    """The four corners of the 29 x 29 deg field as ICRS ra and dec in degrees.

    The edges are where the response falls to zero: great circles, 14.5 deg from the axis in Y and
    14.7 deg in Z. The corners go counter-clockwise as seen on the sky (DALI 1.1, section 3.3.7).
    """
    width, height = FIELD_TANGENTS
    sy = np.array([-width, width, width, -width])
    sz = np.array([height, height, -height, -height])
    return frame.sky(np.ones(4), sy, sz)


# --- Energies and events --------------------------------------------------------------------------


def check_energy_band(e_min_kev: float, e_max_kev: float) -> None:
    """Raise `EnergyBandError` unless an image can be made from `e_min_kev` to `e_max_kev`."""
    for name, energy in (("lower", e_min_kev), ("upper", e_max_kev)):
        if not ENERGY_MIN_KEV <= energy <= ENERGY_MAX_KEV:
            raise EnergyBandError(
                f"The {name} energy {energy:g} keV is outside ISGRI's range, "
                f"{ENERGY_MIN_KEV:g} to {ENERGY_MAX_KEV:g} keV."
            )
        if not (energy / ENERGY_STEP_KEV).is_integer():
            raise FractionalEnergyError(
                f"The {name} energy {energy:g} keV is no multiple of {ENERGY_STEP_KEV:g} keV."
            )
    if e_min_kev >= e_max_kev:
        raise EnergyBandError(
            f"The lower energy {e_min_kev:g} keV must be below the upper one, {e_max_kev:g} keV."
        )


@cache
def channel_edges_kev() -> Array:
    """The 257 limits of the channels of spectra, read only."""
    widths = np.concatenate([np.full(count, width) for width, count in CHANNEL_WIDTHS_KEV])
    edges = CHANNELS_FROM_KEV + np.concatenate([[0.0], np.cumsum(widths)])
    edges.setflags(write=False)
    return edges


def energy_sigma_kev(energy_kev: ArrayLike, fwhm: float = ENERGY_RESOLUTION_FWHM) -> Array:
    """Standard deviation of the measured energy; `fwhm` is a fraction of the energy (ERESFWHM)."""
    return _array(energy_kev) * (fwhm / math.sqrt(8 * math.log(2)))


def selected_events(select_flag: ArrayLike, rise_time: ArrayLike) -> Flags:
    """Which events are used: SELECT_FLAG 0 and RISE_TIME 16..116."""
    rise = np.asarray(rise_time)
    return np.asarray(
        (np.asarray(select_flag) == SELECT_FLAG_GOOD)
        & (rise >= RISE_TIME_MIN)
        & (rise <= RISE_TIME_MAX)
    )


def _array(values: ArrayLike) -> Array:
    return np.asarray(values, dtype=np.float64)
