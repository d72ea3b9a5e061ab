"""Balanced cross-correlation: from a shadowgram to maps of the sky.

After Goldwurm et al. 2003 (A&A 411, L223). For a sky position let P be the exact lit fraction of
each pixel (from the mask's cells and the sensitive part of a pixel, so between 0 and 1), E the
efficiency and N the counts. Over the pixels that see the mask from there (all sums), with the mean
p = sum(P E) / sum(E),

    S = sum((P - p) N),    n = sum((P - p)**2 E),    V = sum((P - p)**2 N)

INTENSITY = S / (k n) and VARIANCE = V / (k n)**2, where k is the counts per unit of INTENSITY in a
fully lit pixel: live time, projected area, collimator and the convention of rates. Written with
open and closed decoding arrays this is G+ = P, G- = 1 - P with the balance
sum(P E) / sum((1 - P) E); it is also the least-squares fit of P E and a flat background E. A flat
background gives 0 in every position, whatever pixels are off; V needs no model of the counts.

Shadows move by one pixel per image pixel; each sum over pixels is a correlation with the mask
sampled at the pixels' pitch, done by FFT. They assume neither a transparency
nor that P is 0 or 1.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from analysis.engines.coded_mask.background import without_smooth_background
from analysis.engines.coded_mask.camera import Camera
from analysis.engines.coded_mask.images import SkyImage
from analysis.engines.coded_mask.shadowgram import Shadowgram
from analysis.products.tangent_plane import TangentPlane
from instruments.frame import SpacecraftFrame

Array = NDArray[np.float64]

#: Positions that less than this part of the detector's live pixels codes are left out.
MIN_CODED_FRACTION = 0.02
#: So are those from which a collimator lets less than this part of the photons through.
MIN_THROUGHPUT = 0.1


class MaskCorrelation:
    """Correlations of detector maps with a camera's mask, for all shifts in the field.

    Results have shape ``shape`` and are indexed [shift in Y, shift in Z], from minus to plus
    ``camera.field_steps`` pixels.
    """

    def __init__(self, camera: Camera) -> None:
        self.camera = camera
        self.steps = camera.field_steps
        self.shape = (2 * self.steps[0] + 1, 2 * self.steps[1] + 1)
        sampled = self._sampled_mask()
        self._size = [scipy.fft.next_fast_len(n, real=True) for n in sampled.shape]
        self._mask = scipy.fft.rfft2(sampled, self._size, workers=1)
        self._mask_squared = scipy.fft.rfft2(sampled**2, self._size, workers=1)
        self._bounds = [self._coded_bounds(axis) for axis in (0, 1)]

    def _sampled_mask(self) -> Array:
        """The lit fraction of pixels at all places that shifts bring them to."""
        along = []
        for axis in (0, 1):
            count = self.camera.pixels.shape[axis] + 2 * self.steps[axis]
            at_mm = (np.arange(count) - (count - 1) / 2) * self.camera.pixel_pitch_mm
            along.append(self.camera.overlaps(axis, at_mm)[0])
        sampled: Array = along[0] @ self.camera.mask @ along[1].T
        return sampled

    def _coded_bounds(self, axis: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """For each shift, the first pixel that sees the mask and the one after the last."""
        half = (
            self.camera.mask.shape[axis] * self.camera.mask_cell_mm + self.camera.pixel_sensitive_mm
        ) / 2
        at_mm = self.camera.pixel_offsets_mm(axis)
        shifts_mm = self.shifts(axis) * self.camera.pixel_pitch_mm
        return (
            np.searchsorted(at_mm, -half - shifts_mm, side="right"),
            np.searchsorted(at_mm, half - shifts_mm, side="left"),
        )

    def shifts(self, axis: int) -> NDArray[np.intp]:
        """The shifts along an axis in pixels."""
        return np.arange(-self.steps[axis], self.steps[axis] + 1)

    def transform(self, detector_map: Array) -> NDArray[np.complex128]:
        """The conjugate spectrum of a detector map, for `lit` and `lit_squared`."""
        spectrum: NDArray[np.complex128] = np.conj(
            scipy.fft.rfft2(detector_map, self._size, workers=1)
        )
        return spectrum

    def lit(self, spectrum: NDArray[np.complex128]) -> Array:
        """sum(P X) over the pixels for each shift."""
        return self._correlated(spectrum * self._mask)

    def lit_squared(self, spectrum: NDArray[np.complex128]) -> Array:
        """sum(P**2 X) over the pixels for each shift."""
        return self._correlated(spectrum * self._mask_squared)

    def coded(self, detector_map: Array) -> Array:
        """sum(X) over the pixels that see the mask for each shift."""
        rows, columns = detector_map.shape
        table = np.zeros((rows + 1, columns + 1))
        table[1:, 1:] = detector_map.cumsum(axis=0).cumsum(axis=1)
        (y0, y1), (z0, z1) = self._bounds
        return (
            table[np.ix_(y1, z1)]
            - table[np.ix_(y0, z1)]
            - table[np.ix_(y1, z0)]
            + table[np.ix_(y0, z0)]
        )

    def _correlated(self, product: NDArray[np.complex128]) -> Array:
        full: Array = scipy.fft.irfft2(product, self._size, workers=1, overwrite_x=True)
        return full[: self.shape[0], : self.shape[1]]


@lru_cache(maxsize=4)
def mask_correlation(camera: Camera) -> MaskCorrelation:
    """The correlation of a camera, made once per process."""
    return MaskCorrelation(camera)


@dataclass(frozen=True, slots=True, eq=False)
class Decoding:
    """What decoding a shadowgram needs but the counts: made once, used for every residual.

    Maps over shifts as `MaskCorrelation` gives them. per_intensity: k n, the decoded sum for
    INTENSITY 1. variance: of INTENSITY. usable: the shifts with enough coded pixels.
    """

    correlation: MaskCorrelation
    mean_lit: Array
    per_intensity: Array
    variance: Array
    exposure_s: Array
    usable: NDArray[np.bool_]

    def intensity(self, counts: Array) -> Array:
        """INTENSITY for detector counts (or what is left of them), all shifts; 0 if unusable."""
        alone = self.correlation.lit(self.correlation.transform(counts))
        decoded = alone - self.mean_lit * self.correlation.coded(counts)
        return np.where(self.usable, decoded / self.per_intensity, 0.0)


def decoding_of(shadowgram: Shadowgram, camera: Camera) -> Decoding:
    """The `Decoding` of a shadowgram by its efficiency, live time and counting noise."""
    correlation = mask_correlation(camera)
    efficiency, counts = shadowgram.efficiency, _live_counts(shadowgram)
    of_efficiency = correlation.transform(efficiency)
    alive = correlation.coded(efficiency)
    usable = alive >= MIN_CODED_FRACTION * camera.pixel_count
    with np.errstate(divide="ignore", invalid="ignore"):
        lit = correlation.lit(of_efficiency)
        mean_lit = np.where(usable, lit / alive, 0.0)
        contrast = correlation.lit_squared(of_efficiency) - mean_lit * lit
    throughput = _throughput(correlation)
    usable &= throughput >= MIN_THROUGHPUT
    # where hardly any pixel differs from the mean, as at the rim of a round mask, there is nothing
    # to decode
    usable &= contrast > MIN_CODED_FRACTION * contrast.max()
    per_intensity = np.where(
        usable,
        contrast * camera.counts_per_intensity * shadowgram.livetime_s * throughput,
        1.0,
    )
    of_counts = correlation.transform(counts)
    noise = (
        correlation.lit_squared(of_counts)
        - 2 * mean_lit * correlation.lit(of_counts)
        + mean_lit**2 * correlation.coded(counts)
    )
    # at least one count's worth: a position without counts has no Gaussian error
    variance = np.maximum(noise, 0.25) / per_intensity**2
    return Decoding(
        correlation=correlation,
        mean_lit=mean_lit,
        per_intensity=per_intensity,
        variance=variance,
        exposure_s=shadowgram.livetime_s * alive / camera.pixel_count,
        usable=usable,
    )


def sky_image(shadowgram: Shadowgram, camera: Camera) -> SkyImage:
    """The image of a shadowgram as decoded, side lobes of its sources included.

    A smooth background shape is taken off first (`background`). See `source_search.find_sources`
    for the image without side lobes.
    """
    decoding = decoding_of(shadowgram, camera)
    return image_of(
        shadowgram, decoding, decoding.intensity(without_smooth_background(shadowgram, camera))
    )


def image_of(shadowgram: Shadowgram, decoding: Decoding, intensity: Array) -> SkyImage:
    """A `SkyImage` with the given INTENSITY over shifts."""
    return SkyImage(
        science_window=shadowgram.science_window,
        plane=image_plane(shadowgram.frame, decoding.correlation.camera),
        e_min_kev=shadowgram.e_min_kev,
        e_max_kev=shadowgram.e_max_kev,
        t_start_ijd=shadowgram.t_start_ijd,
        t_stop_ijd=shadowgram.t_stop_ijd,
        ontime_s=shadowgram.ontime_s,
        livetime_s=shadowgram.livetime_s,
        intensity=_as_image(intensity, decoding.usable),
        variance=_as_image(decoding.variance, decoding.usable),
        exposure_s=_as_image(decoding.exposure_s, decoding.usable),
    )


def image_plane(frame: SpacecraftFrame, camera: Camera) -> TangentPlane:
    """The projection of a camera's images: exact, as shifts are coordinates of a tangent plane."""
    steps_y, steps_z = camera.field_steps
    ra, dec = frame.ra_x, frame.dec_x
    pointing = TangentPlane.north_up(ra, dec, 1.0, (1, 1)).axes()
    axes = frame.matrix()
    # components of the spacecraft's Y and Z on east and north of the pointing
    (y_east, y_north), (z_east, z_north) = axes[1:] @ pointing[1:].T
    step = np.degrees(camera.pixel_tangent)
    return TangentPlane(
        shape=(2 * steps_z + 1, 2 * steps_y + 1),
        ra_deg=ra % 360.0,
        dec_deg=dec,
        crpix=(steps_y + 1.0, steps_z + 1.0),
        cd_deg=(
            float(-step * y_east),
            float(step * z_east),
            float(-step * y_north),
            float(step * z_north),
        ),
    )


def _as_image(over_shifts: Array, usable: NDArray[np.bool_]) -> NDArray[np.float32]:
    """From [Y, Z] to rows along Z and columns along -Y."""
    masked = np.where(usable, over_shifts, np.nan).astype(np.float32)
    return np.ascontiguousarray(masked[::-1].T)


def _throughput(correlation: MaskCorrelation) -> Array:
    """`Camera.throughput` for each shift."""
    camera = correlation.camera
    y, z = (correlation.shifts(axis) * camera.pixel_tangent for axis in (0, 1))
    return camera.throughput(y[:, None], z[None, :])


def _live_counts(shadowgram: Shadowgram) -> Array:
    return np.where(shadowgram.efficiency > 0, shadowgram.counts, 0).astype(np.float64)
