"""Whatever ends a step ends all that it has started, in whatever sessions that is."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import SimpleQueue

import pytest
from graph_jobs import eventually
from graph_running import Runner
from tiny_engine import TinyGraph, programs

from analysis.executors import Given, LocalExecutor
from analysis.making import Task
from analysis.step_processes import Outcome, StepProcesses, packed

ROOT = Path(__file__).resolve().parents[3]

#: One who has a step run, in a process of its own.
CUSTOMER = """
import sys, threading
from analysis.step_processes import StepProcesses

task = sys.stdin.buffer.read()
steps = StepProcesses.start(["tiny_engine"])
steps.begin(task, 1 << 30, print)
threading.Event().wait()
"""


@pytest.fixture
def branching(tmp_path: Path) -> bytes:
    """A step that starts a program that starts another, in two sessions, and waits for them."""
    step = TinyGraph(tmp_path).add(plus="branch")
    task = Task(
        identity=step.identity,
        key=f"{step.identity}-1",
        kind=step.kind,
        engine=step.engine,
        software_digest=step.kind.software(),
        parameters=step.parameters,
        inputs={},
        label=step.label,
        authority="test",
        software={"numpy": "0"},
    )
    return packed(tmp_path / "cache", task)


class Running:
    """A step that has started its programs."""

    def __init__(self, folder: Path, task: bytes) -> None:
        self.folder = folder
        self.steps = StepProcesses.start(["tiny_engine"])
        self._ends: SimpleQueue[Outcome] = SimpleQueue()
        self.number = self.steps.begin(task, 1 << 30, self._ends.put)
        assert len(eventually(self._all)) == 3
        (line,) = (folder / "runs.begun").read_text().splitlines()
        self.nursery = parent(int(line.split()[0]))
        self.guard = parent(self.nursery)
        assert parent(self.guard) == os.getpid()

    def _all(self) -> dict[int, str]:
        found = programs(self.folder)
        return found if "sleep" in found.values() else {}

    def left(self) -> dict[int, str]:
        """What is there still when its end has been told."""
        self._ends.get(timeout=30)
        return programs(self.folder)


def parent(pid: int) -> int:
    """The process' parent."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


@pytest.fixture
def running(tmp_path: Path, branching: bytes) -> Iterator[Running]:
    """Such a step."""
    running = Running(tmp_path, branching)
    yield running
    running.steps.close()


def test_a_killed_step_takes_all_that_it_started_along(running: Running) -> None:
    running.steps.kill(running.number)
    assert running.left() == {}
    assert not running.steps.is_lost


def test_who_leaves_takes_all_that_runs_along(running: Running) -> None:
    running.steps.close()
    assert programs(running.folder) == {}


@pytest.mark.parametrize("who", ["nursery", "guard"])
def test_of_nursery_and_guard_each_ends_all_when_the_other_is_killed(
    running: Running, who: str
) -> None:
    os.kill(getattr(running, who), signal.SIGKILL)
    assert running.left() == {}
    assert eventually(lambda: running.steps.is_lost)


@pytest.mark.parametrize("kill", [os.kill, os.killpg])
def test_all_ends_with_the_one_who_asked_though_killed_with_its_group(
    tmp_path: Path, branching: bytes, kill: Callable[[int, int], None]
) -> None:
    customer = subprocess.Popen(
        [sys.executable, "-c", CUSTOMER],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdin=subprocess.PIPE,
        start_new_session=True,
    )
    assert customer.stdin is not None
    customer.stdin.write(branching)
    customer.stdin.close()
    eventually(lambda: "sleep" in programs(tmp_path).values())
    kill(customer.pid, signal.SIGKILL)
    customer.wait()
    eventually(lambda: programs(tmp_path) == {}, 5)


@pytest.mark.django_db
def test_a_nursery_that_is_lost_is_replaced_and_leaves_nothing(tmp_path: Path) -> None:
    tiny = TinyGraph(tmp_path)
    preload = ("tiny_engine", "queue")  # of no other test: its nursery is started here
    executor = LocalExecutor(1, preload)
    run = Runner(tmp_path / "cache", lambda: executor)
    run(tiny.add(tiny.raw("a", 1)))
    before, children = descriptors(), family()
    for number in range(2, 4):
        os.kill(parent(tiny.begun()[-1]), signal.SIGKILL)
        run(tiny.add(tiny.raw("b", number)))
    assert len(family()) == len(children)
    assert len(descriptors()) == len(before)
    executor.close()


def test_an_executor_that_is_closed_keeps_nothing_open(tmp_path: Path, branching: bytes) -> None:
    before = descriptors()
    for number in range(3):
        executor = LocalExecutor(1, ("tiny_engine",))
        executor.submit([Given(f"{number}", branching, 1 << 30)])
        eventually(lambda: "sleep" in programs(tmp_path).values())
        executor.close()
        # what the process opens next gets the numbers that the executor had
        with (tmp_path / "one").open("wb"), (tmp_path / "another").open("wb"):
            eventually(lambda: programs(tmp_path) == {})
            time.sleep(0.1)  # until the executor would have heard of it
        assert [(tmp_path / name).read_bytes() for name in ("one", "another")] == [b"", b""]
        executor.close()
    assert len(descriptors()) <= len(before) + 1, "but the connection to the nursery"


def descriptors() -> set[str]:
    """This process' own."""
    return {path.name for path in Path("/proc/self/fd").iterdir()}


def family() -> set[int]:
    """This process' children, zombies included."""
    return {
        int(pid)
        for thread in Path("/proc/self/task").iterdir()
        for pid in (thread / "children").read_text().split()
    }
