"""The index of search in a whole stack: it follows writes, and is built again by itself."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from roost.search.v1.search_pb2 import (
    POST_ORDER_LATEST,
    REINDEX_STATE_DONE,
    Reindex,
)
from roost.search.v1.search_service_pb2 import SearchPostsRequest, SearchUsersRequest
from roost.search.v1.search_service_pb2_grpc import SearchServiceStub

from local.edge import Account, Edge
from local.ports import HOST
from local.search_operator import SearchOperator, local_access, search_operator
from services.chassis.rpc.clients import Mesh
from services.chassis.runtime.errors import NotFound, Unavailable
from tests.e2e.stacks import TestStack
from tests.waiting import LIMIT, eventually

pytestmark = pytest.mark.e2e

PASSWORD = "correct horse battery staple"
WORKER = "search-work"


class Searcher:
    """An anonymous caller of the Search service."""

    def __init__(self, mesh: Mesh) -> None:
        self._search = mesh.with_token(SearchServiceStub, lambda: None, timeout=LIMIT)

    async def posts(self, query: str) -> list[str]:
        """The ids of the newest 100 posts that match; nothing while the service starts."""
        request = SearchPostsRequest(query=query, order=POST_ORDER_LATEST, page_size=100)
        try:
            return list(map(str, (await self._search.SearchPosts(request)).post_ids))
        except Unavailable:
            return []

    async def users(self, query: str) -> list[str]:
        try:
            found = await self._search.SearchUsers(SearchUsersRequest(query=query))
            return list(map(str, found.user_ids))
        except Unavailable:
            return []


@asynccontextmanager
async def searching(stack: TestStack) -> AsyncIterator[Searcher]:
    ports = json.loads(stack.state.ports.read_text())
    async with Mesh(f"{HOST}:{ports['mesh']}") as mesh:
        yield Searcher(mesh)


async def finds(searcher: Searcher, query: str, right: Callable[[list[str]], bool]) -> None:
    async def is_right() -> bool:
        return right(await searcher.posts(query))

    await eventually(is_right)


async def reindexed(operator: SearchOperator) -> Reindex:
    """The latest rebuild, once it has ended well."""
    found = Reindex()

    async def has_ended() -> bool:
        try:
            found.CopyFrom(await operator.reindex())
        except (NotFound, Unavailable):
            return False
        return found.state == REINDEX_STATE_DONE

    await eventually(has_ended)
    return found


async def write_posts(edge: Edge, author: Account, text: str, count: int) -> list[str]:
    """Posts of the author; their ids, newest first."""
    return [(await edge.post(author, f"{text} {number}"))["id"] for number in range(count)][::-1]


async def test_index_follows_writes_and_is_built_again_from_nothing(tmp_path: Path) -> None:
    async with TestStack(tmp_path, durable=False) as stack:
        async with stack.edge() as edge, searching(stack) as searcher:
            alice = await edge.register("alice", PASSWORD)
            bob = await edge.register("bob", PASSWORD)
            ids = await write_posts(edge, alice, "marmalade", 30)
            await finds(searcher, "marmalade", lambda found: found == ids)
            await edge.call("DELETE", f"/v2/posts/{ids[0]}", by=alice)
            await edge.call("PUT", f"/v2/posts/{ids[1]}/like", by=bob)
            await finds(searcher, "marmalade", lambda found: found == ids[1:])
            await finds(searcher, "marmalade min_likes:1", lambda found: found == [ids[1]])

            # As in an installation from before search: the broker brings none of it again.
            await stack.stack.supervisor.stop(["search", WORKER])
            await stack.stack.postgres.drop_database("roost_search")
        await stack.restart()

        async with (
            searching(stack) as searcher,
            search_operator(local_access(stack.state)) as operator,
        ):
            await finds(searcher, "marmalade", lambda found: found == ids[1:])
            await finds(searcher, "marmalade min_likes:1", lambda found: found == [ids[1]])
            assert await searcher.users("alice") == [alice.user_id]
            first = await reindexed(operator)
            assert first.posts_scanned == 29

            # A rebuild whose worker is killed.
            started = await operator.start_reindex()
            (worker,) = (
                part.pid for part in stack.stack.supervisor.statuses() if part.name == WORKER
            )
            assert worker is not None
            os.kill(worker, signal.SIGKILL)
            second = await reindexed(operator)
            assert second.id == started.id
            assert second.segments_repaired == 0
            assert await searcher.posts("marmalade") == ids[1:]
