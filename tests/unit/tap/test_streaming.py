"""A blocking iterator sent by an asynchronous view, and ended when nobody waits any more."""

import asyncio
import threading
import time

import pytest

from tap.streaming import CancellableStream


class Pieces:
    """A blocking iterator that can be held up, and knows what happens to it."""

    def __init__(self, pieces, held=False):
        self.left = list(pieces)
        self.held = held
        self.entered = threading.Event()
        self.cancelled = threading.Event()
        self.closed = threading.Event()

    def __iter__(self):
        return self

    def __next__(self):
        self.entered.set()
        if self.held:
            self.cancelled.wait(5)
            raise RuntimeError("cancelled")
        if not self.left:
            raise StopIteration
        return self.left.pop(0)

    def close(self):
        self.closed.set()

    def stream(self):
        return CancellableStream(lambda: self, self.cancelled.set)


def test_all_pieces_come_in_order_and_the_iterator_is_closed():
    pieces = Pieces([b"a", b"b", b"c"])

    async def read():
        stream = pieces.stream()
        await stream.begin()
        return [piece async for piece in stream]

    assert asyncio.run(read()) == [b"a", b"b", b"c"]
    assert pieces.closed.wait(2)


def test_a_failure_before_the_first_piece_is_raised_by_begin():
    pieces = Pieces([], held=True)
    pieces.cancelled.set()
    with pytest.raises(RuntimeError, match="cancelled"):
        asyncio.run(pieces.stream().begin())


def test_other_requests_go_on_while_a_step_blocks():
    pieces = Pieces([], held=True)

    async def read():
        step = asyncio.ensure_future(pieces.stream().begin())
        while not pieces.entered.is_set():
            await asyncio.sleep(0.01)
        pieces.cancelled.set()
        with pytest.raises(RuntimeError):
            await step

    asyncio.run(read())


@pytest.mark.parametrize("begun", [False, True])
def test_a_task_that_is_cancelled_cancels_the_step_under_way(begun):
    pieces = Pieces([b"a"])

    async def read():
        stream = pieces.stream()
        if begun:
            await stream.begin()
            await anext(stream)
        pieces.held = True
        pieces.entered.clear()
        step = asyncio.ensure_future(stream.__anext__())
        while not pieces.entered.is_set():
            await asyncio.sleep(0.01)
        step.cancel()
        with pytest.raises(asyncio.CancelledError):
            await step

    begin = time.monotonic()
    asyncio.run(read())
    assert pieces.cancelled.wait(2)
    assert pieces.closed.wait(2)
    assert time.monotonic() - begin < 2


def test_a_stream_that_is_dropped_in_the_middle_is_closed():
    pieces = Pieces([b"a", b"b"])

    async def read():
        await pieces.stream().begin()

    asyncio.run(read())
    assert pieces.closed.wait(2)


def test_closing_a_stream_that_never_began_does_nothing():
    pieces = Pieces([b"a"])
    stream = pieces.stream()
    stream.close()
    stream.close()
    assert not pieces.entered.is_set()
