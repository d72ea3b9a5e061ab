"""Graphs on a cluster that a site keeps: a scheduler of Dask and a worker with its nanny.

No Dask worker of this site is forgiven its death (``allowed-failures``), so that few have to die.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from threading import Timer

import graph_running
import pytest
from graph_running import Runner, value
from tiny_engine import TinyGraph

from analysis.dask_executor import Address, DaskExecutor
from analysis.errors import ClusterLost, ClusterUnfit, NotEnoughMemory, ProcessEnded
from analysis.executors import Ended, Given
from analysis.making import Making
from analysis.steps import Step
from provenance.models import Activity

pytestmark = pytest.mark.django_db

ROOT = Path(__file__).resolve().parents[3]
DASK = str(Path(sys.executable).with_name("dask"))


@contextmanager
def _program(folder: Path, *words: str, with_software: bool = True) -> Iterator[None]:
    """One of Dask's programs, ended with the block."""
    paths = [str(ROOT), str(ROOT / "tests" / "support")] if with_software else []
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(paths),
        "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0",
        "DASK_LOGGING__DISTRIBUTED": "error",
    }
    program = subprocess.Popen([DASK, *words], cwd=folder, env=environment)
    try:
        yield
    finally:
        program.terminate()
        program.wait(30)


@contextmanager
def _scheduler(folder: Path, *, with_software: bool = True) -> Iterator[str]:
    file = folder / "scheduler.json"
    options = (
        *("--host=127.0.0.1", "--port=0", "--no-dashboard"),
        *(f"--scheduler-file={file}", f"--pid-file={folder / 'scheduler.pid'}"),
    )
    with _program(folder, "scheduler", *options, with_software=with_software):
        until = time.monotonic() + 30
        while not (file.exists() and (text := file.read_text()).endswith("}")):
            assert time.monotonic() < until, "the scheduler did not start"
            time.sleep(0.05)
        yield json.loads(text)["address"]


