"""Processes of this machine, as Linux tells of them in ``/proc``.

A pid alone says little, since the kernel gives it out again: a process is known by its pid and
the time when it started, within one boot and one process namespace (its `place`).
"""

import ctypes
import os
import resource
import signal
import time
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, slots=True)
class Process:
    """One process. started: in the kernel's ticks since boot."""

    pid: int
    started: int


def place() -> str:
    """Where pids of this process count: the machine's boot and the process namespace."""
    boot = (_PROC / "sys/kernel/random/boot_id").read_text().strip()
    return f"{boot} {(_PROC / 'self/ns/pid').readlink()}"


def process(pid: int) -> Process:
    """The process that runs under ``pid`` now; raises ``ProcessLookupError``."""
    fields = _fields(pid)
    if fields is None:
        raise ProcessLookupError(pid)
    return Process(pid, int(fields[19]))


def is_running(known: Process) -> bool:
    """Whether the process is still there and no zombie."""
    fields = _fields(known.pid)
    return fields is not None and int(fields[19]) == known.started and fields[0] not in "ZX"


def end_session(leader: Process, timeout_s: float = 2.0) -> bool:
    """Kill every process of the session that ``leader`` made, and wait until they are gone.

    Returns whether they are. A pid isn't given out again while a session bears it, so members
    found under a dead leader's pid are its own.
    """
    until = time.monotonic() + timeout_s
    while members := _session_members(leader):
        if time.monotonic() > until:
            return False
        for pid in members:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        time.sleep(0.005)
    return True


def die_with_parent(parent_pid: int, number: signal.Signals = signal.SIGKILL) -> None:
    """Let the kernel send this signal when the parent dies; end where that has happened."""
    if _libc.prctl(_PR_SET_PDEATHSIG, number, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != parent_pid:
        os._exit(1)


def adopt_orphans() -> None:
    """Become the parent of whatever this process' descendants leave behind when they end.

    So they can be found, though they made themselves a session of their own.
    """
    if _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")


def children() -> list[int]:
    """The processes whose parent this single-threaded process is, zombies included."""
    pid = os.getpid()
    try:
        text = (_PROC / f"self/task/{pid}/children").read_text()
    except FileNotFoundError:  # a kernel that doesn't keep the list
        return [found for found, fields in _all() if int(fields[1]) == pid]
    return [int(word) for word in text.split()]


def kill_children(spare: Collection[int] = (), timeout_s: float = 2.0) -> bool:
    """Kill the children of this single-threaded process, but those to ``spare``, and reap them.

    What they leave behind when they end becomes this process' own only then, where it adopts
    orphans: so each one's end is a reason to look again, until there is none. Returns whether that
    was reached in time; what waits for a disk that doesn't answer may take longer.
    """
    until = time.monotonic() + timeout_s
    while pids := [pid for pid in children() if pid not in spare]:
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        ended = [pid for pid in pids if _reap(pid)]
        if not ended:
            time.sleep(0.001)
        if time.monotonic() > until:
            return False
    return True


def go_on_guarded() -> int:
    """Go on in a child of this single-threaded process, which stays behind as its guard.

    When the child ends, by whatever signal, the guard kills all that it has left and ends, too.
    Returns in the child alone: a descriptor that is readable when the guard is gone.
    """
    adopt_orphans()
    guard = os.pidfd_open(os.getpid())
    pid = os.fork()
    if pid == 0:
        return guard
    try:
        os.waitpid(pid, 0)
        kill_children()
    finally:
        os._exit(0)


def limit_memory(limit_bytes: int | None) -> None:
    """Let this process, and each that it starts, have so much more memory than it has now.

    ``None``: any amount. What exceeds it gets ``MemoryError``. Shared memory and mapped files
    don't count.
    """
    _, most = resource.getrlimit(resource.RLIMIT_DATA)
    limit = most
    if limit_bytes is not None:
        limit = data_bytes() + limit_bytes
        if most != resource.RLIM_INFINITY:
            limit = min(limit, most)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, most))


def data_bytes() -> int:
    """How much memory of its own this process has: what `limit_memory` counts."""
    return int((_PROC / "self/statm").read_text().split()[5]) * resource.getpagesize()


def trim_memory() -> None:
    """Give back to the system what this process has freed, where its C library can."""
    trim = getattr(_libc, "malloc_trim", None)
    if trim is not None:
        trim(0)


def forget_peak_memory() -> bool:
    """Let the kernel count anew the most memory that this process has had; whether it does."""
    try:
        (_PROC / "self/clear_refs").write_text("5")
    except OSError:
        return False
    return True


def die_first() -> None:
    """When memory runs out, let the kernel kill this process rather than its parents."""
    (_PROC / "self/oom_score_adj").write_text("500")


def _reap(pid: int) -> bool:
    """Whether that child has ended; it is forgotten then."""
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:
        return True


def _session_members(leader: Process) -> list[int]:
    members: list[int] = []
    for pid, fields in _all():
        if int(fields[3]) != leader.pid:
            continue
        if pid == leader.pid and int(fields[19]) != leader.started:
            return []  # another session that was given the pid later
        if fields[0] not in "ZX":
            members.append(pid)
    return members


def _all() -> Iterator[tuple[int, list[str]]]:
    """All processes, with their `_fields`."""
    for folder in _PROC.iterdir():
        if folder.name.isdigit():
            fields = _fields(int(folder.name))
            if fields is not None:
                yield int(folder.name), fields


def _fields(pid: int) -> list[str] | None:
    """The fields of ``/proc/<pid>/stat`` from the state on, or ``None`` for no such process."""
    try:
        text = (_PROC / str(pid) / "stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The name before them, in parentheses, may hold anything.
    return text.rpartition(")")[2].split()
