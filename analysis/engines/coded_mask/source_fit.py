"""Simultaneous fit of sources' shadows and the background to a shadowgram.

Each pixel's expected counts are a smooth background times its efficiency, plus for each source its
INTENSITY times the pixel's exact lit fraction, efficiency, live time and the cosine of the off-axis
angle. The fit is weighted least squares with the variance that the model itself expects (found in
two rounds), which for counts is unbiased and as good as maximum likelihood. Positions are fitted by
Gauss-Newton steps with the exact slopes of the lit fractions.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from analysis.engines.coded_mask.background import background_terms
from analysis.engines.coded_mask.camera import Camera, tangents
from analysis.engines.coded_mask.shadowgram import Shadowgram

Array = NDArray[np.float64]

#: A source is fitted only where it codes at least this part of the detector's live pixels.
MIN_CODED_FRACTION = 0.02
#: Gauss-Newton steps at most; two are usually enough.
MAX_STEPS = 6
#: The expected variance of a pixel is at least this part of the mean one.
VARIANCE_FLOOR = 0.2


@dataclass(frozen=True, slots=True)
class Direction:
    """Where a source stands in the camera: the tangents sY/sX and sZ/sX."""

    tangent_y: float
    tangent_z: float

    @property
    def cosine(self) -> float:
        """Cosine of the off-axis angle."""
        return float(1.0 / np.sqrt(1.0 + self.tangent_y**2 + self.tangent_z**2))

    def apart(self, other: "Direction") -> float:
        """Distance in tangents."""
        return float(np.hypot(self.tangent_y - other.tangent_y, self.tangent_z - other.tangent_z))


@dataclass(frozen=True, slots=True, eq=False)
class FittedSources:
    """What a fit gives, in the order of the directions asked for.

    intensity, intensity_error (count/s); position_error: one standard deviation of each tangent,
    shape (n, 2), NaN where the position was not fitted; position_covariance: (n, 2, 2), likewise.
    residual: counts less the model over the detector, 0 in pixels that are off.
    """

    directions: tuple[Direction, ...]
    intensity: Array
    intensity_error: Array
    position_covariance: Array
    residual: Array

    @property
    def significance(self) -> Array:
        """INTENSITY over its error."""
        return self.intensity / self.intensity_error


class SourceFit:
    """Fits of one shadowgram. Shadows once computed are kept for the next fit."""

    def __init__(self, shadowgram: Shadowgram, camera: Camera) -> None:
        self.shadowgram = shadowgram
        self.camera = camera
        self._alive = shadowgram.efficiency > 0
        self._efficiency = shadowgram.efficiency[self._alive]
        self._counts = shadowgram.counts[self._alive].astype(np.float64)
        self._background = (background_terms(camera)[:, self._alive] * self._efficiency).T
        self._scale = camera.counts_per_intensity * shadowgram.livetime_s
        self._floor = VARIANCE_FLOOR * max(float(self._counts.mean()), 1e-3) * self._efficiency
        self._shadows: dict[Direction, Array] = {}

    def direction(self, ra_deg: float, dec_deg: float) -> Direction | None:
        """The direction of ICRS degrees if enough live pixels see it through the mask."""
        tangent_y, tangent_z, cosine = tangents(self.shadowgram.frame, ra_deg, dec_deg)
        if cosine <= 0:
            return None
        at = Direction(tangent_y, tangent_z)
        return at if self.is_coded(at) else None

    def is_coded(self, at: Direction) -> bool:
        """Whether enough live pixels see that direction through the mask."""
        coded = self.shadowgram.efficiency[self.camera.coded(at.tangent_y, at.tangent_z)]
        return float(coded.sum()) >= MIN_CODED_FRACTION * self.camera.pixel_count

    def sky(self, at: Direction) -> tuple[float, float]:
        """ICRS right ascension and declination, degrees."""
        ra, dec = self.shadowgram.frame.sky(1.0, at.tangent_y, at.tangent_z)
        return float(ra), float(dec)

    def intensities(self, directions: Sequence[Direction]) -> FittedSources:
        """Fit the INTENSITY of sources at given directions, and the background."""
        shadows = np.stack([self._shadow(at) for at in directions]) if directions else None
        design = self._design(shadows)
        variance = np.maximum(self._efficiency * self._counts.sum() / self._efficiency.sum(), 0.05)
        for _ in range(2):
            values, covariance = _least_squares(design, self._counts, variance)
            model = design @ values
            variance = np.maximum(model, self._floor)
        values, covariance = _least_squares(design, self._counts, variance)
        first = self._background.shape[1]
        residual = np.zeros(self._alive.shape)
        residual[self._alive] = self._counts - design @ values
        return FittedSources(
            directions=tuple(directions),
            intensity=values[first:],
            intensity_error=np.sqrt(np.diag(covariance)[first:]),
            position_covariance=np.full((len(directions), 2, 2), np.nan),
            residual=residual,
        )

    def positions(
        self, directions: Sequence[Direction], free: Sequence[bool], steps: int = MAX_STEPS
    ) -> FittedSources:
        """As `intensities`, with the positions of the sources marked free fitted too.

        A position moves by at most half the resolution per step and twice the resolution in all;
        beyond that (no source there) it stays where it began.
        """
        begin = tuple(directions)
        at = list(begin)
        fitted = self.intensities(at)
        moving = [n for n, is_free in enumerate(free) if is_free]
        covariances = np.full((len(at), 2, 2), np.nan)
        if not moving:
            return fitted
        limit = 0.5 * self.camera.resolution_tangent
        for _ in range(steps):
            step, covariance = self.linear_step(fitted, moving)
            covariances[moving] = covariance
            length = np.hypot(step[:, 0], step[:, 1])
            step *= np.minimum(1.0, limit / np.maximum(length, 1e-12))[:, None]
            for index, (dy, dz) in zip(moving, step, strict=True):
                moved = Direction(at[index].tangent_y + dy, at[index].tangent_z + dz)
                lost = moved.apart(begin[index]) > 4 * limit or not self.is_coded(moved)
                at[index] = begin[index] if lost else moved
            fitted = self.intensities(at)
            error = np.sqrt(np.maximum(np.trace(covariance, axis1=1, axis2=2), 1e-24))
            if np.all(length < 0.05 * error):
                break
        self._forget_all_but(at)
        return replace(fitted, position_covariance=covariances)

    def linear_step(
        self,
        fitted: FittedSources,
        moving: Sequence[int],
        intensity: Array | None = None,
    ) -> tuple[Array, Array]:
        """How far the numbered sources should move, (n, 2) tangents, with covariances (n, 2, 2).

        intensity: the strength of each source to judge its shadow's slopes by, if not as fitted.
        """
        strength = fitted.intensity if intensity is None else intensity
        shadows = [self._shadow(at) for at in fitted.directions]
        slopes: list[Array] = []
        for index in moving:
            at = fitted.directions[index]
            _, by_y, by_z = self.camera.illumination_with_slopes(at.tangent_y, at.tangent_z)
            factor = (
                max(float(strength[index]), float(fitted.intensity_error[index]))
                * self._scale
                * at.cosine
            )
            for slope in (by_y, by_z):
                slopes.append(slope[self._alive] * self._efficiency * factor)
        design = self._design(np.stack([*shadows, *slopes]))
        expected = np.maximum(self._counts - fitted.residual[self._alive], self._floor)
        values, covariance = _least_squares(design, self._counts, expected)
        first = self._background.shape[1] + len(shadows)
        count = len(moving)
        blocks = covariance[first:, first:].reshape(count, 2, count, 2)
        return values[first:].reshape(count, 2), np.stack([blocks[n, :, n] for n in range(count)])

    def _shadow(self, at: Direction) -> Array:
        """Expected counts of the live pixels for INTENSITY 1."""
        shadow = self._shadows.get(at)
        if shadow is None:
            lit = self.camera.illumination(at.tangent_y, at.tangent_z)[self._alive]
            shadow = lit * self._efficiency * (self._scale * at.cosine)
            self._shadows[at] = shadow
        return shadow

    def _forget_all_but(self, directions: Sequence[Direction]) -> None:
        kept = set(directions)
        self._shadows = {at: shadow for at, shadow in self._shadows.items() if at in kept}

    def _design(self, columns: Array | None) -> Array:
        if columns is None:
            return self._background
        return np.concatenate([self._background, columns.T], axis=1)


def _least_squares(design: Array, counts: Array, variance: Array) -> tuple[Array, Array]:
    """Values and covariance of the linear model's parameters."""
    weighted = design / variance[:, None]
    normal = weighted.T @ design
    # parameters of very different sizes: scale before inverting
    scale = np.sqrt(np.maximum(np.diag(normal), 1e-300))
    inverse = np.linalg.pinv(normal / np.outer(scale, scale), rcond=1e-10, hermitian=True)
    covariance = inverse / np.outer(scale, scale)
    return covariance @ (weighted.T @ counts), covariance
