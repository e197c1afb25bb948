"""All of Roost in one process: services on stores in memory, behind a real channel with the whole
pipeline and with a real Redis to keep things in, the gateway before them, and events that move when
the test says so.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import httpx2
from prometheus_client import CollectorRegistry
from roost.timeline.v1.timeline_service_pb2_grpc import add_TimelineServiceServicer_to_server
from roost.user.v1.auth_service_pb2 import RegisterRequest
from roost.user.v1.auth_service_pb2_grpc import AuthServiceStub
from roost.user.v1.graph_service_pb2_grpc import GraphServiceStub
from roost.user.v1.user_service_pb2_grpc import UserServiceStub

from gateway.app import Gateway
from gateway.auth import Doorkeeper
from gateway.backends import Backends, OwnBackends
from gateway.changing.sessions import Refreshing
from gateway.graphql.buckets import Buckets
from gateway.graphql.documents import Documents
from gateway.graphql.endpoint import GraphQL
from gateway.graphql.schema import SCHEMA
from gateway.graphql.subscribing.door import Subscriptions
from gateway.graphql.trusted import TrustedDocuments
from gateway.state import HttpMetrics, State
from gateway.ws.stream import open_stream
from local.edge import Account, Edge
from local.ports import Ports
from services.chassis import redis
from services.chassis.bus import Publisher
from services.chassis.caller import UserCaller
from services.chassis.clients import Mesh
from services.chassis.clock import SystemClock
from services.chassis.ids import FixedWorker, IdGenerator
from services.chassis.page_token import PageTokens
from services.chassis.redis import RedisClient
from services.chassis.server import Mount
from services.chassis.tokens import AccessTokens, ServiceIdentity, StaticJwks
from services.notification import compose as notification_compose
from services.notification import peers_mesh as notification_peers
from services.notification import subscriber as notification_subscriber
from services.notification.delivery import compose as delivery_compose
from services.notification.delivery.store_memory import MemoryDeliveryStore
from services.notification.delivery.unread import StoredUnread
from services.notification.departures import Departures as NotificationDepartures
from services.notification.showing import Showing
from services.notification.store_memory import MemoryNotificationStore
from services.notification.telling import Telling
from services.post import compose as post_compose
from services.post import subscriber as post_subscriber
from services.post.cache import Bodies
from services.post.convert import look_into, pack
from services.post.departures import Departures
from services.post.events import describe
from services.post.known_people import KnownPeople
from services.post.people import MeshPeople
from services.post.protections import Protections
from services.post.states import States
from services.post.store_memory import MemoryStore
from services.timeline import events as timeline_events
from services.timeline.builds import Builds
from services.timeline.cache_memory import MemoryTimelineCache
from services.timeline.celebrities import Celebrities
from services.timeline.circles import Circles
from services.timeline.fanout import FanOut
from services.timeline.feeds_memory import MemoryFeeds
from services.timeline.follows import Follows
from services.timeline.homes import Homes
from services.timeline.peers_mesh import MeshEngagement, MeshGraph, MeshPosts
from services.timeline.ranking import Rankings
from services.timeline.servicer import TimelineServicer
from services.timeline.store_memory import MemoryTimelineStore
from services.timeline.subscriber import HomeTimelines, PublicTimeline, together
from services.user import compose as user_compose
from services.user import convert as user_convert
from services.user import subscriber as user_subscriber
from services.user.attempts_memory import MemoryAttempts
from services.user.cache import cards
from services.user.chores import Chores
from services.user.mail_addresses import MeshMailAddresses
from services.user.passwords import Passwords
from services.user.readers import MeshReaders, SharedCards
from services.user.retired_handles import RetiredHandles
from services.user.signing import KeySeal, Signer
from services.user.store_memory import MemoryUserStore
from services.user.throttle import Throttle
from tests.builders.notifications import settings
from tests.platform.events import Group, Log, one_by_one
from tests.servicers.serving import (
    AUDIENCE,
    ISSUER,
    SERVICE_KEYS,
    USER_KEY,
    serving,
    token_of,
)
from tests.servicers.user.conftest import MASTER_KEY, PASSWORD

# So few that an author of a small cast is merged at read, and so is what that may get wrong.
CELEBRITY_FOLLOWERS = 2
_TOPICS = ("roost.post.v1", "roost.user.v1", timeline_events.TOPIC)


@dataclass(frozen=True)
class Platform:
    """What a test holds in hand; ``transport`` is the way to the gateway for other clients."""

    edge: Edge
    transport: httpx2.ASGITransport
    log: Log
    chores: Chores
    # What digests and pushes are made of.
    unread: StoredUnread
    _auth: Any

    async def register(self, handle: str) -> Account:
        """Sign somebody up, with a token that every verifier here takes."""
        answer = await self._auth.Register(RegisterRequest(handle=handle, password=PASSWORD))
        token = token_of(UserCaller(answer.user.id, answer.session.id))
        assert token
        return Account(str(answer.user.id), handle, token, answer.tokens.refresh_token)

    async def do_chores(self) -> None:
        """Do what requests have left to the user service's worker."""
        while await self.chores.step():
            pass


