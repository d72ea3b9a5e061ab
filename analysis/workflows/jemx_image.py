"""``jemx_image``: as ``isgri_image``, of JEM-X 1 or 2."""

from analysis.steps import Step
from analysis.workflows import image
from analysis.workflows.jemx import JEMX
from analysis.workflows.jemx_parameters import JemxImageParameters
from auth.principal import Principal
from uws.types import JobContext


def run(context: JobContext[JemxImageParameters]) -> None:
    """Make the image; raises `JobFailure`."""
    image.run(context, "jemx_image", JEMX[context.parameters.jemx_num])


def targets(parameters: JemxImageParameters, owner: Principal) -> tuple[Step, ...]:
    """The steps that a job with these parameters is for; raises what the job would."""
    return image.targets(parameters, owner, JEMX[parameters.jemx_num])
