"""One caller with many costly searches beside others."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from roost.search.v1 import search_service_pb2 as rpc

from services.chassis.runtime.clock import ManualClock
from services.chassis.runtime.errors import TooMany
from services.search.domain.posts.model import Viewer
from services.search.domain.searches import shares
from tests.builders.search_worker import START, Stores, memory_stores
from tests.servicers.grpc_server import raises_reason
from tests.servicers.search.conftest import running
from tests.waiting import eventually

READS: dict[str, Callable[[Any], Awaitable[object]]] = {
    "SearchPosts": lambda stub: stub.SearchPosts(rpc.SearchPostsRequest(query="wombat")),
    "LATEST": lambda stub: stub.SearchPosts(rpc.SearchPostsRequest(query="wombat", order=2)),
    "ListHashtagPosts": lambda stub: stub.ListHashtagPosts(
        rpc.ListHashtagPostsRequest(tag="wombat")
    ),
    "SearchUsers": lambda stub: stub.SearchUsers(rpc.SearchUsersRequest(query="wombat")),
    "Typeahead": lambda stub: stub.Typeahead(rpc.TypeaheadRequest(query="@wombat")),
}


class Held:
    """Searches of one viewer that do not end before the test ends them."""

    def __init__(self, stores: Stores, monkeypatch: pytest.MonkeyPatch) -> None:
        self.viewer_id = 0
        self.running = 0
        self.end = asyncio.Event()
        for index in (stores.posts, stores.users):
            monkeypatch.setattr(index, "find", self._holding(index.find))

    def _holding(self, find: Callable[..., Any]) -> Callable[..., Any]:
        async def held(query: Any, viewer: Viewer, **given: Any) -> Any:
            if viewer.user_id == self.viewer_id:
                self.running += 1
                await self.end.wait()
            return await find(query, viewer, **given)

        return held


@pytest.mark.parametrize("costly", READS)
async def test_many_costly_searches_of_one_caller_leave_room_for_others(
    costly: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = ManualClock(START)
    stores = memory_stores(clock)
    held = Held(stores, monkeypatch)
    async with running(stores, clock) as scenario:
        held.viewer_id = scenario.alice
        hog = scenario.search(scenario.alice)
        tasks = [asyncio.ensure_future(READS[costly](hog)) for _ in range(shares.MOST)]
        await eventually(lambda: held.running == shares.MOST)
        monkeypatch.setattr(shares, "WAIT_SECONDS", 0.01)

        for read in READS.values():
            with raises_reason(TooMany, "RATE_LIMITED"):
                await read(hog)
            await read(scenario.search(scenario.bob))
            await read(scenario.search())

        held.end.set()
        await asyncio.gather(*tasks)
        assert held.running == shares.MOST
