"""Programs that a worker keeps beside itself: such as jobs ask for, and errands that are run often.

A room declares them (`declare`), each a command of ``manage.py``. A job's process asks for one by
a pipe that it has inherited from the worker, so that what no job needs is never started. The worker
starts again what dies, and ends all of them with itself.
"""

import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from uws import processes

logger = logging.getLogger(__name__)

_LONGEST_PAUSE_S = 30.0
_STEADY_S = 60.0
_PATIENCE_S = 5.0


@dataclass(frozen=True, slots=True)
class Companion:
    """A program beside a worker that has places for long jobs.

    command: of ``manage.py``, which names it. every_s: seconds between its runs, the first soon
    after the worker's start; ``None``: it runs from when a job first asks for it to the worker's
    end. status: says in a line how it is, for operators.
    """

    command: str
    every_s: float | None = None
    status: Callable[[], str] | None = None


@dataclass(slots=True)
class _State:
    companion: Companion
    process: "subprocess.Popen[bytes] | None" = None
    is_wanted: bool = False
    began: float = 0.0
    due: float = 0.0
    failures: int = 0


_declared: dict[str, Companion] = {}
#: The end of the pipe by which this process asks; -1 in a process that no worker has made.
_ask_by = -1


def declare(companion: Companion) -> None:
    """Offer a companion; called once, at start."""
    _declared[companion.command] = companion


def status() -> list[str]:
    """How the companions are that can tell, a line each."""
    return [companion.status() for companion in _declared.values() if companion.status]


def ask(command: str) -> bool:
    """Ask this process' worker to have that companion run; whether there is such a worker."""
    if _ask_by < 0:
        return False
    with suppress(OSError):
        os.write(_ask_by, f"{command}\n".encode())
    return True


class Companions:
    """The worker's side. Make it before the processes of jobs are forked."""

    def __init__(self, *, with_places: bool, first_errand_s: float = 10.0) -> None:
        """with_places: whether the worker has places for long jobs; else it has no companions.

        first_errand_s: how long after the start errands are first run.
        """
        global _ask_by
        self._hear, _ask_by = os.pipe()
        os.set_blocking(self._hear, False)
        os.set_blocking(_ask_by, False)
        start = time.monotonic() + first_errand_s
        self._states = {
            command: _State(companion, due=start if companion.every_s else 0.0)
            for command, companion in _declared.items()
            if with_places
        }

    def fileno(self) -> int:
        """For ``select``: readable when a job has asked."""
        return self._hear

    def attend(self) -> None:
        """Start what was asked for or is due; notice what has ended. Returns at once."""
        with suppress(BlockingIOError):
            for command in os.read(self._hear, 65536).decode().split():
                if command in self._states:
                    self._states[command].is_wanted = True
        now = time.monotonic()
        for state in self._states.values():
            if state.process is not None and state.process.poll() is not None:
                self._note_end(state, now)
            wanted = state.is_wanted or state.companion.every_s is not None
            if state.process is None and wanted and now >= state.due:
                state.began = now
                state.process = _started(state.companion.command)

    def due(self) -> float:
        """When something must be started, by the monotonic clock."""
        return min(
            (
                state.due
                for state in self._states.values()
                if state.process is None
                and (state.is_wanted or state.companion.every_s is not None)
            ),
            default=float("inf"),
        )

    def end(self) -> None:
        """Stop all of them, and wait until they are gone."""
        running = [state.process for state in self._states.values() if state.process is not None]
        for process in running:
            process.terminate()
        for process in running:
            try:
                process.wait(_PATIENCE_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for state in self._states.values():
            state.process = None

    def _note_end(self, state: _State, now: float) -> None:
        assert state.process is not None  # noqa: S101 - the caller looked
        status = state.process.returncode
        state.process = None
        if state.companion.every_s is not None:
            state.due = now + state.companion.every_s
            if status:
                logger.warning("manage.py %s ended with %d", state.companion.command, status)
            return
        state.failures = 0 if now - state.began > _STEADY_S else state.failures + 1
        state.due = now + min(2.0**state.failures / 2, _LONGEST_PAUSE_S) * bool(state.failures)
        logger.warning("%s ended (%d) and is started again", state.companion.command, status)


def _started(command: str) -> "subprocess.Popen[bytes]":
    worker = os.getpid()

    def in_child() -> None:
        processes.die_with_parent(worker, signal.SIGTERM)
        signal.set_wakeup_fd(-1)

    # The worker has one thread, so code between fork and exec is safe.
    return subprocess.Popen(  # noqa: S603 - a declared command
        [sys.executable, str(Path(sys.argv[0]).resolve()), command],
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=in_child,
    )
