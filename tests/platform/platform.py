"""All of Roost in one process: the gateway, and services with stores in memory and a real Redis,
behind a real channel with all interceptors. A test delivers the events.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import httpx2
from prometheus_client import CollectorRegistry
from roost.media.v1.media_service_pb2_grpc import MediaServiceStub
from roost.post.v1.invalidation_service_pb2 import WatchResponse
from roost.post.v1.post_service_pb2_grpc import PostServiceStub
from roost.timeline.v1.timeline_service_pb2_grpc import add_TimelineServiceServicer_to_server
from roost.user.v1.auth_service_pb2 import RegisterRequest
from roost.user.v1.auth_service_pb2_grpc import AuthServiceStub
from roost.user.v1.graph_service_pb2_grpc import GraphServiceStub
from roost.user.v1.user_service_pb2_grpc import UserServiceStub

from gateway.api.events.presenter import EventPresenter
from gateway.api.events.subscriptions.socket import GraphQLSocket
from gateway.api.schema import SCHEMA
from gateway.app import Gateway
from gateway.core.auth import Authenticator
from gateway.core.clients import Backends, ServiceBackends
from gateway.core.object_store import ObjectStore
from gateway.core.refresh_tokens import Refreshing
from gateway.core.state import State
from gateway.protocols.graphql.documents import Documents
from gateway.protocols.graphql.endpoint import GraphQL
from gateway.protocols.graphql.subscriptions.handshake import Subscriptions
from gateway.protocols.graphql.trusted_documents import TrustedDocuments
from gateway.protocols.stream.endpoint import open_stream
from gateway.web.developer_pages import DeveloperPages
from local.edge import Account, Edge
from local.ports import Ports
from services.chassis.auth.caller import UserCaller
from services.chassis.auth.signed_paths import SignedPaths
from services.chassis.auth.tokens import AccessTokens, ServiceIdentity, StaticJwks
from services.chassis.cache import redis_client
from services.chassis.cache.change_log import ChangeLog
from services.chassis.cache.redis_client import RedisClient
from services.chassis.events.bus import Publisher
from services.chassis.rpc.clients import Mesh
from services.chassis.rpc.invalidation import InvalidationServicer
from services.chassis.rpc.paging import PageTokens
from services.chassis.rpc.server import MountedServicer
from services.chassis.runtime.clock import SystemClock
from services.chassis.runtime.ids import FixedWorker, IdGenerator
from services.chassis.runtime.token_buckets import Buckets
from services.delivery import compose as delivery_compose
from services.delivery.adapters.memory import MemoryDeliveryStore
from services.media import compose as media_compose
from services.media import service as media_service
from services.media.adapters.clients import MeshAccounts, MeshPostVisibility
from services.media.adapters.memory import MemoryMediaStore
from services.media.adapters.memory.storage import MemoryStorage
from services.media.adapters.memory.wake_ups import MemoryWakeUps
from services.media.domain.storage import MultipartGone
from services.media.rpc import events as media_events
from services.media.worker import consumer as media_subscriber
from services.media.worker.audiences import Audiences
from services.media.worker.job_folders import JobFolders
from services.notification import compose as notification_compose
from services.notification import service as notification_service
from services.notification.adapters import clients as notification_peers
from services.notification.adapters.memory import MemoryNotificationStore
from services.notification.adapters.unread import UnreadQueries
from services.notification.domain.notifier import Notifier
from services.notification.domain.visible_notifications import VisibleNotifications
from services.notification.worker import consumer as notification_subscriber
from services.notification.worker.account_cleanup import (
    AccountCleanup as NotificationAccountCleanup,
)
from services.post import compose as post_compose
from services.post import service as post_service
from services.post.adapters import media_client as post_media_client
from services.post.adapters.memory import MemoryStore
from services.post.adapters.user_client import MeshProfiles
from services.post.rpc.events import describe
from services.post.rpc.read_cache.body_cache import PostBodyCache
from services.post.rpc.read_cache.profile_cache import ProfileCache
from services.post.rpc.read_cache.state_cache import PostStateCache
from services.post.worker import consumer as post_subscriber
from services.post.worker.account_cleanup import AccountCleanup
from services.post.worker.protections import Protections
from services.search import compose as search_compose
from services.search import service as search_service
from services.search.adapters import clients as search_peers
from services.search.adapters.memory.hashtags import MemoryHashtags
from services.search.adapters.memory.post_index import MemoryPostIndex
from services.search.adapters.memory.refreshes import MemoryRefreshes
from services.search.adapters.memory.reindexes import MemoryReindexes
from services.search.adapters.memory.store import MemorySearchStore
from services.search.adapters.memory.trends import MemoryTrends
from services.search.adapters.memory.users import MemoryUserIndex
from services.search.adapters.sources import MeshPostSource, MeshUserSource
from services.search.domain.viewers import Viewers
from services.search.worker.parts import Worker as SearchWorker
from services.timeline.adapters.clients import (
    MeshEngagement,
    MeshGraph,
    MeshHashtagIndex,
    MeshPosts,
)
from services.timeline.adapters.feeds_memory import MemoryFeeds
from services.timeline.adapters.memory import MemoryTimelineStore
from services.timeline.adapters.timeline_cache_memory import MemoryTimelineCache
from services.timeline.domain.celebrities import Celebrities
from services.timeline.domain.fanout import FanOut
from services.timeline.domain.feed_builder import FeedBuilder
from services.timeline.domain.follows import Follows
from services.timeline.domain.hashtags import EarlierPosts, HashtagFeeds
from services.timeline.domain.home_sources import HomeSourceQueries
from services.timeline.domain.homes import Homes
from services.timeline.domain.ranking import Rankings
from services.timeline.rpc import events as timeline_events
from services.timeline.rpc.servicer import TimelineServicer
from services.timeline.worker.consumer import (
    HashtagTimelines,
    HomeTimelines,
    PublicTimeline,
    together,
)
from services.user import compose as user_compose
from services.user import service as user_service
from services.user.adapters.delivery_client import MeshEmailAddresses
from services.user.adapters.login_attempts import MemoryAttempts
from services.user.adapters.media_client import MeshMediaClaims
from services.user.adapters.memory import MemoryUserStore
from services.user.adapters.post_client import MeshCacheInvalidation
from services.user.adapters.user_cache import BroadcastingUserCache, user_cache
from services.user.domain.handles import HandleTombstones
from services.user.domain.passwords import Passwords
from services.user.domain.signing import KeySeal, Signer
from services.user.domain.throttle import Throttle
from services.user.rpc import convert as user_convert
from services.user.rpc import events as user_events
from services.user.worker import consumer as user_subscriber
from services.user.worker.background_tasks import BackgroundTasks
from tests.builders.media_worker import BYTES
from tests.builders.notifications import settings
from tests.platform.events import Group, Log, one_by_one
from tests.platform.media import MediaJobs
from tests.servicers.grpc_server import (
    AUDIENCE,
    ISSUER,
    SERVICE_KEYS,
    USER_KEY,
    serving,
    token_of,
)
from tests.servicers.user.conftest import MASTER_KEY, PASSWORD
from tests.waiting import LIMIT

# So few that tests with a handful of users cover celebrities, which are merged at read.
CELEBRITY_FOLLOWERS = 2
_MEDIA_PATHS = SignedPaths("https://media.roost.test", key=MASTER_KEY, clock=SystemClock())
_TOPICS = ("roost.post.v1", "roost.user.v1", timeline_events.TOPIC)


@dataclass(frozen=True)
class Platform:
    """The parts that a test uses. `transport` connects other clients to the gateway."""

    edge: Edge
    transport: httpx2.ASGITransport
    log: Log
    background_tasks: BackgroundTasks
    # The source of digests and pushes.
    unread: UnreadQueries
    media_jobs: MediaJobs
    _auth: Any

    async def register(self, handle: str) -> Account:
        """Registers a user, with a token that every verifier of the platform accepts."""
        answer = await self._auth.Register(RegisterRequest(handle=handle, password=PASSWORD))
        token = token_of(UserCaller(answer.user.id, answer.session.id))
        assert token
        return Account(str(answer.user.id), handle, token, answer.tokens.refresh_token)

    async def picture(self, by: Account) -> str:
        """The id of a picture that the user uploaded, and that was processed."""
        file = await self.edge.send("POST", "/v2/media", by=by, png=BYTES)
        await self.media_jobs.run_all()
        return str(file.json()["id"])

    async def run_background_tasks(self) -> None:
        """Runs the background tasks of the user service."""
        await self.background_tasks.run_all()


@asynccontextmanager
async def platform(
    passwords: Passwords, redis_url: str, *, logins: int = 1_000_000
) -> AsyncIterator[Platform]:
    """A platform without users, whose caches are in that Redis. `logins` is the number of password
    checks per network and minute."""
    with TemporaryDirectory() as folder:
        # The services call each other, so the address is chosen before anything listens there. The
        # claim keeps other processes away: servers with SO_REUSEPORT would share it unnoticed.
        ports = Ports(Path(folder) / "ports.json")
        try:
            async with _serving_at(
                ports.address("platform"), passwords, redis_url, logins, folder=folder
            ) as running:
                yield running
        finally:
            ports.release()


@asynccontextmanager
async def _serving_at(
    address: str, passwords: Passwords, redis_url: str, logins: int, *, folder: str
) -> AsyncIterator[Platform]:
    clock = SystemClock()
    users, posts = (
        MemoryUserStore(clock=clock, describe=user_events.describe),
        MemoryStore(clock=clock),
    )
    media = MemoryMediaStore(clock=clock, describe=media_events.describe)
    timelines = MemoryTimelineStore(clock=clock)
    stores = (users, posts, media, timelines)
    log = Log([lambda each=each: each.database.published for each in stores])  # type: ignore[misc]
    ids = IdGenerator(clock=clock, worker=FixedWorker())
    async with (
        redis_client.connect(redis_url, call_seconds=LIMIT) as redis,
        _mesh(address, "user") as as_user,
        _mesh(address, "post") as as_post,
        _mesh(address, "timeline") as as_timeline,
        _mesh(address, "notification") as as_notification,
        _mesh(address, "media") as as_media,
        _mesh(address, "search") as as_search,
        _search(as_search) as (search_mounts, search_group),
        _mesh(address, "gateway") as as_gateway,
        _posts(posts, ids, redis, as_post) as (post_mounts, post_group),
    ):
        user_mounts, user_group = await _users(users, ids, redis, as_user, passwords, logins)
        timeline_mount, timeline_group = _timelines(timelines, as_timeline, log)
        media_mounts, media_group, media_jobs = _media(media, as_media, ids, Path(folder))
        notification_mounts, notification_group, unread = _notifications(as_notification, ids)
        log.groups += [
            user_group,
            post_group,
            timeline_group,
            notification_group,
            media_group,
            search_group,
        ]
        mounts = [
            *user_mounts,
            *post_mounts,
            timeline_mount,
            *notification_mounts,
            *media_mounts,
            *search_mounts,
        ]
        async with (
            serving(*mounts, address=address) as everything,
            httpx2.AsyncClient(
                transport=httpx2.MockTransport(_object_store(media_jobs.storage))
            ) as s3,
            AsyncExitStack() as opened,
        ):
            jwks = StaticJwks([USER_KEY.public_jwk()])
            backends = Backends.from_mesh(everything.mesh)
            state = State(registry=CollectorRegistry(), max_in_flight=200)
            stream = await opened.enter_async_context(
                open_stream(
                    presenter=EventPresenter.of_process(
                        backends=backends, own=ServiceBackends.from_mesh(as_gateway), clock=clock
                    ),
                    own=ServiceBackends.from_mesh(as_gateway),
                    revoked=frozenset(),
                    state=state,
                    max_sockets=100,
                    clock=clock,
                )
            )
            authenticator = Authenticator(jwks, issuer=ISSUER, audience=AUDIENCE, clock=clock)
            refreshing = Refreshing(backends=backends, refused=Buckets(1_000_000, clock=clock))
            graphql = GraphQL(
                backends=backends,
                authenticator=authenticator,
                documents=Documents(SCHEMA, introspection=True),
                trusted=TrustedDocuments({}, SCHEMA),
                trusted_only=False,
                writes=Buckets(1_000_000, clock=clock),
                logins=Buckets(1_000_000, clock=clock),
                spending=Buckets(100_000_000, clock=clock),
                refreshing=refreshing,
            )
            app = Gateway(
                backends=backends,
                keys=jwks,
                authenticator=authenticator,
                graphql=graphql,
                refreshing=refreshing,
                subscriptions=Subscriptions(
                    backends=backends, find=graphql.find, stream=stream, socket=GraphQLSocket
                ),
                stream=stream,
                state=state,
                developer_pages=DeveloperPages(None, headers=(), schema=None),
                media_paths=_MEDIA_PATHS,
                store=ObjectStore(s3),
            )
            transport = httpx2.ASGITransport(app=app)
            async with Edge("http://gateway", transport=transport) as edge:
                yield Platform(
                    edge,
                    transport,
                    log,
                    BackgroundTasks(
                        store=users,
                        clock=clock,
                        ids=ids,
                        tombstones=HandleTombstones(master_key=MASTER_KEY),
                    ),
                    unread,
                    media_jobs,
                    everything.stub(AuthServiceStub),
                )


def _mesh(address: str, service: str) -> Mesh:
    identity = ServiceIdentity(SERVICE_KEYS[service], clock=SystemClock())
    return Mesh(address, identity=identity)


async def _users(
    store: MemoryUserStore,
    ids: IdGenerator,
    redis: RedisClient,
    mesh: Mesh,
    passwords: Passwords,
    logins: int,
) -> tuple[list[MountedServicer], Group]:
    clock = SystemClock()
    signer = Signer(
        store=store,
        clock=clock,
        seal=KeySeal(master_key=MASTER_KEY),
        access_tokens=AccessTokens(issuer=ISSUER, audience=AUDIENCE, clock=clock),
    )
    await signer.load()
    cache_invalidation = MeshCacheInvalidation(mesh)
    profiles = BroadcastingUserCache(
        user_cache(store=store, redis=redis, clock=clock, encode=user_convert.packed_user),
        cache_invalidation,
    )
    mounts = user_compose.mounts(
        store=store,
        user_cache=profiles,
        cache_invalidation=cache_invalidation,
        clock=clock,
        ids=ids,
        passwords=passwords,
        throttle=Throttle(attempts=MemoryAttempts(clock=clock), key=MASTER_KEY, logins=logins),
        email_addresses=MeshEmailAddresses(mesh),
        media_claims=MeshMediaClaims(mesh),
        signer=signer,
        page_token_key=MASTER_KEY,
        master_key=MASTER_KEY,
    )
    handle = user_subscriber.UserConsumer(store=store, user_cache=profiles, clock=clock)
    return mounts, Group("user", user_service.MANIFEST.consumer_group.topics, handle)


@asynccontextmanager
async def _posts(
    store: MemoryStore, ids: IdGenerator, redis: RedisClient, mesh: Mesh
) -> AsyncIterator[tuple[list[MountedServicer], Group]]:
    clock = SystemClock()
    bodies = PostBodyCache(store=store, redis=redis, clock=clock)
    changes = ChangeLog(redis, "post")
    states = PostStateCache(store=store, redis=redis, changes=changes, clock=clock)
    store.on_change(states.invalidate)
    profiles = MeshProfiles(mesh.as_service(UserServiceStub), mesh.as_service(GraphServiceStub))
    profile_cache = ProfileCache(profiles=profiles, redis=redis, changes=changes, clock=clock)
    mounts = post_compose.mounts(
        store=store,
        bodies=bodies,
        states=states,
        profiles=profiles,
        profile_cache=profile_cache,
        invalidation=InvalidationServicer(changes, WatchResponse),
        media_claims=post_media_client.MeshMediaClaims(mesh.as_service(MediaServiceStub)),
        clock=clock,
        ids=ids,
        page_token_key=MASTER_KEY,
    )
    routes = post_subscriber.routes(
        AccountCleanup(store=store, clock=clock, describe=describe, delete_body=bodies.delete),
        protections=Protections(store=store, profiles=profiles),
        store=store,
        states=states,
        profile_cache=profile_cache,
    )
    try:
        yield mounts, Group("post", post_service.MANIFEST.consumer_group.topics, one_by_one(routes))
    finally:
        for each in (bodies, states, profile_cache):
            await each.close()


def _notifications(
    mesh: Mesh, ids: IdGenerator
) -> tuple[list[MountedServicer], Group, UnreadQueries]:
    clock = SystemClock()
    store = MemoryNotificationStore(clock=clock)
    with TemporaryDirectory() as folder:
        delivery_settings = settings(Path(folder))
        delivery = delivery_compose.mount(
            delivery_settings,
            begin=store.transaction,
            store=MemoryDeliveryStore(store.database),
            clock=clock,
            ids=ids,
        )
    visibility = notification_peers.MeshVisibility(mesh)
    mounts = notification_compose.mounts(
        store=store,
        profiles=notification_peers.MeshProfiles(mesh),
        posts=notification_peers.MeshPosts(mesh),
        visibility=visibility,
        page_token_key=MASTER_KEY,
        clock=clock,
    )
    graph = notification_peers.MeshGraph(mesh)
    handle = notification_subscriber.NotificationConsumer(
        Notifier(
            store=store,
            graph=graph,
            ids=ids,
            schedule=delivery_compose.schedule(delivery_settings),
            clock=clock,
        ),
        NotificationAccountCleanup(store=store, graph=graph, clock=clock),
    )
    unread = UnreadQueries(
        store=store,
        visible_notifications=VisibleNotifications(store=store, visibility=visibility),
        clock=clock,
    )
    group = Group("notification", notification_service.MANIFEST.consumer_group.topics, handle)
    return [*mounts, delivery], group, unread


def _media(
    store: MemoryMediaStore, mesh: Mesh, ids: IdGenerator, folder: Path
) -> tuple[list[MountedServicer], Group, MediaJobs]:
    """The servicer, the worker's subscription, and its jobs, over the same stores."""
    clock = SystemClock()
    wake_ups = MemoryWakeUps()
    jobs = MediaJobs(store, wake_ups, JobFolders(folder), clock=clock)
    mounts = media_compose.mounts(
        store=store,
        storage=jobs.storage,
        posts=MeshPostVisibility(mesh.as_service(PostServiceStub)),
        wake_ups=wake_ups,
        ids=ids,
        clock=clock,
        addresses=_MEDIA_PATHS,
    )
    accounts = MeshAccounts(mesh.as_service(UserServiceStub))
    routes = media_subscriber.routes(Audiences(store=store, accounts=accounts, clock=clock))
    group = Group("media", media_service.MANIFEST.consumer_group.topics, one_by_one(routes))
    return mounts, group, jobs


