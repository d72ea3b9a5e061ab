"""The spectrum job of any coded-mask instrument: a spectrum with its response for each source.

An image shows which sources there are; the spectra of all of them are fitted together in every
Science Window, then joined. With ``selected_catalog`` no image is needed: its sources are fitted,
and nothing else.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from analysis.engines.protocol import ExtractionPlan, FoundSources, SpectralEngine
from analysis.engines.registry import spectral_engine
from analysis.execution import StepResult
from analysis.products.catalogue_source import CatalogueSource
from analysis.products.detectors import Detector
from analysis.products.fits_files import Card
from analysis.products.responses import (
    AncillaryResponse,
    RedistributionMatrix,
    write_ancillary_response,
    write_redistribution_matrix,
)
from analysis.products.source_previews import write_spectrum_preview
from analysis.products.source_spectrum import GOOD, SourceSpectrum, SpectralResponse
from analysis.products.spectrum import spectrum, write_spectrum
from analysis.products.time_coverage import TimeCoverage
from analysis.publishing import Finished, ProductFile, give
from analysis.steps import Step
from analysis.workflows.choosing import choose
from analysis.workflows.extracting import (
    chosen_sources,
    in_order,
    source_graph,
    sources_at_hand,
    wanted_sources,
)
from analysis.workflows.imaging import SIMULATED, joined, reference_catalogue
from analysis.workflows.instrument import WorkflowInstrument
from analysis.workflows.job_products import FITS, PNG, Origin, log, origin, plain_name
from analysis.workflows.running import running
from analysis.workflows.selection import SpectrumParameters
from archive.publication import NewProduct
from archive.selection import ScienceWindowRecord
from auth.principal import Principal
from instruments.time import mjd_utc_from_ijd
from uws.types import JobContext


def run(context: JobContext[Any], name: str, instrument: WorkflowInstrument) -> None:
    """Make the spectra; raises `JobFailure`. name: of the job type."""
    parameters: SpectrumParameters = context.parameters
    choice = choose(parameters, context.owner)
    engine = spectral_engine(parameters.engine)
    plan = _plan(parameters, instrument)
    graph = source_graph(parameters, instrument, choice.windows)
    with running(context, engine) as work:
        work.tell(choice.told())
        chosen = chosen_sources(work, parameters, graph, choice.windows)
        steps = _steps(engine, instrument, chosen.windows, chosen.sources, plan)
        result, good = joined(
            work, steps, lambda parts: engine.summed_spectra(parts, chosen.sources, plan)
        )
    found = in_order(engine.read_spectra(result.file.path), plan.wanted, chosen, _strength)
    for source in found.missing:
        work.tell(f"{source.name} is in the field of no Science Window: no spectrum")
    labels = [step.label for step in good]
    made_from = origin(context, instrument, chosen.windows, engine.name).named(labels)
    products = [
        product
        for number, item in enumerate(found.values, start=1)
        for product in _products(engine, plan, made_from, result, number, item)
    ]
    give(
        context,
        name,
        [*products, log(work)],
        [made.file.activity.id for made in work.results.values()],
        public=parameters.publish and all(window.is_public for window in made_from.windows),
        extra_parameters={} if choice.seed is None else {"selection_seed": choice.seed},
    )


def targets(
    parameters: SpectrumParameters, owner: Principal, instrument: WorkflowInstrument
) -> tuple[Step, ...]:
    """The steps that such a job is for; raises what the job would."""
    windows = choose(parameters, owner).windows
    engine = spectral_engine(parameters.engine)
    graph = source_graph(parameters, instrument, windows)
    plan, sources = _plan(parameters, instrument), sources_at_hand(graph)
    steps = _steps(engine, instrument, windows, sources, plan)
    return (engine.summed_spectra(steps, sources, plan),)


def _plan(parameters: SpectrumParameters, instrument: WorkflowInstrument) -> ExtractionPlan:
    return ExtractionPlan(instrument.name, wanted_sources(parameters))


def _steps(
    engine: SpectralEngine,
    instrument: WorkflowInstrument,
    windows: Sequence[ScienceWindowRecord],
    sources: FoundSources | None,
    plan: ExtractionPlan,
) -> tuple[Step, ...]:
    """One step for each Science Window."""
    events = [instrument.events(window) for window in windows]
    return engine.spectra(events, sources, reference_catalogue(), plan)


def _strength(item: SourceSpectrum) -> float:
    """The significance of all good channels together."""
    good = item.quality == GOOD
    return float(item.rate[good].sum() / max((item.error[good] ** 2).sum() ** 0.5, 1e-12))


def _products(
    engine: SpectralEngine,
    plan: ExtractionPlan,
    made_from: Origin,
    result: StepResult,
    number: int,
    item: SourceSpectrum,
) -> list[ProductFile]:
    """Spectrum, ARF, RMF and picture of one source."""
    prefix, source = made_from.instrument.name, plain_name(item.name)
    arf = f"{prefix}_arf_{number}_{source}.fits"
    rmf = f"{prefix}_rmf_{number}_{source}.fits"
    one = _OneSource(
        made_from.named(item.science_windows), item, engine.response(item, plan), arf, rmf
    )

    def file(
        kind: str, ending: str, media_type: str, write: object, describe: object
    ) -> ProductFile:
        return ProductFile(
            f"{kind}_{number}",
            f"{prefix}_{kind}_{number}_{source}.{ending}",
            media_type,
            (result,),
            write,  # type: ignore[arg-type]
            describe,  # type: ignore[arg-type]
        )

    return [
        file("spectrum", "fits", FITS, one.write_spectrum, one.describe_spectrum),
        file("arf", "fits", FITS, one.write_arf, partial(one.describe_response, "arf")),
        file("rmf", "fits", FITS, one.write_rmf, partial(one.describe_response, "rmf")),
        file("preview", "png", PNG, one.write_preview, one.describe_preview),
    ]


@dataclass(frozen=True, slots=True, eq=False)
class _OneSource:
    """A source's spectrum, its response, and the names of the response's files."""

    origin: Origin
    item: SourceSpectrum
    response: SpectralResponse
    arf: str
    rmf: str

    @property
    def _detector(self) -> Detector:
        return self.origin.instrument.detector

    def write_spectrum(self, path: Path, made: Sequence[Card]) -> None:
        item = self.item
        value = spectrum(
            self._detector,
            CatalogueSource(item.name, item.ra, item.dec),
            item.rate,
            item.error,
            item.channel_edges_kev[:-1],
            item.channel_edges_kev[1:],
            TimeCoverage(item.t_start_ijd, item.t_stop_ijd, item.ontime_s, item.livetime_s),
            source_exposure_s=item.source_exposure_s,
            ancillary_file=self.arf,
            response_file=self.rmf,
        )
        write_spectrum(
            path,
            value,
            science_windows=item.science_windows,
            cards=[*self.origin.cards(), *made],
        )

    def write_arf(self, path: Path, made: Sequence[Card]) -> None:
        response = self.response
        write_ancillary_response(
            path,
            AncillaryResponse(
                self._detector,
                response.energy_edges_kev[:-1],
                response.energy_edges_kev[1:],
                response.effective_area_cm2,
            ),
            cards=[*self.origin.cards(), *made],
        )

    def write_rmf(self, path: Path, made: Sequence[Card]) -> None:
        response = self.response
        write_redistribution_matrix(
            path,
            RedistributionMatrix(
                self._detector,
                response.energy_edges_kev[:-1],
                response.energy_edges_kev[1:],
                response.redistribution,
                response.channel_edges_kev[:-1],
                response.channel_edges_kev[1:],
            ),
            cards=[*self.origin.cards(), *made],
        )

    def write_preview(self, path: Path, made: Sequence[Card]) -> None:
        write_spectrum_preview(
            path,
            self.item,
            title=f"{self.item.name}, {self.origin.instrument.title}",
            notice=SIMULATED if self.origin.simulated else "",
        )

    def describe_spectrum(self, finished: Finished) -> NewProduct:
        return replace(
            self._description(finished, "spectrum", FITS, "spectrum"),
            dataproduct_type="spectrum",
            em_bands=int((self.item.quality == GOOD).sum()),
        )

    def describe_response(self, kind: str, finished: Finished) -> NewProduct:
        return replace(
            self._description(finished, kind, FITS, f"{kind.upper()} of the spectrum"),
            dataproduct_subtype=kind,
            o_ucd=None,
            o_unit=None,
        )

    def describe_preview(self, finished: Finished) -> NewProduct:
        return replace(
            self._description(finished, "preview", PNG, "picture of the spectrum"), listed=False
        )

    def _description(
        self, finished: Finished, kind: str, media_type: str, title: str
    ) -> NewProduct:
        item, instrument = self.item, self.origin.instrument
        return replace(
            self.origin.product(
                finished,
                kind,
                media_type,
                f"{instrument.title} {title} of {item.name}",
                instrument.energies_kev,
            ),
            target_name=item.name,
            ra=item.ra,
            dec=item.dec,
            t_min=mjd_utc_from_ijd(item.t_start_ijd),
            t_max=mjd_utc_from_ijd(item.t_stop_ijd),
            exposure_s=item.livetime_s,
        )
