"""Spectra and light curves: what both have in common, from the image to the results.

An image shows which sources there are, unless the user chose them all. They are fitted together in
every Science Window, joined over all, and given in the order in which a reader looks for them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from analysis.engines.protocol import Engine, FoundSources
from analysis.outcomes import StepResult
from analysis.products.catalogue_source import CatalogueSource
from analysis.products.source_list import above
from analysis.publishing import ProductFile
from analysis.results_at_hand import told
from analysis.steps import RawFile, Step
from analysis.workflows.choosing import choose, source_of_interest
from analysis.workflows.imaging import ImageGraph, image_graph, imaged, joined
from analysis.workflows.instrument import WorkflowInstrument
from analysis.workflows.job_products import Origin, give_all, origin
from analysis.workflows.running import WorkflowRun, running
from analysis.workflows.selection import ImagingParameters
from archive.selection import ScienceWindowRecord
from auth.principal import Principal
from uws.errors import JobFailure
from uws.types import JobContext


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


@dataclass(frozen=True, slots=True, eq=False)
class Extraction(Generic[NamedType]):
    """What a job extracts of sources, and how its engine does it.

    known: the reference catalogue. what: of a source, in words. wanted: the sources asked for.
    singles: the steps of Science Windows, from their events; joined: the step over all of them;
    read: what that made. strength: by which sources are sorted. products: the files of one source,
    with its number.
    """

    engine: Engine
    known: RawFile | None
    what: str
    wanted: tuple[CatalogueSource, ...]
    singles: Callable[[Sequence[RawFile], FoundSources | None], Sequence[Step]]
    joined: Callable[[Sequence[Step], FoundSources | None], Step]
    read: Callable[[Path], Sequence[NamedType]]
    strength: Callable[[NamedType], float]
    products: Callable[[Origin, StepResult, int, NamedType], Sequence[ProductFile]]


def extract(
    context: JobContext[Any],
    name: str,
    instrument: WorkflowInstrument,
    extraction: Extraction[NamedType],
) -> None:
    """Run the job; raises `JobFailure`. name: of the job type."""
    parameters: ImagingParameters = context.parameters
    choice = choose(parameters, context.owner)
    graph = source_graph(parameters, instrument, choice.windows, extraction.known)
    with running(context, extraction.engine) as work:
        work.tell(choice.told())
        chosen = chosen_sources(work, parameters, graph, choice.windows)
        singles = extraction.singles(_events(instrument, chosen.windows), chosen.sources)
        result, good = joined(work, singles, lambda parts: extraction.joined(parts, chosen.sources))
    values = extraction.read(result.file.path)
    found = in_order(values, extraction.wanted, chosen, extraction.strength)
    for source in found.missing:
        work.tell(f"{source.name} is in the field of no Science Window: no {extraction.what}")
    made_from = origin(context, instrument, chosen.windows, extraction.engine.name).named(
        [step.label for step in good]
    )
    products = [
        product
        for number, value in enumerate(found.values, start=1)
        for product in extraction.products(made_from, result, number, value)
    ]
    give_all(context, name, products, work, made_from, choice)


def extraction_targets(
    parameters: ImagingParameters,
    owner: Principal,
    instrument: WorkflowInstrument,
    extraction: Extraction[NamedType],
) -> tuple[Step, ...]:
    """The steps that such a job is for; raises what the job would."""
    windows = choose(parameters, owner).windows
    events = _events(instrument, windows)
    graph = source_graph(parameters, instrument, windows, extraction.known)
    if graph is None:
        return (_joined(extraction, events, None),)
    teller = graph.steps.sources
    return (told(teller, lambda path: _joined(extraction, events, FoundSources(teller, path))),)


def _joined(
    extraction: Extraction[NamedType], events: Sequence[RawFile], sources: FoundSources | None
) -> Step:
    return extraction.joined(extraction.singles(events, sources), sources)


def _events(
    instrument: WorkflowInstrument, windows: Sequence[ScienceWindowRecord]
) -> list[RawFile]:
    return [instrument.events(window) for window in windows]


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
    known: RawFile | None,
) -> ImageGraph | None:
    """The image that shows which sources there are; ``None`` where the user chose them all."""
    if parameters.selected_catalog is not None:
        return None
    return image_graph(parameters, instrument, windows, known)


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
