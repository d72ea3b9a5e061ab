"""What every engine offers: steps to plan with, and readers of what its steps give.

An engine plans; it doesn't run. The graph runs its steps, wherever and whenever, from files.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from analysis.products.catalogue_source import CatalogueSource
from analysis.products.sky_maps import SkyMaps
from analysis.products.source_light_curve import SourceLightCurve
from analysis.products.source_list import Source
from analysis.products.source_spectrum import SourceSpectrum, SpectralResponse
from analysis.steps import RawFile, Step, StepKind


@dataclass(frozen=True, slots=True)
class ImagePlan:
    """What an image is asked to be.

    e_min_kev, e_max_kev: the band. detection_threshold: least
    significance of a source that the user wants to see; the engine's list may hold fainter ones.
    title, notice: words for the picture. selected: the user's own catalogue, instead of the
    archive's. instrument: ``isgri``, ``jemx1``, …
    """

    e_min_kev: float
    e_max_kev: float
    detection_threshold: float
    title: str = ""
    notice: str = ""
    selected: tuple[CatalogueSource, ...] | None = None
    instrument: str = "isgri"


@dataclass(frozen=True, slots=True)
class MosaicSteps:
    """The steps that make a mosaic's products.

    mosaic: its maps. sources: the list of its sources. window_sources: one list of the sources
    that each Science Window shows by itself. preview: its picture.
    """

    mosaic: Step
    sources: Step
    window_sources: Step
    preview: Step

    def all(self) -> tuple[Step, ...]:
        """All four, in this order."""
        return self.mosaic, self.sources, self.window_sources, self.preview


@dataclass(frozen=True, slots=True)
class FoundSources:
    """The sources of a mosaic. step: that makes their list. path: of the list; ``None`` before."""

    step: Step
    path: Path | None


@dataclass(frozen=True, slots=True)
class ExtractionPlan:
    """Whose spectra or light curves are asked for.

    wanted: sources that are extracted in any case; those of the image beside them.
    """

    instrument: str
    wanted: tuple[CatalogueSource, ...] = ()


@dataclass(frozen=True, slots=True)
class LightCurvePlan(ExtractionPlan):
    """Light curves: in which band, and how long a bin is (seconds)."""

    e_min_kev: float = 0.0
    e_max_kev: float = 0.0
    time_bin_s: float = 0.0


@runtime_checkable
class Engine(Protocol):
    """What every engine tells of itself.

    name: as the parameter ``engine`` has it.
    libraries: what it computes with, and versions. preload: module that its processes need.
    kinds: every step that it has.
    """

    @property
    def name(self) -> str: ...
    @property
    def libraries(self) -> Mapping[str, str]: ...
    @property
    def preload(self) -> str: ...
    @property
    def kinds(self) -> tuple[StepKind, ...]: ...


@runtime_checkable
class ImagingEngine(Engine, Protocol):
    """An engine that makes images of Science Windows and joins them.

    An engine whose steps depend on what others find in the data plans twice: provisional steps
    (`analysis.steps.Step`) as long as that isn't known, and the steps themselves, told what was
    found, afterwards. What was found must be among `MosaicSteps.sources`' result.
    """

    def image(self, events: RawFile, catalogue: RawFile | None, plan: ImagePlan) -> Step:
        """The step that makes the image of one Science Window; its label is the ScW's."""

    def mosaic(
        self,
        images: Sequence[Step],
        catalogue: RawFile | None,
        plan: ImagePlan,
        listed: Path | None = None,
    ) -> MosaicSteps:
        """The steps that join images, in the order of their Science Windows.

        listed: what the step ``sources`` of the same mosaic has made, once it has.
        """

    def read_mosaic(self, path: Path) -> SkyMaps:
        """The maps that the step ``mosaic`` wrote."""

    def read_sources(self, path: Path) -> tuple[Source, ...]:
        """What the steps ``sources`` and ``window_sources`` wrote."""


@runtime_checkable
class SpectralEngine(Engine, Protocol):
    """An engine that makes spectra of sources."""

    def spectra(
        self,
        events: Sequence[RawFile],
        sources: FoundSources | None,
        catalogue: RawFile | None,
        plan: ExtractionPlan,
    ) -> tuple[Step, ...]:
        """The steps that make spectra, one for each Science Window; labels are theirs.

        sources: of a mosaic; ``None`` where only those wanted are fitted.
        """

    def summed_spectra(
        self, spectra: Sequence[Step], sources: FoundSources | None, plan: ExtractionPlan
    ) -> Step:
        """The step that joins the spectra of Science Windows, source by source."""

    def read_spectra(self, path: Path) -> tuple[SourceSpectrum, ...]:
        """What the step of `summed_spectra` or of `spectra` wrote; those wanted come first."""

    def response(self, spectrum: SourceSpectrum, plan: ExtractionPlan) -> SpectralResponse:
        """The response of a spectrum that `read_spectra` gave."""


@runtime_checkable
class TimingEngine(Engine, Protocol):
    """An engine that makes light curves of sources."""

    def light_curves(
        self,
        events: Sequence[RawFile],
        sources: FoundSources | None,
        catalogue: RawFile | None,
        plan: LightCurvePlan,
    ) -> tuple[Step, ...]:
        """The steps that make light curves, one for each Science Window; labels are theirs."""

    def joined_light_curves(
        self, curves: Sequence[Step], sources: FoundSources | None, plan: LightCurvePlan
    ) -> Step:
        """The step that joins the light curves of Science Windows, source by source."""

    def read_light_curves(self, path: Path) -> tuple[SourceLightCurve, ...]:
        """What the step of `joined_light_curves` or of `light_curves` wrote."""
