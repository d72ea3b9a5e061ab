"""``isgri_image``: a mosaic of Science Windows with the sources in it."""

from analysis.steps import Step
from analysis.workflows import image
from analysis.workflows.isgri import ISGRI
from analysis.workflows.isgri_parameters import IsgriImageParameters
from auth.principal import Principal
from uws.types import JobContext


def run(context: JobContext[IsgriImageParameters]) -> None:
    """Make the image; raises `JobFailure`."""
    image.run(context, "isgri_image", ISGRI)


def targets(parameters: IsgriImageParameters, owner: Principal) -> tuple[Step, ...]:
    """The steps that such a job is for; raises what `run` does."""
    return image.targets(parameters, owner, ISGRI)
