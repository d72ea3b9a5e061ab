"""Simultaneous fit of sources' shadows and the background to a shadowgram.

Each pixel's expected counts are a smooth background times its efficiency, plus for each source its
INTENSITY times the pixel's exact lit fraction, efficiency, live time, projected area and what the
collimator lets through. The fit is weighted least squares with the variance that the model itself
expects (found in two rounds), which for counts is unbiased and as good as maximum likelihood.
Positions are fitted by Gauss-Newton steps with the exact slopes of the lit fractions.
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
#: … and where a collimator lets at least this part of its photons through.
MIN_THROUGHPUT = 0.1
#: Gauss-Newton steps at most; two are usually enough.
MAX_STEPS = 6
#: Steps smaller than this part of their errors end a fit.
SETTLED = 0.05
#: How often the model's own variance is put in.
ROUNDS = 3
#: The expected variance of a pixel is at least this part of the mean one.
VARIANCE_FLOOR = 0.2


@dataclass(frozen=True, slots=True)
class Direction:
    """Where a source stands in the camera: the tangents sY/sX and sZ/sX."""

    tangent_y: float
    tangent_z: float

    def moved(self, by_y: float, by_z: float) -> "Direction":
        """The direction so far away in tangents."""
        return Direction(self.tangent_y + float(by_y), self.tangent_z + float(by_z))

    def apart(self, other: "Direction") -> float:
        """Distance in tangents."""
        return float(np.hypot(self.tangent_y - other.tangent_y, self.tangent_z - other.tangent_z))


@dataclass(frozen=True, slots=True, eq=False)
class Approach:
    """A source fitted alone to a residual: where, the covariance of its tangents (2, 2)."""

    at: Direction
    covariance: Array
    significance: float


@dataclass(frozen=True, slots=True, eq=False)
class FittedSources:
    """What a fit gives, in the order of the directions asked for.

    intensity, intensity_error: count/s. position_covariance: of the two tangents, (n, 2, 2), NaN
    where the position was not fitted. residual: counts less the model over the detector, 0 in
    pixels that are off. expected: counts that the model gives each live pixel, with a floor: the
    variance to start the next fit with.
    """

    directions: tuple[Direction, ...]
    intensity: Array
    intensity_error: Array
    position_covariance: Array
    residual: Array
    expected: Array

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
        self._background = background_terms(camera)[:, self._alive] * self._efficiency
        self._scale = camera.counts_per_intensity * shadowgram.livetime_s
        self._floor = VARIANCE_FLOOR * max(float(self._counts.mean()), 1e-3) * self._efficiency
        self._shadows: dict[Direction, Array] = {}
        self._rest: tuple[FittedSources, _Rest] | None = None

    def direction(self, ra_deg: float, dec_deg: float) -> Direction | None:
        """The direction of ICRS degrees if enough live pixels see it through the mask."""
        tangent_y, tangent_z, cosine = tangents(self.shadowgram.frame, ra_deg, dec_deg)
        if cosine <= 0:
            return None
        at = Direction(tangent_y, tangent_z)
        return at if self.is_coded(at) else None

    def is_coded(self, at: Direction) -> bool:
        """Whether enough live pixels see that direction through the mask."""
        if self._throughput(at) < MIN_THROUGHPUT:
            return False
        coded = self.shadowgram.efficiency[self.camera.coded(at.tangent_y, at.tangent_z)]
        return float(coded.sum()) >= MIN_CODED_FRACTION * self.camera.pixel_count

    def _throughput(self, at: Direction) -> float:
        return float(self.camera.throughput(at.tangent_y, at.tangent_z))

    def sky(self, at: Direction) -> tuple[float, float]:
        """ICRS right ascension and declination, degrees."""
        ra, dec = self.shadowgram.frame.sky(1.0, at.tangent_y, at.tangent_z)
        return float(ra), float(dec)

    def intensities(
        self, directions: Sequence[Direction], start: FittedSources | None = None
    ) -> FittedSources:
        """Fit the INTENSITY of sources at given directions, and the background.

        start: a fit of about the same model, whose expected counts are good enough as variance.
        """
        columns = np.stack([self._shadow(at) for at in directions]) if directions else None
        design = self._design(columns)
        if start is not None:
            values, covariance = _least_squares(design, self._counts, start.expected)
        else:
            flat = self._efficiency * self._counts.sum() / self._efficiency.sum()
            expected = np.maximum(flat, 0.05)
            for _ in range(ROUNDS):
                values, covariance = _least_squares(design, self._counts, expected)
                expected = np.maximum(values @ design, self._floor)
        model = values @ design
        first = len(self._background)
        residual = np.zeros(self._alive.shape)
        residual[self._alive] = self._counts - model
        return FittedSources(
            directions=tuple(directions),
            intensity=values[first:],
            intensity_error=np.sqrt(np.diag(covariance)[first:]),
            position_covariance=np.full((len(directions), 2, 2), np.nan),
            residual=residual,
            expected=np.maximum(model, self._floor),
        )

    def estimators(self, fitted: FittedSources) -> Array:
        """What a count in each cell of the detector tells of each source, and of the background.

        Shape (sources + 1, rows, columns). The sum over events gives INTENSITY of each source and,
        last, the background's counts per second over the whole detector; of events of a part of
        the live time or of the energies, what that part adds. The sum of squares is the variance.
        It is the least-squares solution with the variances of the fit, written as weights of
        events: linear in them, so without bias however few they are.
        """
        columns = [self._shadow(at) for at in fitted.directions]
        design = self._design(np.stack(columns) if columns else None)
        weighted = design / fitted.expected
        solution = _inverse(weighted @ design.T) @ weighted
        first = len(self._background)
        background = self._background.sum(axis=1) @ solution[:first]
        weights = np.zeros((len(columns) + 1, *self._alive.shape))
        weights[:-1, self._alive] = solution[first:]
        weights[-1, self._alive] = background / self.shadowgram.livetime_s
        return weights

    def positions(
        self,
        directions: Sequence[Direction],
        moving: Sequence[int],
        *,
        steps: int = MAX_STEPS,
        start: FittedSources | None = None,
    ) -> FittedSources:
        """As `intensities`, with the positions of the numbered sources fitted too.

        A position moves by at most half the resolution per step and twice the resolution in all;
        beyond that (no source there) it stays where it began.
        """
        at = list(directions)
        fitted = self.intensities(at, start)
        if not moving:
            return fitted
        covariances = np.full((len(at), 2, 2), np.nan)
        for _ in range(steps):
            step, covariance = self.linear_step(fitted, moving)
            covariances[moving] = covariance
            for index, shift in zip(moving, self._limited(step), strict=True):
                moved = at[index].moved(*shift)
                at[index] = moved if self._stays(moved, directions[index]) else directions[index]
            fitted = self.intensities(at, fitted)
            if _settled(step, covariance):
                break
        self._forget_all_but(at)
        return replace(fitted, position_covariance=covariances)

    def significance_of_one_more(self, fitted: FittedSources, at: Direction) -> float:
        """The significance that one more source at that direction would have."""
        return self._alone(fitted, at)[0]

    def approach(self, fitted: FittedSources, begin: Direction) -> Approach:
        """Where one more source near `begin` would be.

        What `fitted` leaves is fitted by this source and the background alone: quick, and good
        enough to begin a joint fit with.
        """
        at = begin
        rest = self._left_by(fitted)
        covariance = np.full((2, 2), np.nan)
        for _ in range(MAX_STEPS):
            strength = self._alone(fitted, at)[1]
            columns = np.stack([self._shadow(at), *self._slopes(at, strength)])
            values, spread = rest.fitted_by(columns)
            step, covariance = values[None, 1:], spread[1:, 1:]
            moved = at.moved(*self._limited(step)[0])
            if not self._stays(moved, begin):
                return Approach(begin, covariance, self._alone(fitted, begin)[0])
            at = moved
            if _settled(step, covariance[None]):
                break
        return Approach(at, covariance, self._alone(fitted, at)[0])

    def _alone(self, fitted: FittedSources, at: Direction) -> tuple[float, float]:
        """Significance of one more source, and its INTENSITY but at least its error."""
        values, spread = self._left_by(fitted).fitted_by(self._shadow(at)[None])
        error = float(np.sqrt(spread[0, 0]))
        return float(values[0]) / error, max(float(values[0]), error)

    def _left_by(self, fitted: FittedSources) -> "_Rest":
        if self._rest is None or self._rest[0] is not fitted:
            rest = _Rest(self._background, fitted.residual[self._alive], fitted.expected)
            self._rest = (fitted, rest)
        return self._rest[1]

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
            least = float(fitted.intensity_error[index])
            slopes += self._slopes(fitted.directions[index], max(float(strength[index]), least))
        design = self._design(np.stack([*shadows, *slopes]))
        values, covariance = _least_squares(design, self._counts, fitted.expected)
        first = len(self._background) + len(shadows)
        count = len(moving)
        blocks = covariance[first:, first:].reshape(count, 2, count, 2)
        return values[first:].reshape(count, 2), np.stack([blocks[n, :, n] for n in range(count)])

    def _shadow(self, at: Direction) -> Array:
        """Expected counts of the live pixels for INTENSITY 1."""
        shadow = self._shadows.get(at)
        if shadow is None:
            lit = self.camera.illumination(at.tangent_y, at.tangent_z)[self._alive]
            shadow = lit * self._efficiency * (self._scale * self._throughput(at))
            self._shadows[at] = shadow
        return shadow

    def _slopes(self, at: Direction, intensity: float) -> list[Array]:
        """Derivatives of the live pixels' counts by the tangents of a source of that strength."""
        _, by_y, by_z = self.camera.illumination_with_slopes(at.tangent_y, at.tangent_z)
        # what collimator and projection change is nothing against a mask opening
        factor = intensity * self._scale * self._throughput(at)
        return [slope[self._alive] * self._efficiency * factor for slope in (by_y, by_z)]

    def _limited(self, step: Array) -> Array:
        """Steps (n, 2) shortened to half the resolution."""
        limit = 0.5 * self.camera.resolution_tangent
        length = np.hypot(step[:, 0], step[:, 1])
        shortened: Array = step * np.minimum(1.0, limit / np.maximum(length, 1e-12))[:, None]
        return shortened

    def _stays(self, at: Direction, begin: Direction) -> bool:
        return at.apart(begin) < 2 * self.camera.resolution_tangent and self.is_coded(at)

    def _forget_all_but(self, directions: Sequence[Direction]) -> None:
        kept = set(directions)
        self._shadows = {at: shadow for at, shadow in self._shadows.items() if at in kept}

    def _design(self, columns: Array | None) -> Array:
        if columns is None:
            return self._background
        return np.concatenate([self._background, columns])


