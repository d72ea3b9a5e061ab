"""The sources of a mosaic.

Candidates are what the Science Windows' own searches found and the further peaks of the mosaic. All
of them are then fitted to all shadowgrams: in each Science Window every candidate in its field at
once, with the background, whether or not it was found there. A source's INTENSITY is the
inverse-variance mean of these fits. So it has neither the loss of a peak sampled in pixels, nor the
bias of averaging only where a source came out bright enough to be found, and a ghost of another
source that adds up in the mosaic fits to nothing and falls out.

Positions are fitted the same way, one shift on the sky for all shadowgrams (Gauss-Newton). Known
sources are modelled at their catalogue position until they are very significant, as in
`source_search`; the list gives the fitted position of all. Position errors are statistical.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from analysis.engines.coded_mask.camera import Camera, tangents
from analysis.engines.coded_mask.images import Mosaic
from analysis.engines.coded_mask.matching import (
    match_radius_deg,
    nearest,
    rough_match_radius_deg,
    separation_deg,
)
from analysis.engines.coded_mask.modelled_sources import (
    Modelled,
    ModelledSource,
    modelled_sources,
)
from analysis.engines.coded_mask.peaks import local_maxima
from analysis.engines.coded_mask.shadowgram import Shadowgram
from analysis.engines.coded_mask.source_fit import Direction, FittedSources, SourceFit
from analysis.engines.coded_mask.source_search import (
    FREE_POSITION_SIGMA,
    NEW_SOURCE_SIGMA,
    PIXEL_LOSS,
    SYSTEMATIC_FRACTION,
    THRESHOLD_RISE,
)
from analysis.products.catalogue_source import CatalogueSource
from analysis.products.sky_maps import Map
from analysis.products.source_list import Source

Array = NDArray[np.float64]

#: Candidates in one mosaic; beyond that the threshold is raised.
MAX_SOURCES = 200
#: What a Science Window found is a candidate if the mosaic has this part of the threshold there.
LIST_LOSS = 0.5
#: Rounds of position fitting.
ROUNDS = 3


@dataclass(frozen=True, slots=True)
class MosaicSearch:
    """What a search gives.

    sources: by significance, highest first. modelled: the same as single Science Windows are to
    model them. messages: what the user should know.
    """

    sources: tuple[Source, ...]
    modelled: Modelled
    messages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A possible source at ICRS degrees; `known` is its catalogue entry."""

    ra: float
    dec: float
    known: CatalogueSource | None = None


@dataclass(frozen=True, slots=True, eq=False)
class _Combined:
    """Fits of all shadowgrams joined, one entry per candidate; NaN where none sees it."""

    intensity: Array
    error: Array

    @property
    def significance(self) -> Array:
        return np.nan_to_num(self.intensity / self.error, nan=0.0)


def mosaic_sources(
    mosaic: Mosaic,
    shadowgrams: Sequence[Shadowgram],
    source_lists: Sequence[Sequence[Source]],
    catalogue: Sequence[CatalogueSource] = (),
    *,
    camera: Camera,
    threshold: float = NEW_SOURCE_SIGMA,
    max_sources: int = MAX_SOURCES,
) -> MosaicSearch:
    """Find and fit the sources of a mosaic.

    shadowgrams, source_lists: those of its Science Windows. threshold: significance of the combined
    fit from which a source, known or new, is listed. With more than `max_sources` candidates it is
    raised by half, as often as needed, with a message.
    """
    messages: list[str] = []
    while True:
        candidates = _candidates(
            mosaic,
            source_lists,
            catalogue,
            threshold,
            rough_match_radius_deg(camera.resolution_deg),
        )
        if len(candidates) <= max_sources:
            break
        threshold *= THRESHOLD_RISE
        messages.append(
            f"Mosaic: more than {max_sources} possible sources; the detection threshold was raised "
            f"to {threshold:.1f} sigma."
        )
    ordered = sorted(shadowgrams, key=lambda s: (s.t_start_ijd, s.science_window))
    joint = _JointFit([SourceFit(shadowgram, camera) for shadowgram in ordered])
    kept = _settled(joint, candidates, catalogue, threshold)
    listed = _listed(joint, kept, mosaic)
    modelled = modelled_sources(listed, catalogue)
    return MosaicSearch(
        listed,
        Modelled(
            modelled,
            {fit.shadowgram.science_window: _seen(fit, modelled) for fit in joint.fits},
        ),
        tuple(messages),
    )


