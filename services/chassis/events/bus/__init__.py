"""Events over the Kafka protocol: at least once, in order within a key."""

from services.chassis.events.bus.announcements import Announcements, open_announcements
from services.chassis.events.bus.connection import KafkaConnection
from services.chassis.events.bus.producer import (
    Publisher,
    PublishFailed,
    RecordsRefused,
    publisher,
)
from services.chassis.events.bus.subscriber import Subscriber, dead_letter_topic
from services.chassis.events.routes import BatchHandler, EventRoutes, Handler, Routes

__all__ = [
    "Announcements",
    "BatchHandler",
    "EventRoutes",
    "Handler",
    "KafkaConnection",
    "PublishFailed",
    "Publisher",
    "RecordsRefused",
    "Routes",
    "Subscriber",
    "dead_letter_topic",
    "open_announcements",
    "publisher",
]
