"""``isgri_spectrum``: spectra of the sources in Science Windows, with their responses."""

from analysis.steps import Step
from analysis.workflows import spectra
from analysis.workflows.isgri import ISGRI
from analysis.workflows.isgri_parameters import IsgriSpectrumParameters
from auth.principal import Principal
from uws.types import JobContext


def run(context: JobContext[IsgriSpectrumParameters]) -> None:
    """Make the spectra; raises `JobFailure`."""
    spectra.run(context, "isgri_spectrum", ISGRI)


def targets(parameters: IsgriSpectrumParameters, owner: Principal) -> tuple[Step, ...]:
    """The steps that such a job is for; raises what `run` does."""
    return spectra.targets(parameters, owner, ISGRI)
