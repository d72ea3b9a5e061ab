"""What became of the steps of a graph, and who is told of it while it runs."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from analysis.cache import CachedFile
from analysis.errors import AnalysisError
from analysis.steps import Step


@dataclass(frozen=True, slots=True)
class StepResult:
    """What became of one step.

    restored: it was found in the cache. messages: what the step told while it ran.
    """

    step: Step
    file: CachedFile
    restored: bool
    messages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StepFailure:
    """A step that could not give its result.

    reason: in words for the user. cause: the failure itself, of this step or of one it needs.
    """

    step: Step
    reason: str
    cause: AnalysisError


@dataclass(slots=True)
class GraphResult:
    """Results and failures, by the identity of the step."""

    results: dict[str, StepResult] = field(default_factory=dict)
    failures: dict[str, StepFailure] = field(default_factory=dict)

    def of(self, step: Step) -> StepResult | None:
        """The result of that step, if it has one."""
        return self.results.get(step.identity)


class Listener:
    """Who is told how a graph goes; each call comes from the driver's own thread."""

    def planned(self, steps: Sequence[Step]) -> None:
        """These steps are looked at; called again where damage makes more of them necessary."""

    def succeeded(self, result: StepResult) -> None:
        """The result is there, and registered."""

    def failed(self, failure: StepFailure) -> None:
        """The step, or one that it needs, can't be made of these data."""

    def waited(self) -> None:
        """The driver has waited a moment for steps that run; called about every second."""
