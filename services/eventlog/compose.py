"""Puts the event log together, for both processes of the service."""

from functools import partial

from roost.notification.v1.event_service_pb2_grpc import add_EventServiceServicer_to_server

from services.chassis.events import bus
from services.chassis.rpc.clients import Mesh
from services.chassis.rpc.server import MountedServicer
from services.chassis.runtime.clock import Clock
from services.chassis.runtime.supervision import Job
from services.eventlog.adapters import wake_ups_valkey
from services.eventlog.domain.live import LiveDelivery
from services.eventlog.domain.projection import EventLogProjection
from services.eventlog.domain.store import LogStore
from services.eventlog.domain.wake_ups import WakeUpChannel
from services.eventlog.rpc import convert
from services.eventlog.rpc.servicer import EventServicer
from services.eventlog.worker import consumer, trimming
from services.notification.adapters.clients import MeshGraph
from services.notification.settings import NotificationSettings


def live_delivery(*, store: LogStore, clock: Clock) -> LiveDelivery:
    """What brings events to the streams of a process."""
    return LiveDelivery(store=store, clock=clock, missed=convert.ARRIVALS_MISSED)


def mount(*, store: LogStore, live: LiveDelivery, clock: Clock) -> MountedServicer:
    servicer = EventServicer(store=store, live=live, clock=clock)
    return MountedServicer(add_EventServiceServicer_to_server, servicer)


def live_delivery_jobs(settings: NotificationSettings, live: LiveDelivery) -> list[Job]:
    """What a process that serves does to bring events to streams."""
    listen = partial(
        wake_ups_valkey.listen,
        settings.redis_url,
        events=live.on_events,
        activities=live.on_activities,
    )
    return [live.run, live.renew_presence, listen]


def projection_consumer(
    settings: NotificationSettings,
    *,
    store: LogStore,
    wake_ups: WakeUpChannel,
    mesh: Mesh,
    publisher: bus.Publisher,
    clock: Clock,
) -> bus.Subscriber:
    """What fills logs from events.

    By a consumer group of its own, so that arrivals on ten thousand homes and what people are told
    do not wait for each other.
    """
    projection = EventLogProjection(
        store=store, graph=MeshGraph(mesh), wake_ups=wake_ups, clock=clock
    )
    return bus.Subscriber(
        brokers=",".join(settings.kafka_brokers),
        group=consumer.GROUP,
        topics=consumer.TOPICS,
        publisher=publisher,
        clock=clock,
        batches=consumer.EventLogConsumer(projection),
    )


def trim_job(store: LogStore, clock: Clock) -> Job:
    """What removes events that are past their time."""
    return partial(trimming.run, store, clock)
