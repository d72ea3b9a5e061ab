"""Running graphs: what is computed, what is reused, and what becomes of failures."""

import errno
import os
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
import tiny_engine
from django.db import connection
from graph_running import SURROUNDINGS, Runner, Told, value
from tiny_engine import TinyGraph

from analysis import cache_index, embedded_cluster, execution, executors
from analysis.cache import Cache
from analysis.errors import (
    ClusterLost,
    DiskFull,
    MachineFailure,
    NotEnoughMemory,
    ProcessEnded,
    ScWDataCorrupted,
)
from analysis.executors import Ended, Executor, LocalExecutor
from analysis.ledger import PrivateLedger
from analysis.making import DamagedInputs, Making
from analysis.models import CachedStep, StepHold, StepLease
from analysis.outcomes import StepFailure, StepResult
from analysis.steps import Step
from provenance.models import Activity, Entity, Used

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def executor() -> Iterator[LocalExecutor]:
    """Two processes at once, warm for all tests of this module."""
    executor = LocalExecutor(2, ("tiny_engine",))
    yield executor
    executor.close()


@pytest.fixture
def run(tmp_path: Path, executor: LocalExecutor) -> Runner:
    """Runs graphs on a cache of its own."""
    return Runner(tmp_path / "cache", lambda: executor)


@pytest.fixture
def tiny(tmp_path: Path) -> TinyGraph:
    """Makes graphs."""
    return TinyGraph(tmp_path)


def test_a_graph_gives_its_result(run: Runner, tiny: TinyGraph) -> None:
    left, right = tiny.add(tiny.raw("a", 1), plus=10), tiny.add(tiny.raw("b", 2), plus=20)
    top = tiny.add(left, right, plus=100)
    assert value(run(top), top) == 133


def test_the_same_again_runs_nothing_and_needs_no_place_to_run(
    run: Runner, tiny: TinyGraph
) -> None:
    top = tiny.add(tiny.add(tiny.raw("a", 1)), tiny.add(tiny.raw("b", 2)))
    run(top)
    assert len(tiny.runs()) == 3

    def nowhere() -> Executor:
        raise AssertionError("a place for steps was asked for")

    run.executor = nowhere
    told = Told()
    again = run(top, told=told)
    assert tiny.runs() == []
    assert again.of(top).restored  # type: ignore[union-attr]
    assert told.looked_at == [top], "nothing behind a cached step is looked at"
    assert CachedStep.objects.get(identity=top.identity).hits == 1


def test_of_fifty_inputs_one_new_one_runs_its_own_steps_and_the_sum(
    run: Runner, tiny: TinyGraph
) -> None:
    old = [tiny.add(tiny.add(tiny.raw(f"a{number}", number))) for number in range(50)]
    run(tiny.add(*old))
    assert len(tiny.runs()) == 50 * 2 + 1
    new = tiny.add(tiny.add(tiny.raw("new", 4000)), label="new")
    told = Told()
    run(tiny.add(*old[1:], new), told=told)
    assert tiny.runs() == ["4000", "4000", "5225"]
    restored = [item for item in told.told if isinstance(item, StepResult) and item.restored]
    assert len(restored) == 49


def test_other_software_runs_all_again_and_the_old_results_stay_explained(
    run: Runner, tiny: TinyGraph
) -> None:
    old, new = (tiny.add(tiny.raw("a", 1), software=version) for version in "12")
    before = run(old).of(old)
    run(new)
    assert tiny.runs() == ["1", "1"]
    assert before is not None
    assert before.file.path.read_text() == "1"
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM provenance_entity WHERE identifier = %s AND checksum = %s",
            [before.file.entity.id, before.file.entity.checksum],
        )
        assert cursor.fetchone() == (1,)


def test_what_is_not_known_yet_is_not_run(run: Runner, tiny: TinyGraph) -> None:
    teller = tiny.add(tiny.raw("a", 1))
    waiting = replace(tiny.add(tiny.raw("b", 2)), told_by=(teller,), provisional=True)
    for target in (waiting, tiny.add(waiting)):
        with pytest.raises(ValueError, match="provisional"):
            run(target)
    assert tiny.runs() == []


