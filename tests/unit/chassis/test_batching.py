"""Keys that are asked for together are loaded together."""

import asyncio
from collections.abc import Sequence

import pytest

from services.chassis.rpc.batching import Batcher
from services.chassis.runtime.errors import Unavailable
from tests.waiting import LIMIT


class Squares:
    """Answers with squares, when it may, and notes what it was called with."""

    def __init__(self) -> None:
        self.calls: list[list[int]] = []
        self._began = asyncio.Event()
        self.open = asyncio.Event()
        self.open.set()
        self.error: Exception | None = None

    async def load(self, keys: Sequence[int]) -> list[int]:
        self.calls.append(list(keys))
        self._began.set()
        await self.open.wait()
        if self.error is not None:
            raise self.error
        return [key * key for key in keys]

    async def begins(self) -> None:
        """Waits for the first call."""
        async with asyncio.timeout(LIMIT):
            await self._began.wait()


async def test_keys_of_one_moment_are_one_call() -> None:
    squares = Squares()
    batcher = Batcher(squares.load, most=10)

    found = await asyncio.gather(*(batcher.ask(key) for key in (1, 2, 3, 2)))

    assert found == [1, 4, 9, 4]
    assert squares.calls == [[1, 2, 3]]


async def test_a_call_has_no_more_keys_than_it_may() -> None:
    squares = Squares()
    batcher = Batcher(squares.load, most=2)

    await asyncio.gather(*(batcher.ask(key) for key in range(5)))

    assert squares.calls == [[0, 1], [2, 3], [4]]


async def test_keys_wait_while_enough_calls_are_under_way() -> None:
    squares = Squares()
    squares.open.clear()
    batcher = Batcher(squares.load, most=10, at_once=1)
    asked = [batcher.ask(1)]
    await squares.begins()
    for key in (2, 3):
        asked.append(batcher.ask(key))
        await asyncio.sleep(0)

    squares.open.set()

    assert await asyncio.gather(*asked) == [1, 4, 9]
    assert squares.calls == [[1], [2, 3]]


async def test_a_key_is_loaded_again_after_its_call_began() -> None:
    squares = Squares()
    batcher = Batcher(squares.load, most=10)
    await batcher.ask(1)

    await batcher.ask(1)

    assert squares.calls == [[1], [1]]


async def test_an_error_reaches_all_and_the_next_call_is_made() -> None:
    squares = Squares()
    squares.error = Unavailable()
    batcher = Batcher(squares.load, most=10, at_once=1)
    failed = await asyncio.gather(batcher.ask(1), batcher.ask(2), return_exceptions=True)
    squares.error = None

    assert [type(each) for each in failed] == [Unavailable, Unavailable]
    assert await batcher.ask(3) == 9


async def test_who_gives_up_takes_nothing_from_the_others() -> None:
    squares = Squares()
    squares.open.clear()
    batcher = Batcher(squares.load, most=10)
    leaving, staying = asyncio.shield(batcher.ask(1)), asyncio.shield(batcher.ask(1))
    await squares.begins()
    leaving.cancel()

    squares.open.set()

    assert await staying == 1
    with pytest.raises(asyncio.CancelledError):
        await leaving
