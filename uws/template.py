"""A clean process that jobs are forked from.

It is forked from the worker before that opens any connection, has imported Django and the jobs'
code, and stays single-threaded: so a fork of it is a safe place to run a job, ready within
milliseconds. One child is always forked ahead and waits. Each child runs one job and ends.

All of a worker's children live in the template's session, each in a process group of its own:
ending a job ends what it started, too, also what has left the group, since its parent is then the
template (`uws.processes.adopt_orphans`). A job may tidy up at SIGTERM if it is quick; SIGKILL
follows. When the worker dies the template kills them all and ends; when the template dies, the
kernel kills the children.
"""

import gc
import json
import logging
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

from django.db import connections

from auth.principal import Principal
from uws import processes
from uws.processes import Process
from uws.queue import Attempt, Task
from uws.types import JobType

logger = logging.getLogger(__name__)

_MESSAGE_BYTES = 4096
#: What a job's processes have to end by themselves once they are asked to, in seconds.
_GRACE_S = 0.3


class TemplateLostError(Exception):
    """The template is dead, and its children with it."""


@dataclass(frozen=True, slots=True)
class Ended:
    """An attempt's process is gone. status: exit status, or minus the signal that killed it."""

    attempt: Attempt
    status: int


class Template:
    """The worker's end of the conversation with the template."""

    def __init__(
        self, run: Callable[[Attempt, Task | None], None], job_types: Iterable[JobType[Any]] = ()
    ) -> None:
        """Fork the template; ``run`` does a job's work in the child, prepared for ``job_types``.

        Call it before anything opens a connection or starts a thread; raises ``RuntimeError``
        where that is too late.
        """
        if any(connection.connection for connection in connections.all(initialized_only=True)):
            raise RuntimeError("the template must be forked before the database is used")
        self._socket, far_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid == 0:
            self._socket.close()
            _Nursery(far_end, run).serve(job_types)
        far_end.close()
        self.process: Process = processes.process(pid)

    def fileno(self) -> int:
        """For ``select``: readable when `ended` has something to tell."""
        return self._socket.fileno()

    def start(self, attempt: Attempt, task: Task | None = None) -> None:
        """Run the attempt in a child; raises `TemplateLostError`.

        task: what the child need not read itself, told where it is small enough.
        """
        order: dict[str, object] = {"do": "start", "attempt": asdict(attempt)}
        if task is not None:
            whole = order | {"task": asdict(task)}
            if len(json.dumps(whole)) < _MESSAGE_BYTES:
                order = whole
        self._send(order)

    def kill(self, attempt: Attempt) -> None:
        """End all that runs for the attempt, if any is still there; raises `TemplateLostError`.

        Its process group gets SIGTERM, and SIGKILL with all else a moment later.
        """
        self._send({"do": "kill", "attempt": asdict(attempt)})

    def _send(self, message: dict[str, object]) -> None:
        try:
            self._socket.send(json.dumps(message).encode())
        except OSError as error:
            raise TemplateLostError from error

    def ended(self) -> list[Ended]:
        """What has ended since the last call; doesn't block; raises `TemplateLostError`."""
        found: list[Ended] = []
        while True:
            try:
                message = self._socket.recv(_MESSAGE_BYTES, socket.MSG_DONTWAIT)
            except BlockingIOError:
                return found
            except OSError as error:
                raise TemplateLostError from error
            if not message:
                raise TemplateLostError
            told = json.loads(message)
            found.append(Ended(Attempt(**told["attempt"]), told["status"]))

    def close(self) -> None:
        """Let the template end, its children before it."""
        self._socket.close()
        with suppress(ChildProcessError):
            os.waitpid(self.process.pid, 0)


@dataclass(slots=True)
class _Child:
    """A forked child. order: the pipe that tells it what to run; -1 once it has been told."""

    pid: int
    order: int
    attempt: Attempt | None = None


