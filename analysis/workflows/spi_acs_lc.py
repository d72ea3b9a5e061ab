"""``spi_acs_lc``: the count rate of SPI-ACS, all of the sky together, by bins of time."""

import math
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from django.conf import settings

from analysis.all_sky.rebinning import BinnedCounts, Grid, read_bins
from analysis.all_sky.steps import ALL_SKY
from analysis.errors import EmptyScWList, NoValidScW
from analysis.outcomes import GraphResult
from analysis.products.catalogue_source import CatalogueSource
from analysis.products.detectors import SPI_ACS
from analysis.products.fits_files import Card
from analysis.products.light_curve import LightCurve, write_light_curve
from analysis.products.time_coverage import TimeCoverage
from analysis.publishing import Finished, ProductFile, give
from analysis.steps import Step
from analysis.workflows.as_recorded import recorded
from analysis.workflows.isgri import event_file
from analysis.workflows.job_products import FITS, PNG, log
from analysis.workflows.running import WorkflowRun, running
from analysis.workflows.spi_acs_lc_parameters import SpiAcsLightCurveParameters
from archive.kinds import SPI_ACS_KIND
from archive.obscore import WHOLE_SKY_DEG
from archive.publication import NewProduct
from archive.selection import (
    ScienceWindowRecord,
    SelectionError,
    WithheldScienceWindowError,
    select,
)
from auth.principal import Principal
from instruments.spi_acs import ENERGY_MAX_KEV, ENERGY_MIN_KEV
from instruments.time import SECONDS_PER_DAY, ijd_from_mjd_utc, mjd_utc_from_ijd
from uws.errors import JobFailure
from uws.types import JobContext

NAME = "spi_acs_lc"
SIMULATED = "Simulated data: no count of this light curve is real"


def run(context: JobContext[SpiAcsLightCurveParameters]) -> None:
    """Make the light curve; raises `JobFailure`, `EmptyScWList` or `NoValidScW`."""
    parameters = context.parameters
    windows = _windows(parameters, context.owner)
    rates, curve, picture = _graph(parameters, windows)
    with running(context, ALL_SKY) as work:
        work.tell(f"{len(windows)} Science Windows")
        outcome = work.run((curve, picture))
        good = _good(work, rates, outcome)
        if len(good) < len(rates):
            kept = tuple(w for w in windows if str(w.id) in {step.label for step in good})
            _, curve, picture = _graph(parameters, kept)
            outcome = work.run((curve, picture))
    made, drawn = outcome.of(curve), outcome.of(picture)
    if made is None or drawn is None:
        raise JobFailure(next(iter(outcome.failures.values())).reason)
    bins = read_bins(made.file.path)
    if not len(bins.number):
        raise EmptyScWList("no count of SPI-ACS lies between T1 and T2")
    work.tell(f"{len(bins.number)} bins with data")
    used = tuple(w for w in windows if str(w.id) in {step.label for step in good})
    light_curve = _LightCurve(used, bins, _grid(parameters), parameters, context)
    give(
        context,
        NAME,
        [
            ProductFile(
                "lightcurve_1",
                "spi_acs_lc.fits",
                FITS,
                (made,),
                light_curve.write,
                light_curve.describe,
            ),
            ProductFile(
                "preview_1",
                "spi_acs_lc.png",
                PNG,
                (drawn,),
                lambda path, _: _copy(drawn.file.path, path),
                light_curve.describe_preview,
            ),
            log(work),
        ],
        list(work.results.values()),
        public=parameters.publish and all(window.is_public for window in used),
        extra_parameters={},
    )


def targets(parameters: SpiAcsLightCurveParameters, owner: Principal) -> tuple[Step, ...]:
    """The steps that a job with these parameters is for, with all that they need behind them.

    Raises `JobFailure` and `AnalysisError` where the job would.
    """
    _, curve, picture = _graph(parameters, _windows(parameters, owner))
    return curve, picture


def _windows(
    parameters: SpiAcsLightCurveParameters, owner: Principal
) -> tuple[ScienceWindowRecord, ...]:
    """The Science Windows between T1 and T2, slews as well as pointings.

    Where a job is made again, those that it took then.
    """
    start, end = parameters.period
    past = recorded()
    try:
        if past is not None:
            found = select(principal=owner, ids=past.science_windows, kind=SPI_ACS_KIND)
        else:
            found = select(principal=owner, t_start=start, t_end=end, kind=SPI_ACS_KIND)
    except WithheldScienceWindowError as problem:
        raise NoValidScW(problem.message) from None
    except SelectionError as problem:
        raise JobFailure(problem.message) from None
    if parameters.data_level == "ordinary":
        found = tuple(window for window in found if not window.id.is_near_real_time)
    if parameters.integral_data_rights == "public":
        found = tuple(window for window in found if window.is_public)
    if not found:
        raise EmptyScWList("the archive has no rates of SPI-ACS between T1 and T2")
    return found


