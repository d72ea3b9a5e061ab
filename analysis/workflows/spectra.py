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
from analysis.workflows.extracting import (
    Extraction,
    extract,
    extraction_targets,
    wanted_sources,
)
from analysis.workflows.imaging import SIMULATED, reference_catalogue
from analysis.workflows.instrument import WorkflowInstrument
from analysis.workflows.job_products import FITS, PNG, Origin, plain_name
from analysis.workflows.selection import SpectrumParameters
from archive.publication import NewProduct
from auth.principal import Principal
from instruments.time import mjd_utc_from_ijd
from uws.types import JobContext


def run(context: JobContext[Any], name: str, instrument: WorkflowInstrument) -> None:
    """Make the spectra; raises `JobFailure`. name: of the job type."""
    extract(context, name, instrument, _extraction(context.parameters, instrument))


def targets(
    parameters: SpectrumParameters, owner: Principal, instrument: WorkflowInstrument
) -> tuple[Step, ...]:
    """The steps that such a job is for; raises what the job would."""
    return extraction_targets(parameters, owner, instrument, _extraction(parameters, instrument))


def _extraction(
    parameters: SpectrumParameters, instrument: WorkflowInstrument
) -> Extraction[SourceSpectrum]:
    engine, known = spectral_engine(parameters.engine), reference_catalogue()
    plan = ExtractionPlan(instrument.name, wanted_sources(parameters))
    return Extraction(
        engine,
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
