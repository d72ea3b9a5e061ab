"""The job types that this room offers.

Their parameters are light to import. Their work is not, with astropy and matplotlib: it is imported
by the workers' template (``preload``), never by the web server.
"""

from typing import Any

from analysis.workflows.isgri_image_parameters import IsgriImageParameters
from uws.types import FileDescription, JobContext, JobType


def _isgri_image(context: JobContext[IsgriImageParameters]) -> None:
    from analysis.workflows import isgri_image

    isgri_image.run(context)


def _prepare() -> None:
    from analysis.engines import coded_mask_steps

    coded_mask_steps.prepare()


ISGRI_IMAGE: JobType[IsgriImageParameters] = JobType(
    name="isgri_image",
    title="IBIS/ISGRI image",
    description="Sky image of Science Windows in an energy band: a mosaic with intensity,"
    " variance, significance and exposure, the list of its sources, and a picture.",
    path="/uws/isgri_image",
    parameters=IsgriImageParameters,
    run=_isgri_image,
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
    preload=("analysis.workflows.isgri_image", "analysis.engines.coded_mask_steps"),
    prepare=_prepare,
)

job_types: tuple[JobType[Any], ...] = (ISGRI_IMAGE,)
