"""Processes that run steps: forked from a warm one, watched, and killed when nobody wants them.

A step's code may run for minutes and may start programs of its own. So it never runs in a process
that has anything else to do, but in one in a process group of its own, forked within milliseconds
from a *nursery* that has loaded the engines and stays single-threaded. Killing a step kills its
group, then what it has started in groups and sessions of their own, before its end is told. A
process whose step left nothing behind in it (`analysis.leftovers`) runs another one afterwards,
which spares the fork; any other ends with its step. One child always waits.

The nursery ends with the socket of the one who asked for it, and with it all that runs. A second
process guards it: where either of the two is killed, the other ends what runs. So nothing is left
unless both are killed at once, or the machine stops.
"""

import gc
import logging
import os
import pickle
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from multiprocessing.connection import Connection, Pipe, wait
from pathlib import Path
from typing import Any, NoReturn

from analysis.errors import (
    AnalysisError,
    MachineFailure,
    NotEnoughMemory,
    ProcessEnded,
    StepBroken,
)
from analysis.leftovers import Belongings
from analysis.making import DamagedInputs, Making, Task, make
from analysis.software import modules_of
from provenance.surroundings import surrounding_agents, whereabouts
from uws import processes

logger = logging.getLogger(__name__)

#: Linear algebra with threads of its own is slower where the processors are kept busy anyway, and
#: adds numbers in an order that differs from run to run.
ONE_THREAD = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL")}

#: The one at the far end decides when a nursery stops.
_IGNORED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

#: However tidy they are, a process runs no more steps than this.
_STEPS_AT_MOST = 200

Outcome = Making | DamagedInputs | AnalysisError
"""How a step ended; an `AnalysisError` is returned, not raised."""


def packed(cache_root: Path, task: Task) -> bytes:
    """A task as it travels: opaque to all but the process that runs it."""
    return pickle.dumps((cache_root, task))


class StepProcesses:
    """A nursery and the steps that it runs; any thread may call."""

    def __init__(self, connection: Connection, nursery: "subprocess.Popen[bytes] | int") -> None:
        """connection: to a nursery that `nurse` serves. nursery: the process that called that, or
        its pid, a child of this one."""
        self._connection = connection
        self._nursery = nursery
        self._lock = threading.Lock()
        self._running: dict[int, Callable[[Outcome], None]] = {}
        self._number = 0
        self._is_lost = False
        self._listener = threading.Thread(target=self._listen, name="steps", daemon=True)
        self._listener.start()

    @classmethod
    def start(cls, preload: Sequence[str] = ()) -> "StepProcesses":
        """Start a nursery, a clean new process; safe in a process with threads.

        preload: modules that steps need.
        """
        near, far = socket.socketpair()
        with far:
            nursery = subprocess.Popen(  # noqa: S603 - our own module
                [sys.executable, "-m", "analysis.step_processes", str(far.fileno()), *preload],
                env={**os.environ, **ONE_THREAD, "PYTHONPATH": os.pathsep.join(sys.path)},
                pass_fds=[far.fileno()],
                stdin=subprocess.DEVNULL,
            )
        return cls(Connection(near.detach()), nursery)

    def begin(self, task: bytes, memory: int, at_end: Callable[[Outcome], None]) -> int:
        """Run a `packed` task; the number to `kill` it by.

        memory: bytes that it may use. at_end: called once, by another thread.
        """
        with self._lock:
            self._number += 1
            number = self._number
            if not self._is_lost:
                self._running[number] = at_end
                try:
                    self._connection.send(("begin", number, memory))
                    self._connection.send_bytes(task)
                except OSError:
                    self._running.pop(number)
                    self._is_lost = True
            if not self._is_lost:
                return number
        at_end(_ended_from_outside())
        return number

    def kill(self, number: int) -> None:
        """End the step of that number with all that it started, if it still runs."""
        with self._lock, suppress(OSError):
            self._connection.send(("kill", number, 0))

    @property
    def is_lost(self) -> bool:
        """Whether the nursery is gone."""
        return self._is_lost

    def close(self) -> None:
        """End the nursery and all that runs."""
        with suppress(OSError), socket.socket(fileno=os.dup(self._connection.fileno())) as own:
            own.shutdown(socket.SHUT_RDWR)  # wakes the listening thread, and tells the nursery
        self._listener.join()
        self._connection.close()
        if not isinstance(self._nursery, int):
            self._nursery.wait()
            return
        with suppress(ChildProcessError):  # closed before
            os.waitpid(self._nursery, 0)

    def _listen(self) -> None:
        while True:
            try:
                number, outcome = self._connection.recv()
            except (EOFError, OSError):
                break
            with self._lock:
                at_end = self._running.pop(number, None)
            if at_end is not None:
                at_end(outcome)
        with self._lock:
            self._is_lost = True
            left = tuple(self._running.values())
            self._running.clear()
        for at_end in left:
            at_end(_ended_from_outside())


