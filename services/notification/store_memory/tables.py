"""The rows of the store in memory."""

from dataclasses import dataclass, field

from services.chassis.memory import Tables
from services.notification.model import Marker


@dataclass
class NotificationTables(Tables):
    """Everything that is kept."""

    markers: dict[int, Marker] = field(default_factory=dict)
