"""Puts the two processes of the Notification service together: the only place that does."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from roost.notification.v1.notification_service_pb2_grpc import (
    add_NotificationServiceServicer_to_server,
)

from services.chassis.auth import authentication
from services.chassis.auth.tokens import RevokedSessions
from services.chassis.cache import redis_client
from services.chassis.events import bus
from services.chassis.rpc.clients import Mesh, MeshJwks, MeshRevocations
from services.chassis.rpc.page_token import PageTokens
from services.chassis.rpc.server import MountedServicer
from services.chassis.runtime.clock import Clock, SystemClock
from services.chassis.runtime.ids import IdGenerator
from services.chassis.runtime.process import ProcessParts
from services.chassis.storage import postgres, retention
from services.chassis.storage.worker_lease import lease_worker
from services.delivery import compose as delivery
from services.delivery.adapters.clients import MeshDisplayNames
from services.delivery.adapters.postgres import PostgresDeliveryStore
from services.eventlog import compose as log
from services.eventlog.adapters import wake_ups_valkey
from services.eventlog.adapters.postgres import PostgresLogStore
from services.notification.adapters.clients import (
    MeshGraph,
    MeshPosts,
    MeshProfiles,
    MeshVisibility,
)
from services.notification.adapters.postgres import PostgresNotificationStore
from services.notification.domain.notifier import Notifier
from services.notification.domain.ports import People, Posts, Visibility
from services.notification.domain.store import NotificationStore
from services.notification.domain.visible_notifications import VisibleNotifications
from services.notification.rpc.servicer import NotificationServicer
from services.notification.settings import NotificationSettings
from services.notification.worker import consumer
from services.notification.worker.account_cleanup import AccountCleanup
from services.notification.worker.retention import Retention

_NAME = "notification"


@asynccontextmanager
async def serve(settings: NotificationSettings) -> AsyncIterator[ProcessParts]:
    """The process that answers RPCs."""
    clock = SystemClock()
    identity = authentication.identity(settings, service=_NAME, clock=clock)
    async with (
        postgres.connect(settings.database_url, clock=clock, name="notification serve") as database,
        lease_worker(database, clock=clock) as worker,
        redis_client.connect(settings.redis_url) as valkey,
        wake_ups_valkey.open_wake_up_channel(valkey) as wake_ups,
        Mesh(settings.mesh, identity=identity) as mesh,
    ):
        store = PostgresNotificationStore(database, announce=wake_ups.announce)
        events = PostgresLogStore(database, announce=wake_ups.announce)
        live = log.live_delivery(store=events, clock=clock)
        revoked = RevokedSessions(MeshRevocations(mesh), clock=clock)
        yield ProcessParts(
            mounts=[
                *mounts(
                    store=store,
                    people=MeshProfiles(mesh),
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
            verifier=authentication.verifier(
                settings, service=_NAME, people=MeshJwks(mesh), revoked=revoked, clock=clock
            ),
            jobs=[revoked.run, *log.live_delivery_jobs(settings, live)],
            on_drain=[live.stop],
        )


def mounts(
    *,
    store: NotificationStore,
    people: People,
    posts: Posts,
    visibility: Visibility,
    page_token_key: bytes,
    clock: Clock,
) -> list[MountedServicer]:
    notifications = NotificationServicer(
        store=store,
        people=people,
        posts=posts,
        visible_notifications=VisibleNotifications(store=store, visibility=visibility),
        page_tokens=PageTokens(page_token_key),
        clock=clock,
    )
    return [MountedServicer(add_NotificationServiceServicer_to_server, notifications)]


@asynccontextmanager
async def work(settings: NotificationSettings) -> AsyncIterator[ProcessParts]:
    """The process that follows events."""
    clock = SystemClock()
    brokers = ",".join(settings.kafka_brokers)
    identity = authentication.identity(settings, service=_NAME, clock=clock)
    async with (
        postgres.connect(settings.database_url, clock=clock, name="notification work") as database,
        lease_worker(database, clock=clock) as worker,
        Mesh(settings.mesh, identity=identity) as mesh,
        bus.publisher(
            brokers=brokers, client_id="notification work", idempotent=settings.kafka_idempotence
        ) as publisher,
        redis_client.connect(settings.redis_url) as valkey,
        wake_ups_valkey.open_wake_up_channel(valkey) as wake_ups,
        delivery.dispatcher(
            settings,
            deliveries=PostgresDeliveryStore(database),
            store=PostgresNotificationStore(database, announce=wake_ups.announce),
            visibility=MeshVisibility(mesh),
            people=MeshDisplayNames(mesh),
            clock=clock,
        ) as dispatcher,
    ):
        store = PostgresNotificationStore(database, announce=wake_ups.announce)
        graph = MeshGraph(mesh)
        notifier = Notifier(
            store=store,
            graph=graph,
            ids=IdGenerator(clock=clock, worker=worker),
            schedule=delivery.schedule(settings),
            clock=clock,
        )
        cleanup = AccountCleanup(store=store, graph=graph, clock=clock)
        projection_consumer = bus.Subscriber(
            brokers=brokers,
            group=consumer.GROUP,
            topics=consumer.TOPICS,
            publisher=publisher,
            clock=clock,
            batches=consumer.NotificationConsumer(notifier, cleanup),
        )
        entries = PostgresLogStore(database, announce=wake_ups.announce)
        yield ProcessParts(
            consumers=[
                projection_consumer,
                log.projection_consumer(
                    settings,
                    store=entries,
                    wake_ups=wake_ups,
                    mesh=mesh,
                    publisher=publisher,
                    clock=clock,
                ),
            ],
            jobs=[
                log.trim_job(entries, clock),
                dispatcher.run,
                delivery.pruning(PostgresDeliveryStore(database), clock),
                Retention(store=store, cleanup=cleanup, clock=clock).run,
                retention.job(database),
            ],
        )
