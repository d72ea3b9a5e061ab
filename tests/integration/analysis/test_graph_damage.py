"""Running graphs: what is damaged is made again, and patience has its limits."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from graph_running import SURROUNDINGS, Runner, Told, value
from tiny_engine import TinyGraph

from analysis import execution
from analysis.errors import (
    ClusterLost,
    MachineFailure,
    NotEnoughMemory,
)
from analysis.executors import Ended, LocalExecutor
from analysis.making import DamagedInputs, Making
from analysis.models import CachedStep, StepLease
from analysis.outcomes import StepFailure, StepResult
from analysis.steps import Step
from provenance.models import Entity

pytestmark = pytest.mark.django_db


def test_a_flipped_byte_is_found_and_the_file_made_again(run: Runner, tiny: TinyGraph) -> None:
    step = tiny.add(tiny.raw("a", 5))
    first = run(step).of(step)
    assert first is not None
    first.file.path.write_text("6")
    again = run(step)
    assert value(again, step) == 5
    assert tiny.runs() == ["5", "5"]
    remade = again.of(step)
    assert remade is not None
    assert remade.file.entity.id != first.file.entity.id, "another generation, another entity"
    assert remade.file.entity.checksum == first.file.entity.checksum
    assert run.cache.damaged() == 1
    assert CachedStep.objects.get(pk=step.identity).entity_id == remade.file.entity.id


def test_a_flipped_byte_in_what_a_step_reads_never_reaches_its_result(
    run: Runner, tiny: TinyGraph
) -> None:
    inner = [tiny.add(tiny.raw(name, 5), label=name) for name in "ab"]
    first = run(*inner).of(inner[0])
    assert first is not None
    tiny.runs()
    first.file.path.write_text("7")  # of the same size, so that only the checksum tells
    top = tiny.add(*inner)
    both = tiny.add(inner[0], plus=1)
    outcome = run(top, both)
    assert (value(outcome, top), value(outcome, both)) == (10, 6)
    assert sorted(tiny.runs()) == ["10", "5", "6"], "what was damaged was made once more"


class Interfering(LocalExecutor):
    """Real processes, of whose ends ``interfere`` makes what it will before the driver hears."""

    def __init__(self, interfere: Callable[[list[Ended]], list[Ended]]) -> None:
        super().__init__(2, ("tiny_engine",))
        self._interfere = interfere

    def wait(
        self, timeout_s: float, made: Callable[[str], Making | None], ear: int | None = None
    ) -> list[Ended]:
        return self._interfere(super().wait(timeout_s, made, ear))


def _damage(run: Runner, step: Step) -> DamagedInputs:
    """Damage what lies in the cache; how a step that reads it would tell."""
    found = run.cache.read(step.identity)
    assert found is not None
    found[0].path.write_text("7")
    return DamagedInputs((step.identity,))


def test_a_process_that_ends_while_what_it_read_is_made_anew_is_begun_again(
    run: Runner, tiny: TinyGraph
) -> None:
    inner = tiny.add(tiny.raw("a", 5))
    run(inner)
    reads, ends = tiny.add(inner, plus=1), tiny.add(inner, plus="crash once")
    held: list[Ended] = []

    def damaged_first(ended: list[Ended]) -> list[Ended]:
        if len(held) >= 2:
            return ended
        held.extend(ended)
        if len(held) < 2:
            return []
        held.sort(key=lambda item: not item.key.startswith(reads.identity))
        return [replace(held[0], outcome=_damage(run, inner)), held[1]]

    executor = Interfering(damaged_first)
    run.executor = lambda: executor
    outcome = run(reads, ends)
    assert (value(outcome, reads), value(outcome, ends)) == (6, 5)


def test_what_is_damaged_before_it_was_registered_is_made_anew(
    run: Runner, tiny: TinyGraph
) -> None:
    inner = tiny.add(tiny.raw("a", 5), seconds=0.5)
    top = tiny.add(inner, plus=1)
    ends: list[Ended] = []

    def damaged_once(ended: list[Ended]) -> list[Ended]:
        ends.extend(ended)
        if len(ends) == 2 and ended:
            return [replace(ends[1], outcome=_damage(run, inner))]
        return ended

    executor = Interfering(damaged_once)
    run.executor = lambda: executor
    told = Told()
    assert value(run(top, told=told), top) == 6
    assert sorted(tiny.runs()) == ["5", "5", "6"]
    assert {item.step for item in told.told} == {inner, top}
    assert CachedStep.objects.count() == 2


def test_what_is_made_anew_stays_in_the_history_of_what_was_made_of_it_before(
    run: Runner, tiny: TinyGraph, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first making of ``inner`` is damaged before anything of this run is registered."""
    monkeypatch.setattr(execution, "_REGISTER_EVERY_S", 60.0)
    inner = tiny.add(tiny.raw("a", 5))
    good, damaged = tiny.add(inner, plus=1), tiny.add(inner, plus=2)
    ends: list[Ended] = []

    def damaged_once(ended: list[Ended]) -> list[Ended]:
        ends.extend(ended)
        if len(ends) > 3 or len(ended) == len(ends):
            return ended
        if len(ends) < 3:
            return []
        last = sorted(ends[1:], key=lambda end: end.key.startswith(damaged.identity))
        return [last[0], replace(last[1], outcome=_damage(run, inner))]

    executor = Interfering(damaged_once)
    run.executor = lambda: executor
    outcome = run(good, damaged)
    assert (value(outcome, good), value(outcome, damaged)) == (6, 7)
    assert sorted(tiny.runs()) == ["5", "5", "6", "7"]
    made = Entity.objects.filter(step_identity=inner.identity)
    assert made.count() == 2
    assert not made.filter(wasgeneratedby__isnull=True).exists(), "each is explained"
    assert made.filter(used__isnull=False).distinct().count() == 1, "the first one was read"
    assert CachedStep.objects.count() == 3


