"""Puts the event log together, for both processes of the service."""

from functools import partial

from roost.notification.v1.event_service_pb2_grpc import add_EventServiceServicer_to_server

from services.chassis import bus
from services.chassis.clients import Mesh
from services.chassis.clock import Clock
from services.chassis.server import Mount
from services.chassis.supervision import Job
from services.notification.log import convert, subscriber, trimming, wakes_valkey
from services.notification.log.effects import Effects
from services.notification.log.live import LiveDelivery
from services.notification.log.servicer import EventServicer
from services.notification.log.store import LogStore
from services.notification.log.wakes import Wakes
from services.notification.peers_mesh import MeshGraph
from services.notification.settings import NotificationSettings


def live_delivery(*, store: LogStore, clock: Clock) -> LiveDelivery:
    """What brings events to the streams of a process."""
    return LiveDelivery(store=store, clock=clock, missed=convert.ARRIVALS_MISSED)


def mount(*, store: LogStore, live: LiveDelivery, clock: Clock) -> Mount:
    """The servicer."""
    servicer = EventServicer(store=store, live=live, clock=clock)
    return Mount(add_EventServiceServicer_to_server, servicer)


def carrying(told: NotificationSettings, live: LiveDelivery) -> list[Job]:
    """What a process that serves does to bring events to streams."""
    listen = partial(
        wakes_valkey.listen,
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
        group=subscriber.GROUP,
        topics=subscriber.TOPICS,
        publisher=publisher,
        clock=clock,
        batches=subscriber.LogEvents(effects),
    )


def cutting(store: LogStore, clock: Clock) -> Job:
    """What removes events that are past their time."""
    return partial(trimming.run, store, clock)
