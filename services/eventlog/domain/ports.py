"""What the event log needs from other services, and how it announces new entries."""

from collections.abc import Collection, Sequence
from typing import Protocol

from services.eventlog.domain.model import HashtagActivity, LogEntry, PostActivity


class FollowGraph(Protocol):
    """Who follows whom, strongly consistent, from GraphService."""

    async def followers_among(self, user_ids: Collection[int], followee_id: int) -> set[int]:
        """The users among up to 1,000 who follow the followee."""
        ...


class WakeUpChannel(Protocol):
    """Announces new entries to every serving process. Calls return immediately, and an announcement
    may be lost."""

    def announce(self, entries: Sequence[LogEntry]) -> None:
        """These entries were committed."""
        ...

    def announce_activities(self, activities: Sequence[PostActivity]) -> None:
        """These activities around posts happened."""
        ...

    def announce_hashtags(self, activities: Sequence[HashtagActivity]) -> None:
        """These posts with hashtags were created."""
        ...
