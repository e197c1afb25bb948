"""Composes the event log, for both processes of the service."""

from functools import partial

from roost.notification.v1.event_service_pb2_grpc import add_EventServiceServicer_to_server

from services.chassis.events import bus
from services.chassis.rpc.clients import Mesh
from services.chassis.rpc.server import MountedServicer
from services.chassis.runtime.clock import Clock
from services.chassis.runtime.periodic import every
from services.chassis.runtime.settings import ServiceSettings
from services.chassis.runtime.supervision import Job
from services.eventlog.adapters import wake_ups_valkey
from services.eventlog.adapters.clients import MeshFollowGraph
from services.eventlog.domain.live import PRESENCE_RENEWAL_SECONDS, LiveDelivery
from services.eventlog.domain.ports import WakeUpChannel
from services.eventlog.domain.projection import EventLogProjection
from services.eventlog.domain.store import LogStore
from services.eventlog.rpc import convert
from services.eventlog.rpc.servicer import EventServicer
from services.eventlog.service import MANIFEST
from services.eventlog.worker import consumer


def live_delivery(*, store: LogStore, clock: Clock) -> LiveDelivery:
    """The live delivery of a serving process."""
    return LiveDelivery(store=store, clock=clock, missed=convert.ARRIVALS_MISSED)


def mount(*, store: LogStore, live: LiveDelivery, clock: Clock) -> MountedServicer:
    servicer = EventServicer(store=store, live=live, clock=clock)
    return MountedServicer(add_EventServiceServicer_to_server, servicer)


def live_delivery_jobs(settings: ServiceSettings, live: LiveDelivery) -> list[Job]:
    """The jobs of live delivery in a serving process."""
    listen = partial(
        wake_ups_valkey.listen,
        settings.redis_url,
        ca_file=settings.redis_ca_file,
        events=live.on_events,
        activities=live.on_activities,
        hashtags=live.on_hashtags,
    )
    renew_presence = every(
        PRESENCE_RENEWAL_SECONDS, "presence_renewal", live.renew_presence, wait_first=True
    )
    return [live.run, renew_presence, listen]


def projection_consumer(
    settings: ServiceSettings,
    *,
    store: LogStore,
    wake_ups: WakeUpChannel,
    mesh: Mesh,
    publisher: bus.Publisher,
    announcements: bus.Announcements | None,
    clock: Clock,
) -> bus.Subscriber:
    """The consumer that applies events to logs.

    It has its own consumer group, so that arrivals on thousands of homes and notifications do not
    wait for each other.
    """
    projection = EventLogProjection(
        store=store, graph=MeshFollowGraph(mesh), wake_ups=wake_ups, clock=clock
    )
    return bus.Subscriber(
        connection=bus.KafkaConnection.of(settings),
        group=MANIFEST.consumer_group.name,
        topics=MANIFEST.consumer_group.topics,
        publisher=publisher,
        clock=clock,
        announcements=announcements,
        batches=consumer.EventLogConsumer(projection),
    )
