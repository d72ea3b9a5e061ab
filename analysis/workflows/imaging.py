"""Images of Science Windows and the sources in them: how every coded-mask workflow begins."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from django.conf import settings

from analysis.engines.protocol import ImagePlan, ImagingEngine, MosaicSteps
from analysis.engines.registry import imaging_engine
from analysis.errors import EmptyImageList
from analysis.outcomes import GraphResult, StepResult
from analysis.results_at_hand import told
from analysis.steps import RawFile, Step, in_order
from analysis.workflows.as_recorded import catalogue_file, recorded
from analysis.workflows.instrument import WorkflowInstrument
from analysis.workflows.running import WorkflowRun
from analysis.workflows.selection import ImagingParameters
from archive import catalogue
from archive.selection import ScienceWindowRecord
from provenance.records import EntityRecord
from uws.errors import JobFailure

SIMULATED = "Simulated data: no photon is real"


@dataclass(frozen=True, slots=True, eq=False)
class ImageGraph:
    """What the images of some Science Windows are made by, before any of it has run.

    images: one for each of `windows`. known: the reference catalogue. steps: of the mosaic;
    provisional, where the engine must know what there is in the data before it can say.
    """

    engine: ImagingEngine
    plan: ImagePlan
    known: RawFile | None
    windows: tuple[ScienceWindowRecord, ...]
    images: tuple[Step, ...]
    steps: MosaicSteps

    def settled(self, images: Sequence[Step], listed: Path | None) -> MosaicSteps:
        """The steps of a mosaic of these images, told by its list of sources where there is one."""
        return self.engine.mosaic(images, self.known, self.plan, listed)

    def at_hand(self) -> MosaicSteps:
        """The steps, told by the list of sources where the cache has it."""
        return told(self.steps.sources, lambda listed: self.settled(self.images, listed))


@dataclass(frozen=True, slots=True)
class Imaged:
    """Science Windows that became images.

    windows: those that did. steps: of their mosaic; outcome: of the graph's run.
    """

    windows: tuple[ScienceWindowRecord, ...]
    steps: MosaicSteps
    outcome: GraphResult

    def result(self, step: Step) -> StepResult:
        """The result of a step of the mosaic; raises `JobFailure` where it has none."""
        found = self.outcome.of(step)
        if found is None:
            raise JobFailure(next(iter(self.outcome.failures.values())).reason)
        return found


def image_graph(
    parameters: ImagingParameters,
    instrument: WorkflowInstrument,
    windows: Sequence[ScienceWindowRecord],
    known: RawFile | None,
) -> ImageGraph:
    """The graph of an image with these parameters. known: the reference catalogue."""
    engine = imaging_engine(parameters.engine)
    plan = ImagePlan(
        parameters.e_min_kev,
        parameters.e_max_kev,
        parameters.detection_threshold,
        title=f"{instrument.title} mosaic",
        notice=SIMULATED if any(window.is_simulated for window in windows) else "",
        selected=parameters.selected_sources,
        instrument=instrument.name,
    )
    images = tuple(engine.image(instrument.events(window), known, plan) for window in windows)
    return ImageGraph(
        engine, plan, known, tuple(windows), images, engine.mosaic(images, known, plan)
    )


def imaged(
    work: WorkflowRun,
    graph: ImageGraph,
    targets: Callable[[MosaicSteps], Sequence[Step]] = MosaicSteps.all,
) -> Imaged:
    """Run what `targets` chooses of the mosaic's steps.

    Raises `EmptyImageList` where too many Science Windows fail; the others' failures are told to
    the owner.
    """
    steps = graph.steps
    outcome = _run_settled(work, targets(steps))
    good = without_failures(work, graph.images, outcome)
    if len(good) < len(graph.images):
        steps = graph.settled(good, None)
        outcome = _run_settled(work, targets(steps))
    if not all(step.is_settled for step in targets(steps)):
        sources = outcome.of(steps.sources)
        if sources is not None:
            steps = graph.settled(good, sources.file.path)
            outcome = work.run(targets(steps))
    labels = {image.label for image in good}
    return Imaged(
        tuple(window for window in graph.windows if str(window.id) in labels), steps, outcome
    )


def _run_settled(work: WorkflowRun, targets: Sequence[Step]) -> GraphResult:
    """Run what is known of a graph."""
    work.foresee([step for step in in_order(tuple(targets)) if not step.is_settled])
    return work.run([step for step in targets if step.is_settled])


def joined(
    work: WorkflowRun, singles: Sequence[Step], join: Callable[[Sequence[Step]], Step]
) -> tuple[StepResult, list[Step]]:
    """Run steps of single Science Windows and the step that joins them.

    Returns the result and those of the steps that are in it. Raises `EmptyImageList` where too many
    fail.
    """
    step = join(singles)
    outcome = work.run((step,))
    good = without_failures(work, singles, outcome)
    if len(good) < len(singles):
        step = join(good)
        outcome = work.run((step,))
    result = outcome.of(step)
    if result is None:
        raise JobFailure(next(iter(outcome.failures.values())).reason)
    return result, good


def without_failures(work: WorkflowRun, steps: Sequence[Step], outcome: GraphResult) -> list[Step]:
    """The steps that didn't fail; raises `EmptyImageList` where too many did."""
    failures = [outcome.failures[s.identity] for s in steps if s.identity in outcome.failures]
    if len(failures) > settings.VO_ANALYSIS_MOST_FAILED * len(steps):
        reasons = "; ".join(failure.reason for failure in failures[:5])
        raise EmptyImageList(f"{len(failures)} of {len(steps)} Science Windows failed: {reasons}")
    for failure in failures:
        work.tell(f"left out: {failure.reason}")
    return [step for step in steps if step.identity not in outcome.failures]


def reference_catalogue() -> RawFile | None:
    """The archive's reference catalogue as the start of a graph.

    Where a job is made again, the edition that it read then, if it read one and that is there.
    """
    past = recorded()
    if past is not None and past.has_catalogue():
        return None if past.catalogue is None else catalogue_file(past.catalogue)
    edition = catalogue.edition()
    if edition is None:
        return None
    return catalogue_file(
        EntityRecord(
            edition.entity_id,
            name=PurePosixPath(edition.location).name,
            location=edition.location,
            checksum=f"sha256:{edition.sha256}",
        )
    )
