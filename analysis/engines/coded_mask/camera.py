"""A coded-mask camera as values, and what its pixels see of a point source.

The mask is a grid of rectangular cells with a transmission each (a mask of other shapes is drawn on
finer cells), the detector a grid of square pixels. Nothing here assumes a pattern, its order or its
transparency: they come with the `Camera`.

A direction is given by its *tangents* ``sY/sX``, ``sZ/sX``; the mask's shadow then lies
``-distance * tangent`` off the axis, i.e. a detector point y sees the mask plane at
``y + distance * tangent``.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array

from instruments.frame import SpacecraftFrame

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

#: Along a side; with fewer, whole matrices are multiplied faster than sparse ones are made.
FEW_CELLS = 200


@dataclass(frozen=True, slots=True, eq=False)
class Camera:
    """Geometry of a coded-mask telescope; lengths in mm, arrays indexed [Y, Z].

    mask: transmission of each cell, 0..1, the grid centred on the axis; nothing passes beside it.
    mask_element_mm: size of the mask's openings, which sets the resolution; a cell or more.
    pixels: which cells of the detector grid, centred on the axis, hold a pixel.
    pixel_sensitive_mm: side of the part of a pixel that detects.
    full_rate_fraction: rates are quoted for this part of the open detector, i.e. INTENSITY is this
    fraction of what a source gives without a mask, on axis, over all pixels (ISGRI: one half).
    collimator_tangent: where a collimator of square tubes along Y and Z, whose transmission falls
    off linearly on both axes, lets nothing through any more; infinite where there is none.
    """

    mask: Array
    mask_cell_mm: float
    mask_element_mm: float
    mask_distance_mm: float
    pixels: Flags
    pixel_pitch_mm: float
    pixel_sensitive_mm: float
    full_rate_fraction: float
    collimator_tangent: float = float("inf")

    @property
    def pixel_count(self) -> int:
        """How many pixels the detector has, alive or not."""
        return int(np.count_nonzero(self.pixels))

    @property
    def counts_per_intensity(self) -> float:
        """Counts per second of live time in a fully lit pixel, on axis, for INTENSITY 1."""
        return 1.0 / (self.full_rate_fraction * self.pixel_count)

    @property
    def pixel_tangent(self) -> float:
        """The tangent by which the shadow moves one pixel: the step of sky images."""
        return self.pixel_pitch_mm / self.mask_distance_mm

    @property
    def resolution_tangent(self) -> float:
        """The tangent that a mask's opening covers: about the width (FWHM) of a source's peak."""
        return self.mask_element_mm / self.mask_distance_mm

    @property
    def field_steps(self) -> tuple[int, int]:
        """How many pixels the shadow can move in Y and in Z until no pixel is coded."""
        y, z = (
            int(
                (self.mask.shape[axis] * self.mask_cell_mm / 2) / self.pixel_pitch_mm
                + self.pixels.shape[axis] / 2
            )
            for axis in (0, 1)
        )
        return y, z

    @property
    def resolution_deg(self) -> float:
        """`resolution_tangent` as an angle on the axis."""
        return float(np.degrees(self.resolution_tangent))

    def collimation(self, tangent_y: ArrayLike, tangent_z: ArrayLike) -> Array:
        """What part of the photons from directions passes the collimator, 1 on the axis."""
        through = [
            np.clip(1 - np.abs(np.asarray(t, dtype=np.float64)) / self.collimator_tangent, 0, None)
            for t in (tangent_y, tangent_z)
        ]
        passed: Array = through[0] * through[1]
        return passed

    def throughput(self, tangent_y: ArrayLike, tangent_z: ArrayLike) -> Array:
        """The rate in a lit pixel relative to that on the axis: projected area and collimator."""
        y, z = (np.asarray(t, dtype=np.float64) for t in (tangent_y, tangent_z))
        rate: Array = self.collimation(y, z) / np.sqrt(1 + y * y + z * z)
        return rate

    def pixel_offsets_mm(self, axis: int) -> Array:
        """Centres of the detector's cells along Y (axis 0) or Z (axis 1)."""
        count = self.pixels.shape[axis]
        offsets: Array = (np.arange(count) - (count - 1) / 2) * self.pixel_pitch_mm
        return offsets

    def overlaps(self, axis: int, at_mm: Array) -> tuple[Array, Array]:
        """How much of pixels projected to `at_mm` on the mask each row of cells covers.

        Returns the fractions, shape (len(at_mm), cells along the axis), and their derivatives per
        mm of `at_mm`.
        """
        cells = self.mask.shape[axis]
        edges = (np.arange(cells + 1) - cells / 2) * self.mask_cell_mm
        low = at_mm[:, None] - self.pixel_sensitive_mm / 2
        high = at_mm[:, None] + self.pixel_sensitive_mm / 2
        lower, upper = edges[None, :-1], edges[None, 1:]
        inside = np.clip(np.minimum(high, upper) - np.maximum(low, lower), 0.0, None)
        slope = ((high > lower) & (high <= upper)).astype(np.float64) - (
            (low > lower) & (low <= upper)
        )
        return inside / self.pixel_sensitive_mm, slope / self.pixel_sensitive_mm

    def illumination(self, tangent_y: float, tangent_z: float) -> Array:
        """The lit fraction of each pixel for a source in that direction (0 in the gaps)."""
        along_y, _ = self._overlaps_towards(0, tangent_y)
        along_z, _ = self._overlaps_towards(1, tangent_z)
        lit: Array = (along_y @ self.mask) @ along_z.T
        return lit * self.pixels

    def illumination_with_slopes(
        self, tangent_y: float, tangent_z: float
    ) -> tuple[Array, Array, Array]:
        """`illumination` and its derivatives by the two tangents."""
        along_y, slope_y = self._overlaps_towards(0, tangent_y)
        along_z, slope_z = self._overlaps_towards(1, tangent_z)
        lit_rows = along_y @ self.mask
        return (
            (lit_rows @ along_z.T) * self.pixels,
            ((slope_y @ self.mask) @ along_z.T) * (self.pixels * self.mask_distance_mm),
            (lit_rows @ slope_z.T) * (self.pixels * self.mask_distance_mm),
        )

    def coded(self, tangent_y: float, tangent_z: float) -> Flags:
        """The pixels that see any part of the mask in that direction."""
        seen = [
            np.abs(self.pixel_offsets_mm(axis) + self.mask_distance_mm * tangent)
            < (self.mask.shape[axis] * self.mask_cell_mm + self.pixel_sensitive_mm) / 2
            for axis, tangent in ((0, tangent_y), (1, tangent_z))
        ]
        coded: Flags = self.pixels & seen[0][:, None] & seen[1][None, :]
        return coded

    def _overlaps_towards(
        self, axis: int, tangent: float
    ) -> tuple[Array | csr_array, Array | csr_array]:
        """`overlaps` of the pixels in a direction.

        A pixel covers but a few cells: where there are many, only these are kept.
        """
        at_mm = self.pixel_offsets_mm(axis) + self.mask_distance_mm * tangent
        share, slope = self.overlaps(axis, at_mm)
        if self.mask.shape[axis] < FEW_CELLS:
            return share, slope
        return csr_array(share), csr_array(slope)


def tangents(frame: SpacecraftFrame, ra_deg: float, dec_deg: float) -> tuple[float, float, float]:
    """sY/sX, sZ/sX and sX (the cosine of the off-axis angle) of an ICRS direction.

    sX is not positive for a direction behind the telescope; the tangents are NaN then.
    """
    sx, sy, sz = (float(s) for s in frame.components(ra_deg, dec_deg))
    if sx <= 0:
        return float("nan"), float("nan"), sx
    return sy / sx, sz / sx, sx