def test_a_step_follows_what_tells_it(run: Runner, tiny: TinyGraph) -> None:
    teller = tiny.add(tiny.raw("a", 1))
    told = replace(tiny.add(tiny.raw("b", 2)), told_by=(teller,))
    assert value(run(told), told) == 2
    assert tiny.runs() == ["1", "2"]


def test_software_that_changed_under_the_server_makes_nothing(run: Runner, tiny: TinyGraph) -> None:
    step = tiny.add(tiny.raw("a", 1))
    changed = replace(step, kind=replace(step.kind, software=tiny_engine.changing))
    with pytest.raises(Exception, match="must start it anew"):
        run(changed)
    assert tiny.runs() == []


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


def test_a_file_of_the_archive_that_is_not_what_was_ingested_is_refused(
    run: Runner, tiny: TinyGraph
) -> None:
    raw = tiny.raw("a", 5)
    raw.path.write_text("6")
    step = tiny.add(raw)
    (failure,) = run(step).failures.values()
    assert isinstance(failure.cause, ScWDataCorrupted)


def test_results_are_told_before_what_uses_them(run: Runner, tiny: TinyGraph) -> None:
    told = Told()
    inner = tiny.add(tiny.raw("a", 1))
    top = tiny.add(inner)
    run(top, told=told)
    assert [item.step for item in told.told] == [inner, top]
    assert isinstance(told.told[0], StepResult)
    assert told.told[0].messages == ("the sum is 1",)


def test_what_lies_in_the_cache_tells_under_which_lease_it_was_made_and_what_was_told(
    run: Runner, tiny: TinyGraph
) -> None:
    step = tiny.add(tiny.raw("a", 1))
    run(step)
    found = run.cache.read(step.identity)
    assert found is not None
    assert found[1].key.rpartition("-")[0] == step.identity
    assert found[1].messages == ("the sum is 1",)


def test_a_failure_fails_what_depends_on_it_and_nothing_else(run: Runner, tiny: TinyGraph) -> None:
    good, bad = tiny.add(tiny.raw("a", 1)), tiny.add(tiny.raw("b", -1))
    top = tiny.add(good, bad)
    outcome = run(top)
    assert value(outcome, good) == 1
    assert {failure.step for failure in outcome.failures.values()} == {bad, top}
    assert all("can't be added" in failure.reason for failure in outcome.failures.values())
    assert len(tiny.begun()) == 2, "a failure of the data is not tried again"


def test_nothing_is_stored_of_a_failed_step(run: Runner, tiny: TinyGraph) -> None:
    bad = tiny.add(tiny.raw("b", -1))
    run(bad)
    assert run.cache.find(bad.identity) is None
    assert not StepLease.objects.exists()


def test_a_process_ended_from_outside_is_begun_again(run: Runner, tiny: TinyGraph) -> None:
    step = tiny.add(tiny.raw("a", 1), plus="crash once")
    assert value(run(step), step) == 1
    assert len(tiny.begun()) == 2
    killed, done = Activity.objects.order_by("id")
    assert (killed.status, done.status) == ("failed", "completed")
    assert killed.comment.startswith("ProcessEnded: ")
    assert killed.private_comment is None, "it could not say where it ran"
    assert Used.objects.filter(entity__identifier="ivo://test/archive?a").count() == 2


def test_one_that_is_ended_again_and_again_is_given_up_by_name(
    run: Runner, tiny: TinyGraph
) -> None:
    step = tiny.add(tiny.raw("a", 1), plus="crash", label="the crashing one")
    with pytest.raises(ProcessEnded, match="the crashing one"):
        run(step)
    assert len(tiny.begun()) == 3


def test_a_step_that_wants_more_memory_than_it_declared_is_told_so(
    run: Runner, tiny: TinyGraph
) -> None:
    step = tiny.add(tiny.raw("a", 1), plus="devour")
    with pytest.raises(NotEnoughMemory, match="1074 MB"):
        run(step)
    assert len(tiny.begun()) == 1, "trying again would be in vain"


