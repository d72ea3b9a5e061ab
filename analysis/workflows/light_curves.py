"""The light-curve job of any coded-mask instrument: one light curve for each source.

An image in the same band shows which sources there are; in every Science Window all of them are
fitted together in each time bin. With ``selected_catalog`` its sources are fitted, nothing else.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from analysis.engines.protocol import LightCurvePlan
from analysis.engines.registry import timing_engine
from analysis.outcomes import StepResult
from analysis.products.catalogue_source import CatalogueSource
from analysis.products.fits_files import Card
from analysis.products.light_curve import LightCurve, write_light_curve
from analysis.products.source_light_curve import SourceLightCurve
from analysis.products.source_previews import write_light_curve_preview
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
from analysis.workflows.selection import LightCurveParameters
from archive.publication import NewProduct
from auth.principal import Principal
from instruments.time import SECONDS_PER_DAY
from uws.types import JobContext


def run(context: JobContext[Any], name: str, instrument: WorkflowInstrument) -> None:
    """Make the light curves; raises `JobFailure`. name: of the job type."""
    context.parameters = located(context.parameters)
    extract(context, name, instrument, _extraction(context.parameters, instrument))


def targets(
    parameters: LightCurveParameters, owner: Principal, instrument: WorkflowInstrument
) -> tuple[Step, ...]:
    """The steps that such a job is for; raises what the job would."""
    parameters = located(parameters)
    return extraction_targets(parameters, owner, instrument, _extraction(parameters, instrument))


def _extraction(
    parameters: LightCurveParameters, instrument: WorkflowInstrument
) -> Extraction[SourceLightCurve]:
    engine, known = timing_engine(parameters.engine), reference_catalogue()
    plan = LightCurvePlan(
        instrument.name,
        wanted_sources(parameters),
        parameters.e_min_kev,
        parameters.e_max_kev,
        parameters.time_bin,
    )
    return Extraction(
        engine,
        known,
        "light curve",
        plan.wanted,
        singles=lambda events, sources: engine.light_curves(events, sources, known, plan),
        joined=lambda parts, sources: engine.joined_light_curves(parts, sources, plan),
        read=engine.read_light_curves,
        strength=_strength,
        products=_products,
    )


def _strength(item: SourceLightCurve) -> float:
    """The significance of the mean rate."""
    weight = 1.0 / item.error**2
    return float((item.rate * weight).sum() / np.sqrt(weight.sum()))


def _products(
    made_from: Origin, result: StepResult, number: int, item: SourceLightCurve
) -> list[ProductFile]:
    """Light curve and picture of one source."""
    origin, band = made_from.named(item.science_windows), (item.e_min_kev, item.e_max_kev)
    one = _LightCurve(origin, result, number, item, "light curve", band)
    return [
        one.file("lightcurve", one.file_name("lc"), one.write, one.describe),
        one.preview(write_light_curve_preview),
    ]


@dataclass(frozen=True, slots=True, eq=False)
class _LightCurve(OneSource[SourceLightCurve]):
    """A source's light curve."""

    def write(self, path: Path, made: Sequence[Card]) -> None:
        item = self.item
        live_s = item.width_s * item.exposed * (item.livetime_s / item.ontime_s)
        write_light_curve(
            path,
            LightCurve(
                detector=self.origin.instrument.detector,
                source=CatalogueSource(item.name, item.ra, item.dec),
                e_min_kev=item.e_min_kev,
                e_max_kev=item.e_max_kev,
                time_ijd=item.time_ijd,
                width_d=item.width_s / SECONDS_PER_DAY,
                rate=item.rate,
                error=item.error,
                coverage=TimeCoverage(
                    item.t_start_ijd, item.t_stop_ijd, item.ontime_s, item.livetime_s
                ),
                exposed=item.exposed,
                total_counts=np.rint(item.detector_rate * live_s),
                background=item.background,
                background_error=item.background_error,
            ),
            science_windows=item.science_windows,
            cards=[*self.origin.cards(), *made],
        )

    def describe(self, finished: Finished) -> NewProduct:
        return replace(
            self.described(finished, "lightcurve", self.what),
            dataproduct_type="timeseries",
            time_bins=len(self.item.rate),
            time_resolution_s=float(np.median(self.item.width_s)),
        )
