"""Wake-ups: what was appended, told to every process that delivers, the moment it is committed."""

from collections.abc import Sequence
from typing import Protocol

from services.eventlog.domain.model import LogEntry, PostActivity


class WakeUpChannel(Protocol):
    """Tells every process that delivers; returns at once, and may come to nothing."""

    def announce(self, entries: Sequence[LogEntry]) -> None:
        """These entries were committed."""
        ...

    def announce_activities(self, activities: Sequence[PostActivity]) -> None:
        """This happened around posts."""
        ...
