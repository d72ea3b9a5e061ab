"""Running graphs: what is computed, what is reused, and what becomes of failures."""

from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace

import pytest
import tiny_engine

from analysis.cache import Cache
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
from analysis.steps import RawFile, Step

MakeStep = Callable[..., Step]
MakeRaw = Callable[..., RawFile]
Runs = Callable[[], list[str]]


@pytest.fixture(scope="module")
def pool() -> Iterator[ProcessPoolExecutor]:
    with process_pool(2, "analysis.making") as pool:
        yield pool


@pytest.fixture
def run(surroundings: Surroundings, pool: ProcessPoolExecutor) -> Callable[..., GraphResult]:
    """Runs a graph; ``told`` gets results and failures as they come."""

    def run(*targets: Step, told: list[StepResult | StepFailure] | None = None) -> GraphResult:
        told = [] if told is None else told
        return run_graph(
            plan(targets, Cache(surroundings.cache_root)),
            surroundings,
            pool,
            on_result=told.append,
            on_failure=told.append,
        )

    return run


def value(outcome: GraphResult, step: Step) -> int:
    result = outcome.of(step)
    assert result is not None
    return int(result.file.path.read_text())


def test_a_graph_gives_its_result(
    run: Callable[..., GraphResult], raw_file: MakeRaw, add: MakeStep
) -> None:
    top = add(add(raw_file("a", 1), plus=10), add(raw_file("b", 2), plus=20), plus=100)
    assert value(run(top), top) == 133


def test_the_same_again_runs_nothing(
    run: Callable[..., GraphResult], raw_file: MakeRaw, add: MakeStep, runs: Runs
) -> None:
    top = add(add(raw_file("a", 1)), add(raw_file("b", 2)))
    run(top)
    assert len(runs()) == 3
    again = run(top)
    assert runs() == []
    assert again.of(top).restored  # type: ignore[union-attr]
    assert len(again.results) == 1, "nothing behind a cached step is looked at"


def test_one_new_input_runs_its_own_steps_and_what_depends_on_them(
    run: Callable[..., GraphResult], raw_file: MakeRaw, add: MakeStep, runs: Runs
) -> None:
    old = [add(raw_file(f"a{number}", number)) for number in range(5)]
    run(add(*old))
    runs()
    run(add(*old[1:], add(raw_file("new", 40))))
    assert runs() == ["40", "50"]


def test_other_software_runs_all_again(
    run: Callable[..., GraphResult], raw_file: MakeRaw, add: MakeStep, runs: Runs
) -> None:
    run(add(raw_file("a", 1), software="1"))
    run(add(raw_file("a", 1), software="2"))
    assert runs() == ["1", "1"]


def test_software_that_changed_under_the_server_makes_nothing(
    run: Callable[..., GraphResult], raw_file: MakeRaw, add: MakeStep, runs: Runs
) -> None:
    step = add(raw_file("a", 1))
    changed = replace(step, kind=replace(step.kind, software=tiny_engine.changing))
    (failure,) = run(changed).failures.values()
    assert "must start it anew" in failure.reason
    assert runs() == []


def test_a_damaged_file_is_made_again(
    run: Callable[..., GraphResult], raw_file: MakeRaw, add: MakeStep, runs: Runs
) -> None:
    step = add(raw_file("a", 5))
    first = run(step).of(step)
    assert first is not None
    first.file.path.write_text("6")
    again = run(step)
    assert value(again, step) == 5
    assert runs() == ["5", "5"]
    remade = again.of(step)
    assert remade is not None
    assert remade.file.entity.id != first.file.entity.id, "another generation, another entity"
    assert remade.file.entity.checksum == first.file.entity.checksum


def test_results_are_told_before_what_uses_them(
    run: Callable[..., GraphResult], raw_file: MakeRaw, add: MakeStep
) -> None:
    told: list[StepResult | StepFailure] = []
    inner = add(raw_file("a", 1))
    top = add(inner)
    run(top, told=told)
    assert [item.step for item in told] == [inner, top]
    assert isinstance(told[0], StepResult)
    assert told[0].messages == ("the sum is 1",)


def test_a_failure_fails_what_depends_on_it_and_nothing_else(
    run: Callable[..., GraphResult], raw_file: MakeRaw, add: MakeStep
) -> None:
    good, bad = add(raw_file("a", 1)), add(raw_file("b", -1))
    top = add(good, bad)
    outcome = run(top)
    assert value(outcome, good) == 1
    assert {failure.step for failure in outcome.failures.values()} == {bad, top}
    assert all("can't be added" in failure.reason for failure in outcome.failures.values())


def test_nothing_is_stored_of_a_failed_step(
    run: Callable[..., GraphResult], raw_file: MakeRaw, add: MakeStep, surroundings: Surroundings
) -> None:
    bad = add(raw_file("b", -1))
    run(bad)
    assert Cache(surroundings.cache_root).find(bad.identity) is None


def test_a_process_ended_from_outside_is_told_as_such(
    surroundings: Surroundings, raw_file: MakeRaw, add: MakeStep
) -> None:
    step = add(raw_file("a", 1), plus="crash", label="the crashing one")
    with (
        process_pool(1, "analysis.making") as pool,
        pytest.raises(AnalysisError, match="the crashing one"),
    ):
        run_graph(
            plan((step,), Cache(surroundings.cache_root)),
            surroundings,
            pool,
            on_result=lambda _: None,
            on_failure=lambda _: None,
        )


def test_the_record_of_a_making_tells_from_what_by_what_and_what_came_out(
    run: Callable[..., GraphResult], raw_file: MakeRaw, add: MakeStep
) -> None:
    inner = add(raw_file("a", 1))
    top = add(inner, plus=4, label="the total")
    outcome = run(top)
    lower, upper = outcome.of(inner), outcome.of(top)
    assert lower is not None
    assert upper is not None
    activity = upper.file.activity
    assert activity.name == "add"
    assert [used.entity.id for used in activity.used] == [lower.file.entity.id]
    assert [used.entity.location for used in lower.file.activity.used] == ["scw/a.txt"]
    assert {p.name: p.value for p in activity.parameters}["plus"] == "4"
    assert {a.agent.name for a in activity.agents} >= {"numpy 0"}
    (generated,) = activity.generated
    assert generated.entity.step_identity == top.identity
    assert generated.entity.name == "sum.txt the total"
    assert not activity.public, "nobody sees it until a product is published"