class _Rest:
    """What a fit leaves, to be fitted by the background and a few columns more, many times.

    The background's part of the normal equations is solved once; a column costs little then (the
    Schur complement).
    """

    def __init__(self, background: Array, residual: Array, expected: Array) -> None:
        self._weight = 1.0 / expected
        self._background = background * self._weight
        self._inverse = _inverse(self._background @ background.T)
        self._residual = residual * self._weight
        self._pull = background @ self._residual

    def fitted_by(self, columns: Array) -> tuple[Array, Array]:
        """Values and covariance of the columns' factors, the background fitted beside them."""
        across = self._background @ columns.T
        shared = self._inverse @ across
        normal = (columns * self._weight) @ columns.T - across.T @ shared
        covariance = _inverse(normal)
        return covariance @ (columns @ self._residual - shared.T @ self._pull), covariance


def _settled(step: Array, covariance: Array) -> bool:
    """Whether steps (n, 2) are small against their errors."""
    error = np.sqrt(np.maximum(np.trace(covariance, axis1=1, axis2=2), 1e-24))
    return bool(np.all(np.hypot(step[:, 0], step[:, 1]) < SETTLED * error))


def _least_squares(design: Array, counts: Array, variance: Array) -> tuple[Array, Array]:
    """Values and covariance of the parameters, one per row of `design`."""
    weighted = design / variance
    covariance = _inverse(weighted @ design.T)
    return covariance @ (weighted @ counts), covariance


def _inverse(normal: Array) -> Array:
    """The inverse of a normal matrix."""
    # parameters of very different sizes: scale before inverting
    scale = np.sqrt(np.maximum(np.diag(normal), 1e-300))
    scaled = normal / np.outer(scale, scale)
    try:
        inverse = np.linalg.inv(scaled)
    except np.linalg.LinAlgError:
        inverse = np.linalg.pinv(scaled, rcond=1e-10, hermitian=True)
    result: Array = inverse / np.outer(scale, scale)
    return result