class _Viewers(Viewers):
    """The cached relations of a process whose worker and server are one."""

    async def invalidate(self, user_ids: Collection[int]) -> None:
        self.forget(user_ids)


@asynccontextmanager
async def _search(mesh: Mesh) -> AsyncIterator[tuple[list[MountedServicer], Group]]:
    """The servicers, and the worker's subscription, over the same indexes."""
    clock = SystemClock()
    store = MemorySearchStore(clock=clock)
    posts, users = MemoryPostIndex(store), MemoryUserIndex(store)
    hashtags, reindexes = MemoryHashtags(store), MemoryReindexes(store)
    viewers = _Viewers(search_peers.MeshRelations(mesh), clock=clock)
    mounts = search_compose.mounts(
        store=store,
        posts=posts,
        user_index=users,
        hashtags=hashtags,
        reindexes=reindexes,
        users=search_peers.MeshUsers(mesh),
        bookmarks=search_peers.MeshBookmarks(mesh),
        viewers=viewers,
        page_token_key=MASTER_KEY,
        clock=clock,
    )
    worker = SearchWorker(
        store=store,
        posts=posts,
        users=users,
        hashtags=hashtags,
        trend_store=MemoryTrends(store),
        refreshes=MemoryRefreshes(store),
        reindexes=reindexes,
        post_source=MeshPostSource(mesh),
        user_source=MeshUserSource(mesh),
        viewer_changes=viewers,
        clock=clock,
        # Nobody here has an older account.
        trust_age=timedelta(0),
    )
    topics = search_service.MANIFEST.consumer_group.topics
    try:
        yield mounts, Group("search", topics, worker.consumer)
    finally:
        await viewers.close()


