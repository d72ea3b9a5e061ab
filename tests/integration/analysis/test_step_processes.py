"""Processes that run one step after the other, as long as each leaves them as it found them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from graph_running import Runner
from untidy_engine import LEAVING, leaving

from analysis.executors import LocalExecutor
from analysis.outcomes import GraphResult
from analysis.steps import Step

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def executor() -> Iterator[LocalExecutor]:
    """One process at a time."""
    executor = LocalExecutor(1, ("untidy_engine",))
    yield executor
    executor.close()


def process_of(outcome: GraphResult, step: Step) -> int:
    """The process that ran the step."""
    result = outcome.of(step)
    assert result is not None, outcome.failures
    (told,) = result.messages
    return int(told)


def test_a_process_runs_the_next_step_where_nothing_was_left(run: Runner) -> None:
    steps = [leaving("nothing", number) for number in range(5)]
    outcome = run(*steps)
    assert len({process_of(outcome, step) for step in steps}) == 1


@pytest.mark.parametrize("what", sorted(LEAVING.keys() - {"nothing"}))
def test_a_process_ends_with_a_step_that_leaves_anything(what: str, run: Runner) -> None:
    steps = [leaving(what, number) for number in range(3)]
    outcome = run(*steps)
    used = {process_of(outcome, step) for step in steps}
    assert len(used) == 3
    assert not any(Path(f"/proc/{pid}").exists() for pid in used)


def test_the_memory_that_a_step_needed_is_not_told_of_the_next(run: Runner) -> None:
    large, small = leaving("nothing", 1, devour=200_000_000), leaving("nothing", 2)
    outcome = run(large)
    outcome.results.update(run(small).results)
    assert process_of(outcome, large) == process_of(outcome, small)
    peaks = [run.cache.read(step.identity)[1].peak_memory for step in (large, small)]  # type: ignore[index]
    assert peaks[0] - peaks[1] > 150_000_000


def test_each_step_has_the_memory_that_it_declared(run: Runner) -> None:
    steps = [leaving("nothing", number, devour=250_000_000) for number in range(3)]
    outcome = run(*steps)
    assert len({process_of(outcome, step) for step in steps}) == 1
