"""Puts the event log together, for both processes of the service."""

from functools import partial

from roost.notification.v1.event_service_pb2_grpc import add_EventServiceServicer_to_server

from services.chassis.events import bus
from services.chassis.rpc.clients import Mesh
from services.chassis.rpc.server import Mount
from services.chassis.runtime.clock import Clock
from services.chassis.runtime.supervision import Job
from services.eventlog.adapters import wake_ups_valkey
from services.eventlog.domain.live import LiveDelivery
from services.eventlog.domain.projection import Effects
from services.eventlog.domain.store import LogStore
from services.eventlog.domain.wake_ups import Wakes
from services.eventlog.rpc import convert
from services.eventlog.rpc.servicer import EventServicer
from services.eventlog.worker import consumer, trimming
from services.notification.adapters.clients import MeshGraph
from services.notification.settings import NotificationSettings


def live_delivery(*, store: LogStore, clock: Clock) -> LiveDelivery:
    """What brings events to the streams of a process."""
    return LiveDelivery(store=store, clock=clock, missed=convert.ARRIVALS_MISSED)


def mount(*, store: LogStore, live: LiveDelivery, clock: Clock) -> Mount:
    servicer = EventServicer(store=store, live=live, clock=clock)
    return Mount(add_EventServiceServicer_to_server, servicer)


def carrying(told: NotificationSettings, live: LiveDelivery) -> list[Job]:
    """What a process that serves does to bring events to streams."""
    listen = partial(
        wake_ups_valkey.listen,
        told.redis_url,
        events=live.on_events,
        activities=live.on_activities,
    )
    return [live.run, live.stay, listen]


def following(
    told: NotificationSettings,
    *,
    store: LogStore,
    wakes: Wakes,
    mesh: Mesh,
    publisher: bus.Publisher,
    clock: Clock,
) -> bus.Subscriber:
    """What fills logs from events.

    By a consumer group of its own, so that arrivals on ten thousand homes and what people are told
    do not wait for each other.
    """
    effects = Effects(store=store, graph=MeshGraph(mesh), wakes=wakes, clock=clock)
    return bus.Subscriber(
        brokers=",".join(told.kafka_brokers),
        group=consumer.GROUP,
        topics=consumer.TOPICS,
        publisher=publisher,
        clock=clock,
        batches=consumer.LogEvents(effects),
    )


def cutting(store: LogStore, clock: Clock) -> Job:
    """What removes events that are past their time."""
    return partial(trimming.run, store, clock)
