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

from analysis.engines.protocol import ExtractionPlan, SpectralEngine
from analysis.engines.registry import spectral_engine
from analysis.outcomes import StepResult
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
from analysis.publishing import Finished, ProductFile
from analysis.steps import Step
from analysis.workflows.choosing import located
from analysis.workflows.extracting import (
    Extraction,
    extract,
    extraction_targets,
    wanted_sources,
)
from analysis.workflows.imaging import reference_catalogue
from analysis.workflows.instrument import WorkflowInstrument
from analysis.workflows.job_products import Origin
from analysis.workflows.one_source import OneSource
from analysis.workflows.selection import SpectrumParameters
from archive.publication import NewProduct
from auth.principal import Principal
from uws.types import JobContext


def run(context: JobContext[Any], name: str, instrument: WorkflowInstrument) -> None:
    """Make the spectra; raises `JobFailure`. name: of the job type."""
    context.parameters = located(context.parameters)
    extract(context, name, instrument, _extraction(context.parameters, instrument))


def targets(
    parameters: SpectrumParameters, owner: Principal, instrument: WorkflowInstrument
) -> tuple[Step, ...]:
    """The steps that such a job is for; raises what the job would."""
    parameters = located(parameters)
    return extraction_targets(parameters, owner, instrument, _extraction(parameters, instrument))


def _extraction(
    parameters: SpectrumParameters, instrument: WorkflowInstrument
) -> Extraction[SourceSpectrum]:
    engine, known = spectral_engine(parameters.engine), reference_catalogue()
    plan = ExtractionPlan(instrument.name, wanted_sources(parameters))
    return Extraction(
        engine,
        known,
        "spectrum",
        plan.wanted,
        singles=lambda events, sources: engine.spectra(events, sources, known, plan),
        joined=lambda parts, sources: engine.summed_spectra(parts, sources, plan),
        read=engine.read_spectra,
        strength=_strength,
        products=partial(_products, engine, plan),
    )


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
    origin, response = made_from.named(item.science_windows), engine.response(item, plan)
    energies = origin.instrument.energies_kev
    one = _Spectrum(origin, result, number, item, "spectrum", energies, response)
    arf, rmf = (partial(one.describe_response, kind) for kind in ("arf", "rmf"))
    return [
        one.file("spectrum", one.file_name("spectrum"), one.write, one.describe),
        one.file("arf", one.file_name("arf"), one.write_arf, arf),
        one.file("rmf", one.file_name("rmf"), one.write_rmf, rmf),
        one.preview(write_spectrum_preview),
    ]


@dataclass(frozen=True, slots=True, eq=False)
class _Spectrum(OneSource[SourceSpectrum]):
    """A source's spectrum and its response."""

    response: SpectralResponse

    @property
    def _detector(self) -> Detector:
        return self.origin.instrument.detector

    def write(self, path: Path, made: Sequence[Card]) -> None:
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
            ancillary_file=self.file_name("arf"),
            response_file=self.file_name("rmf"),
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

    def describe(self, finished: Finished) -> NewProduct:
        return replace(
            self.described(finished, "spectrum", self.what),
            dataproduct_type="spectrum",
            em_bands=int((self.item.quality == GOOD).sum()),
        )

    def describe_response(self, kind: str, finished: Finished) -> NewProduct:
        return replace(
            self.described(finished, kind, f"{kind.upper()} of the spectrum"),
            dataproduct_subtype=kind,
            o_ucd=None,
            o_unit=None,
        )