def _grid(parameters: SpiAcsLightCurveParameters) -> Grid:
    start, end = (float(ijd_from_mjd_utc(mjd)) for mjd in parameters.period)
    return Grid(start, end, parameters.time_bin)


def _graph(
    parameters: SpiAcsLightCurveParameters, windows: Sequence[ScienceWindowRecord]
) -> tuple[list[Step], Step, Step]:
    """The steps of each Science Window, the light curve, its picture."""
    grid = _grid(parameters)
    notice = SIMULATED if any(window.is_simulated for window in windows) else ""
    rates = [ALL_SKY.rates(event_file(window), grid) for window in windows]
    curve = ALL_SKY.light_curve(rates)
    return rates, curve, ALL_SKY.picture(curve, grid, notice)


def _good(work: WorkflowRun, rates: Sequence[Step], outcome: GraphResult) -> list[Step]:
    """The Science Windows' steps that didn't fail; raises `JobFailure` where too many did."""
    failures = [outcome.failures[s.identity] for s in rates if s.identity in outcome.failures]
    if len(failures) > settings.VO_ANALYSIS_MOST_FAILED * len(rates):
        reasons = "; ".join(failure.reason for failure in failures[:5])
        raise JobFailure(f"{len(failures)} of {len(rates)} Science Windows failed: {reasons}")
    for failure in failures:
        work.tell(f"left out: {failure.reason}")
    return [step for step in rates if step.identity not in outcome.failures]


@dataclass(frozen=True, slots=True, eq=False)
class _LightCurve:
    """All that a finished light curve consists of."""

    windows: tuple[ScienceWindowRecord, ...]
    bins: BinnedCounts
    grid: Grid
    parameters: SpiAcsLightCurveParameters
    context: JobContext[SpiAcsLightCurveParameters]

    @property
    def coverage(self) -> TimeCoverage:
        middle = self.grid.middle_ijd(self.bins.number)
        half = self.grid.bin_s / 2 / SECONDS_PER_DAY
        exposed = float(self.bins.exposed_s.sum())
        return TimeCoverage(float(middle[0] - half), float(middle[-1] + half), exposed, exposed)

    def write(self, path: Path, made: Sequence[Card]) -> None:
        cards: list[Card] = [
            ("ENGINE", ALL_SKY.name, "What made the light curve"),
            ("DATALEVL", self.parameters.data_level, "ordinary or realtime"),
            # known words of the mission's service that this archive can't fill
            ("EPHS", "", "Place of the spacecraft: not in this archive"),
            ("PROPHECY", "", "Prediction of the background: none is made"),
            ("DEADAPP", False, "Rates are not corrected for dead time"),
        ]
        if any(window.is_simulated for window in self.windows):
            cards.append(("SIMDATA", True, "Made from simulated counts"))
        write_light_curve(
            path,
            LightCurve(
                detector=SPI_ACS,
                source=CatalogueSource("", math.nan, math.nan),
                e_min_kev=None,
                e_max_kev=None,
                time_ijd=self.grid.middle_ijd(self.bins.number),
                width_d=self.bins.exposed_s * 0 + self.grid.bin_s / SECONDS_PER_DAY,
                rate=self.bins.rate,
                error=self.bins.error,
                coverage=self.coverage,
            ),
            science_windows=[str(window.id) for window in self.windows],
            time_zero_ijd=(self.grid.start_ijd + self.grid.stop_ijd) / 2,
            cards=[*cards, *made],
        )

    def describe(self, finished: Finished) -> NewProduct:
        coverage = self.coverage
        return NewProduct(
            file=finished.path,
            file_name=finished.path.name,
            identity=finished.identity,
            obs_id=finished.obs_id,
            kind="lightcurve",
            media_type=FITS,
            dataproduct_type="timeseries",
            calib_level=3,
            title=f"SPI-ACS count rates, bins of {self.grid.bin_s:g} s",
            inputs=self.windows,
            owner=self.context.owner,
            job_id=self.context.job_id,
            e_min_kev=ENERGY_MIN_KEV,
            e_max_kev=ENERGY_MAX_KEV,
            fov=WHOLE_SKY_DEG,
            time_bins=len(self.bins.number),
            time_resolution_s=self.grid.bin_s,
            t_min=mjd_utc_from_ijd(coverage.t_start_ijd),
            t_max=mjd_utc_from_ijd(coverage.t_stop_ijd),
            exposure_s=coverage.livetime_s,
            o_ucd="phot.count;em.gamma",
            o_unit="count/s",
            software=f"{ALL_SKY.name} of vo_server {settings.VO_VERSION}",
            instrument=SPI_ACS.obscore_name,
        )

    def describe_preview(self, finished: Finished) -> NewProduct:
        return replace(
            self.describe(finished),
            kind="preview",
            media_type=PNG,
            dataproduct_type=None,
            title="SPI-ACS count rates by time",
            listed=False,
        )


def _copy(source: Path, target: Path) -> None:
    shutil.copyfile(source, target)