def _ended_from_outside() -> AnalysisError:
    return ProcessEnded("its process was ended from outside")


@dataclass(slots=True)
class _Child:
    """A forked process. number: of the step that it runs; ``None`` while it waits."""

    pid: int
    ended: int
    connection: Connection
    number: int | None = None
    was_killed: bool = False
    oom_kills: int = 0


class _Nursery:
    """The nursery's own life."""

    def __init__(self, connection: Connection, guard: int) -> None:
        """guard: readable when the nursery's guard is gone."""
        self._customer = connection
        self._guard = guard
        self._children: dict[int, _Child] = {}

    def serve(self) -> None:
        """Until the customer is gone, or the guard."""
        processes.adopt_orphans()
        gc.freeze()
        self._fork()
        try:
            while self._attend():
                pass
        finally:
            processes.kill_children()

    def _attend(self) -> bool:
        """One turn; whether customer and guard are still there."""
        ears: list[Any] = [self._customer, self._guard, *(c.ended for c in self._children.values())]
        ears += [c.connection for c in self._children.values() if c.number is not None]
        ready = wait(ears)
        if self._guard in ready:
            return False
        for child in tuple(self._children.values()):
            if child.connection in ready or child.ended in ready:
                self._collect(child)
        if self._customer in ready:
            try:
                what, number, memory = self._customer.recv()
                task = self._customer.recv_bytes() if what == "begin" else b""
            except (EOFError, OSError):
                return False
            if what == "begin":
                self._begin(number, memory, task)
            else:
                self._kill(number)
        if not any(child.number is None for child in self._children.values()):
            self._fork()
        return True

    def _begin(self, number: int, memory: int, task: bytes) -> None:
        while True:
            child = next((c for c in self._children.values() if c.number is None), None)
            if child is None:
                child = self._fork()
            child.number = number
            child.oom_kills = _oom_kills()
            try:
                child.connection.send(memory)
                child.connection.send_bytes(task)
            except OSError:  # it was killed while it waited
                child.number = None
                self._collect(child)
                continue
            return

    def _kill(self, number: int) -> None:
        for child in self._children.values():
            if child.number == number:
                child.was_killed = True
                _kill_group(child.pid)

    def _collect(self, child: _Child) -> None:
        """The child has answered or died: pass on how it went, end what it left behind."""
        outcome: Outcome | None = None
        is_tidy = False
        with suppress(EOFError, OSError, pickle.UnpicklingError):
            if child.number is not None and child.connection.poll():
                outcome, is_tidy = child.connection.recv()
        if outcome is None and not select.select([child.ended], [], [], 0)[0]:
            return
        if is_tidy and not child.was_killed:
            number, child.number = child.number, None
            self._tell(number, outcome)
            return
        _kill_group(child.pid)
        del self._children[child.pid]
        # what steps that are over have started outside their group becomes the nursery's own
        processes.kill_children(self._children)
        os.close(child.ended)
        child.connection.close()
        if child.number is None:
            return
        if outcome is None:
            outcome = self._why_it_died(child)
        self._tell(child.number, outcome)

    def _tell(self, number: int | None, outcome: Outcome | None) -> None:
        with suppress(OSError):  # the next turn finds the customer gone
            self._customer.send((number, outcome))

    def _why_it_died(self, child: _Child) -> AnalysisError:
        if not child.was_killed and _oom_kills() > child.oom_kills:
            return NotEnoughMemory("the machine ran out of memory, and the step was ended")
        return _ended_from_outside()

    def _fork(self) -> _Child:
        near, far = Pipe()
        nursery = os.getpid()
        pid = os.fork()
        if pid == 0:
            near.close()
            self._live(far, nursery)
        far.close()
        os.setpgid(pid, pid)  # both sides say it, since either may come first
        child = self._children[pid] = _Child(pid, os.pidfd_open(pid), near)
        return child

    def _live(self, connection: Connection, nursery: int) -> NoReturn:
        """The child: wait for a task, run it, wait for another or end."""
        try:
            os.setpgid(0, 0)
            processes.die_with_parent(nursery)
            processes.adopt_orphans()  # so that it sees what its step has left
            processes.die_first()
            for signal_number in _IGNORED:
                signal.signal(signal_number, signal.SIG_DFL)
            self._customer.close()
            os.close(self._guard)
            for sibling in self._children.values():
                sibling.connection.close()
                os.close(sibling.ended)
            belongings = Belongings()
            for left in reversed(range(_STEPS_AT_MOST)):
                try:
                    memory = connection.recv()
                    cache_root, task = pickle.loads(connection.recv_bytes())  # noqa: S301 - our own
                except EOFError:
                    os._exit(0)
                belongings.watch(modules_of(task.kind.run))
                counts_memory = processes.forget_peak_memory()
                outcome = _run(cache_root, task, memory)
                gc.collect()
                is_tidy = left > 0 and counts_memory and _is_tidy(outcome, belongings, task)
                connection.send((outcome, is_tidy))
                if not is_tidy:
                    break
        except BaseException:
            logger.exception("the process of a step failed")
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(1)


