"""The shape of a source's peak in a decoded image: the mask's autocorrelation near zero."""

from functools import lru_cache

import numpy as np
import scipy.fft
from numpy.typing import NDArray
from scipy.interpolate import RectBivariateSpline

from analysis.engines.coded_mask.camera import Camera

Array = NDArray[np.float64]

#: Samples of the autocorrelation per pixel pitch.
OVERSAMPLING = 4


class PeakShape:
    """The peak of a point source as a function of the distance in pixels, 1 at the top.

    It ends at ``radius_pixels`` along each axis, where the images of two mask openings part; what
    is beyond are side lobes.
    """

    def __init__(self, camera: Camera) -> None:
        self.radius_pixels = (
            camera.mask_element_mm + camera.pixel_sensitive_mm
        ) / camera.pixel_pitch_mm
        step_mm = camera.pixel_pitch_mm / OVERSAMPLING
        along = []
        for axis in (0, 1):
            half = camera.mask.shape[axis] * camera.mask_cell_mm / 2
            at_mm = np.arange(-half, half + step_mm / 2, step_mm)
            along.append(camera.overlaps(axis, at_mm)[0])
        lit = along[0] @ camera.mask @ along[1].T
        lit -= lit.mean()
        size = [scipy.fft.next_fast_len(2 * n, real=True) for n in lit.shape]
        power = np.abs(scipy.fft.rfft2(lit, size, workers=1)) ** 2
        correlation = scipy.fft.irfft2(power, size, workers=1)
        reach = int(np.ceil(self.radius_pixels * OVERSAMPLING)) + 2
        near = np.arange(-reach, reach + 1)
        shape = correlation[np.ix_(near, near)] / correlation[0, 0]
        at_pixels = near / OVERSAMPLING
        self._spline = RectBivariateSpline(at_pixels, at_pixels, shape, kx=3, ky=3)

    def __call__(self, pixels_y: NDArray[np.floating], pixels_z: NDArray[np.floating]) -> Array:
        """The peak on the grid of these distances, shape (len(pixels_y), len(pixels_z))."""
        inside = (np.abs(pixels_y) < self.radius_pixels)[:, None] & (
            np.abs(pixels_z) < self.radius_pixels
        )[None, :]
        value: Array = self._spline(pixels_y, pixels_z)
        return np.where(inside, np.clip(value, 0.0, 1.0), 0.0)


@lru_cache(maxsize=4)
def peak_shape(camera: Camera) -> PeakShape:
    """The peak of a camera, made once per process."""
    return PeakShape(camera)
