"""Supervision of the server's programs: start, restart with back-off, clean stop.

Each program runs in a session of its own, so that Ctrl-C reaches the supervisor alone, which then
stops the programs in order. The kernel ends a program whose supervisor was killed.
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO

from bootstrap.console import say

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_WATCHED = {*STOPPING, signal.SIGCHLD}
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None)


class Stopped(Exception):  # noqa: N818 - a request, not an error
    """The operator asked the server to stop."""


@dataclass(frozen=True, slots=True)
class Program:
    """A program of the server: kept running, started anew when it dies."""

    name: str
    command: Sequence[str]


@dataclass(slots=True)
class _Running:
    """A program's present process."""

    program: Program
    process: "subprocess.Popen[bytes] | None" = None
    started: float = 0.0
    failures: int = 0
    start_at: float = 0.0


class Supervisor:
    """Keeps programs running while its ``with`` block lasts.

    grace_s: how long a program may take to stop before it is killed.
    steady_s: a program that ran this long has no failure behind it.
    log: file that takes what the programs say; without it they speak on the standard streams.
    longest_pause_s: upper limit of the pause before a new start, which doubles with each failure.
    """

    def __init__(
        self,
        programs: Sequence[Program],
        *,
        folder: Path,
        environment: Mapping[str, str],
        log: Path | None = None,
        grace_s: float = 20.0,
        steady_s: float = 60.0,
        longest_pause_s: float = 30.0,
    ) -> None:
        self.folder = folder
        self.environment = dict(environment)
        self.log = log
        self.grace_s = grace_s
        self.steady_s = steady_s
        self.longest_pause_s = longest_pause_s
        self._running = [_Running(program) for program in programs]

    def __enter__(self) -> "Supervisor":
        """Start every program; from here on, signals to stop are taken up by :meth:`attend`."""
        self._mask_before = signal.pthread_sigmask(signal.SIG_BLOCK, _WATCHED)
        try:
            for running in self._running:
                self._start(running)
        except BaseException:
            self._stop_all()
            signal.pthread_sigmask(signal.SIG_SETMASK, self._mask_before)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop every program, the last started first. Signals have no effect until that is done."""
        self._stop_all()
        # A second Ctrl-C that came meanwhile has been obeyed; it must not interrupt what follows.
        while signal.sigtimedwait(STOPPING, 0) is not None:
            pass
        signal.pthread_sigmask(signal.SIG_SETMASK, self._mask_before)

    def attend(self, seconds: float) -> None:
        """Look after the programs for at most this long; raises Stopped on INT, TERM or HUP."""
        caught = signal.sigtimedwait(_WATCHED, seconds)
        if caught is not None and caught.si_signo in STOPPING:
            raise Stopped
        now = time.monotonic()
        for running in self._running:
            if running.process is not None and running.process.poll() is not None:
                self._note_death(running, now)
            if running.process is None and running.start_at <= now:
                self._start(running)

    def serve(self) -> None:
        """Look after the programs until the operator asks to stop (Stopped)."""
        while True:
            self.attend(1.0)

    def wait_until(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Whether the condition came true within the time, programs looked after meanwhile."""
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                return False
            self.attend(0.2)
        return True

    def client(self, command: Sequence[str]) -> int:
        """Run a command beside the programs; its exit status. Stopped ends the command too."""
        process = self._spawn(command)
        try:
            while process.poll() is None:
                self.attend(0.5)
        finally:
            self._stop(process, command[0])
        return process.returncode

    def _start(self, running: _Running) -> None:
        with contextlib.ExitStack() as closing:
            log = closing.enter_context(self.log.open("ab")) if self.log is not None else None
            running.process = self._spawn(running.program.command, log)
        running.started = time.monotonic()

    def _note_death(self, running: _Running, now: float) -> None:
        assert running.process is not None  # noqa: S101 - the caller looked
        status = running.process.returncode
        if now - running.started >= self.steady_s:
            running.failures = 0
        pause = min(2.0**running.failures, self.longest_pause_s)
        running.failures += 1
        running.process = None
        running.start_at = now + pause
        reason = f"signal {-status}" if status < 0 else f"status {status}"
        say(f"The {running.program.name} ended ({reason}); it is started again in {pause:.0f} s")

    def _spawn(
        self, command: Sequence[str], log: IO[bytes] | None = None
    ) -> "subprocess.Popen[bytes]":
        supervisor = os.getpid()

        def in_child() -> None:
            _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
            if os.getppid() != supervisor:
                os._exit(1)
            signal.pthread_sigmask(signal.SIG_SETMASK, ())

        # The supervisor has one thread, so code between fork and exec is safe.
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            preexec_fn=in_child,
        )

    def _stop_all(self) -> None:
        for running in reversed(self._running):
            if running.process is not None:
                self._stop(running.process, running.program.name)
                running.process = None

    def _stop(self, process: "subprocess.Popen[bytes]", name: str) -> None:
        """Ask the process to end; end its whole group where it takes too long or insists."""
        if process.poll() is None:
            process.terminate()
            if not self._ended(process):
                say(f"The {name} did not stop; it is killed")
        # What the process has left behind in its group goes with it.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def _ended(self, process: "subprocess.Popen[bytes]") -> bool:
        """Whether it ended within the time of grace, which a second signal to stop cuts short."""
        end = time.monotonic() + self.grace_s
        while process.poll() is None:
            caught = signal.sigtimedwait(_WATCHED, min(0.5, max(end - time.monotonic(), 0.0)))
            insisted = caught is not None and caught.si_signo in STOPPING
            if insisted or time.monotonic() >= end:
                return process.poll() is not None
        return True