def _run(cache_root: Path, task: Task, memory: int) -> Outcome:
    """Run the step within so many bytes of memory."""
    processes.limit_memory(memory)
    try:
        return make(cache_root, task)
    except AnalysisError as failure:
        if isinstance(failure, StepBroken):
            logger.exception("a step's program failed")
        return failure
    finally:
        processes.limit_memory(None)


def _is_tidy(outcome: Outcome, belongings: Belongings, task: Task) -> bool:
    """Whether the process is as it was before the step, so that another may follow."""
    if isinstance(outcome, MachineFailure | StepBroken):
        return False  # whatever it was, it need not be there the next time
    left = belongings.what_is_left()
    if left:
        logger.debug("%s left %s behind; its process ends", task.kind.name, left)
    return not left


def nurse(connection: Connection, preload: Sequence[str] = ()) -> None:
    """Be a nursery, until the far end of the connection is closed.

    The process must have no thread, and nothing open that steps should not inherit. It becomes the
    nursery's guard, in a session of its own, and doesn't return.
    """
    os.setsid()
    for number in _IGNORED:
        signal.signal(number, signal.SIG_IGN)
    guard = processes.go_on_guarded()
    for module in preload:
        prepare(module)
    # what each step's record tells of this machine: found out once, not by each of them
    surrounding_agents("nobody")
    whereabouts()
    _Nursery(connection, guard).serve()


def prepare(module: str) -> None:
    """Load a module with an engine and take the digests of its software as it is loaded now."""
    for value in tuple(vars(import_module(module)).values()):
        for kind in getattr(value, "kinds", ()):
            kind.software()


def _kill_group(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


def _oom_kills() -> int:
    """How many processes the kernel has killed for want of memory since it started."""
    for line in Path("/proc/vmstat").read_text(encoding="ascii").splitlines():
        if line.startswith("oom_kill "):
            return int(line.split()[1])
    return 0


if __name__ == "__main__":
    os.environ.update(ONE_THREAD)
    # what is pickled names this module by its own name
    from analysis import step_processes

    step_processes.nurse(Connection(int(sys.argv[1])), sys.argv[2:])
