"""The job types that this room offers, each declared once (`analysis.workflow_types`).

Their parameters are light to import. Their work is not, with astropy and matplotlib: it is imported
by the workers' template, never by a web server that isn't asked for a plan.
"""

from collections.abc import Iterable
from typing import Any

from analysis.steps import StepKind
from analysis.workflow_types import workflow
from analysis.workflows.isgri_parameters import (
    IsgriImageParameters,
    IsgriLightCurveParameters,
    IsgriSpectrumParameters,
)
from analysis.workflows.jemx_parameters import (
    JemxImageParameters,
    JemxLightCurveParameters,
    JemxSpectrumParameters,
)
from analysis.workflows.reproduce_parameters import ReproduceParameters
from analysis.workflows.spectral_fit_parameters import SpectralFitParameters
from analysis.workflows.spi_acs_lc_parameters import SpiAcsLightCurveParameters
from uws.types import FileDescription, JobType

_LOG = FileDescription("log", "What was done, line by line.", "text/plain")


def _kinds_of_fits() -> Iterable[StepKind]:
    """The steps of spectral fits, which belong to no engine."""
    from analysis.fitting.steps import FITTING

    return FITTING.kinds


def _kinds_of_all_sky() -> Iterable[StepKind]:
    """The steps of light curves of SPI-ACS, which belong to no engine."""
    from analysis.all_sky.steps import ALL_SKY

    return ALL_SKY.kinds


def _kinds_of_no_engine() -> Iterable[StepKind]:
    """Both."""
    return (*_kinds_of_fits(), *_kinds_of_all_sky())


_ISGRI_EVENTS = (
    FileDescription("events", "ISGRI event lists of the Science Windows.", "application/fits"),
)

ISGRI_IMAGE = workflow(
    "isgri_image",
    "analysis.workflows.isgri_image",
    title="IBIS/ISGRI image",
    description="Sky image of Science Windows in an energy band: a mosaic with intensity,"
    " variance, significance and exposure, the list of its sources, and a picture.",
    parameters=IsgriImageParameters,
    uses=_ISGRI_EVENTS,
    makes=(
        FileDescription("mosaic", "Sky maps of all Science Windows together.", "application/fits"),
        FileDescription("sources", "Sources in the mosaic.", "application/x-votable+xml"),
        FileDescription("sources_fits", "The same as FITS.", "application/fits"),
        FileDescription(
            "sources_scw", "What each Science Window shows by itself.", "application/x-votable+xml"
        ),
        FileDescription("preview", "Picture of the significance.", "image/png"),
        _LOG,
    ),
)

ISGRI_SPECTRUM = workflow(
    "isgri_spectrum",
    "analysis.workflows.isgri_spectrum",
    title="IBIS/ISGRI spectra",
    description="Spectrum, ARF and RMF of the source asked for and of each source that an image of"
    " the Science Windows shows, all fitted together. Results are numbered, the source asked for"
    " is the first.",
    parameters=IsgriSpectrumParameters,
    uses=_ISGRI_EVENTS,
    makes=(
        FileDescription("spectrum_1", "Spectrum of the first source (OGIP).", "application/fits"),
        FileDescription("arf_1", "Its effective area.", "application/fits"),
        FileDescription("rmf_1", "Its redistribution matrix.", "application/fits"),
        FileDescription("preview_1", "Picture of the spectrum.", "image/png"),
        _LOG,
    ),
)

ISGRI_LC = workflow(
    "isgri_lc",
    "analysis.workflows.isgri_lc",
    title="IBIS/ISGRI light curves",
    description="Light curve in an energy band of the source asked for and of each source that an"
    " image of the Science Windows shows, all fitted together. Results are numbered, the source"
    " asked for is the first.",
    parameters=IsgriLightCurveParameters,
    uses=_ISGRI_EVENTS,
    makes=(
        FileDescription("lightcurve_1", "Light curve of the first source.", "application/fits"),
        FileDescription("preview_1", "Picture of the light curve.", "image/png"),
        _LOG,
    ),
)

REPRODUCE = workflow(
    "reproduce",
    "analysis.workflows.reproduce",
    title="Make a product again",
    description="Builds a job from the provenance of a product, runs it, and compares what it gives"
    " with what is published: identical, but for dates and ids, or what differs.",
    parameters=ReproduceParameters,
    uses=(
        FileDescription("original", "The published products."),
        FileDescription("again", "What was made again to compare them with."),
    ),
    makes=(
        FileDescription("comparison", "What is the same and what differs.", "application/json"),
        _LOG,
    ),
    further_kinds=_kinds_of_no_engine,
)

SPECTRAL_FIT = workflow(
    "spectral_fit",
    "analysis.workflows.spectral_fit",
    title="Spectral fit",
    description="A spectral model fitted to a published spectrum of a source: best parameters with"
    " errors and covariance, chi-square, flux, and a picture with the residuals.",
    parameters=SpectralFitParameters,
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
        _LOG,
    ),
    preload=("analysis.fitting.steps",),
    further_kinds=_kinds_of_fits,
)

_JEMX_EVENTS = (
    FileDescription("events", "JEM-X event lists of the Science Windows.", "application/fits"),
)

JEMX_IMAGE = workflow(
    "jemx_image",
    "analysis.workflows.jemx_image",
    title="JEM-X image",
    description="Sky image of one of the two JEM-X units in an energy band, 3 to 35 keV: a mosaic"
    " of Science Windows, the list of its sources, and a picture.",
    parameters=JemxImageParameters,
    uses=_JEMX_EVENTS,
    makes=ISGRI_IMAGE.makes,
)

JEMX_SPECTRUM = workflow(
    "jemx_spectrum",
    "analysis.workflows.jemx_spectrum",
    title="JEM-X spectra",
    description="Spectrum in sixteen channels, ARF and RMF of the source asked for and of each"
    " source that an image of the Science Windows shows, all fitted together.",
    parameters=JemxSpectrumParameters,
    uses=_JEMX_EVENTS,
    makes=ISGRI_SPECTRUM.makes,
)

JEMX_LC = workflow(
    "jemx_lc",
    "analysis.workflows.jemx_lc",
    title="JEM-X light curves",
    description="Light curve in an energy band of the source asked for and of each source that an"
    " image of the Science Windows shows, all fitted together.",
    parameters=JemxLightCurveParameters,
    uses=_JEMX_EVENTS,
    makes=ISGRI_LC.makes,
)

SPI_ACS_LC = workflow(
    "spi_acs_lc",
    "analysis.workflows.spi_acs_lc",
    title="SPI-ACS light curve",
    description="Count rate of SPI's anticoincidence shield by bins of time: gamma rays from all of"
    " the sky together, for bursts.",
    parameters=SpiAcsLightCurveParameters,
    uses=(FileDescription("rates", "Counts of SPI-ACS every 50 ms.", "application/fits"),),
    makes=(
        FileDescription("lightcurve_1", "Count rates by time.", "application/fits"),
        FileDescription("preview_1", "Picture of the light curve.", "image/png"),
        _LOG,
    ),
    preload=("analysis.all_sky.steps",),
    further_kinds=_kinds_of_all_sky,
)

job_types: tuple[JobType[Any], ...] = (
    ISGRI_IMAGE,
    ISGRI_SPECTRUM,
    ISGRI_LC,
    JEMX_IMAGE,
    JEMX_SPECTRUM,
    JEMX_LC,
    SPI_ACS_LC,
    SPECTRAL_FIT,
    REPRODUCE,
)