@pytest.fixture
def little_memory() -> Iterator[Callable[[], AbstractContextManager[None]]]:
    """``with little_memory():`` what is started inside has 200 MB together, by the kernel's word.

    By a control group of either version; where none may be made, skipped.
    """
    own = f"vo-test-{os.getpid()}"
    for parent, limit in (
        (Path("/sys/fs/cgroup"), "memory.max"),
        (Path("/sys/fs/cgroup/memory"), "memory.limit_in_bytes"),
    ):
        group = parent / own
        try:
            group.mkdir()
            (group / limit).read_text()  # which the kernel has put there
            (group / limit).write_text("200000000")
        except OSError:
            with suppress(OSError):
                group.rmdir()
            continue
        break
    else:
        pytest.skip("no control group of memory may be made here (not root?)")
    before = next(
        line.rpartition(":")[2]
        for line in Path("/proc/self/cgroup").read_text().splitlines()
        if line.split(":")[1] in ("memory", "")
    )

    @contextmanager
    def inside() -> Iterator[None]:
        (group / "cgroup.procs").write_text(str(os.getpid()))
        try:
            yield
        finally:
            (Path(f"{parent}{before}") / "cgroup.procs").write_text(str(os.getpid()))

    yield inside
    until = time.monotonic() + 30
    while True:
        try:
            group.rmdir()
            return
        except OSError:  # what was in it has not ended yet
            assert time.monotonic() < until
            time.sleep(0.05)


def test_no_more_steps_run_at_once_than_there_is_memory_for(run: Runner, tiny: TinyGraph) -> None:
    steps = [
        replace(step, kind=replace(step.kind, memory=1_200_000_000))
        for n in range(3)
        for step in [tiny.add(tiny.raw(f"r{n}", n), seconds=0.1)]
    ]
    executor = LocalExecutor(2, ("tiny_engine",), memory=2_000_000_000)
    run.executor = lambda: executor
    run(*steps)
    read = [run.cache.read(step.identity) for step in steps]
    made = [found[1].activity for found in read if found is not None]
    times = sorted((activity.start, activity.end) for activity in made)
    assert len(times) == 3
    for (_, end), (begin, _) in pairwise(times):
        assert end <= begin, "two processes are free, but memory for one step"


def test_a_step_that_there_is_no_memory_for_is_told_so_at_once(
    run: Runner, tiny: TinyGraph
) -> None:
    executor = LocalExecutor(2, ("tiny_engine",), memory=1_000_000_000)
    run.executor = lambda: executor
    step = tiny.add(tiny.raw("a", 1), label="the largest")
    with pytest.raises(NotEnoughMemory, match=r"1074 MB, and no computer .* more than 1000 MB"):
        run(step)
    assert tiny.begun() == []


def test_a_step_that_the_kernel_ends_for_want_of_memory_says_so_and_the_next_job_works(
    tmp_path: Path,
    tiny: TinyGraph,
    little_memory: Callable[[], AbstractContextManager[None]],
) -> None:
    preload = ("tiny_engine", "mmap")  # of no other test: its nursery is started here
    executor = LocalExecutor(1, preload)
    run = Runner(tmp_path / "cache", lambda: executor)
    step = tiny.add(tiny.raw("b", 2), plus="overfill", label="066500330010.001")
    try:
        with little_memory():
            assert embedded_cluster.machine_memory() <= 200_000_000, "what steps may share"
            run(tiny.add(tiny.raw("a", 1)))
        with pytest.raises(NotEnoughMemory) as failure:
            run(step)
        assert len(tiny.begun()) == 2, "not tried again at once"
        top = tiny.add(tiny.raw("c", 3))
        assert value(run(top), top) == 3
    finally:
        executors._warm.pop(preload).close()
    assert failure.value.kind == "transient"
    assert str(failure.value) == (
        "NotEnoughMemory: Science Window 066500330010.001, step add:"
        " the machine ran out of memory, and the step was ended"
    )


