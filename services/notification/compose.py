"""Puts the two processes of the Notification service together: the only place that does."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from roost.notification.v1.notification_service_pb2_grpc import (
    add_NotificationServiceServicer_to_server,
)

from services.chassis import bus, postgres, redis, retention, trust
from services.chassis.clients import Mesh, MeshJwks, MeshRevocations
from services.chassis.clock import Clock, SystemClock
from services.chassis.ids import IdGenerator
from services.chassis.page_token import PageTokens
from services.chassis.process import Parts
from services.chassis.server import Mount
from services.chassis.tokens import RevokedSessions
from services.chassis.worker_lease import lease_worker
from services.notification import subscriber
from services.notification.delivery import compose as delivery
from services.notification.delivery.peers_mesh import MeshNames
from services.notification.delivery.store_postgres import PostgresDeliveryStore
from services.notification.departures import Departures
from services.notification.log import compose as log
from services.notification.log import wakes_valkey
from services.notification.log.store_postgres import PostgresLogStore
from services.notification.peers import People, Posts, Visibility
from services.notification.peers_mesh import MeshGraph, MeshPeople, MeshPosts, MeshVisibility
from services.notification.retention import Retention
from services.notification.servicer import NotificationServicer
from services.notification.settings import NotificationSettings
from services.notification.showing import Showing
from services.notification.store import NotificationStore
from services.notification.store_postgres import PostgresNotificationStore
from services.notification.telling import Telling

_NAME = "notification"


@asynccontextmanager
async def serve(settings: NotificationSettings) -> AsyncIterator[Parts]:
    """The process that answers RPCs."""
    clock = SystemClock()
    identity = trust.identity(settings, service=_NAME, clock=clock)
    async with (
        postgres.connect(settings.database_url, clock=clock, name="notification serve") as database,
        lease_worker(database, clock=clock) as worker,
        redis.connect(settings.redis_url) as valkey,
        wakes_valkey.telling(valkey) as wakes,
        Mesh(settings.mesh, identity=identity) as mesh,
    ):
        store = PostgresNotificationStore(database, announce=wakes.announce)
        events = PostgresLogStore(database, announce=wakes.announce)
        live = log.live_delivery(store=events, clock=clock)
        revoked = RevokedSessions(MeshRevocations(mesh), clock=clock)
        yield Parts(
            mounts=[
                *mounts(
                    store=store,
                    people=MeshPeople(mesh),
                    posts=MeshPosts(mesh),
                    visibility=MeshVisibility(mesh),
                    page_token_key=settings.page_token_key,
                    clock=clock,
                ),
                log.mount(store=events, live=live, clock=clock),
                delivery.mount(
                    settings,
                    store=store,
                    deliveries=PostgresDeliveryStore(database),
                    clock=clock,
                    ids=IdGenerator(clock=clock, worker=worker),
                ),
            ],
            verifier=trust.verifier(
                settings, service=_NAME, people=MeshJwks(mesh), revoked=revoked, clock=clock
            ),
            jobs=[revoked.run, *log.carrying(settings, live)],
            endings=[live.stop],
        )


def mounts(
    *,
    store: NotificationStore,
    people: People,
    posts: Posts,
    visibility: Visibility,
    page_token_key: bytes,
    clock: Clock,
) -> list[Mount]:
    """The servicers."""
    notifications = NotificationServicer(
        store=store,
        people=people,
        posts=posts,
        showing=Showing(store=store, visibility=visibility),
        page_tokens=PageTokens(page_token_key),
        clock=clock,
    )
    return [Mount(add_NotificationServiceServicer_to_server, notifications)]


@asynccontextmanager
async def work(settings: NotificationSettings) -> AsyncIterator[Parts]:
    """The process that follows events."""
    clock = SystemClock()
    brokers = ",".join(settings.kafka_brokers)
    identity = trust.identity(settings, service=_NAME, clock=clock)
    async with (
        postgres.connect(settings.database_url, clock=clock, name="notification work") as database,
        lease_worker(database, clock=clock) as worker,
        Mesh(settings.mesh, identity=identity) as mesh,
        bus.publisher(
            brokers=brokers, client_id="notification work", idempotent=settings.kafka_idempotence
        ) as publisher,
        redis.connect(settings.redis_url) as valkey,
        wakes_valkey.telling(valkey) as wakes,
        delivery.dispatcher(
            settings,
            deliveries=PostgresDeliveryStore(database),
            store=PostgresNotificationStore(database, announce=wakes.announce),
            visibility=MeshVisibility(mesh),
            people=MeshNames(mesh),
            clock=clock,
        ) as dispatcher,
    ):
        store = PostgresNotificationStore(database, announce=wakes.announce)
        graph = MeshGraph(mesh)
        telling = Telling(
            store=store,
            graph=graph,
            ids=IdGenerator(clock=clock, worker=worker),
            schedule=delivery.schedule(settings),
            clock=clock,
        )
        departures = Departures(store=store, graph=graph, clock=clock)
        following = bus.Subscriber(
            brokers=brokers,
            group=subscriber.GROUP,
            topics=subscriber.TOPICS,
            publisher=publisher,
            clock=clock,
            batches=subscriber.Causes(telling, departures),
        )
        entries = PostgresLogStore(database, announce=wakes.announce)
        yield Parts(
            consumers=[
                following,
                log.following(
                    settings,
                    store=entries,
                    wakes=wakes,
                    mesh=mesh,
                    publisher=publisher,
                    clock=clock,
                ),
            ],
            jobs=[
                log.cutting(entries, clock),
                dispatcher.run,
                delivery.pruning(PostgresDeliveryStore(database), clock),
                Retention(store=store, departures=departures, clock=clock).run,
                partial(retention.run, database),
            ],
        )
