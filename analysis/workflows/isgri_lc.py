"""``isgri_lc``: light curves of the sources in Science Windows."""

from analysis.steps import Step
from analysis.workflows import light_curves
from analysis.workflows.isgri import ISGRI
from analysis.workflows.isgri_parameters import IsgriLightCurveParameters
from auth.principal import Principal
from uws.types import JobContext


def run(context: JobContext[IsgriLightCurveParameters]) -> None:
    """Make the light curves; raises `JobFailure`."""
    light_curves.run(context, "isgri_lc", ISGRI)


def targets(parameters: IsgriLightCurveParameters, owner: Principal) -> tuple[Step, ...]:
    """The steps that such a job is for; raises what `run` does."""
    return light_curves.targets(parameters, owner, ISGRI)
