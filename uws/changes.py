"""Hearing of changes of jobs, for as many waiting requests as there are, by one connection.

The database tells every change of a phase on the channel ``uws_phase``. One thread per process
listens, while somebody waits and a little longer, and wakes those who follow the job. A wake-up
says no more than "look again": it also comes when listening has just begun, or was interrupted. So
nobody misses a change who follows a job first and looks at it then.
"""

import asyncio
import logging
import os
import select
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from django.db import DatabaseError, InterfaceError, connection

logger = logging.getLogger(__name__)

CHANNEL = "uws_phase"
_RETRY_S = 1.0


class Follower:
    """One waiting request's ear; belongs to the event loop that made it."""

    def __init__(self) -> None:
        """Deaf until `following` hands it out."""
        self._loop = asyncio.get_running_loop()
        self._event = asyncio.Event()

    def wake(self) -> None:
        """Called by the listening thread."""
        with suppress(RuntimeError):  # the loop has ended, and with it whoever waited
            self._loop.call_soon_threadsafe(self._event.set)

    async def heard(self, timeout_s: float) -> None:
        """Return at the next reason to look again, after ``timeout_s`` at the latest."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._event.wait()
        self._event.clear()


class _Ear:
    """The listening thread and its followers."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._followers: dict[str, set[Follower]] = {}
        self._thread: threading.Thread | None = None
        self._is_listening = False
        self._left_at = 0.0
        self.linger_s = 0.0
        self._wake_read, self._wake_write = -1, -1

    def add(self, job_id: str, follower: Follower) -> None:
        with self._lock:
            self._followers.setdefault(job_id, set()).add(follower)
            if self._thread is None:
                self._wake_read, self._wake_write = os.pipe()
                self._thread = threading.Thread(target=self._run, name="uws-changes", daemon=True)
                self._thread.start()

    def remove(self, job_id: str, follower: Follower) -> None:
        with self._lock:
            followers = self._followers.get(job_id, set())
            followers.discard(follower)
            if not followers:
                self._followers.pop(job_id, None)
            if not self._followers and self._thread is not None:
                self._left_at = time.monotonic()
                os.write(self._wake_write, b"x")

    def _run(self) -> None:
        while True:
            pause_s = 0.0
            try:
                self._listen()
            except (DatabaseError, InterfaceError, OSError):
                logger.warning("lost the connection that hears of jobs' changes", exc_info=True)
                pause_s = _RETRY_S
            finally:
                self._is_listening = False
                if connection.connection is not None:
                    connection.connection.close()  # it listens, so nobody else may have it
                connection.close()
            with self._lock:
                self._wake(None)
                if not self._followers:
                    self._thread = None
                    os.close(self._wake_read)
                    os.close(self._wake_write)
                    return
            time.sleep(pause_s)

    def _listen(self) -> None:
        connection.ensure_connection()
        raw = connection.connection
        with connection.cursor() as cursor:
            cursor.execute(f"LISTEN {CHANNEL}")
        with self._lock:
            self._is_listening = True
            self._wake(None)
        while True:
            with self._lock:
                patience_s = self._patience_s()
            if patience_s == 0:
                return
            ready, _, _ = select.select([raw, self._wake_read], [], [], patience_s)
            if self._wake_read in ready:
                os.read(self._wake_read, 4096)
            with connection.wrap_database_errors:
                raw.poll()
            while raw.notifies:
                job_id = raw.notifies.pop(0).payload.partition(":")[0]
                with self._lock:
                    self._wake(job_id)

    def _patience_s(self) -> float | None:
        """How long to go on listening; ``None`` while there are followers. Needs the lock."""
        if self._followers:
            return None
        return max(0.0, self._left_at + self.linger_s - time.monotonic())

    def _wake(self, job_id: str | None) -> None:
        """Wake who follows this job, or everybody. The lock must be held."""
        groups = self._followers.values() if job_id is None else [self._followers.get(job_id, ())]
        for group in groups:
            for follower in group:
                follower.wake()


_ear = _Ear()


def linger(seconds: float) -> None:
    """Go on listening so long after the last follower has left, since the next often comes soon.

    For the web server; elsewhere the connection ends with the last follower.
    """
    _ear.linger_s = seconds


@contextmanager
def following(job_id: str) -> Iterator[Follower]:
    """An ear for changes of this job, as long as the context lasts. For use in an event loop."""
    follower = Follower()
    _ear.add(job_id, follower)
    try:
        yield follower
    finally:
        _ear.remove(job_id, follower)
