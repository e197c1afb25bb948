"""The Search service with in-memory indexes, which the worker's consumer fills, on a real
channel."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest
from roost.search.v1 import search_service_pb2 as rpc
from roost.search.v1.search_admin_service_pb2_grpc import SearchAdminServiceStub
from roost.search.v1.search_service_pb2_grpc import SearchServiceStub

from services.chassis.auth.caller import ANONYMOUS, Caller, ServiceCaller, UserCaller
from services.chassis.events.records import Event
from services.chassis.runtime.clock import ManualClock
from services.chassis.runtime.errors import Unavailable
from services.search import compose
from services.search.domain.posts.model import Viewer
from services.search.domain.viewers import Viewers
from tests.builders.search_worker import START, Stores, World, memory_stores
from tests.servicers.grpc_server import Served, serving


class FakeUserService:
    """The relations of users and their handles, or an outage."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.viewers: dict[int, Viewer] = {}
        self.reads = 0
        self.is_away = False

    async def of(self, user_id: int) -> Viewer:
        self.reads += 1
        self._check()
        return self.viewers.get(user_id, Viewer(user_id=user_id))

    async def ids_of(self, handles: Collection[str], *, viewer_id: int) -> Mapping[str, int]:
        self._check()
        users = self._world.user_service.users
        found = {user.handle.lower(): user.id for user in users.values()}
        return {each: found[each] for each in handles if each in found}

    def _check(self) -> None:
        if self.is_away:
            raise Unavailable


class FakeBookmarks:
    """Bookmarks by user."""

    def __init__(self) -> None:
        self.bookmarked: dict[int, list[int]] = {}

    async def post_ids(self, user_id: int) -> Collection[int]:
        return self.bookmarked.get(user_id, [])


class Scenario:
    """A running Search service, its worker's consumer, and verbs for what users do."""

    def __init__(
        self,
        served: Served,
        world: World,
        *,
        user_service: FakeUserService,
        bookmarks: FakeBookmarks,
        viewers: Viewers,
    ) -> None:
        self._served = served
        self.world = world
        self.user_service = user_service
        self.bookmarks = bookmarks
        self.viewers = viewers
        self.alice = world.alice
        self.bob = world.bob

    def search(self, who: int | Caller | None = None, *, timeout: float = 60.0) -> Any:
        return self._served.stub(SearchServiceStub, caller=_caller(who), timeout=timeout)

    def admin(self, who: int | Caller | None = None) -> Any:
        caller = ServiceCaller("operator") if who is None else _caller(who)
        return self._served.stub(SearchAdminServiceStub, caller=caller)

    async def consume(self, *events: Event) -> None:
        await self.world.consume(*events)

    async def register(self, handle: str, **given: Any) -> int:
        user_id = self.world.new_id()
        await self.consume(self.world.register(user_id, handle, **given))
        return user_id

    async def post(self, author_id: int, text: str, **given: Any) -> int:
        await self.consume(self.world.post(author_id, text, **given))
        return self.world.last_post

    def follow(self, follower_id: int, *followee_ids: int) -> None:
        """The follower's relations are these follows alone."""
        self.user_service.viewers[follower_id] = Viewer(
            user_id=follower_id, following=frozenset(followee_ids)
        )
        self.viewers.forget([follower_id])

    async def posts(
        self, query: str, who: int | Caller | None = None, **given: Any
    ) -> rpc.SearchPostsResponse:
        request = rpc.SearchPostsRequest(query=query, **given)
        response: rpc.SearchPostsResponse = await self.search(who).SearchPosts(request)
        return response

    async def users(
        self, query: str, who: int | Caller | None = None, **given: Any
    ) -> rpc.SearchUsersResponse:
        request = rpc.SearchUsersRequest(query=query, **given)
        response: rpc.SearchUsersResponse = await self.search(who).SearchUsers(request)
        return response

    async def typed(
        self, query: str, who: int | Caller | None = None, **given: Any
    ) -> list[str | int]:
        """The suggestions: ids of users, and hashtags."""
        request = rpc.TypeaheadRequest(query=query, **given)
        response = await self.search(who).Typeahead(request)
        return [
            each.user_id if each.HasField("user_id") else f"#{each.hashtag.tag}"
            for each in response.suggestions
        ]


def _caller(who: int | Caller | None) -> Caller:
    if who is None:
        return ANONYMOUS
    return UserCaller(user_id=who, session_id=1) if isinstance(who, int) else who


@asynccontextmanager
async def running(stores: Stores, clock: ManualClock) -> AsyncIterator[Scenario]:
    """The service on these stores."""
    world = World(stores, clock)
    user_service, bookmarks = FakeUserService(world), FakeBookmarks()
    viewers = Viewers(user_service, clock=clock)
    mounts = compose.mounts(
        store=stores.store,
        posts=stores.posts,
        user_index=stores.users,
        hashtags=stores.hashtags,
        reindexes=stores.reindexes,
        users=user_service,
        bookmarks=bookmarks,
        viewers=viewers,
        page_token_key=bytes(32),
        clock=clock,
    )
    async with serving(*mounts, clock=clock) as served:
        yield Scenario(
            served, world, user_service=user_service, bookmarks=bookmarks, viewers=viewers
        )
    await viewers.close()


@pytest.fixture
async def scenario() -> AsyncIterator[Scenario]:
    clock = ManualClock(START)
    async with running(memory_stores(clock), clock) as scenario:
        yield scenario