def _worker(
    folder: Path, scheduler: str, *, with_software: bool = True
) -> AbstractContextManager[None]:
    return _program(
        folder,
        "worker",
        scheduler,
        "--host=127.0.0.1",
        "--nthreads=2",
        "--nanny",
        "--no-dashboard",
        "--resources=memory=2e9",
        f"--local-directory={folder}",
        with_software=with_software,
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a scheduler that has a worker."""
    folder = tmp_path_factory.mktemp("site")
    with _scheduler(folder) as address, _worker(folder, address):
        yield address


@pytest.fixture
def run_on(tmp_path: Path) -> Iterator[Callable[[str], Runner]]:
    """Runs graphs on the scheduler of that address, on a cache of the test's own."""
    with ExitStack() as stack:

        def runner(address: str) -> Runner:
            executor = DaskExecutor(partial(Address, address), ("tiny_engine",))
            stack.callback(executor.close)
            return Runner(tmp_path / "cache", lambda: executor)

        yield runner


def _of(step: Step, **declared: int) -> Step:
    """The same step by another declaration."""
    return replace(step, kind=replace(step.kind, **declared))


def test_a_step_that_takes_its_dask_worker_along_is_given_up_by_name_and_the_next_job_works(
    site: str, run_on: Callable[[str], Runner], tiny: TinyGraph
) -> None:
    run = run_on(site)
    step = tiny.add(tiny.raw("a", 1), plus="fell", label="the heavy one")
    with pytest.raises(ProcessEnded, match="step add the heavy one: each computer that ran it was"):
        run(step)
    assert len(tiny.begun()) == 3, "tried again, and not for ever"
    top = tiny.add(tiny.add(tiny.raw("b", 2)), tiny.add(tiny.raw("c", 3)))
    assert value(run(top), top) == 5


def test_a_step_beyond_its_declared_memory_is_named_and_not_tried_again(
    site: str, run_on: Callable[[str], Runner], tiny: TinyGraph
) -> None:
    step = tiny.add(tiny.raw("a", 1), plus="devour", label="066500330010.001")
    with pytest.raises(NotEnoughMemory) as failure:
        run_on(site)(step)
    assert str(failure.value) == (
        "NotEnoughMemory: Science Window 066500330010.001, step add:"
        " it needs more than the 1074 MB that it may use"
    )
    assert len(tiny.begun()) == 1


def test_a_step_that_no_computer_has_the_memory_for_is_told_so_at_once(
    site: str, run_on: Callable[[str], Runner], tiny: TinyGraph
) -> None:
    step = _of(tiny.add(tiny.raw("a", 1), label="the largest"), memory=3_000_000_000)
    with pytest.raises(NotEnoughMemory, match=r"3000 MB, and no computer .* more than 2000 MB"):
        run_on(site)(step)
    assert tiny.begun() == []


def test_no_more_steps_run_at_once_than_their_declared_memory_allows(
    site: str, run_on: Callable[[str], Runner], tiny: TinyGraph
) -> None:
    steps = [
        _of(tiny.add(tiny.raw(f"r{n}", n), seconds=0.3, label=f"{n}"), memory=1_200_000_000)
        for n in range(3)
    ]
    top = tiny.add(*steps)
    run = run_on(site)
    assert value(run(top), top) == 3
    read = [run.cache.read(step.identity) for step in steps]
    made = [found[1].activity for found in read if found is not None]
    times = sorted((activity.start, activity.end) for activity in made)
    assert len(times) == 3
    for (_, end), (begin, _) in pairwise(times):
        assert end <= begin, "two threads are free, but memory for one step"


class _Late(DaskExecutor):
    """One whose driver has other things to do first when a step has ended, and holds it so long."""

    first: Callable[[], object] | None = None

    def wait(
        self, timeout_s: float, made: Callable[[str], Making | None], ear: int | None = None
    ) -> list[Ended]:
        first, self.first = self.first, None
        if first is not None:
            first()
        return super().wait(timeout_s, made, ear)


@pytest.fixture
def late(site: str) -> Iterator[_Late]:
    """Such a place."""
    executor = _Late(partial(Address, site), ("tiny_engine",))
    yield executor
    executor.close()


def test_a_run_that_was_killed_is_begun_again_while_another_job_still_holds_it(
    site: str, run_on: Callable[[str], Runner], tiny: TinyGraph, late: _Late
) -> None:
    run = run_on(site)
    step = tiny.add(tiny.raw("a", 1), plus="crash once")
    late.first = partial(run, step)
    assert value(Runner(run.cache.root, lambda: late)(step), step) == 1
    assert len(tiny.begun()) == 2, "the other job found the result of the second run"


def test_each_failure_that_jobs_share_is_a_run_and_is_told_once(
    site: str, run_on: Callable[[str], Runner], tiny: TinyGraph, late: _Late
) -> None:
    run = run_on(site)
    step = tiny.add(tiny.raw("a", 1), plus="crash", label="the crashing one")

    def meanwhile() -> None:
        with pytest.raises(ProcessEnded, match="the crashing one"):
            run(step)
        assert len(tiny.begun()) == 3

    late.first = meanwhile
    with pytest.raises(ProcessEnded, match="the crashing one"):
        Runner(run.cache.root, lambda: late)(step)
    assert len(tiny.begun()) == 3 + 2, "the first one was both jobs'"
    assert Activity.objects.filter(status="failed").count() == 5


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drivers and clients that soon give up."""
    monkeypatch.setattr("analysis.dask_executor._CONNECT_S", 1.0)
    monkeypatch.setattr("analysis.dask_executor._LOOK_EVERY_S", 0.5)
    monkeypatch.setattr(
        graph_running, "SURROUNDINGS", replace(graph_running.SURROUNDINGS, patience_s=0.5)
    )


def test_a_cluster_without_workers_is_waited_for_and_then_named(
    tmp_path: Path, run_on: Callable[[str], Runner], tiny: TinyGraph, impatient: None
) -> None:
    with _scheduler(tmp_path) as address:
        with pytest.raises(ClusterLost, match="can't be reached"):
            run_on(address)(tiny.add(tiny.raw("a", 1)))
        # one without the software ends with the first step that it is given
        ends_soon = _worker(tmp_path, address, with_software=False)
        with ends_soon, pytest.raises(ClusterLost, match="can't be reached"):
            run_on(address)(tiny.add(tiny.raw("a", 1)))
    assert tiny.begun() == []


@pytest.fixture
def stopped(
    tmp_path: Path, impatient: None
) -> Iterator[tuple[DaskExecutor, Callable[[], None], Timer]]:
    """A cluster's client, what stops the scheduler, and what lets it go on after a long time."""
    with _scheduler(tmp_path) as address, _worker(tmp_path, address):
        scheduler = int((tmp_path / "scheduler.pid").read_text())
        going_on = Timer(20, os.kill, (scheduler, signal.SIGCONT))
        executor = DaskExecutor(partial(Address, address), ("tiny_engine",))
        until = time.monotonic() + 30
        while True:
            try:
                executor.place()
                break
            except ClusterLost:  # its worker hasn't come yet
                assert time.monotonic() < until

        def stop() -> None:
            os.kill(scheduler, signal.SIGSTOP)
            going_on.start()

        try:
            yield executor, stop, going_on
        finally:
            going_on.cancel()
            os.kill(scheduler, signal.SIGCONT)
            executor.close()


def test_a_scheduler_that_stops_answering_is_lost_with_the_steps_that_it_has(
    stopped: tuple[DaskExecutor, Callable[[], None], Timer],
) -> None:
    executor, stop, going_on = stopped
    stop()
    executor.submit([Given("a key", b"", 1)])
    while not (ended := executor.wait(0.1, lambda _: None)):
        pass
    with pytest.raises(ClusterLost, match="can't be reached"):
        executor.place()
    assert going_on.is_alive(), "not only when it answered again"
    assert ended == [Ended("a key", None)]


def test_a_scheduler_that_stops_before_it_tells_how_a_step_ended_is_lost(
    stopped: tuple[DaskExecutor, Callable[[], None], Timer],
) -> None:
    executor, stop, going_on = stopped

    def stop_it(_: str) -> None:
        """Called for a step that has ended, before the scheduler is asked how."""
        stop()

    executor.submit([Given("no task", b"", 1)])
    while not (ended := executor.wait(0.1, stop_it)):
        pass
    with pytest.raises(ClusterLost, match="can't be reached"):
        executor.submit([Given("another", b"", 1)])
    assert going_on.is_alive(), "not only when it answered again"
    assert ended == [Ended("no task", None)]


def test_a_scheduler_without_this_software_is_told_apart_from_one_that_is_gone(
    tmp_path: Path, run_on: Callable[[str], Runner], tiny: TinyGraph
) -> None:
    with (
        _scheduler(tmp_path, with_software=False) as address,
        _worker(tmp_path, address),
        pytest.raises(ClusterUnfit, match=r"step add a: the computers .* its log tells more"),
    ):
        run_on(address)(tiny.add(tiny.raw("a", 1), label="a"))
    assert tiny.begun() == []
