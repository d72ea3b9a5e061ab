"""A graph's run inside a job: progress and messages to the owner, provenance to the tables."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings

from analysis import anew
from analysis.cache import Cache
from analysis.engines.protocol import Engine
from analysis.errors import AnalysisError
from analysis.execution import (
    GraphResult,
    StepFailure,
    StepResult,
    Surroundings,
    plan,
    process_pool,
    run_graph,
)
from analysis.steps import Step
from provenance import store
from uws.errors import JobFailure
from uws.types import JobContext


class WorkflowRun:
    """Runs the graphs of one job, one after the other.

    results: every step looked at, by identity. lines: the log, as the job's result ``log``.
    """

    def __init__(self, context: JobContext[Any], engine: Engine, pool: Any) -> None:
        """Use `running`, which also makes and ends the pool."""
        self.results: dict[str, StepResult] = {}
        self.lines: list[str] = []
        self._context = context
        self._pool = pool
        self._expected: set[str] = set()
        self._surroundings = Surroundings(
            cache_root=anew.own_folder() or Path(settings.VO_CACHE_ROOT),
            authority=settings.VO_AUTHORITY,
            software={"vo_server": settings.VO_VERSION, **engine.libraries},
        )

    def run(self, targets: Sequence[Step]) -> GraphResult:
        """Run one graph; raises `JobFailure` where the machine, not a step, failed."""
        planned = plan(tuple(targets), Cache(self._surroundings.cache_root))
        self._expected.update(step.identity for step in planned)
        try:
            return run_graph(
                planned,
                self._surroundings,
                self._pool,
                on_result=self._succeeded,
                on_failure=self._failed,
            )
        except AnalysisError as error:
            raise JobFailure(str(error), "transient") from error

    def tell(self, line: str) -> None:
        """Tell the job's owner, at once and in the log."""
        self.lines.append(line)
        self._context.message(line)

    def _succeeded(self, result: StepResult) -> None:
        if result.step.identity in self.results:
            return  # of an earlier graph of this job
        store.enter([result.file.activity])
        self.results[result.step.identity] = result
        how = "restored from cache" if result.restored else "done"
        self._step_told(f"{result.step.kind.name} {result.step.label} {how}")
        for message in result.messages:
            self.tell(message)

    def _failed(self, failure: StepFailure) -> None:
        self._expected.discard(failure.step.identity)
        self._step_told(f"{failure.step.kind.name} {failure.step.label} failed: {failure.reason}")

    def _step_told(self, line: str) -> None:
        self.lines.append(line)
        self._context.progress(len(self.results), len(self._expected), line)


@contextmanager
def running(context: JobContext[Any], engine: Engine) -> Iterator[WorkflowRun]:
    """A `WorkflowRun` with processes of its own."""
    processes = settings.VO_ANALYSIS_PROCESSES or os.cpu_count() or 1
    with process_pool(processes, engine.preload) as pool:
        yield WorkflowRun(context, engine, pool)
