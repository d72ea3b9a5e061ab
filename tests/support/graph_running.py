"""Runs graphs of the tiny engine as a job would, on a ledger and an executor of the test's own."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from analysis.cache import Cache
from analysis.execution import Surroundings, run_graph
from analysis.executors import Executor
from analysis.ledger import Ledger, SharedLedger
from analysis.outcomes import GraphResult, Listener, StepFailure, StepResult
from analysis.steps import Step

SURROUNDINGS = Surroundings("test", {"numpy": "0"}, patience_s=20)


class Told(Listener):
    """What a driver has told, in order."""

    def __init__(self) -> None:
        self.told: list[StepResult | StepFailure] = []
        self.looked_at: list[Step] = []

    def planned(self, steps: Sequence[Step]) -> None:
        """Note them."""
        self.looked_at += steps

    def succeeded(self, result: StepResult) -> None:
        """Note it."""
        self.told.append(result)

    def failed(self, failure: StepFailure) -> None:
        """Note it."""
        self.told.append(failure)


class Runner:
    """Runs graphs on one cache, each as a job of its own."""

    def __init__(self, root: Path, executor: Callable[[], Executor]) -> None:
        self.cache = Cache(root)
        self.executor = executor
        self.jobs = 0

    def __call__(
        self,
        *targets: Step,
        told: Told | None = None,
        ledger: Ledger | None = None,
        surroundings: Surroundings | None = None,
    ) -> GraphResult:
        """Run; ``told`` gets results and failures as they come."""
        self.jobs += 1
        ledger = ledger or SharedLedger(self.cache, f"job{self.jobs}")
        try:
            return run_graph(
                targets, ledger, self.executor, surroundings or SURROUNDINGS, told or Told()
            )
        finally:
            ledger.close()
            ledger.release()


def value(outcome: GraphResult, step: Step) -> int:
    """The number that the step gave."""
    result = outcome.of(step)
    assert result is not None, outcome.failures
    return int(result.file.path.read_text())


def restored(outcome: GraphResult, steps: Iterable[Step]) -> list[bool]:
    """Whether each was found in the cache."""
    return [outcome.results[step.identity].restored for step in steps]