def test_a_step_whose_inputs_are_damaged_again_and_again_is_given_up_by_name(
    run: Runner, tiny: TinyGraph
) -> None:
    inner = tiny.add(tiny.raw("a", 5))
    top = tiny.add(inner, plus=1, label="066500330010.001")

    def damaged_always(ended: list[Ended]) -> list[Ended]:
        return [
            replace(item, outcome=_damage(run, inner))
            if item.key.startswith(top.identity)
            else item
            for item in ended
        ]

    executor = Interfering(damaged_always)
    run.executor = lambda: executor
    told = Told()
    words = "Science Window 066500330010.001, step add: files that it reads are damaged again"
    with pytest.raises(MachineFailure, match=words):
        run(top, told=told)
    assert isinstance(told.told[-1], StepFailure)
    assert told.told[-1].step == top
    assert not StepLease.objects.exists()


def test_patience_is_for_one_loss_and_not_for_all_of_them_together(
    run: Runner, tiny: TinyGraph
) -> None:
    step = tiny.add(tiny.raw("a", 1))
    losses = iter(range(3))

    def losing(ended: list[Ended]) -> list[Ended]:
        return [
            item if next(losses, None) is None else replace(item, outcome=None) for item in ended
        ]

    executor = Interfering(losing)
    run.executor = lambda: executor
    outcome = run(step, surroundings=replace(SURROUNDINGS, patience_s=0.0))
    assert value(outcome, step) == 1


def test_a_step_that_is_lost_again_and_again_is_given_up_by_name(
    run: Runner, tiny: TinyGraph
) -> None:
    step = tiny.add(tiny.raw("a", 1), label="the lost one")

    def losing(ended: list[Ended]) -> list[Ended]:
        return [replace(item, outcome=None) for item in ended]

    executor = Interfering(losing)
    run.executor = lambda: executor
    with pytest.raises(ClusterLost, match="add the lost one: the computers that run steps lose it"):
        run(step, surroundings=replace(SURROUNDINGS, patience_s=0.0))
    assert not StepLease.objects.exists()


def test_what_was_made_before_the_machine_failed_is_told_and_then_the_failure(
    run: Runner, tiny: TinyGraph
) -> None:
    good = tiny.add(tiny.raw("a", 1))
    bad = tiny.add(good, plus="devour")
    told = Told()
    with pytest.raises(NotEnoughMemory) as raised:
        run(bad, told=told)
    done, failed = told.told
    assert done == StepResult(good, done.file, False, ("the sum is 1",))  # type: ignore[union-attr]
    assert isinstance(failed, StepFailure)
    assert (failed.step, failed.cause) == (bad, raised.value)
    assert failed.cause.attempt is not None
    assert CachedStep.objects.filter(identity=good.identity).exists()
