"""Steps on a cluster of Dask distributed: the embedded one, or a site's (VO_DASK_SCHEDULER).

A task's key holds the step's identity and the lease's fencing number, so that jobs that want one
result share one run, and the run ends when none of them is left. A run that has ended is never
asked for again: the scheduler would tell how it ended, as long as one of them remembers it. Files
and the records of their making go to the cache's folder, where the driver finds them. What the
cluster loses is told to the driver, which gives it again; a scheduler that was lost is looked for
anew, under whatever address it has then.

Nothing of Dask is imported before a step must run.
"""

import asyncio
import logging
import os
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

from analysis.errors import (
    AnalysisError,
    ClusterLost,
    ClusterUnfit,
    ProcessEnded,
)
from analysis.executors import Bell, Ended, Given, too_large
from analysis.making import Making

logger = logging.getLogger(__name__)

MEMORY = "memory"
"""The name of the Dask resource that a step's declared memory is taken from, in bytes."""
#: How long an answer of the scheduler is waited for: who asks has leases to renew.
_CONNECT_S = 5.0
#: How often a client that hears of nothing asks whether there are workers, in seconds.
_LOOK_EVERY_S = 5.0


@dataclass(frozen=True, slots=True)
class Address:
    """Where a scheduler listens. certificate, key, authority: files of TLS; empty for none."""

    url: str
    certificate: Path | None = None
    key: Path | None = None
    authority: Path | None = None


def security(address: Address) -> Any:
    """Dask's own description of how to talk to that address; the site's configuration without."""
    from distributed.security import Security

    if address.certificate is None:
        return Security()
    return Security(
        require_encryption=True,
        tls_ca_file=str(address.authority),
        tls_client_cert=str(address.certificate),
        tls_client_key=str(address.key),
        tls_worker_cert=str(address.certificate),
        tls_worker_key=str(address.key),
        tls_scheduler_cert=str(address.certificate),
        tls_scheduler_key=str(address.key),
    )


class DaskExecutor:
    """A client of a cluster (see `analysis.executors.Executor`)."""

    def __init__(self, find: Callable[[], Address | None], preload: tuple[str, ...]) -> None:
        """find: where the scheduler is now, ``None`` while there is none. preload: modules that
        steps need."""
        self._find = find
        self._preload = preload
        self._client: Any = None
        self._bell = Bell()
        self._futures: dict[str, Any] = {}
        self._lost: list[str] = []
        self._most_memory: float | None = None
        self._name = ""
        self._look_due = 0.0

    def place(self) -> str:
        """See `Executor`: the scheduler's own identity, new with each start of it."""
        self._connected()
        return self._name

    def submit(self, given: Sequence[Given]) -> None:
        """See `Executor`. All that need the same memory go in one message."""
        client = self._client
        if client is None or client.status != "running":
            self._leave()
            raise ClusterLost("the computers that run steps can't be reached")
        for memory in sorted({one.memory for one in given}):
            some = [one for one in given if one.memory == memory]
            if self._most_memory is None or memory <= self._most_memory:
                self._send(client, some, memory)
                continue
            for one in some:
                self._bell.ring(Ended(one.key, too_large(memory, self._most_memory)))

    def _send(self, client: Any, given: Sequence[Given], memory: int) -> None:
        from analysis.cluster_tasks import run_step

        try:
            futures = client.map(
                run_step,
                [one.task for one in given],
                memory=memory,
                preload=self._preload,
                key=[one.key for one in given],
                resources=None if self._most_memory is None else {MEMORY: memory},
            )
            for one, future in zip(given, futures, strict=True):
                self._futures[one.key] = future
                future.add_done_callback(lambda _, key=one.key: self._bell.ring(Ended(key, None)))
        except (OSError, RuntimeError, ValueError) as error:
            self._leave()
            raise ClusterLost("the computers that run steps can't be reached") from error

    def wait(
        self, timeout_s: float, made: Callable[[str], Making | None], ear: int | None = None
    ) -> list[Ended]:
        """See `Executor`. Only what isn't found in the cache is fetched: how a step failed."""
        told = self._bell.wait(timeout_s, ear)
        if self._client is not None and self._client.status != "running":
            self._leave()
        elif not told and self._futures and time.monotonic() >= self._look_due:
            self._look()
        over = [ended for ended in told if ended.outcome is not None]
        over += [Ended(key, None) for key in self._lost]
        self._lost.clear()
        # a bell may have been rung for an earlier task of that key, which was lost
        rung = dict.fromkeys(ended.key for ended in told if ended.outcome is None)
        keys = [key for key in rung if key in self._futures and self._futures[key].done()]
        futures = {key: self._futures.pop(key) for key in keys}
        finished = {key: future for key, future in futures.items() if future.status == "finished"}
        found = {key: made(key) for key in finished}
        outcomes: dict[str, Any] = {key: making for key, making in found.items() if making}
        other = {key: future for key, future in finished.items() if key not in outcomes}
        if other:
            with suppress(Exception):  # of many kinds: what is lost on the way is given again
                outcomes.update(self._gathered(other))
        for key, future in futures.items():
            if key not in outcomes and future.status == "error":
                outcomes[key] = _given_up(key, future)
        return over + [Ended(key, outcomes.get(key)) for key in keys]

    def _gathered(self, futures: dict[str, Any]) -> dict[str, Any]:
        """How these tasks ended, by key; raises ``TimeoutError`` where the scheduler is silent."""
        gather = partial(self._client.gather, futures, errors="skip", asynchronous=True)
        try:
            return dict(self._client.sync(gather, callback_timeout=_CONNECT_S))
        except OSError:
            self._leave()
            raise

    def close(self) -> None:
        """See `Executor`."""
        self._leave()
        self._bell.close()

    def _look(self) -> None:
        """Leave a scheduler that doesn't answer, or has lost all its workers and waits for ever."""
        self._look_due = time.monotonic() + _LOOK_EVERY_S
        try:
            workers = _identity(self._client, n_workers=0)["n_workers"]
        except (OSError, RuntimeError, TimeoutError, ValueError):
            workers = 0
        if workers == 0:
            self._leave()

    def _connected(self) -> Any:
        if self._client is not None and self._client.status == "running":
            return self._client
        self._leave()
        os.environ.setdefault("DASK_LOGGING__DISTRIBUTED", "error")

        address = self._find()
        if address is None:
            raise ClusterLost("what runs steps is being started")
        client, make = None, _client_class()
        until = time.monotonic() + _CONNECT_S
        try:
            client = make(
                address.url,
                security=security(address),
                timeout=_CONNECT_S,
                set_as_default=False,
                name="vo_server",
            )
            while not _has_workers(known := _identity(client, n_workers=-1)):
                if time.monotonic() > until:
                    raise TimeoutError("it has no workers")
                time.sleep(0.1)
        except (OSError, TimeoutError, ValueError) as error:
            if client is not None:
                _close(client)
            raise ClusterLost("the computers that run steps can't be reached") from error
        self._client = client
        self._name = str(known["id"])
        offered = [worker["resources"].get(MEMORY) for worker in known["workers"].values()]
        self._most_memory = max((memory for memory in offered if memory is not None), default=None)
        return client

    def _leave(self) -> None:
        client, self._client = self._client, None
        for key in self._futures:
            self._lost.append(key)
            self._bell.ring(Ended(key, None))
        self._futures.clear()
        if client is not None:
            _close(client)


