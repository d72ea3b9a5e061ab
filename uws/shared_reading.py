"""One reading of a job for all who ask for it at the same moment.

When a phase changes, everybody who waits for it asks for the same job in the same turn of the
event loop. A reading is begun after all of them have asked, so none is given an older state than
the one that it was woken for.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class SharedReading(Generic[T]):
    """Readings that have been asked for and not begun yet, by event loop and key."""

    def __init__(self) -> None:
        """Nothing is asked for."""
        self._asked: dict[tuple[asyncio.AbstractEventLoop, str], asyncio.Task[T]] = {}

    async def of(self, key: str, read: Callable[[], Awaitable[T]]) -> T:
        """What ``read`` returns, begun later than this call; raises what it raises."""
        place = (asyncio.get_running_loop(), key)
        task = self._asked.get(place)
        if task is None:
            task = self._asked[place] = asyncio.ensure_future(self._read(place, read))
        # one who goes away doesn't take the reading away from the others
        return await asyncio.shield(task)

    async def _read(
        self, place: tuple[asyncio.AbstractEventLoop, str], read: Callable[[], Awaitable[T]]
    ) -> T:
        await asyncio.sleep(0)
        del self._asked[place]
        return await read()
