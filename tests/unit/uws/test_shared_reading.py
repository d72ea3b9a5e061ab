"""Readings that are shared by those who ask at the same moment, and only by them."""

import asyncio

import pytest

from uws.shared_reading import SharedReading


def test_those_who_ask_together_share_one_reading_and_later_ones_do_not():
    begun = []

    async def read():
        begun.append(len(begun))
        await asyncio.sleep(0.01)
        return begun[-1]

    async def ask():
        readings = SharedReading()
        together = [asyncio.ensure_future(readings.of("job", read)) for _ in range(5)]
        await asyncio.sleep(0.005)  # the first is under way: what it tells may be old by now
        later = asyncio.ensure_future(readings.of("job", read))
        other = asyncio.ensure_future(readings.of("other", read))
        await asyncio.gather(*together, later, other)
        return len(begun)

    assert asyncio.run(ask()) == 3


def test_one_who_leaves_takes_nothing_from_the_others():
    async def read():
        await asyncio.sleep(0.01)
        return "read"

    async def ask():
        readings = SharedReading()
        leaving = asyncio.ensure_future(readings.of("job", read))
        staying = asyncio.ensure_future(readings.of("job", read))
        await asyncio.sleep(0)
        leaving.cancel()
        return await staying

    assert asyncio.run(ask()) == "read"


def test_all_are_told_what_went_wrong():
    async def read():
        raise LookupError("gone")

    async def ask():
        readings = SharedReading()
        asked = [readings.of("job", read) for _ in range(3)]
        return await asyncio.gather(*asked, return_exceptions=True)

    assert [str(error) for error in asyncio.run(ask())] == ["gone"] * 3


@pytest.mark.parametrize("keys", [1, 2])
def test_a_reading_is_forgotten_when_it_begins(keys):
    async def read():
        return None

    async def ask():
        readings = SharedReading()
        for key in range(keys):
            await readings.of(str(key), read)
        return readings._asked

    assert asyncio.run(ask()) == {}
