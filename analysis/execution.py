"""Running a graph: what the cache has is used, the rest is computed by a pool of processes.

The one who runs a graph is told of every result as soon as it exists and before any step that
uses it starts, so that provenance is always entered from the events towards the products.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path

from analysis.cache import Cache, CachedFile
from analysis.errors import AnalysisError
from analysis.making import Input, Making, Task, make
from analysis.steps import RawFile, Step, in_order


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
    """A step that could not give its result, and why, in words for the user."""

    step: Step
    reason: str


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where and in whose name a graph runs.

    cache_root: folder of the cache. authority: IVOA authority of new identifiers. software:
    what computes (this server, the engine's libraries), and the versions.
    """

    cache_root: Path
    authority: str
    software: Mapping[str, str]


@dataclass(slots=True)
class GraphResult:
    """Results and failures, by the identity of the step."""

    results: dict[str, StepResult] = field(default_factory=dict)
    failures: dict[str, StepFailure] = field(default_factory=dict)

    def of(self, step: Step) -> StepResult | None:
        """The result of that step, if it has one."""
        return self.results.get(step.identity)


_ONE_THREAD = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL")}

OnResult = Callable[[StepResult], None]
OnFailure = Callable[[StepFailure], None]


@contextmanager
def process_pool(processes: int, preload: str) -> Iterator[ProcessPoolExecutor]:
    """A pool whose processes start clean: they inherit no database connection and no thread.

    preload: module that each of them needs. Nothing starts before the first step has to run.
    Linear algebra is told to use one thread: many would fight for the processors that the pool
    keeps busy, and add numbers in an order that differs from run to run.
    """
    os.environ.update(_ONE_THREAD)
    context = get_context("forkserver")
    context.set_forkserver_preload([preload])
    with ProcessPoolExecutor(processes, mp_context=context) as pool:
        try:
            yield pool
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def plan(targets: tuple[Step, ...], cache: Cache) -> dict[Step, CachedFile | None]:
    """The steps that a run has to look at, inputs before users, each with what the cache has.

    Nothing stands behind a cached step: what it was made from need not exist any more.
    """
    found: dict[str, CachedFile | None] = {}
    stack = list(targets)
    while stack:
        step = stack.pop()
        if step.identity not in found:
            found[step.identity] = cached = cache.find(step.identity)
            if cached is None:
                stack.extend(step.needed_steps())
    return {step: found[step.identity] for step in in_order(targets) if step.identity in found}


def run_graph(
    planned: Mapping[Step, CachedFile | None],
    surroundings: Surroundings,
    pool: ProcessPoolExecutor,
    *,
    on_result: OnResult,
    on_failure: OnFailure,
) -> GraphResult:
    """Run what ``plan`` found missing; a failed step fails only what depends on it."""
    outcome = GraphResult()
    waiting: list[Step] = []
    running: dict[Future[Making], Step] = {}

    def succeeded(result: StepResult) -> None:
        on_result(result)
        outcome.results[result.step.identity] = result

    def failed(step: Step, reason: str) -> None:
        failure = StepFailure(step, reason)
        on_failure(failure)
        outcome.failures[step.identity] = failure

    def start_what_can_start() -> None:
        for step in tuple(waiting):
            needed = tuple(step.needed_steps())
            lost = next((s for s in needed if s.identity in outcome.failures), None)
            if lost is not None:
                waiting.remove(step)
                failed(step, outcome.failures[lost.identity].reason)
            elif all(s.identity in outcome.results for s in needed):
                waiting.remove(step)
                task = _task(step, outcome, surroundings)
                running[pool.submit(make, surroundings.cache_root, task)] = step

    for step, cached in planned.items():
        if cached is None:
            waiting.append(step)
        else:
            succeeded(StepResult(step, cached, restored=True))
    start_what_can_start()
    while running:
        done, _ = wait(running, return_when=FIRST_COMPLETED)
        for future in done:
            step = running.pop(future)
            try:
                making = future.result()
            except AnalysisError as error:
                failed(step, str(error))
            except BrokenProcessPool:
                raise AnalysisError(
                    f"{step.label}: step {step.kind.name}: its process was ended from outside,"
                    " most likely for want of memory"
                ) from None
            else:
                succeeded(StepResult(step, making.file, making.restored, making.messages))
        start_what_can_start()
    return outcome


def _task(step: Step, outcome: GraphResult, surroundings: Surroundings) -> Task:
    return Task(
        identity=step.identity,
        kind=step.kind,
        engine=step.engine,
        software_digest=step.software_digest,
        parameters=dict(step.parameters),
        inputs={
            role: tuple(_input(node, outcome) for node in nodes)
            for role, nodes in step.inputs.items()
        },
        label=step.label,
        authority=surroundings.authority,
        software=dict(surroundings.software),
    )


def _input(node: Step | RawFile, outcome: GraphResult) -> Input:
    if isinstance(node, RawFile):
        return Input(node.path, node.entity)
    file = outcome.results[node.identity].file
    return Input(file.path, file.entity)
