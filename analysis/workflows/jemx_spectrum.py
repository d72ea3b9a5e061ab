"""``jemx_spectrum``: as ``isgri_spectrum``, of JEM-X 1 or 2."""

from analysis.steps import Step
from analysis.workflows import spectra
from analysis.workflows.jemx import JEMX
from analysis.workflows.jemx_parameters import JemxSpectrumParameters
from auth.principal import Principal
from uws.types import JobContext


def run(context: JobContext[JemxSpectrumParameters]) -> None:
    """Make the spectra; raises `JobFailure`."""
    spectra.run(context, "jemx_spectrum", JEMX[context.parameters.jemx_num])


def targets(parameters: JemxSpectrumParameters, owner: Principal) -> tuple[Step, ...]:
    """The steps that a job with these parameters is for; raises what the job would."""
    return spectra.targets(parameters, owner, JEMX[parameters.jemx_num])
