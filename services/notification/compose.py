"""Composes the two processes of the service, with the rooms of delivery and the event log."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from roost.notification.v1.notification_service_pb2_grpc import (
    add_NotificationServiceServicer_to_server,
)

from services.chassis.auth import authentication
from services.chassis.auth.tokens import RevokedSessions
from services.chassis.cache import redis_client
from services.chassis.events import bus
from services.chassis.rpc.clients import Mesh, MeshJwks, MeshRevocations
from services.chassis.rpc.paging import PageTokens
from services.chassis.rpc.server import MountedServicer, Server
from services.chassis.runtime.clock import Clock, SystemClock
from services.chassis.runtime.ids import IdGenerator
from services.chassis.runtime.process import ProcessParts
from services.chassis.storage import postgres, retention
from services.chassis.storage.worker_lease import lease_worker
from services.delivery import compose as delivery
from services.delivery.adapters.clients import MeshDisplayNames
from services.delivery.adapters.postgres import PostgresDeliveryStore
from services.delivery.domain.store import DeliveryStore
from services.delivery.worker import queue_metrics
from services.delivery.worker.dispatch import Dispatcher
from services.eventlog import compose as eventlog
from services.eventlog.adapters import wake_ups_valkey
from services.eventlog.adapters.postgres import PostgresLogStore
from services.eventlog.worker import trimming
from services.notification.adapters.clients import (
    MeshGraph,
    MeshPosts,
    MeshProfiles,
    MeshVisibility,
)
from services.notification.adapters.postgres import PostgresNotificationStore
from services.notification.adapters.unread import UnreadQueries
from services.notification.domain.notifier import Notifier
from services.notification.domain.ports import Posts, Profiles, Visibility
from services.notification.domain.store import NotificationStore
from services.notification.domain.visible_notifications import VisibleNotifications
from services.notification.rpc.servicer import NotificationServicer
from services.notification.service import MANIFEST
from services.notification.settings import NotificationSettings
from services.notification.worker import consumer
from services.notification.worker import retention as notification_retention
from services.notification.worker.account_cleanup import AccountCleanup

_NAME = "notification"


@asynccontextmanager
async def serve(settings: NotificationSettings) -> AsyncIterator[ProcessParts]:
    """The process that serves RPCs."""
    clock = SystemClock()
    identity = authentication.identity(settings, service=_NAME, clock=clock)
    async with (
        postgres.connect(
            settings.database_url,
            max_size=settings.database_connections,
            clock=clock,
            name="notification serve",
        ) as database,
        lease_worker(database, clock=clock) as worker,
        redis_client.connect(settings.redis_url, ca_file=settings.redis_ca_file) as valkey,
        wake_ups_valkey.open_wake_up_channel(valkey) as wake_ups,
        Mesh(settings.mesh, identity=identity, tls=settings.tls) as mesh,
    ):
        store = PostgresNotificationStore(database, announce=wake_ups.announce)
        events = PostgresLogStore(database, announce=wake_ups.announce)
        live = eventlog.live_delivery(store=events, clock=clock)
        revoked = RevokedSessions(MeshRevocations(mesh), clock=clock)
        yield ProcessParts(
            server=Server(
                mounts=[
                    *mounts(
                        store=store,
                        profiles=MeshProfiles(mesh),
                        posts=MeshPosts(mesh),
                        visibility=MeshVisibility(mesh),
                        page_token_key=settings.page_token_key,
                        clock=clock,
                    ),
                    eventlog.mount(store=events, live=live, clock=clock),
                    delivery.mount(
                        settings,
                        begin=store.transaction,
                        store=PostgresDeliveryStore(database),
                        clock=clock,
                        ids=IdGenerator(clock=clock, worker=worker),
                    ),
                ],
                verifier=authentication.verifier(
                    settings,
                    service=_NAME,
                    people=MeshJwks(mesh),
                    revoked=revoked.session_ids,
                    clock=clock,
                ),
                max_in_flight=settings.max_in_flight,
            ),
            jobs=[revoked.run, *eventlog.live_delivery_jobs(settings, live)],
            on_drain=[live.stop],
        )


def mounts(
    *,
    store: NotificationStore,
    profiles: Profiles,
    posts: Posts,
    visibility: Visibility,
    page_token_key: bytes,
    clock: Clock,
) -> list[MountedServicer]:
    notifications = NotificationServicer(
        store=store,
        profiles=profiles,
        posts=posts,
        visible_notifications=VisibleNotifications(store=store, visibility=visibility),
        page_tokens=PageTokens(page_token_key),
        clock=clock,
    )
    return [MountedServicer(add_NotificationServiceServicer_to_server, notifications)]


@asynccontextmanager
async def work(settings: NotificationSettings) -> AsyncIterator[ProcessParts]:
    """The process that consumes events and sends deliveries."""
    clock = SystemClock()
    kafka = bus.KafkaConnection.of(settings)
    identity = authentication.identity(settings, service=_NAME, clock=clock)
    async with (
        postgres.connect(
            settings.database_url,
            max_size=settings.database_connections,
            clock=clock,
            name="notification work",
        ) as database,
        lease_worker(database, clock=clock) as worker,
        Mesh(settings.mesh, identity=identity, tls=settings.tls) as mesh,
        bus.publisher(connection=kafka, client_id="notification work") as publisher,
        redis_client.connect(settings.redis_url, ca_file=settings.redis_ca_file) as valkey,
        bus.open_announcements(settings, valkey) as announcements,
        wake_ups_valkey.open_wake_up_channel(valkey) as wake_ups,
        _dispatcher(
            settings,
            store=PostgresNotificationStore(database, announce=wake_ups.announce),
            deliveries=PostgresDeliveryStore(database),
            mesh=mesh,
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
            connection=kafka,
            group=MANIFEST.consumer_group.name,
            topics=MANIFEST.consumer_group.topics,
            publisher=publisher,
            clock=clock,
            announcements=announcements,
            batches=consumer.NotificationConsumer(notifier, cleanup),
        )
        entries = PostgresLogStore(database, announce=wake_ups.announce)
        yield ProcessParts(
            consumers=[
                projection_consumer,
                eventlog.projection_consumer(
                    settings,
                    store=entries,
                    wake_ups=wake_ups,
                    mesh=mesh,
                    publisher=publisher,
                    announcements=announcements,
                    clock=clock,
                ),
            ],
            jobs=[
                trimming.job(entries, clock),
                dispatcher.run,
                delivery.pruning(PostgresDeliveryStore(database), clock),
                queue_metrics.job(PostgresDeliveryStore(database), clock),
                notification_retention.job(store=store, cleanup=cleanup, clock=clock),
                retention.job(database),
            ],
        )


def _dispatcher(
    settings: NotificationSettings,
    *,
    store: NotificationStore,
    deliveries: DeliveryStore,
    mesh: Mesh,
    clock: Clock,
) -> AbstractAsyncContextManager[Dispatcher]:
    unread = UnreadQueries(
        store=store,
        visible_notifications=VisibleNotifications(store=store, visibility=MeshVisibility(mesh)),
        clock=clock,
    )
    return delivery.dispatcher(
        settings,
        store=deliveries,
        unread=unread,
        display_names=MeshDisplayNames(mesh),
        clock=clock,
    )