def test_what_a_step_started_and_left_behind_is_ended(run: Runner, tiny: TinyGraph) -> None:
    step = tiny.add(tiny.raw("a", 1), plus="detach")
    run(step)
    left = [
        folder
        for folder in Path("/proc").iterdir()
        if folder.name.isdecimal()
        and (folder / "cmdline").exists()
        and b"sleep\x001000" in (folder / "cmdline").read_bytes()
        and (folder / "cwd").readlink() == tiny.folder
    ]
    assert left == []


def test_a_full_disk_is_a_failure_that_says_so_and_leaves_nothing(
    run: Runner, tiny: TinyGraph, monkeypatch: pytest.MonkeyPatch
) -> None:
    from analysis import making
    from analysis.making import Task

    step = tiny.add(tiny.raw("a", 1))

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    kind = replace(step.kind, run=full)
    task = Task("0" * 64, "0", kind, "tiny", "1", {}, {}, "a", "test", {})
    with pytest.raises(DiskFull, match="the server's disk is full"):
        making.make(run.cache.root, task)
    assert list((run.cache.root / "temporary").iterdir()) == []


def test_the_record_of_a_making_tells_from_what_by_what_and_what_came_out(
    run: Runner, tiny: TinyGraph
) -> None:
    inner = tiny.add(tiny.raw("a", 1))
    top = tiny.add(inner, plus=4, label="the total")
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


def test_what_lies_on_disk_unregistered_is_registered_and_not_made_again(
    run: Runner, tiny: TinyGraph
) -> None:
    inner = tiny.add(tiny.raw("a", 1))
    top = tiny.add(inner)
    run(top)
    tiny.runs()
    CachedStep.objects.all().delete()  # as if the process had died before it registered them
    assert cache_index.register_from_disk(run.cache) == 2
    assert value(run(top), top) == 1
    CachedStep.objects.all().delete()
    assert value(run(top), top) == 1, "found without a search, too"
    assert tiny.runs() == []


def test_a_run_without_the_cache_makes_everything_anew_and_leaves_the_cache_alone(
    run: Runner, tiny: TinyGraph
) -> None:
    top = tiny.add(tiny.add(tiny.raw("a", 1)))
    first = run(top).of(top)
    tiny.runs()
    private = run.cache.private()
    new = run(top, ledger=PrivateLedger(private)).of(top)
    assert tiny.runs() == ["1", "1"]
    assert first is not None
    assert new is not None
    assert new.file.entity.id != first.file.entity.id
    assert new.file.entity.checksum == first.file.entity.checksum
    assert CachedStep.objects.get(pk=top.identity).entity_id == first.file.entity.id
    private.discard()
    assert list((run.cache.root / "private").iterdir()) == []


def test_a_running_job_holds_what_it_needs_and_lets_go_at_its_end(
    run: Runner, tiny: TinyGraph
) -> None:
    step = tiny.add(tiny.raw("a", 1))

    class Looking(Told):
        def succeeded(self, result: StepResult) -> None:
            held.append(StepHold.objects.filter(identity=result.step.identity).count())
            held.append(len(cache_index.evict(run.cache, 0)))

    held: list[int] = []
    run(step, told=Looking())
    assert held == [1, 0], "held, and nothing could be evicted"
    assert not StepHold.objects.exists()
    assert len(cache_index.evict(run.cache, 0)) == 1


def test_a_job_that_is_run_again_drives_on_from_what_is_finished(
    run: Runner, tiny: TinyGraph, executor: LocalExecutor
) -> None:
    inner = tiny.add(tiny.raw("a", 1))
    top = tiny.add(inner)

    class Dying(Told):
        def succeeded(self, result: StepResult) -> None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(top, told=Dying())
    before = len(tiny.begun())
    assert before
    assert value(run(top), top) == 1
    assert len(tiny.begun()) == 2, f"{before} had been made"


def test_a_cache_that_another_server_filled_is_used_as_it_is(run: Runner, tiny: TinyGraph) -> None:
    step = tiny.add(tiny.raw("a", 1))
    run(step)
    assert Cache(run.cache.root).find(step.identity) is not None
