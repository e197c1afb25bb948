"""Events over the Kafka protocol: at least once, in order within a key."""

from services.chassis.events.bus.producer import (
    Publisher,
    PublishFailed,
    RecordsRefused,
    publisher,
)
from services.chassis.events.bus.routes import BatchHandler, EventRoutes, Handler, Routes
from services.chassis.events.bus.subscriber import Subscriber, dead_letter_topic

__all__ = [
    "BatchHandler",
    "EventRoutes",
    "Handler",
    "PublishFailed",
    "Publisher",
    "RecordsRefused",
    "Routes",
    "Subscriber",
    "dead_letter_topic",
    "publisher",
]