def _seen(fit: SourceFit, modelled: Sequence[ModelledSource]) -> tuple[int, ...]:
    """Which of the sources are in the field of a shadowgram."""
    return tuple(n for n, s in enumerate(modelled) if fit.direction(s.ra, s.dec) is not None)


def _settled(
    joint: "_JointFit",
    candidates: list[_Candidate],
    catalogue: Sequence[CatalogueSource],
    threshold: float,
) -> list[_Candidate]:
    """The candidates that stay above the threshold in the joint fit, at their fitted positions."""
    # generous at first: positions are still rough
    kept = _above(candidates, joint.fit(candidates), PIXEL_LOSS * threshold)
    for _ in range(ROUNDS):
        combined = joint.fit(kept)
        free = [
            n
            for n, candidate in enumerate(kept)
            if candidate.known is None or combined.significance[n] >= FREE_POSITION_SIGMA
        ]
        if not free:
            break
        moved, errors = joint.positions(kept, combined, free)
        largest = 0.0
        for n, place, error in zip(free, moved, errors, strict=True):
            largest = max(largest, separation_deg(kept[n].ra, kept[n].dec, *place) / error)
            radius = match_radius_deg(error, joint.resolution_deg)
            kept[n] = _named(replace(kept[n], ra=place[0], dec=place[1]), radius, catalogue, kept)
        if largest < 0.05:
            break
    while kept:
        combined = joint.fit(kept)
        floor = np.full(len(kept), threshold)
        brightest = float(combined.significance.max())
        new = np.array([candidate.known is None for candidate in kept])
        floor[new] = np.maximum(floor[new], SYSTEMATIC_FRACTION * brightest)
        short = combined.significance / floor
        if short.min() >= 1:
            break
        # one by one: what is left explains more
        del kept[int(np.argmin(short))]
    return kept


def _above(candidates: Sequence[_Candidate], fit: _Combined, minimum: float) -> list[_Candidate]:
    return [c for c, s in zip(candidates, fit.significance, strict=True) if s >= minimum]


def _named(
    candidate: _Candidate,
    radius_deg: float,
    catalogue: Sequence[CatalogueSource],
    others: Sequence[_Candidate],
) -> _Candidate:
    """The candidate as a known source if a free one is near enough to its fitted position."""
    if candidate.known is not None:
        return candidate
    taken = {other.known for other in others}
    free = [source for source in catalogue if source not in taken]
    source = nearest(candidate.ra, candidate.dec, free, radius_deg)
    return candidate if source is None else _Candidate(source.ra, source.dec, source)


def _candidates(
    mosaic: Mosaic,
    source_lists: Sequence[Sequence[Source]],
    catalogue: Sequence[CatalogueSource],
    threshold: float,
    radius_deg: float,
) -> list[_Candidate]:
    """Sources of the Science Windows, then peaks of the mosaic that are none of them."""
    by_name = {source.name: source for source in catalogue}
    significance = mosaic.significance
    found = sorted(
        (
            row
            for rows in source_lists
            for row in rows
            if _height(mosaic, significance, row) >= LIST_LOSS * threshold
        ),
        key=lambda row: -row.significance,
    )
    candidates: dict[str, _Candidate] = {}
    for row in found:
        known = None if row.new_source else by_name.get(row.name)
        if known is not None:
            candidates.setdefault(known.name, _Candidate(known.ra, known.dec, known))
    places = list(candidates.values())
    peaks = [
        (*(float(a) for a in mosaic.plane.sky(column, row)), value)
        for row, column, value in local_maxima(significance, PIXEL_LOSS * threshold)
    ]
    strongest_new = [(row.ra, row.dec, row.significance) for row in found if row.new_source]
    # a new source stands in many lists: the most significant entry has the best position
    for ra, dec, _ in [*strongest_new, *peaks]:
        if nearest(ra, dec, places, radius_deg) is not None:
            continue
        known = nearest(ra, dec, catalogue, radius_deg)
        if known is None or known.name in candidates:
            places.append(_Candidate(ra, dec))
        else:
            candidates[known.name] = _Candidate(known.ra, known.dec, known)
            places.append(candidates[known.name])
    return places


def _height(mosaic: Mosaic, significance: Map, source: Source) -> float:
    """The highest significance of the mosaic around a source; minus infinity beside it."""
    column, row = (float(p) for p in mosaic.plane.pixel(source.ra, source.dec))
    if not mosaic.plane.contains(column, row):
        return -np.inf
    i, j = round(row), round(column)
    near = significance[max(i - 2, 0) : i + 3, max(j - 2, 0) : j + 3]
    seen = near[np.isfinite(near)]
    return float(seen.max()) if seen.size else -np.inf


