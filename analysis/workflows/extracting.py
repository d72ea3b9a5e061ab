"""Which sources spectra and light curves are made of, and in which order they are given."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from analysis.engines.protocol import FoundSources
from analysis.products.catalogue_source import CatalogueSource
from analysis.products.source_list import above
from analysis.results_at_hand import path_of
from analysis.workflows.choosing import source_of_interest
from analysis.workflows.imaging import ImageGraph, image_graph, imaged
from analysis.workflows.instrument import WorkflowInstrument
from analysis.workflows.running import WorkflowRun
from analysis.workflows.selection import ImagingParameters
from archive.selection import ScienceWindowRecord
from uws.errors import JobFailure


class Named(Protocol):
    """What was extracted of a source."""

    @property
    def name(self) -> str:
        """The source's name."""
        ...


NamedType = TypeVar("NamedType", bound=Named)


@dataclass(frozen=True, slots=True)
class Chosen:
    """The sources of a job.

    windows: the Science Windows that can be analysed. sources: those of the image; ``None`` where
    only those wanted are fitted. listed: names of the image's sources that the user wants to see.
    """

    windows: tuple[ScienceWindowRecord, ...]
    sources: FoundSources | None
    listed: frozenset[str]


@dataclass(frozen=True, slots=True)
class Ordered(Generic[NamedType]):
    """values: what was extracted, as it is given. missing: sources wanted that no field held."""

    values: tuple[NamedType, ...]
    missing: tuple[CatalogueSource, ...]


def wanted_sources(parameters: ImagingParameters) -> tuple[CatalogueSource, ...]:
    """The source that the job asks for, then those of ``selected_catalog``."""
    selected = parameters.selected_sources or ()
    source = source_of_interest(parameters)
    if source is None:
        return selected
    return (source, *(other for other in selected if other.name != source.name))


def source_graph(
    parameters: ImagingParameters,
    instrument: WorkflowInstrument,
    windows: Sequence[ScienceWindowRecord],
) -> ImageGraph | None:
    """The image that shows which sources there are; ``None`` where the user chose them all."""
    if parameters.selected_catalog is not None:
        return None
    return image_graph(parameters, instrument, windows)


def chosen_sources(
    work: WorkflowRun,
    parameters: ImagingParameters,
    graph: ImageGraph | None,
    windows: Sequence[ScienceWindowRecord],
) -> Chosen:
    """The sources to be fitted: those of an image, which is made, or those that the user chose."""
    if graph is None:
        return Chosen(tuple(windows), None, frozenset())
    made = imaged(work, graph, targets=lambda steps: (steps.sources,))
    path = made.result(made.steps.sources).file.path
    sources = graph.engine.read_sources(path)
    seen = above(parameters.detection_threshold, sources)
    work.tell(
        f"{len(sources)} sources in the image, {len(seen)} of them above"
        f" {parameters.detection_threshold:g} sigma"
    )
    found = FoundSources(made.steps.sources, path)
    return Chosen(made.windows, found, frozenset(source.name for source in seen))


def sources_at_hand(graph: ImageGraph | None) -> FoundSources | None:
    """The image's sources for a plan: their list where the cache has it."""
    return (
        None if graph is None else FoundSources(graph.steps.sources, path_of(graph.steps.sources))
    )


def in_order(
    extracted: Sequence[NamedType],
    wanted: Sequence[CatalogueSource],
    chosen: Chosen,
    strength: Callable[[NamedType], float],
) -> Ordered[NamedType]:
    """Those wanted, then the image's, the most significant first; raises `JobFailure` for none."""
    by_name = {item.name: item for item in extracted}
    first = [by_name[source.name] for source in wanted if source.name in by_name]
    missing = tuple(source for source in wanted if source.name not in by_name)
    asked = {source.name for source in wanted}
    rest = [item for item in extracted if item.name in chosen.listed - asked]
    values = (*first, *sorted(rest, key=strength, reverse=True))
    if not values:
        names = ", ".join(source.name for source in missing)
        raise JobFailure(
            f"NoSource: {names} in the field of no Science Window"
            if names
            else "NoSource: no source above the detection threshold"
        )
    return Ordered(values, missing)
