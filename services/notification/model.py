"""What somebody is told, and how far they have read."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Marker:
    """Up to where somebody has read their notifications."""

    last_read_id: int
    update_time: datetime