class _Nursery:
    """The template's own life."""

    def __init__(self, worker: socket.socket, run: Callable[[Attempt, Task | None], None]) -> None:
        self._worker = worker
        self._run = run
        self._children: dict[int, _Child] = {}
        #: When to kill a child that has been asked to end, by the monotonic clock.
        self._doomed: dict[int, float] = {}

    def serve(self, job_types: Iterable[JobType[Any]]) -> NoReturn:
        """Until the worker is gone."""
        status = 1
        try:
            os.setsid()
            processes.adopt_orphans()
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)  # the worker decides when to stop
            woken, wake = os.pipe()
            os.set_blocking(wake, False)
            os.set_blocking(woken, False)
            signal.set_wakeup_fd(wake)
            signal.signal(signal.SIGCHLD, lambda *_: None)
            os.environ["PGAPPNAME"] = "uws_template"
            for job_type in job_types:
                _prepare(job_type)
            gc.freeze()
            self._fork()
            while self._listen(woken):
                self._reap()
                self._kill_the_doomed()
                if not any(child.attempt is None for child in self._children.values()):
                    self._fork()
            status = 0
        except Exception:
            logger.exception("the process that jobs are forked from failed")
        finally:
            for child in self._children.values():
                _kill_group(child.pid)
            processes.kill_children(timeout_s=_GRACE_S)
            os._exit(status)

    def _listen(self, woken: int) -> bool:
        """Wait for an order or a child's end; whether the worker is still there."""
        ears: list[Any] = [self._worker, woken]
        left = min(self._doomed.values(), default=None)
        patience = None if left is None else max(0.0, left - time.monotonic())
        ready, _, _ = select.select(ears, [], [], patience)
        if woken in ready:
            os.read(woken, 4096)
        if self._worker not in ready:
            return True
        message = self._worker.recv(_MESSAGE_BYTES)
        if not message:
            return False
        told = json.loads(message)
        attempt = Attempt(**told["attempt"])
        if told["do"] == "kill":
            for child in self._children.values():
                if child.attempt == attempt and child.pid not in self._doomed:
                    self._doomed[child.pid] = time.monotonic() + _GRACE_S
                    _signal_group(child.pid, signal.SIGTERM)
        else:
            self._start(attempt, message)
        return True

    def _start(self, attempt: Attempt, order: bytes) -> None:
        while True:
            idle = next((c for c in self._children.values() if c.attempt is None), None)
            if idle is None:
                idle = self._fork()
            idle.attempt = attempt
            try:
                os.write(idle.order, order)
            except BrokenPipeError:  # it was killed while it waited
                idle.attempt = None
                self._forget(idle)
                continue
            os.close(idle.order)
            idle.order = -1
            return

    def _fork(self) -> _Child:
        orders, order = os.pipe()
        template = os.getpid()
        # a child that is to end before it has begun must not miss it
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        pid = os.fork()
        if pid == 0:
            os.close(order)
            self._live(orders, template)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
        os.close(orders)
        # Both sides say it, since either may come first.
        os.setpgid(pid, pid)
        child = self._children[pid] = _Child(pid, order)
        return child

    def _live(self, orders: int, template: int) -> NoReturn:
        """The child: wait for the order, run it, end."""
        status = 1
        try:
            os.setpgid(0, 0)
            processes.die_with_parent(template)
            processes.adopt_orphans()
            processes.die_first()
            signal.set_wakeup_fd(-1)
            for number in (signal.SIGCHLD, signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
            self._worker.close()
            for child in self._children.values():
                if child.order >= 0:
                    os.close(child.order)
            order = os.read(orders, _MESSAGE_BYTES)
            os.close(orders)
            if order:
                told = json.loads(order)
                self._run(Attempt(**told["attempt"]), _task(told.get("task")))
            status = 0
        except Exception:
            logger.exception("the job's process failed")
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)

    def _reap(self) -> None:
        while self._children:
            pid, wait_status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            child = self._children.get(pid)
            if child is None:
                self._kill_orphans()  # one that took longer: its own have become ours
                continue
            self._forget(child)
            if child.attempt is not None:
                # What the job started and left behind goes with it, in whatever session it is.
                _kill_group(pid)
                self._kill_orphans()
                status = os.waitstatus_to_exitcode(wait_status)
                told = {"attempt": asdict(child.attempt), "status": status}
                self._worker.send(json.dumps(told).encode())

    def _kill_the_doomed(self) -> None:
        """Who was asked to end and had the time for it."""
        now = time.monotonic()
        for pid in [pid for pid, then in self._doomed.items() if then <= now]:
            del self._doomed[pid]
            _kill_group(pid)

    def _kill_orphans(self) -> None:
        """Kill what ended jobs have left: a running job's process has its orphans itself."""
        processes.kill_children(self._children, _GRACE_S)

    def _forget(self, child: _Child) -> None:
        if child.order >= 0:
            os.close(child.order)
            child.order = -1
        self._children.pop(child.pid, None)
        self._doomed.pop(child.pid, None)


def _task(told: dict[str, Any] | None) -> Task | None:
    if told is None:
        return None
    values = {name: tuple(found) for name, found in told["values"].items()}
    return Task(told["job_type"], Principal(**told["owner"]), values)


def _prepare(job_type: JobType[Any]) -> None:
    """Do once what every job of the type would do anew."""
    for module in job_type.preload:
        import_module(module)
    if job_type.prepare is not None:
        try:
            job_type.prepare()
        except Exception:
            logger.exception(
                "could not prepare for jobs of %s: each will for itself", job_type.name
            )
    connections.close_all()
    if len(list(Path("/proc/self/task").iterdir())) > 1:
        logger.warning("preparing for jobs of %s left a thread behind", job_type.name)


def _kill_group(pid: int) -> None:
    _signal_group(pid, signal.SIGKILL)


def _signal_group(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(pid, number)
