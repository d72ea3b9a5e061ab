"""The job types that this room offers.

Their parameters are light to import. Their work is not, with astropy and matplotlib: it is imported
by the workers' template (``preload``), never by the web server.
"""

from collections.abc import Callable
from importlib import import_module
from typing import Any

from analysis.engines.registry import declared_engines, installed_engines
from analysis.errors import AnalysisError
from analysis.workflows.isgri_image_parameters import IsgriImageParameters
from analysis.workflows.reproduce_parameters import ReproduceParameters
from analysis.workflows.spectral_fit_parameters import SpectralFitParameters
from auth.principal import Principal
from uws.errors import JobFailure
from uws.types import FileDescription, JobContext, JobType


def _work_of(workflow: str) -> Callable[[JobContext[Any]], None]:
    """``run`` of that module, imported when it is called, its failures told to the job's owner."""

    def run(context: JobContext[Any]) -> None:
        try:
            import_module(workflow).run(context)
        except AnalysisError as failure:
            raise JobFailure(str(failure), failure.kind) from failure

    return run


def _quote_of(name: str) -> Callable[[Any, Principal], float | None]:
    """How many seconds jobs of that type are likely to run."""

    def quote(parameters: Any, owner: Principal) -> float | None:
        from analysis import plans

        return plans.seconds(name, parameters, owner)

    return quote


def _preload(workflow: str) -> tuple[str, ...]:
    """What jobs of that workflow need: its module and the engines'."""
    return workflow, *(known.module for known in declared_engines() if not known.missing())


def _prepare() -> None:
    """Take the digests of the engines' software while it is that which has just been loaded."""
    for engine in installed_engines():
        for kind in engine.kinds:
            kind.software()


def _prepare_fitting() -> None:
    """The same for the steps of spectral fits, which belong to no engine."""
    from analysis.fitting.steps import FITTING

    for kind in FITTING.kinds:
        kind.software()


_ISGRI_IMAGE = "analysis.workflows.isgri_image"
_SPECTRAL_FIT = "analysis.workflows.spectral_fit"


ISGRI_IMAGE: JobType[IsgriImageParameters] = JobType(
    name="isgri_image",
    title="IBIS/ISGRI image",
    description="Sky image of Science Windows in an energy band: a mosaic with intensity,"
    " variance, significance and exposure, the list of its sources, and a picture.",
    path="/uws/isgri_image",
    parameters=IsgriImageParameters,
    run=_work_of(_ISGRI_IMAGE),
    quote=_quote_of("isgri_image"),
    uses=(
        FileDescription("events", "ISGRI event lists of the Science Windows.", "application/fits"),
    ),
    makes=(
        FileDescription("mosaic", "Sky maps of all Science Windows together.", "application/fits"),
        FileDescription("sources", "Sources in the mosaic.", "application/x-votable+xml"),
        FileDescription("sources_fits", "The same as FITS.", "application/fits"),
        FileDescription("preview", "Picture of the significance.", "image/png"),
        FileDescription("log", "What was done, line by line.", "text/plain"),
    ),
    preload=_preload(_ISGRI_IMAGE),
    prepare=_prepare,
)

_REPRODUCE = "analysis.workflows.reproduce"


REPRODUCE: JobType[ReproduceParameters] = JobType(
    name="reproduce",
    title="Make a product again",
    description="Builds a job from the provenance of a product, runs it, and compares what it gives"
    " with what is published: identical, but for dates and ids, or what differs.",
    path="/uws/reproduce",
    parameters=ReproduceParameters,
    run=_work_of(_REPRODUCE),
    uses=(FileDescription("original", "The published products."),),
    makes=(
        FileDescription("comparison", "What is the same and what differs.", "application/json"),
        FileDescription("log", "What was done, line by line.", "text/plain"),
    ),
    preload=_preload(_REPRODUCE),
    prepare=_prepare,
)

SPECTRAL_FIT: JobType[SpectralFitParameters] = JobType(
    name="spectral_fit",
    title="Spectral fit",
    description="A spectral model fitted to a published spectrum of a source: best parameters with"
    " errors and covariance, chi-square, flux, and a picture with the residuals.",
    path="/uws/spectral_fit",
    parameters=SpectralFitParameters,
    run=_work_of(_SPECTRAL_FIT),
    uses=(
        FileDescription("spectrum", "The spectrum.", "application/fits"),
        FileDescription("rmf", "Its redistribution matrix.", "application/fits"),
        FileDescription("arf", "Its ancillary response.", "application/fits"),
    ),
    makes=(
        FileDescription("fit", "All that the fit found.", "application/json"),
        FileDescription("fit_table", "Its parameters.", "application/x-votable+xml"),
        FileDescription("fit_fits", "Parameters, covariance, bins.", "application/fits"),
        FileDescription("preview", "Data, model and residuals.", "image/png"),
        FileDescription("log", "What was done, line by line.", "text/plain"),
    ),
    preload=(_SPECTRAL_FIT, "analysis.fitting.steps"),
    prepare=_prepare_fitting,
)

job_types: tuple[JobType[Any], ...] = (ISGRI_IMAGE, REPRODUCE, SPECTRAL_FIT)
