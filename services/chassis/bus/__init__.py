"""Events over the Kafka protocol: at least once, in order within a key."""

from services.chassis.bus.producer import Publisher, PublishFailed, RecordsRefused, publisher
from services.chassis.bus.routes import BatchHandler, Handler, Routes
from services.chassis.bus.subscriber import Subscriber, parked

__all__ = [
    "BatchHandler",
    "Handler",
    "PublishFailed",
    "Publisher",
    "RecordsRefused",
    "Routes",
    "Subscriber",
    "parked",
    "publisher",
]
