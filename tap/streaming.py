"""Sending what threads make from an asynchronous view, and ending it when the client leaves.

A blocking iterator is advanced in a pool of threads, one step at a time, so that a slow query holds
up no other request. When the client leaves, Django cancels the request's task: the query is then
cancelled in PostgreSQL, whether or not its first row was there.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from typing import TypeVar

from django.conf import settings

T = TypeVar("T")


@cache
def _pool() -> ThreadPoolExecutor:
    """The threads that queries run in: as many as queries may run at a time in this process."""
    return ThreadPoolExecutor(settings.VO_TAP_SYNC_QUERIES, thread_name_prefix="tap")


async def in_thread(work: Callable[[], T]) -> T:
    """What ``work`` gives, done in one of the threads that queries run in."""
    return await asyncio.get_running_loop().run_in_executor(_pool(), work)


class CancellableStream:
    """An asynchronous iterator over a blocking one.

    Pulled in order by one task. `close` ends it at any point and returns at once.
    """

    def __init__(self, make: Callable[[], Iterator[bytes]], cancel: Callable[[], None]) -> None:
        """``make`` is called in a thread; ``cancel``, from any thread, makes a step end soon."""
        self._make = make
        self._cancel = cancel
        self._pieces: Iterator[bytes] | None = None
        self._step: Future[bytes | None] | None = None
        self._first: bytes | None = None
        self._closed = False

    def __aiter__(self) -> "CancellableStream":
        """Itself."""
        return self

    async def begin(self) -> None:
        """Wait for the first piece; raises what making it raises."""
        self._first = await self._pull()

    async def __anext__(self) -> bytes:
        """The next piece; raises what the blocking iterator raises."""
        piece, self._first = self._first, None
        if piece is None:
            piece = await self._pull()
        if piece is None:
            raise StopAsyncIteration
        return piece

    async def _pull(self) -> bytes | None:
        """The next piece, ``None`` at the end."""
        if self._closed:
            return None
        self._step = _pool().submit(self._advance)
        try:
            piece = await asyncio.wrap_future(self._step)
        except BaseException:
            self.close()
            raise
        if piece is None:
            self.close()
        return piece

    def _advance(self) -> bytes | None:
        if self._pieces is None:
            self._pieces = self._make()
        return next(self._pieces, None)

    def close(self) -> None:
        """End the stream; a step that is under way is cancelled."""
        if self._closed:
            return
        self._closed = True
        if self._step is not None:
            threading.Thread(target=self._end, args=(self._step,), daemon=True).start()

    def __del__(self) -> None:
        """Nobody will pull any more."""
        self.close()

    def _end(self, step: Future[bytes | None]) -> None:
        """Cancel until the last step is over, then let go of the connection."""
        while not step.done():
            self._cancel()
            time.sleep(0.05)
        close = getattr(self._pieces, "close", None)
        if close is not None:
            close()
