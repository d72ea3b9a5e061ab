"""The sources of one Science Window, and its image without their side lobes.

The shadow of a source decodes into a peak and side lobes all over the image, ghosts of up to half
its height among them. So the highest peak is fitted (`source_fit`), what all sources found so far
cast is taken off the shadowgram in a simultaneous fit, the rest is decoded again, and so on until
no peak is above the threshold. A peak near a source of the catalogue is that source.

**Positions.** A known source is modelled at its catalogue position until it is so significant
(`FREE_POSITION_SIGMA`) that a small error there would leave a peak; then, like a new source, where
it is fitted. The list gives the fitted position of all.

**Very bright sources.** A model is never exact: below `SYSTEMATIC_FRACTION` of the brightest
source's significance only sources of the catalogue are accepted.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from analysis.engines.coded_mask.camera import Camera
from analysis.engines.coded_mask.cleaning import cleaned_image, residual_image
from analysis.engines.coded_mask.decoding import Decoding, decoding_of
from analysis.engines.coded_mask.ghosts import ghost_shifts
from analysis.engines.coded_mask.images import SkyImage
from analysis.engines.coded_mask.matching import match_radius_deg
from analysis.engines.coded_mask.peaks import local_maxima
from analysis.engines.coded_mask.shadowgram import Shadowgram
from analysis.engines.coded_mask.source_fit import (
    MAX_STEPS,
    Approach,
    Direction,
    FittedSources,
    SourceFit,
)
from analysis.products.catalogue_source import CatalogueSource
from analysis.products.source_list import Source

Array = NDArray[np.float64]

#: Thresholds on significance: for new sources, and for sources of the catalogue.
NEW_SOURCE_SIGMA = 6.0
CATALOGUE_SIGMA = 4.0
#: Significance from which a known source is modelled where it is fitted.
FREE_POSITION_SIGMA = 30.0
#: New sources must have this part of the brightest source's significance.
SYSTEMATIC_FRACTION = 0.005
#: A pixel shows less than the top of a peak between pixels: candidates begin at this part of the
#: threshold.
PIXEL_LOSS = 0.7
#: Among the directions that explain a peak (ghosts of each other) a known source is preferred:
#: twice the logarithm of the 10 000 places in a field where a new one might be.
KNOWN_SOURCE_ODDS = 18.0
#: Sources in one image; beyond that the thresholds are raised.
MAX_SOURCES = 60
#: How often all sources are fitted together and the rest searched once more.
MAX_PASSES = 4
THRESHOLD_RISE = 1.5


@dataclass(frozen=True, slots=True, eq=False)
class SourceSearch:
    """What a search gives.

    sources: by significance, highest first. image: side lobes taken off, the sources' own peaks
    left in. residual: INTENSITY without any source. messages: what the user should know.
    """

    sources: tuple[Source, ...]
    image: SkyImage
    residual: SkyImage
    messages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Model:
    """A source in the model.

    known: its catalogue entry. free: its position is fitted.
    """

    at: Direction
    known: CatalogueSource | None = None
    free: bool = True


def find_sources(
    shadowgram: Shadowgram,
    catalogue: Sequence[CatalogueSource] = (),
    *,
    camera: Camera,
    threshold: float = NEW_SOURCE_SIGMA,
    catalogue_threshold: float = CATALOGUE_SIGMA,
    max_sources: int = MAX_SOURCES,
) -> SourceSearch:
    """Find, fit and clean the sources of a shadowgram.

    threshold, catalogue_threshold: significance from which new and known sources are accepted.
    max_sources: with more, both thresholds are raised by half, as often as needed, with a message.
    """
    search = _Search(shadowgram, catalogue, camera)
    messages: list[str] = []
    catalogue_threshold = min(threshold, catalogue_threshold)
    while not search.run(threshold, catalogue_threshold, max_sources):
        threshold *= THRESHOLD_RISE
        catalogue_threshold *= THRESHOLD_RISE
        messages.append(
            f"Science Window {shadowgram.science_window}: more than {max_sources} sources; the "
            f"detection threshold was raised to {threshold:.1f} sigma "
            f"({catalogue_threshold:.1f} for catalogued sources)."
        )
    return search.result(tuple(messages))


class _Search:
    """One search; `run` leaves the accepted models and their fit in it."""

    def __init__(
        self, shadowgram: Shadowgram, catalogue: Sequence[CatalogueSource], camera: Camera
    ) -> None:
        self.shadowgram = shadowgram
        self.camera = camera
        self.decoding: Decoding = decoding_of(shadowgram, camera)
        self.fit = SourceFit(shadowgram, camera)
        self.error = np.sqrt(self.decoding.variance)
        self.homes = [
            (source, at)
            for source in catalogue
            if (at := self.fit.direction(source.ra, source.dec)) is not None
        ]
        self.models: list[_Model] = []
        self.fitted: FittedSources = self.fit.intensities(())

    def run(self, threshold: float, catalogue_threshold: float, max_sources: int) -> bool:
        """Search from the beginning; False if there are too many sources."""
        self.models = []
        self.fitted = self.fit.intensities(())
        for _ in range(MAX_PASSES):
            before = len(self.models)
            while self._add_highest(threshold) or self._add_known(catalogue_threshold):
                if len(self.models) > max_sources:
                    return False
            self._settle()
            if len(self.models) == before:
                break
        self._drop_faint(threshold, catalogue_threshold)
        return True

    def _add_highest(self, threshold: float) -> bool:
        """Add the highest peak above the threshold to the model; False if there is none."""
        floor = threshold
        if self.models:
            floor = max(floor, SYSTEMATIC_FRACTION * float(self.fitted.significance.max()))
        for begin in self._peaks(PIXEL_LOSS * threshold):
            found = self._tried(begin)
            if found is None:
                continue
            models, fitted = found
            if fitted.significance[-1] < (threshold if models[-1].known else floor):
                continue
            self.models, self.fitted = models, fitted
            if fitted.significance[-1] >= FREE_POSITION_SIGMA:
                # what is so bright has disturbed the others' positions
                self._settle(steps=1)
            return True
        return False

    def _add_known(self, threshold: float) -> bool:
        """Add the most significant catalogue source that is not in the model yet."""
        taken = {model.known for model in self.models}
        image = self._significance()
        step = self.camera.pixel_tangent
        steps = self.decoding.correlation.steps
        waiting = []
        for source, at in self.homes:
            if source in taken:
                continue
            row = round(at.tangent_y / step) + steps[0]
            column = round(at.tangent_z / step) + steps[1]
            if not (0 <= row < image.shape[0] and 0 <= column < image.shape[1]):
                continue
            value = float(image[row, column])
            if value >= PIXEL_LOSS * threshold:
                waiting.append((value, source, at))
        for _, source, at in sorted(waiting, key=lambda entry: -entry[0]):
            models = [*self.models, _Model(at, source, free=False)]
            fitted = self.fit.intensities([m.at for m in models], self.fitted)
            if fitted.significance[-1] >= threshold:
                self.models, self.fitted = models, fitted
                return True
        return False

    def _tried(self, begin: Direction) -> tuple[list[_Model], FittedSources] | None:
        """The model with a source fitted from `begin` on; None if that leads nowhere."""
        added = self._best_of_ghosts(begin)
        resolution = self.camera.resolution_tangent
        near = [n for n, m in enumerate(self.models) if m.at.apart(added.at) < 2 * resolution]
        models = [*self.models, added]
        moving = [n for n in (*near, len(models) - 1) if models[n].free]
        # neighbours share their counts: fit their positions together
        fitted = self.fit.positions([m.at for m in models], moving, start=self.fitted)
        models = _moved(models, fitted)
        if any(m.at.apart(models[-1].at) < 0.25 * resolution for m in models[:-1]):
            return None
        return models, fitted

    def _settle(self, steps: int = MAX_STEPS) -> None:
        """Fit all sources together, with the positions of those that may move."""
        self.models = [
            replace(m, free=True) if s >= FREE_POSITION_SIGMA else m
            for m, s in zip(self.models, self.fitted.significance, strict=True)
        ]
        moving = [n for n, m in enumerate(self.models) if m.free]
        start = self.fitted if steps == 1 else None
        self.fitted = self.fit.positions(
            [m.at for m in self.models], moving, steps=steps, start=start
        )
        self.models = _moved(self.models, self.fitted)

    def _best_of_ghosts(self, begin: Direction) -> _Model:
        """The source whose peak or ghost was found near `begin`.

        The direction that the shadowgram fits best is taken; a known source needs less for it.
        """
        first = self.fit.approach(self.fitted, begin)
        best = self._identified(first)
        best_score = _score(first, best)
        for shift in ghost_shifts(self.camera):
            ghost = first.at.moved(*shift)
            if not self.fit.is_coded(ghost):
                continue
            quick = self.fit.significance_of_one_more(self.fitted, ghost)
            if quick < PIXEL_LOSS * first.significance:
                continue
            other = self.fit.approach(self.fitted, ghost)
            model = self._identified(other)
            if _score(other, model) > best_score:
                best, best_score = model, _score(other, model)
        return best

    def _identified(self, found: Approach) -> _Model:
        """The source at a fitted direction: of the catalogue if one is near, else new."""
        error_deg = float(np.degrees(np.sqrt(np.trace(found.covariance) / 2)))
        taken = {model.known for model in self.models}
        near = [
            (home.apart(found.at), source, home)
            for source, home in self.homes
            if source not in taken
        ]
        if near:
            distance, source, home = min(near, key=lambda entry: entry[0])
            if np.degrees(distance) <= match_radius_deg(error_deg, self.camera.resolution_deg):
                return _Model(home, source, free=False)
        return _Model(found.at)

    def _drop_faint(self, threshold: float, catalogue_threshold: float) -> None:
        """Leave out what other sources, found later, explain."""
        while self.models:
            limits = [catalogue_threshold if m.known else threshold for m in self.models]
            ratio = self.fitted.significance / np.array(limits)
            if ratio.min() >= 1:
                return
            del self.models[int(np.argmin(ratio))]
            self.fitted = self.fit.intensities([m.at for m in self.models])

    def _significance(self) -> Array:
        significance: Array = self.decoding.intensity(self.fitted.residual) / self.error
        return significance

    def _peaks(self, minimum: float) -> Iterator[Direction]:
        """The local maxima of the residual image above `minimum`, highest first."""
        step = self.camera.pixel_tangent
        steps = self.decoding.correlation.steps
        for row, column, _ in local_maxima(self._significance(), minimum):
            at = Direction((row - steps[0]) * step, (column - steps[1]) * step)
            if self.fit.is_coded(at):
                yield at

    def result(self, messages: tuple[str, ...]) -> SourceSearch:
        """The list and images of the models now in the search."""
        return SourceSearch(
            sources=self._sources(),
            image=cleaned_image(self.shadowgram, self.decoding, self.fitted),
            residual=residual_image(self.shadowgram, self.decoding, self.fitted),
            messages=messages,
        )

    def _sources(self) -> tuple[Source, ...]:
        if not self.models:
            return ()
        # positions of all, for the list only: the rates are those of the model
        placed = self.fit.positions(
            [m.at for m in self.models], range(len(self.models)), steps=2, start=self.fitted
        )
        order = np.argsort(-self.fitted.significance, kind="stable")
        sources = []
        new = 0
        for n in order:
            model = self.models[n]
            ra, dec = self.fit.sky(placed.directions[n])
            if model.known is None:
                new += 1
            error = np.sqrt(np.trace(placed.position_covariance[n]) / 2)
            sources.append(
                Source(
                    name=model.known.name if model.known else f"NEW_{new}",
                    ra=ra,
                    dec=dec,
                    position_error=float(np.degrees(error)),
                    intensity=float(self.fitted.intensity[n]),
                    intensity_error=float(self.fitted.intensity_error[n]),
                    significance=float(self.fitted.significance[n]),
                    e_min=self.shadowgram.e_min_kev,
                    e_max=self.shadowgram.e_max_kev,
                    new_source=model.known is None,
                    scw=self.shadowgram.science_window,
                )
            )
        return tuple(sources)


def _score(found: Approach, model: _Model) -> float:
    """Twice the logarithm of how likely a source is where it was found."""
    return found.significance**2 + (KNOWN_SOURCE_ODDS if model.known else 0.0)


def _moved(models: Sequence[_Model], fitted: FittedSources) -> list[_Model]:
    return [replace(m, at=at) for m, at in zip(models, fitted.directions, strict=True)]
