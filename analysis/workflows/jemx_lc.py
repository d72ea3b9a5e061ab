"""``jemx_lc``: as ``isgri_lc``, of JEM-X 1 or 2."""

from analysis.steps import Step
from analysis.workflows import light_curves
from analysis.workflows.jemx import JEMX
from analysis.workflows.jemx_parameters import JemxLightCurveParameters
from auth.principal import Principal
from uws.types import JobContext


def run(context: JobContext[JemxLightCurveParameters]) -> None:
    """Make the light curves; raises `JobFailure`."""
    light_curves.run(context, "jemx_lc", JEMX[context.parameters.jemx_num])


def targets(parameters: JemxLightCurveParameters, owner: Principal) -> tuple[Step, ...]:
    """The steps that a job with these parameters is for; raises what the job would."""
    return light_curves.targets(parameters, owner, JEMX[parameters.jemx_num])
