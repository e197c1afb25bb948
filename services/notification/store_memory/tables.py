"""The rows of the store in memory."""

from dataclasses import dataclass, field

from services.notification.delivery.store_memory import DeliveryTables
from services.notification.model import Marker


@dataclass
class NotificationTables(DeliveryTables):
    """Everything that is kept."""

    markers: dict[int, Marker] = field(default_factory=dict)
