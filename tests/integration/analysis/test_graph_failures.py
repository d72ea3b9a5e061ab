"""Running graphs: what becomes of failures, and what limits a step."""

import errno
import os
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from graph_running import Runner, value
from tiny_engine import TinyGraph

from analysis import embedded_cluster, executors
from analysis.errors import (
    DiskFull,
    NotEnoughMemory,
    ProcessEnded,
)
from analysis.executors import LocalExecutor
from analysis.models import StepLease
from provenance.models import Activity, Used

pytestmark = pytest.mark.django_db


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
