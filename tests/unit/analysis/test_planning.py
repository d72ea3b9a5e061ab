"""What a run would do and take, told before it."""

import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_engine import ADD

from analysis.planning import Cost, Costs, State, breadth, estimate, plan_of
from analysis.steps import RawFile, Step, in_order

MakeStep = Callable[..., Step]
MakeRaw = Callable[..., RawFile]


def _one(plus: int, *inputs: Step) -> Step:
    return Step(ADD, "tiny", {"plus": plus}, {"term": inputs}, label=f"number {plus}")


def _mosaic(size: int, offset: int = 0) -> tuple[list[Step], list[Step], Step]:
    """Two steps for each of ``size`` files, and one that joins them all."""
    first = [_one(1000 + number) for number in range(offset, offset + size)]
    second = [_one(2000 + number, step) for number, step in enumerate(first, offset)]
    return first, second, _one(0, *second)


def _told(target: Step, cached: set[Step]) -> dict[State, int]:
    plan = plan_of((target,), {step.identity for step in cached})
    return {state: plan.count(state) for state in State if plan.count(state)}


def test_with_an_empty_cache_all_runs() -> None:
    first, second, target = _mosaic(50)
    plan = plan_of((target,), set())
    assert _told(target, set()) == {State.TO_RUN: 101}
    assert plan.to_run[-1] == target
    assert set(plan.to_run) == {*first, *second, target}


def test_the_same_again_runs_nothing() -> None:
    first, second, target = _mosaic(50)
    assert _told(target, {*first, *second, target}) == {State.CACHED: 101}


def test_forty_nine_and_a_new_one_run_the_new_ones_steps_and_the_mosaic() -> None:
    first, second, target = _mosaic(50)
    first_then, second_then, target_then = _mosaic(50, offset=1)
    plan = plan_of((target_then,), {s.identity for s in (*first, *second, target)})
    assert plan.to_run == (first_then[-1], second_then[-1], target_then)


def test_what_stands_behind_a_cached_result_need_not_exist() -> None:
    _, second, target = _mosaic(3)
    assert _told(target, {target}) == {State.CACHED: 1, State.NOT_NEEDED: 6}
    assert _told(target, set(second)) == {State.CACHED: 3, State.NOT_NEEDED: 3, State.TO_RUN: 1}


def test_what_was_evicted_and_is_needed_again_runs_again() -> None:
    first, second, target = _mosaic(3)
    assert _told(target, {*first, *second[1:]}) == {State.CACHED: 5, State.TO_RUN: 2}


@given(st.sets(st.integers(min_value=0, max_value=20)))
def test_whatever_is_cached_exactly_what_the_targets_need_runs(cached: set[int]) -> None:
    _, _, target = _mosaic(10)
    steps = in_order((target,))
    there = {steps[number].identity for number in cached}
    plan = plan_of((target,), there)
    by_rule = set()
    waiting = [target]
    while waiting:
        step = waiting.pop()
        if step.identity not in there and step not in by_rule:
            by_rule.add(step)
            waiting.extend(step.needed_steps())
    assert set(plan.to_run) == by_rule
    assert {s.identity for s, state in plan.states.items() if state is State.CACHED} == there


# --- Costs ---------------------------------------------------------------------------------------

FOUR_SECONDS: Costs = {("tiny", "add"): Cost(4.0, 1000, runs=10)}


@pytest.mark.parametrize(
    ("processes", "seconds"),
    [(1, 4 * 21), (2, 4 * 11), (5, 4 * 5), (100, 4 * 3)],
)
def test_the_time_counts_processes_and_what_has_to_wait(processes: int, seconds: float) -> None:
    _, _, target = _mosaic(10)
    told = estimate(plan_of((target,), set()), FOUR_SECONDS, processes)
    assert told.seconds == pytest.approx(seconds, rel=0.01)
    assert told.processor_seconds == 84
    assert told.size == 21_000
    assert told.steps_known == 21


def test_more_processes_never_take_longer_and_never_less_than_a_chain() -> None:
    _, _, target = _mosaic(7)
    plan = plan_of((target,), set())
    told = [estimate(plan, FOUR_SECONDS, number).seconds for number in range(1, 12)]
    assert told == sorted(told, reverse=True)
    assert min(told) >= 12


def test_without_past_runs_the_declaration_is_believed() -> None:
    told = estimate(plan_of((_one(1),), set()), {}, 1)
    assert told.seconds == pytest.approx(ADD.expected_seconds, rel=0.05)
    assert (told.size, told.steps_known) == (None, 0)


def test_cached_steps_cost_next_to_nothing() -> None:
    first, second, target = _mosaic(50)
    plan = plan_of((target,), {step.identity for step in (*first, *second, target)})
    told = estimate(plan, FOUR_SECONDS, 2)
    assert told.seconds < 0.5
    assert (told.processor_seconds, told.size) == (0, 0)


def test_ten_thousand_steps_are_planned_within_a_second_of_processor_time() -> None:
    begun = time.process_time()
    _, _, target = _mosaic(5000)
    plan = plan_of((target,), set())
    estimate(plan, FOUR_SECONDS, 8)
    assert len(plan.states) == 10_001
    assert time.process_time() - begun < 1.0


# --- What the number of inputs costs --------------------------------------------------------------

KNOWN = Cost(2.0, runs=9, by_breadth=((2, 0.5), (10, 0.9), (50, 2.5)))


@pytest.mark.parametrize(
    ("inputs", "seconds"),
    [(2, 0.5), (10, 0.9), (50, 2.5), (6, 0.7), (30, 1.7), (1, 0.25), (100, 5.0)],
)
def test_what_joins_many_costs_by_how_many_there_are(inputs: int, seconds: float) -> None:
    assert KNOWN.seconds_with(inputs) == pytest.approx(seconds)


@given(st.integers(1, 2000), st.integers(1, 2000))
def test_more_inputs_never_cost_less_where_that_was_so(one: int, other: int) -> None:
    fewer, more = sorted((one, other))
    assert KNOWN.seconds_with(fewer) <= KNOWN.seconds_with(more) + 1e-9


def test_without_past_runs_the_number_of_inputs_tells_nothing() -> None:
    assert Cost(2.0).seconds_with(1) == Cost(2.0).seconds_with(50) == 2.0


def test_a_mosaic_of_fifty_is_expected_to_take_longer_than_one_of_two() -> None:
    costs = {("tiny", "add"): Cost(1.0, runs=3, by_breadth=((1, 0.1), (50, 5.0)))}
    few, many = (
        estimate(plan_of((_mosaic(size)[2],), {s.identity for s in _mosaic(size)[1]}), costs, 1)
        for size in (2, 50)
    )
    assert few.processor_seconds == pytest.approx(0.1 + 4.9 / 49)
    assert many.processor_seconds == pytest.approx(5.0)


def test_a_catalogue_beside_one_image_is_not_a_second_image(raw_file: MakeRaw) -> None:
    step = Step(ADD, "tiny", {}, {"image": (_one(1),), "catalogue": (raw_file("c", 0),)})
    assert breadth(step) == breadth(_one(1)) == 1
    assert breadth(_mosaic(50)[2]) == 50
