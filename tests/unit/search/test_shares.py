"""How many searches one viewer has in the index at once."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest

from services.chassis.runtime import deadline
from services.chassis.runtime.errors import DeadlineExceeded
from services.chassis.runtime.token_buckets import RateLimited
from services.search.domain.searches import shares as module
from services.search.domain.searches.shares import MOST, MOST_ANONYMOUS, Shares
from tests.waiting import LIMIT, eventually

HOG, OTHER, ANONYMOUS = 1, 2, 0


class Searches:
    """Searches that run until the test ends them."""

    def __init__(self, shares: Shares) -> None:
        self._shares = shares
        self.running = 0
        self.end = asyncio.Event()

    async def run(self, viewer_id: int) -> None:
        async with self._shares.place(viewer_id):
            self.running += 1
            await self.end.wait()


@pytest.mark.parametrize(("viewer_id", "most"), [(HOG, MOST), (ANONYMOUS, MOST_ANONYMOUS)])
async def test_further_searches_of_a_viewer_wait_for_a_place(viewer_id: int, most: int) -> None:
    searches = Searches(Shares())
    tasks = [asyncio.create_task(searches.run(viewer_id)) for _ in range(most + 2)]
    await eventually(lambda: searches.running == most)

    searches.end.set()
    await asyncio.gather(*tasks)

    assert searches.running == most + 2


async def test_a_viewer_with_many_searches_delays_no_other() -> None:
    shares = Shares()
    async with AsyncExitStack() as running:
        for _ in range(MOST):
            await running.enter_async_context(shares.place(HOG))

        async with asyncio.timeout(LIMIT), shares.place(OTHER), shares.place(ANONYMOUS):
            pass


async def test_a_search_that_waits_too_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WAIT_SECONDS", 0.01)
    shares = Shares()
    async with AsyncExitStack() as running:
        for _ in range(MOST):
            await running.enter_async_context(shares.place(HOG))

        with pytest.raises(RateLimited) as refused:
            async with shares.place(HOG):
                pass

    assert refused.value.retry_after == 1.0
    # A refused search has no place.
    async with asyncio.timeout(LIMIT), AsyncExitStack() as running:
        for _ in range(MOST):
            await running.enter_async_context(shares.place(HOG))


async def test_no_place_is_waited_for_beyond_the_deadline() -> None:
    shares = Shares()
    with deadline.within(0), pytest.raises(DeadlineExceeded):
        async with shares.place(HOG):
            pass
