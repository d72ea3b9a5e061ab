"""Connections that have been used and are given to the next query, as clean as new ones.

The first query on a connection costs PostgreSQL some ten milliseconds: it learns what the tables
are and loads pgSphere. A connection comes here only after a query whose rows were read to their
end and that nobody cancelled; ``DISCARD ALL`` puts back every setting, and drops temporary tables,
prepared statements and locks, both when it comes and before it goes out again.
"""

import contextlib
import os
import threading
import time
from dataclasses import dataclass

import adbc_driver_postgresql.dbapi as adbc


@dataclass(frozen=True, slots=True)
class _Idle:
    connection: adbc.Connection
    url: str
    since: float


class WarmConnections:
    """Idle connections of this process, the last used first; any thread may ask.

    Connections commit by themselves, so that none stays in a transaction.
    """

    def __init__(self, most: int, longest_idle_s: float = 60.0) -> None:
        """``most``: how many wait at a time; ``longest_idle_s``: for how long each does."""
        self._most = most
        self._longest_idle_s = longest_idle_s
        self._lock = threading.Lock()
        self._idle: list[_Idle] = []
        self._of_parent: list[_Idle] = []
        os.register_at_fork(after_in_child=self._forget)

    def take(self, url: str) -> adbc.Connection | None:
        """A clean connection to ``url``, ``None`` where there is none; it is the caller's now."""
        while True:
            with self._lock:
                late = self._expired()
                found = next((idle for idle in reversed(self._idle) if idle.url == url), None)
                if found is not None:
                    self._idle.remove(found)
            _close(late)
            if found is None:
                return None
            if _cleaned(found.connection):
                return found.connection
            _close([found])

    def give(self, url: str, connection: adbc.Connection) -> None:
        """Keep a connection whose query is over, or close it; it isn't the caller's any more."""
        idle = _Idle(connection, url, time.monotonic())
        if not _cleaned(connection):
            _close([idle])
            return
        with self._lock:
            self._idle.append(idle)
            late = self._expired()
            while len(self._idle) > self._most:
                late.append(self._idle.pop(0))
        _close(late)

    def close(self) -> None:
        """Close all that are idle."""
        with self._lock:
            idle, self._idle = self._idle, []
        _close(idle)

    def _expired(self) -> list[_Idle]:
        """Those that have waited too long, taken out; the lock is held."""
        oldest = time.monotonic() - self._longest_idle_s
        late = [idle for idle in self._idle if idle.since < oldest]
        self._idle = [idle for idle in self._idle if idle.since >= oldest]
        return late

    def _forget(self) -> None:
        """In a forked process: leave the parent's connections alone, not even closing them."""
        self._lock = threading.Lock()
        self._of_parent += self._idle
        self._idle = []


def _cleaned(connection: adbc.Connection) -> bool:
    """Whether the session could be made as a new one."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("DISCARD ALL")
    except adbc.Error:
        return False
    return True


def _close(idle: list[_Idle]) -> None:
    for one in idle:
        with contextlib.suppress(adbc.Error):
            one.connection.close()
