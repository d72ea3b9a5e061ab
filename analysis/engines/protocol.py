"""What every engine offers: steps to plan with, and readers of what its steps give.

An engine plans; it doesn't run. The graph runs its steps, wherever and whenever, from files.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from analysis.products.sky_maps import SkyMaps
from analysis.products.source_list import Source
from analysis.steps import RawFile, Step, StepKind


@dataclass(frozen=True, slots=True)
class ImagePlan:
    """What an image is asked to be.

    e_min_kev, e_max_kev: the band. detection_threshold: least significance of a source that the
    user wants to see; the engine's list may hold fainter ones.
    title, notice: words for the picture.
    """

    e_min_kev: float
    e_max_kev: float
    detection_threshold: float
    title: str = ""
    notice: str = ""


@dataclass(frozen=True, slots=True)
class MosaicSteps:
    """The steps that make a mosaic's products: its maps, its sources, its picture."""

    mosaic: Step
    sources: Step
    preview: Step

    def all(self) -> tuple[Step, ...]:
        """All three."""
        return self.mosaic, self.sources, self.preview


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
    """An engine that makes images of Science Windows and joins them."""

    def image(self, events: RawFile, catalogue: RawFile | None, plan: ImagePlan) -> Step:
        """The step that makes the image of one Science Window; its label is the ScW's."""

    def mosaic(
        self, images: Sequence[Step], catalogue: RawFile | None, plan: ImagePlan
    ) -> MosaicSteps:
        """The steps that join images, in the order of their Science Windows."""

    def read_mosaic(self, path: Path) -> SkyMaps:
        """The maps that the step ``mosaic`` wrote."""

    def read_sources(self, path: Path) -> tuple[Source, ...]:
        """The list that the step ``sources`` wrote."""
