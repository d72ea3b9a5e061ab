"""Django's PostgreSQL backend, whose closed connections wait for whoever needs one next.

Under ASGI every request has a thread of its own, so Django's persistent connections never meet a
second request, and opening one costs PostgreSQL more than most of our queries. Django's own pool
wants psycopg 3. Only the web server keeps connections (`keep_connections`): commands and workers
fork, and name their connections.
"""

import select
import threading
import time
from collections import deque
from typing import Any

from django.db.backends.postgresql import base
from psycopg2.extensions import STATUS_READY, TRANSACTION_STATUS_IDLE

_MOST_KEPT = 8
_LONGEST_IDLE_S = 60.0


class _Kept:
    """Idle connections, the last one used first; each with its parameters and since when."""

    def __init__(self) -> None:
        self.is_on = False
        self._lock = threading.Lock()
        self._idle: deque[tuple[Any, dict[str, Any], float]] = deque()

    def take(self, parameters: dict[str, Any]) -> Any | None:
        """A connection made with these parameters that is still good, or ``None``."""
        while True:
            with self._lock:
                if not self._idle:
                    return None
                raw, made_with, since = self._idle.pop()
            if (
                made_with == parameters
                and time.monotonic() - since < _LONGEST_IDLE_S
                and _is_quiet(raw)
            ):
                return raw
            raw.close()

    def give(self, raw: Any, parameters: dict[str, Any]) -> bool:
        """Keep the connection; whether it was kept."""
        if not self.is_on or raw.closed or raw.status != STATUS_READY:
            return False
        if raw.info.transaction_status != TRANSACTION_STATUS_IDLE or not _is_quiet(raw):
            return False
        with self._lock:
            if len(self._idle) >= _MOST_KEPT:
                return False
            self._idle.append((raw, parameters, time.monotonic()))
        return True


def _is_quiet(raw: Any) -> bool:
    """Nothing comes from the server unasked: neither its end nor a notification."""
    if raw.closed or raw.notifies:
        return False
    ready, _, _ = select.select([raw], [], [], 0)
    return not ready


_kept = _Kept()


def keep_connections() -> None:
    """From now on, keep this process' connections. Not for one that forks."""
    _kept.is_on = True


class DatabaseWrapper(base.DatabaseWrapper):
    """One thread's connection, taken from those that wait, or made anew."""

    _made_with: dict[str, Any] | None = None

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """A connection that was used before, where a good one is there."""
        self._made_with = dict(conn_params)
        raw = _kept.take(self._made_with)
        if raw is None:
            return super().get_new_connection(conn_params)
        return raw

    def _close(self) -> None:
        raw = self.connection
        if raw is None:
            return
        is_good = not self.in_atomic_block and not self.errors_occurred
        if not (is_good and self._made_with and _kept.give(raw, self._made_with)):
            raw.close()