def _listed(joint: "_JointFit", kept: Sequence[_Candidate], mosaic: Mosaic) -> tuple[Source, ...]:
    if not kept:
        return ()
    combined = joint.fit(kept)
    places, errors = joint.positions(kept, combined, range(len(kept)))
    rows = []
    new = 0
    for n in np.argsort(-combined.significance, kind="stable"):
        known = kept[n].known
        new += known is None
        rows.append(
            Source(
                name=f"NEW_{new}" if known is None else known.name,
                ra=places[n][0],
                dec=places[n][1],
                position_error=errors[n],
                intensity=float(combined.intensity[n]),
                intensity_error=float(combined.error[n]),
                significance=float(combined.significance[n]),
                e_min=mosaic.e_min_kev,
                e_max=mosaic.e_max_kev,
                new_source=known is None,
            )
        )
    return tuple(rows)


class _JointFit:
    """The same sources fitted to several shadowgrams."""

    def __init__(self, fits: Sequence[SourceFit]) -> None:
        self.fits = fits

    @property
    def resolution_deg(self) -> float:
        """Of the camera that took all shadowgrams."""
        return self.fits[0].camera.resolution_deg

    def fit(self, candidates: Sequence[_Candidate]) -> _Combined:
        """Inverse-variance means of the INTENSITY that each shadowgram gives."""
        weights, weighted = np.zeros(len(candidates)), np.zeros(len(candidates))
        for fit in self.fits:
            seen, fitted = self._single(fit, candidates)
            weight = 1.0 / fitted.intensity_error**2
            weights[seen] += weight
            weighted[seen] += weight * fitted.intensity
        with np.errstate(divide="ignore", invalid="ignore"):
            return _Combined(weighted / weights, 1.0 / np.sqrt(weights))

    def positions(
        self, candidates: Sequence[_Candidate], combined: _Combined, moving: Sequence[int]
    ) -> tuple[list[tuple[float, float]], list[float]]:
        """One Gauss-Newton step: ICRS positions (degrees) and errors of the numbered candidates."""
        information = np.zeros((len(candidates), 2, 2))
        pull = np.zeros((len(candidates), 2))
        for fit in self.fits:
            seen, fitted = self._single(fit, candidates)
            here = [k for k, n in enumerate(seen) if n in set(moving)]
            if not here:
                continue
            step, covariance = fit.linear_step(fitted, here, combined.intensity[seen])
            for k, shift, spread in zip(here, step, covariance, strict=True):
                candidate = candidates[seen[k]]
                jacobian = _jacobian(fit, candidate)
                precision = np.linalg.pinv(spread, hermitian=True)
                information[seen[k]] += jacobian.T @ precision @ jacobian
                pull[seen[k]] += jacobian.T @ precision @ shift
        places, errors = [], []
        for n in moving:
            spread = np.linalg.pinv(information[n], hermitian=True)
            east, north = spread @ pull[n]
            limit = 0.5 * self.fits[0].camera.resolution_tangent
            length = float(np.hypot(east, north))
            factor = min(1.0, limit / length) if length > 0 else 0.0
            dec = candidates[n].dec + float(np.degrees(north * factor))
            ra = candidates[n].ra + float(
                np.degrees(east * factor) / np.cos(np.radians(candidates[n].dec))
            )
            places.append((ra % 360.0, dec))
            errors.append(float(np.degrees(np.sqrt(np.trace(spread) / 2))))
        return places, errors

    def _single(
        self, fit: SourceFit, candidates: Sequence[_Candidate]
    ) -> tuple[list[int], FittedSources]:
        """Which candidates a shadowgram sees, and its fit of them."""
        seen: list[int] = []
        directions: list[Direction] = []
        for n, candidate in enumerate(candidates):
            at = fit.direction(candidate.ra, candidate.dec)
            if at is not None:
                seen.append(n)
                directions.append(at)
        return seen, fit.intensities(directions)


def _jacobian(fit: SourceFit, candidate: _Candidate) -> Array:
    """Derivatives of the tangents by a shift to the east and to the north, in radians."""
    step_deg = 1e-4
    ra, dec = candidate.ra, candidate.dec
    frame = fit.shadowgram.frame
    here = np.array(tangents(frame, ra, dec)[:2])
    east = np.array(tangents(frame, ra + step_deg / np.cos(np.radians(dec)), dec)[:2])
    north = np.array(tangents(frame, ra, dec + step_deg)[:2])
    jacobian: Array = np.stack([east - here, north - here], axis=1) / np.radians(step_deg)
    return jacobian
