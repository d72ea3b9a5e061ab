"""A graph's run inside a job: progress and messages to the owner, results that can be relied on."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings

from analysis.anew import Anew, anew
from analysis.cache import Cache
from analysis.engines.protocol import Engine
from analysis.execution import Surroundings, run_graph
from analysis.executors import Executor
from analysis.failed_jobs import went_through
from analysis.ledger import Ledger, PrivateLedger, SharedLedger
from analysis.outcomes import GraphResult, Listener, StepFailure, StepResult
from analysis.places import place_for_steps
from analysis.steps import Step
from uws.types import JobContext


class WorkflowRun(Listener):
    """Runs the graphs of one job, one after the other.

    results: every step looked at, by identity. lines: the log, as the job's result ``log``.
    """

    def __init__(
        self, context: JobContext[Any], engine: Engine, ledger: Ledger, fresh: Anew | None
    ) -> None:
        """Use `running`, which also ends what the run has begun."""
        self.results: dict[str, StepResult] = {}
        self.lines: list[str] = []
        self._context = context
        self._preload = engine.preload
        self._ledger = ledger
        self._fresh = fresh
        self._executor: Executor | None = None
        self._expected: set[str] = set()
        self._foreseen = 0
        self._surroundings = Surroundings(
            authority=settings.VO_AUTHORITY,
            software={"vo_server": settings.VO_VERSION, **engine.libraries},
            patience_s=settings.VO_DASK_PATIENCE_S,
        )

    def run(self, targets: Sequence[Step]) -> GraphResult:
        """Run one graph; raises `analysis.errors.MachineFailure` where the machine failed."""
        try:
            return run_graph(targets, self._ledger, self._place, self._surroundings, self)
        finally:
            self._foreseen = 0

    def foresee(self, steps: Sequence[Step]) -> None:
        """Steps that will follow the next graph: the owner sees them as still to be done."""
        self._foreseen = len(steps)

    def tell(self, line: str) -> None:
        """Tell the job's owner, at once and in the log."""
        self.lines.append(line)
        self._context.message(line)

    def close(self) -> None:
        """End what still runs, and let go of what the job held."""
        if self._executor is not None:
            self._executor.close()
        self._ledger.close()

    def planned(self, steps: Sequence[Step]) -> None:
        """See `Listener`."""
        self._expected.update(step.identity for step in steps)

    def succeeded(self, result: StepResult) -> None:
        """See `Listener`."""
        if result.restored and result.step.identity in self.results:
            return  # of an earlier graph of this job
        self.results[result.step.identity] = result
        went_through(result.file.activity.id)
        how = "restored from cache" if result.restored else "main done"
        self._step_told(f"{result.step.kind.name} {result.step.label} {how}")
        for message in result.messages:
            self.tell(message)
        if self._fresh is not None:
            remade = self._fresh.compare(result)
            self.lines.append(f"{result.step.kind.name} {result.step.label} {remade.words}")

    def failed(self, failure: StepFailure) -> None:
        """See `Listener`."""
        if failure.cause.attempt is not None:
            went_through(failure.cause.attempt.id)
        self._expected.discard(failure.step.identity)
        self._step_told(f"{failure.step.kind.name} {failure.step.label} failed: {failure.reason}")

    def waited(self) -> None:
        """See `Listener`: while a long step runs, the job tells what came before."""
        self._context.catch_up()

    def _place(self) -> Executor:
        if self._executor is None:
            self._executor = place_for_steps((self._preload,))
        return self._executor

    def _step_told(self, line: str) -> None:
        self.lines.append(line)
        total = len(self._expected) + self._foreseen
        self._context.progress(len(self.results), total, line)


@contextmanager
def running(context: JobContext[Any], engine: Engine) -> Iterator[WorkflowRun]:
    """A `WorkflowRun`; inside `analysis.anew.everything_anew` one that uses nothing made before.

    What the job needs stays in the cache as long as the block lasts, and until its results are
    recorded.
    """
    fresh = anew()
    ledger: Ledger
    if fresh is None:
        ledger = SharedLedger(Cache(Path(settings.VO_CACHE_ROOT)), context.job_id)
    else:
        ledger = PrivateLedger(fresh.cache)
    work = WorkflowRun(context, engine, ledger, fresh)
    try:
        yield work
    except BaseException:
        ledger.release()
        raise
    finally:
        work.close()
    context.at_completion.append(ledger.release)