@cache
def _client_class() -> Any:
    """Dask's client with a limit for its start.

    Without, it waits for ever where something accepts the connection and says no more: its own time
    limit doesn't count for the answer to its first words (distributed 2026.8).
    """
    from distributed import Client

    class LimitedClient(Client):  # type: ignore[misc]
        async def _start(self, timeout: float = _CONNECT_S, **more: Any) -> Any:
            try:
                return await asyncio.wait_for(super()._start(timeout=timeout, **more), timeout)
            except TimeoutError:
                await self._close(fast=True)
                raise

    return LimitedClient


def _identity(client: Any, n_workers: int) -> Any:
    """What the scheduler tells of itself and of so many workers, -1 for all.

    Raises ``TimeoutError`` where it says nothing.
    """
    return client.sync(client.scheduler.identity, n_workers=n_workers, callback_timeout=_CONNECT_S)


def _has_workers(identity: Any) -> bool:
    return any(worker["status"] == "running" for worker in identity["workers"].values())


def _given_up(key: str, future: Any) -> AnalysisError:
    """Why the cluster gave up a task; `ClusterLost` where it wasn't for the task's sake."""
    from distributed import KilledWorker

    try:
        error = future.exception(timeout=_CONNECT_S)
    except Exception as lost:  # of many kinds: the scheduler went while it was asked
        error = ClusterLost(str(lost))
    if isinstance(error, ClusterLost):
        return error
    logger.warning("the cluster gave up step %s: %r", key[:12], error)
    if isinstance(error, KilledWorker):
        return ProcessEnded(
            "each computer that ran it was lost, most likely for want of memory or of time"
        )
    if isinstance(error, OSError | MemoryError):
        return ProcessEnded("the computer that was to run it had no process for it")
    return ClusterUnfit(
        f"the computers that run steps can't run this server's ({type(error).__name__});"
        " its log tells more"
    )


def _close(client: Any) -> None:
    """Leave the scheduler, whether or not it still answers."""
    with suppress(Exception):  # of many kinds, a timeout among them
        client.close(timeout=1)
