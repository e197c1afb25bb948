"""What delivery needs from other rooms and services, and from the networks that it sends over."""

from collections.abc import Collection, Mapping
from datetime import datetime
from email.message import EmailMessage
from typing import Protocol

from services.delivery.domain.model import Notification, PushSubscription, SendResult


class DisplayNames(Protocol):
    """The names of users, from the User service."""

    async def names(self, user_ids: Collection[int]) -> Mapping[int, str]:
        """The display names of these users, or their handles with an @. Deleted users are absent.
        Raises a RoostError if the User service is unavailable."""
        ...


class UnreadNotifications(Protocol):
    """The notifications that users have not read, and the preferences that decide about sending
    them. Each call returns the current state."""

    async def unread(
        self, wanted: Collection[tuple[int, int]]
    ) -> Mapping[tuple[int, int], Notification]:
        """Of these pairs of user and notification those that are unread and that the user's list
        shows now. Raises a RoostError if that cannot be decided."""
        ...

    async def newest_unread(self, user_id: int, *, limit: int) -> list[Notification]:
        """The user's newest such notifications, newest first. Raises as `unread` does."""
        ...

    async def digests_wanted(self, user_ids: Collection[int]) -> set[int]:
        """The users among them who want a daily digest."""
        ...

    async def quiet_until(self, user_ids: Collection[int]) -> Mapping[int, datetime]:
        """The users among them who have quiet hours now, and when these end."""
        ...

    async def time_zones(self, user_ids: Collection[int]) -> Mapping[int, str]:
        """The time zones of those users among them who have preferences."""
        ...


class PushServices(Protocol):
    """The push services of devices."""

    async def send(
        self, device: PushSubscription, content: bytes, *, urgent: bool, topic: str
    ) -> SendResult:
        """Sends an encrypted message. A waiting device gets only the last message of a topic.
        Nothing that a push service does makes it raise."""
        ...


class Mailer(Protocol):
    """The operator's mail server."""

    async def send(self, mail_message: EmailMessage) -> SendResult:
        """Sends the email. Nothing that the server does makes it raise; an email that cannot be
        serialized raises ValueError and others."""
        ...