def _object_store(storage: MemoryStorage) -> Callable[[httpx2.Request], httpx2.Response]:
    """Takes the parts that are put to presigned addresses."""

    def answer(request: httpx2.Request) -> httpx2.Response:
        try:
            storage.upload(str(request.url), request.content)
        except (PermissionError, MultipartGone):
            return httpx2.Response(403)
        return httpx2.Response(200)

    return answer


def _timelines(store: MemoryTimelineStore, mesh: Mesh, log: Log) -> tuple[MountedServicer, Group]:
    """The servicer, and the worker's subscription, over the same stores."""
    clock = SystemClock()
    feeds = MemoryFeeds(clock=clock)
    cache = MemoryTimelineCache(clock=clock)
    graph, posts = MeshGraph(mesh), MeshPosts(mesh)
    celebrities = Celebrities(store=store, cache=cache, clock=clock)
    home_sources = HomeSourceQueries(graph=graph, store=store, celebrities=celebrities)
    feed_builder = FeedBuilder(feeds=feeds, posts=posts, store=store, home_sources=home_sources)
    homes = Homes(
        feeds=feeds,
        posts=posts,
        store=store,
        home_sources=home_sources,
        celebrities=celebrities,
        feed_builder=feed_builder,
    )
    rankings = Rankings(homes=homes, engagement=MeshEngagement(mesh), cache=cache, clock=clock)
    servicer = TimelineServicer(
        homes=homes,
        rankings=rankings,
        feed_builder=feed_builder,
        earlier_posts=EarlierPosts(store=store, index=MeshHashtagIndex(mesh)),
        store=store,
        cache=cache,
        page_tokens=PageTokens(MASTER_KEY),
        clock=clock,
    )
    announcements = timeline_events.TimelineEvents(publisher=cast("Publisher", log), clock=clock)
    fan_out = FanOut(
        feeds=feeds,
        graph=graph,
        celebrities=celebrities,
        threshold=CELEBRITY_FOLLOWERS,
        publish=announcements.remaining,
        clock=clock,
    )
    follows = Follows(feeds=feeds, graph=graph, posts=posts, store=store, celebrities=celebrities)
    handle = together(
        HomeTimelines(fan_out=fan_out, follows=follows, announce=announcements.delivered),
        PublicTimeline(store),
        HashtagTimelines(
            hashtag_feeds=HashtagFeeds(store=store, feeds=feeds, publish=announcements.remaining),
            announce=announcements.delivered,
        ),
    )
    mount = MountedServicer(add_TimelineServiceServicer_to_server, servicer)
    return mount, Group("timeline", _TOPICS, handle)