@asynccontextmanager
async def platform(
    passwords: Passwords, redis_url: str, *, logins: int = 1_000_000
) -> AsyncIterator[Platform]:
    """Everything, with nobody in it yet. What the services keep, they keep in that Redis. `logins`
    is how many proofs of a password a network has in a minute."""
    with TemporaryDirectory() as folder:
        # The services call each other, so the address is chosen before anything listens there. The
        # claim keeps other processes away: servers with SO_REUSEPORT would share it unnoticed.
        ports = Ports(Path(folder) / "ports.json")
        try:
            async with _serving_at(ports.address("platform"), passwords, redis_url, logins) as made:
                yield made
        finally:
            ports.release()


@asynccontextmanager
async def _serving_at(
    address: str, passwords: Passwords, redis_url: str, logins: int
) -> AsyncIterator[Platform]:
    clock = SystemClock()
    users, posts = MemoryUserStore(clock=clock), MemoryStore(clock=clock)
    log = Log([lambda: users.database.published, lambda: posts.database.published])
    ids = IdGenerator(clock=clock, worker=FixedWorker())
    async with (
        redis.connect(redis_url) as kept,
        _mesh(address, "user") as as_user,
        _mesh(address, "post") as as_post,
        _mesh(address, "timeline") as as_timeline,
        _mesh(address, "notification") as as_notification,
        _mesh(address, "gateway") as as_gateway,
        _posts(posts, ids, kept, as_post) as (post_mounts, post_group),
    ):
        user_mounts, user_group = await _users(users, ids, kept, as_user, passwords, logins)
        timeline_mount, timeline_group = _timelines(as_timeline, log)
        notification_mounts, notification_group, unread = _notifications(as_notification, ids)
        log.groups += [user_group, post_group, timeline_group, notification_group]
        mounts = [*user_mounts, *post_mounts, timeline_mount, *notification_mounts]
        async with serving(*mounts, address=address) as everything, AsyncExitStack() as opened:
            jwks = StaticJwks([USER_KEY.public_jwk()])
            backends = Backends.over(everything.mesh)
            state = State(metrics=HttpMetrics(CollectorRegistry()), max_in_flight=200)
            stream = await opened.enter_async_context(
                open_stream(
                    backends=backends,
                    own=OwnBackends.over(as_gateway),
                    revoked=frozenset(),
                    state=state,
                    max_sockets=100,
                    clock=clock,
                )
            )
            doorkeeper = Doorkeeper(jwks, issuer=ISSUER, audience=AUDIENCE, clock=clock)
            refreshing = Refreshing(backends=backends, refused=Buckets(1_000_000, clock=clock))
            graphql = GraphQL(
                backends=backends,
                doorkeeper=doorkeeper,
                documents=Documents(SCHEMA, introspection=True),
                trusted=TrustedDocuments({}),
                trusted_only=False,
                writes=Buckets(1_000_000, clock=clock),
                logins=Buckets(1_000_000, clock=clock),
                spending=Buckets(100_000_000, clock=clock),
                refreshing=refreshing,
            )
            app = Gateway(
                backends=backends,
                keys=jwks,
                doorkeeper=doorkeeper,
                graphql=graphql,
                refreshing=refreshing,
                subscriptions=Subscriptions(backends=backends, find=graphql.find, stream=stream),
                stream=stream,
                state=state,
            )
            transport = httpx2.ASGITransport(app=app)
            async with Edge("http://gateway", transport=transport) as edge:
                yield Platform(
                    edge,
                    transport,
                    log,
                    Chores(
                        store=users,
                        clock=clock,
                        ids=ids,
                        retired=RetiredHandles(master_key=MASTER_KEY),
                    ),
                    unread,
                    everything.stub(AuthServiceStub),
                )


def _mesh(address: str, service: str) -> Mesh:
    identity = ServiceIdentity(SERVICE_KEYS[service], clock=SystemClock())
    return Mesh(address, identity=identity)


async def _users(
    store: MemoryUserStore,
    ids: IdGenerator,
    kept: RedisClient,
    mesh: Mesh,
    passwords: Passwords,
    logins: int,
) -> tuple[list[Mount], Group]:
    clock = SystemClock()
    signer = Signer(
        store=store,
        clock=clock,
        seal=KeySeal(master_key=MASTER_KEY),
        access_tokens=AccessTokens(issuer=ISSUER, audience=AUDIENCE, clock=clock),
    )
    await signer.load()
    readers = MeshReaders(mesh)
    profiles = SharedCards(
        cards(store=store, redis=kept, clock=clock, encode=user_convert.card), readers
    )
    mounts = user_compose.mounts(
        store=store,
        cards=profiles,
        readers=readers,
        clock=clock,
        ids=ids,
        passwords=passwords,
        throttle=Throttle(attempts=MemoryAttempts(clock=clock), key=MASTER_KEY, logins=logins),
        addresses=MeshMailAddresses(mesh),
        signer=signer,
        page_token_key=MASTER_KEY,
        master_key=MASTER_KEY,
    )
    handle = user_subscriber.Subscriptions(store=store, cards=profiles).handle
    return mounts, Group("user", user_subscriber.TOPICS, handle)


