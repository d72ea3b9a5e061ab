"""Where the steps of a graph run: what the one who drives a graph asks of such a place.

`LocalExecutor` runs them in processes of its own, for jobs that are run by themselves (tests,
commands). Jobs of a worker use a cluster (`analysis.dask_executor`).
"""

import atexit
import math
import os
import select
import socket
import threading
import uuid
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from queue import Empty, SimpleQueue
from typing import Protocol

from analysis.errors import NotEnoughMemory
from analysis.making import Making
from analysis.step_processes import Outcome, StepProcesses


@dataclass(frozen=True, slots=True)
class Ended:
    """A task has ended. outcome: ``None`` where the place lost it, so that it must be given again.

    key: as it was submitted. A task that is lost may be given again under the same key, one that
    has ended may not.
    """

    key: str
    outcome: Outcome | None


@dataclass(frozen=True, slots=True)
class Given:
    """A task to run. key: names it. task: packed. memory: bytes that it may need."""

    key: str
    task: bytes
    memory: int


class Executor(Protocol):
    """A place where steps run; one thread calls."""

    def place(self) -> str:
        """Names the place; drivers that name the same one share tasks of one key.

        Raises `analysis.errors.ClusterLost` where it can't be reached.
        """

    def submit(self, given: Sequence[Given]) -> None:
        """Have tasks run; another's run of the same key is shared.

        Raises `analysis.errors.ClusterLost` where the place can't be reached.
        """

    def wait(
        self, timeout_s: float, made: Callable[[str], Making | None], ear: int | None = None
    ) -> list[Ended]:
        """What has ended; waits for something at most so long, or until ``ear`` is readable.

        made: what lies in the cache for a key, so that it need not be sent.
        """

    def close(self) -> None:
        """Leave; what nobody else wants is killed."""


def too_large(memory: int, most: float) -> NotEnoughMemory:
    """Why a step that may need so many bytes is refused where steps have ``most``."""
    return NotEnoughMemory(
        f"it needs {memory / 1e6:.0f} MB, and no computer that runs steps here"
        f" has more than {most / 1e6:.0f} MB for them"
    )


class Bell:
    """Collects what has ended, from any thread, and wakes the one who waits."""

    def __init__(self) -> None:
        self._ended: SimpleQueue[Ended] = SimpleQueue()
        self._read, self._write = os.pipe()
        os.set_blocking(self._read, False)
        os.set_blocking(self._write, False)
        self._lock = threading.Lock()
        self._is_closed = False

    def ring(self, ended: Ended) -> None:
        """Hand over what has ended; too late, and nothing happens."""
        with self._lock:
            if self._is_closed:  # the number may be of another file by now
                return
            self._ended.put(ended)
            with suppress(BlockingIOError):  # it has been rung often enough
                os.write(self._write, b"x")

    def wait(self, timeout_s: float, ear: int | None = None) -> list[Ended]:
        """See `Executor.wait`."""
        ears = [self._read] if ear is None else [self._read, ear]
        if self._ended.empty():
            select.select(ears, [], [], timeout_s)
        with suppress(BlockingIOError):
            os.read(self._read, 65536)
        found: list[Ended] = []
        with suppress(Empty):
            while True:
                found.append(self._ended.get_nowait())
        return found

    def close(self) -> None:
        """Give the pipe back."""
        with self._lock:
            if not self._is_closed:
                self._is_closed = True
                os.close(self._read)
                os.close(self._write)


_warm: dict[tuple[str, ...], StepProcesses] = {}
"""Nurseries of this process, by what they have loaded; they end with it."""


def _nursery(preload: tuple[str, ...]) -> StepProcesses:
    found = _warm.get(preload)
    if found is not None and found.is_lost:
        atexit.unregister(found.close)
        found.close()
        found = None
    if found is None:
        found = _warm[preload] = StepProcesses.start(preload)
        atexit.register(found.close)
    return found


class LocalExecutor:
    """Processes of this machine; what still runs when the executor is closed is killed."""

    def __init__(
        self, processes: int, preload: Sequence[str] = (), memory: float = math.inf
    ) -> None:
        """processes: how many steps run at once. preload: modules that they need. memory: bytes
        that all of them may need together."""
        self._name = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex}"
        self._slots = processes
        self._preload = tuple(preload)
        self._memory = memory
        #: Each with its number, and the bytes that it may need.
        self._running: dict[str, tuple[StepProcesses, int, int]] = {}
        self._waiting: deque[Given] = deque()
        self._bell = Bell()

    def place(self) -> str:
        """See `Executor`."""
        return self._name

    def submit(self, given: Sequence[Given]) -> None:
        """See `Executor`."""
        self._waiting.extend(given)
        self._begin()

    def wait(
        self, timeout_s: float, made: Callable[[str], Making | None], ear: int | None = None
    ) -> list[Ended]:
        """See `Executor`; here outcomes come whole."""
        ended = self._bell.wait(timeout_s, ear)
        for item in ended:
            self._running.pop(item.key, None)
        self._begin()
        return ended

    def close(self) -> None:
        """See `Executor`."""
        self._waiting.clear()
        for processes, number, _ in self._running.values():
            processes.kill(number)
        self._bell.close()

    def _begin(self) -> None:
        while len(self._running) < self._slots and self._waiting:
            given = self._waiting[0]
            if given.memory > self._memory:
                self._waiting.popleft()
                self._bell.ring(Ended(given.key, too_large(given.memory, self._memory)))
                continue
            in_use = sum(memory for _, _, memory in self._running.values())
            if in_use + given.memory > self._memory:
                return
            self._waiting.popleft()
            processes = _nursery(self._preload)
            number = processes.begin(given.task, given.memory, partial(self._at_end, given.key))
            self._running[given.key] = processes, number, given.memory

    def _at_end(self, key: str, outcome: Outcome) -> None:
        self._bell.ring(Ended(key, outcome))
