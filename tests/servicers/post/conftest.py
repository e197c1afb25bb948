"""The Post service with an in-memory store, and fake User and Media services, on real channels."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from roost.media.v1.media_service_pb2_grpc import (
    MediaServiceStub,
    add_MediaServiceServicer_to_server,
)
from roost.post.v1 import engagement_service_pb2 as engagement_rpc
from roost.post.v1 import post_service_pb2 as rpc
from roost.post.v1.engagement_service_pb2_grpc import EngagementServiceStub
from roost.post.v1.invalidation_service_pb2 import WatchResponse
from roost.post.v1.invalidation_service_pb2_grpc import InvalidationServiceStub
from roost.post.v1.post_pb2 import Post
from roost.post.v1.post_service_pb2_grpc import PostServiceStub
from roost.post.v1.profile_cache_service_pb2_grpc import ProfileCacheServiceStub
from roost.user.v1.graph_service_pb2_grpc import (
    GraphServiceStub,
    add_GraphServiceServicer_to_server,
)
from roost.user.v1.user_service_pb2_grpc import (
    UserServiceStub,
    add_UserServiceServicer_to_server,
)

from services.chassis.auth.caller import (
    ANONYMOUS,
    Caller,
    ServiceCaller,
    UserCaller,
)
from services.chassis.cache import redis_client
from services.chassis.cache.change_log import ChangeLog
from services.chassis.cache.redis_client import RedisClient
from services.chassis.events.bus import Routes
from services.chassis.events.records import Event
from services.chassis.rpc.invalidation import InvalidationServicer
from services.chassis.rpc.server import MountedServicer
from services.chassis.runtime.clock import SystemClock
from services.chassis.runtime.ids import FixedWorker, IdGenerator
from services.post import compose
from services.post.adapters.media_client import MeshMediaClaims
from services.post.adapters.memory import MemoryStore
from services.post.adapters.user_client import MeshProfiles
from services.post.rpc.events import describe
from services.post.rpc.read_cache.body_cache import PostBodyCache
from services.post.rpc.read_cache.profile_cache import ProfileCache
from services.post.rpc.read_cache.state_cache import PostStateCache
from services.post.worker import consumer
from services.post.worker.account_cleanup import AccountCleanup
from services.post.worker.protections import Protections
from tests.builders.posts import Numbers
from tests.servicers.fakes.media import WITHOUT_OF_MEDIA, FakeMedia
from tests.servicers.fakes.users import WITHOUT, WITHOUT_OF_GRAPH, FakeGraph, FakeUsers
from tests.servicers.grpc_server import Served, serving, token_of

NOWHERE = "redis://127.0.0.1:1"


class Scenario:
    """A running Post service, three users, and verbs for what they do."""

    def __init__(
        self,
        served: Served,
        users: FakeUsers,
        media: FakeMedia,
        store: MemoryStore,
        invalidation: InvalidationServicer,
        changes: ChangeLog,
        routes: Routes,
    ) -> None:
        self._served = served
        self._routes = routes
        self.change_log = changes
        self.invalidation = invalidation
        self.users = users
        self.media = media
        self.store = store
        numbers = Numbers()
        self.alice = users.add(numbers.user(bucket=1), "Alice")
        self.bob = users.add(numbers.user(bucket=2), "bob")
        self.carol = users.add(numbers.user(bucket=3), "carol")

    @property
    def address(self) -> str:
        """The address of the service."""
        return self._served.address

    def posts(self, who: int | Caller | None = None) -> Any:
        return self._served.stub(PostServiceStub, caller=_caller(who))

    def engagement(self, who: int | Caller | None = None) -> Any:
        return self._served.stub(EngagementServiceStub, caller=_caller(who))

    def profiles(self, who: int | Caller | None = None) -> Any:
        return self._served.stub(ProfileCacheServiceStub, caller=_caller(who))

    def changes(self, who: int | Caller | None = None) -> Any:
        return self._served.stub(InvalidationServiceStub, caller=_caller(who))

    async def write(self, author: int, text: str = "Hello", **given: Any) -> Post:
        response = await self.posts(author).CreatePost(rpc.CreatePostRequest(text=text, **given))
        return response.post

    async def read(self, post_id: int, who: int | None = None) -> Post:
        return (await self.posts(who).GetPost(rpc.GetPostRequest(post_id=post_id))).post

    async def sees(self, who: int | None, post_id: int) -> bool:
        response = await self.posts(who).BatchGetPosts(rpc.BatchGetPostsRequest(post_ids=[post_id]))
        return [post.id for post in response.posts] == [post_id]

    async def like(self, who: int, post_id: int, **given: Any) -> Any:
        request = engagement_rpc.LikeRequest(post_id=post_id, **given)
        return (await self.engagement(who).Like(request)).engagement

    async def repost(self, who: int, post_id: int, **given: Any) -> Any:
        request = engagement_rpc.RepostRequest(post_id=post_id, **given)
        return await self.engagement(who).Repost(request)

    async def delete(self, who: int, post_id: int, **given: Any) -> None:
        await self.posts(who).DeletePost(rpc.DeletePostRequest(post_id=post_id, **given))

    async def handle(self, *events: Event) -> None:
        """Handles events as the worker does."""
        for event in events:
            handler = self._routes(event.type)
            assert handler is not None
            await handler(event)

    def published(self, name: str) -> list[Event]:
        return [
            event
            for event in self.store.database.published
            if event.type == f"roost.post.v1.{name}"
        ]


def _caller(who: int | Caller | None) -> Caller:
    if who is None:
        return ANONYMOUS
    return UserCaller(user_id=who, session_id=1) if isinstance(who, int) else who


@pytest.fixture
async def scenario() -> AsyncIterator[Scenario]:
    async with redis_client.connect(NOWHERE) as nowhere, a_scenario(nowhere) as scenario:
        yield scenario


@asynccontextmanager
async def a_scenario(
    cache_server: RedisClient, *, store: type[MemoryStore] = MemoryStore
) -> AsyncIterator[Scenario]:
    """A scenario whose service caches on that server and has a store of that class."""
    clock = SystemClock()
    users, media = FakeUsers(), FakeMedia()
    rows = store(clock=clock)
    async with serving(
        MountedServicer(add_UserServiceServicer_to_server, users, without=WITHOUT),
        MountedServicer(
            add_GraphServiceServicer_to_server, FakeGraph(users), without=WITHOUT_OF_GRAPH
        ),
        MountedServicer(add_MediaServiceServicer_to_server, media, without=WITHOUT_OF_MEDIA),
    ) as others:
        as_post, as_post_of_graph = (
            others.mesh.with_token(stub, lambda: token_of(ServiceCaller("post"), service="user"))
            for stub in (UserServiceStub, GraphServiceStub)
        )
        as_post_of_media = others.mesh.with_token(
            MediaServiceStub, lambda: token_of(ServiceCaller("post"), service="media")
        )
        bodies = PostBodyCache(
            store=rows,
            redis=cache_server,
            clock=clock,
        )
        profiles = MeshProfiles(as_post, as_post_of_graph)
        changes = ChangeLog(cache_server, "post")
        states = PostStateCache(store=rows, redis=cache_server, changes=changes, clock=clock)
        rows.on_change(states.invalidate)
        profile_cache = ProfileCache(
            profiles=profiles, redis=cache_server, changes=changes, clock=clock
        )
        invalidation = InvalidationServicer(changes, WatchResponse)
        mounts = compose.mounts(
            store=rows,
            bodies=bodies,
            states=states,
            profiles=profiles,
            profile_cache=profile_cache,
            invalidation=invalidation,
            media_claims=MeshMediaClaims(as_post_of_media),
            clock=clock,
            ids=IdGenerator(clock=clock, worker=FixedWorker()),
            page_token_key=bytes(32),
        )
        routes = consumer.routes(
            AccountCleanup(store=rows, clock=clock, describe=describe, delete_body=bodies.delete),
            protections=Protections(store=rows, profiles=profiles),
            store=rows,
            states=states,
            profile_cache=profile_cache,
        )
        async with serving(*mounts) as served:
            yield Scenario(served, users, media, rows, invalidation, changes, routes)
        for cache in (bodies, states, profile_cache):
            await cache.close()
