"""Supervision with real processes: restart, clean stop, nothing left behind.

The supervisor blocks signals for its whole process, so each scene is a process of its own.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).resolve().parents[3] / "scripts"

SCENE = """
import sys
from pathlib import Path
from operation.supervisor import Program, Stopped, Supervisor

folder = Path(sys.argv[1])
programs = [Program(f"program {n}", [sys.executable, "-c", code, str(folder)])
            for n, code in enumerate(sys.argv[2:])]
import os
with Supervisor(
    programs, folder=folder, environment=os.environ, log=folder / "log", grace_s=3.0
) as supervisor:
    (folder / "up").touch()
    try:
        supervisor.serve()
    except Stopped:
        pass
(folder / "down").touch()
"""

# A program that notes its start and its polite end, and waits.
STEADY = """
import os, pathlib, signal, sys, time
folder = pathlib.Path(sys.argv[1])
def end(*_):
    with (folder / "ended").open("a") as file:
        file.write(f"{os.getpid()}\\n")
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
with (folder / "started").open("a") as file:
    file.write(f"{os.getpid()}\\n")
while True:
    time.sleep(60)
"""
# One that does not listen.
STUBBORN = STEADY.replace(
    "signal.signal(signal.SIGTERM, end)", "signal.signal(signal.SIGTERM, signal.SIG_IGN)"
)
# One that leaves a child of its own behind.
PARENT = STEADY.replace(
    "while True:",
    """import subprocess
child = subprocess.Popen([sys.executable, "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"])
(folder / "grandchild").write_text(str(child.pid))
while True:""",
)
FAILING = """
import pathlib, sys
print("no luck", flush=True)
with (pathlib.Path(sys.argv[1]) / "tried").open("a") as file:
    file.write("1 ")
sys.exit(3)
"""


class Scene:
    """A supervisor at work in a process of its own."""

    def __init__(self, folder: Path, *programs: str) -> None:
        self.folder = folder
        self.process = subprocess.Popen(
            [sys.executable, "-c", SCENE, str(folder), *programs],
            env={**os.environ, "PYTHONPATH": str(SCRIPTS)},
            stdout=subprocess.PIPE,
            text=True,
        )

    def pids(self, name: str) -> list[int]:
        path = self.folder / name
        return [int(line) for line in path.read_text().split()] if path.exists() else []

    def wait_for(self, name: str, lines: int = 1) -> list[int]:
        end = time.monotonic() + 20
        while len(self.pids(name)) < lines:
            assert time.monotonic() < end, f"{name} did not come"
            time.sleep(0.02)
        return self.pids(name)

    def stop(self, number: int = signal.SIGINT) -> str:
        self.process.send_signal(number)
        said, _ = self.process.communicate(timeout=20)
        return said


@pytest.fixture
def scenes() -> Iterator[list[Scene]]:
    """Scenes to end, whatever happens."""
    begun: list[Scene] = []
    yield begun
    for scene in begun:
        scene.process.kill()
        scene.process.wait()
        if scene.process.stdout is not None:
            scene.process.stdout.close()


def begin(scenes: list[Scene], folder: Path, *programs: str) -> Scene:
    scenes.append(Scene(folder, *programs))
    return scenes[-1]


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def is_gone_soon(pid: int) -> bool:
    end = time.monotonic() + 10
    while is_alive(pid) and time.monotonic() < end:
        time.sleep(0.05)
    return not is_alive(pid)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_every_program_politely(
    scenes: list[Scene], tmp_path: Path, number: int
) -> None:
    scene = begin(scenes, tmp_path, STEADY, STEADY)
    started = scene.wait_for("started", 2)
    scene.stop(number)
    assert scene.process.returncode == 0
    assert sorted(scene.pids("ended")) == sorted(started)
    assert (tmp_path / "down").exists()
    assert not any(map(is_alive, started))


def test_a_program_that_died_is_started_again(scenes: list[Scene], tmp_path: Path) -> None:
    scene = begin(scenes, tmp_path, STEADY)
    (first,) = scene.wait_for("started")
    os.kill(first, signal.SIGKILL)
    second = scene.wait_for("started", 2)[1]
    said = scene.stop()
    assert scene.pids("ended") == [second]
    assert "ended (signal 9); it is started again in 1 s" in said


def test_a_program_that_keeps_failing_is_tried_ever_less_often(
    scenes: list[Scene], tmp_path: Path
) -> None:
    scene = begin(scenes, tmp_path, STEADY, FAILING)
    scene.wait_for("started")
    scene.wait_for("tried", 2)
    # time to see how the second try ended, but not for the third
    time.sleep(0.7)
    said = scene.stop()
    assert len(scene.pids("tried")) == 2
    assert "(status 3); it is started again in 1 s" in said
    assert "again in 2 s" in said
    # What it said stands in the log, of every time.
    assert (tmp_path / "log").read_text() == "no luck\n" * 2


def test_a_program_that_does_not_listen_is_killed(scenes: list[Scene], tmp_path: Path) -> None:
    scene = begin(scenes, tmp_path, STUBBORN)
    (pid,) = scene.wait_for("started")
    assert "did not stop; it is killed" in scene.stop()
    assert not is_alive(pid)
    assert (tmp_path / "down").exists()


def test_a_second_signal_cuts_the_wait_short_and_breaks_nothing(
    scenes: list[Scene], tmp_path: Path
) -> None:
    scene = begin(scenes, tmp_path, STEADY, STUBBORN)
    started = scene.wait_for("started", 2)
    began = time.monotonic()
    scene.process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    scene.stop(signal.SIGINT)
    assert time.monotonic() - began < 2.5
    assert scene.process.returncode == 0
    assert (tmp_path / "down").exists()
    assert not any(map(is_alive, started))


def test_what_a_program_left_behind_goes_with_it(scenes: list[Scene], tmp_path: Path) -> None:
    scene = begin(scenes, tmp_path, PARENT)
    (grandchild,) = scene.wait_for("grandchild")
    scene.wait_for("started")
    scene.stop()
    assert is_gone_soon(grandchild)


def test_a_terminal_that_was_closed_keeps_nothing_from_stopping(
    scenes: list[Scene], tmp_path: Path
) -> None:
    scene = begin(scenes, tmp_path, STEADY, STUBBORN)
    started = scene.wait_for("started", 2)
    assert scene.process.stdout is not None
    scene.process.stdout.close()
    scene.process.send_signal(signal.SIGHUP)
    scene.process.wait(20)
    assert (tmp_path / "down").exists()
    assert not any(map(is_alive, started))


def test_programs_end_with_a_supervisor_that_was_killed(
    scenes: list[Scene], tmp_path: Path
) -> None:
    scene = begin(scenes, tmp_path, STEADY)
    (pid,) = scene.wait_for("started")
    scene.process.kill()
    assert is_gone_soon(pid)