@asynccontextmanager
async def _posts(
    store: MemoryStore, ids: IdGenerator, kept: RedisClient, mesh: Mesh
) -> AsyncIterator[tuple[list[Mount], Group]]:
    clock = SystemClock()
    bodies = Bodies(store=store, redis=kept, clock=clock, pack=pack, look_into=look_into)
    states = States(store=store, redis=kept, clock=clock)
    store.watch(states.forget)
    people = MeshPeople(mesh.as_service(UserServiceStub), mesh.as_service(GraphServiceStub))
    known_people = KnownPeople(people=people, redis=kept, clock=clock)
    mounts = post_compose.mounts(
        store=store,
        bodies=bodies,
        states=states,
        people=people,
        known_people=known_people,
        clock=clock,
        ids=ids,
        page_token_key=MASTER_KEY,
    )
    routes = post_subscriber.routes(
        Departures(store=store, clock=clock, describe=describe, forget_body=bodies.forget),
        protections=Protections(store=store, people=people),
        states=states,
        known_people=known_people,
    )
    try:
        yield mounts, Group("post", post_subscriber.TOPICS, one_by_one(routes))
    finally:
        for each in (bodies, states, known_people):
            await each.close()


def _notifications(mesh: Mesh, ids: IdGenerator) -> tuple[list[Mount], Group, StoredUnread]:
    clock = SystemClock()
    store = MemoryNotificationStore(clock=clock)
    with TemporaryDirectory() as folder:
        told = settings(Path(folder))
        delivery = delivery_compose.mount(
            told,
            store=store,
            deliveries=MemoryDeliveryStore(store.database),
            clock=clock,
            ids=ids,
        )
    visibility = notification_peers.MeshVisibility(mesh)
    mounts = notification_compose.mounts(
        store=store,
        people=notification_peers.MeshPeople(mesh),
        posts=notification_peers.MeshPosts(mesh),
        visibility=visibility,
        page_token_key=MASTER_KEY,
        clock=clock,
    )
    graph = notification_peers.MeshGraph(mesh)
    handle = notification_subscriber.Causes(
        Telling(
            store=store,
            graph=graph,
            ids=ids,
            schedule=delivery_compose.schedule(told),
            clock=clock,
        ),
        NotificationDepartures(store=store, graph=graph, clock=clock),
    )
    unread = StoredUnread(
        store=store, showing=Showing(store=store, visibility=visibility), clock=clock
    )
    group = Group("notification", notification_subscriber.TOPICS, handle)
    return [*mounts, delivery], group, unread


def _timelines(mesh: Mesh, log: Log) -> tuple[Mount, Group]:
    """The servicer, and the worker's subscription, over the same stores."""
    clock = SystemClock()
    store = MemoryTimelineStore(clock=clock)
    feeds = MemoryFeeds(clock=clock)
    cache = MemoryTimelineCache(clock=clock)
    graph, posts = MeshGraph(mesh), MeshPosts(mesh)
    celebrities = Celebrities(store=store, cache=cache, clock=clock)
    circles = Circles(graph=graph, store=store, celebrities=celebrities)
    builds = Builds(feeds=feeds, posts=posts, circles=circles)
    homes = Homes(feeds=feeds, posts=posts, circles=circles, celebrities=celebrities, builds=builds)
    rankings = Rankings(homes=homes, engagement=MeshEngagement(mesh), cache=cache, clock=clock)
    servicer = TimelineServicer(
        homes=homes,
        rankings=rankings,
        builds=builds,
        store=store,
        cache=cache,
        page_tokens=PageTokens(MASTER_KEY),
        clock=clock,
    )
    announcements = timeline_events.Announcements(publisher=cast("Publisher", log), clock=clock)
    fan_out = FanOut(
        feeds=feeds,
        graph=graph,
        celebrities=celebrities,
        threshold=CELEBRITY_FOLLOWERS,
        publish=announcements.rest,
    )
    follows = Follows(feeds=feeds, graph=graph, posts=posts, store=store, celebrities=celebrities)
    handle = together(
        HomeTimelines(fan_out=fan_out, follows=follows, announce=announcements.delivered),
        PublicTimeline(store),
    )
    mount = Mount(add_TimelineServiceServicer_to_server, servicer)
    return mount, Group("timeline", _TOPICS, handle)
