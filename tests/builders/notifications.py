"""Settings, notifications and fakes for tests of notifications, delivery and the event log."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from services.chassis.auth.tokens import SigningKey
from services.chassis.runtime.errors import Unavailable
from services.delivery.domain.model import Notification
from services.delivery.domain.schedule import Notified
from services.notification.adapters.unread import notification_of
from services.notification.domain.model import Group, Kind, topic
from services.notification.domain.ports import Visible
from services.notification.settings import NotificationSettings

NOON = datetime(2025, 6, 1, 12, 0, tzinfo=UTC)


def settings(folder: Path, **changes: Any) -> NotificationSettings:
    """Settings of a process that may push to this machine, with a key of its own."""
    key = folder / "push.pem"
    if not key.exists():
        key.write_bytes(SigningKey.generate("push").pem())
    usual: dict[str, Any] = {
        "mesh": "127.0.0.1:1",
        "database_url": "postgres://127.0.0.1/none",
        "redis_url": "redis://127.0.0.1",
        "kafka_brokers": "127.0.0.1:1",
        "page_token_key": "00" * 32,
        "master_key": "11" * 32,
        "service_key_file": folder / "notification.pem",
        "service_keys_file": folder / "services.json",
        "push_key_file": key,
        "push_contact": "mailto:ops@roost.example",
        "push_loopback_allowed": True,
        "public_url": "https://roost.example",
        "mail_from": "Roost <noreply@roost.example>",
    }
    return NotificationSettings(**(usual | changes))


def notification(
    number: int, kind: Kind = Kind.LIKE, *actors: int, post_id: int = 7
) -> Notification:
    """A notification of activities by these users, or by one."""
    actors = actors or (2,)
    return notification_of(Group(number, kind, post_id, actors, len(actors), NOON, NOON))


def notified(recipient_id: int, each: Notification, *, push: bool = True, **more: Any) -> Notified:
    """The notification as the notifier passes it to the schedule."""
    kind = Kind[each.kind.upper()]
    return Notified(
        recipient_id, each.id, topic(kind, each.post_id, each.actor_ids[0]), push, **more
    )


@dataclass
class FakeUnread:
    """Unread notifications and preferences: see `delivery.domain.ports.UnreadNotifications`."""

    notifications: dict[int, dict[int, Notification]] = field(default_factory=dict)
    digests: set[int] = field(default_factory=set)
    quiet: dict[int, datetime] = field(default_factory=dict)
    zones: dict[int, str] = field(default_factory=dict)

    def add(self, user_id: int, added: Notification) -> None:
        self.notifications.setdefault(user_id, {})[added.id] = added

    def read(self, user_id: int) -> None:
        self.notifications.pop(user_id, None)

    async def unread(
        self, wanted: Collection[tuple[int, int]]
    ) -> Mapping[tuple[int, int], Notification]:
        return {
            (user_id, group_id): self.notifications[user_id][group_id]
            for user_id, group_id in wanted
            if group_id in self.notifications.get(user_id, {})
        }

    async def newest_unread(self, user_id: int, *, limit: int) -> list[Notification]:
        mine = self.notifications.get(user_id, {})
        return [mine[each] for each in sorted(mine, reverse=True)[:limit]]

    async def digests_wanted(self, user_ids: Collection[int]) -> set[int]:
        return self.digests & set(user_ids)

    async def quiet_until(self, user_ids: Collection[int]) -> Mapping[int, datetime]:
        return {each: self.quiet[each] for each in user_ids if each in self.quiet}

    async def time_zones(self, user_ids: Collection[int]) -> Mapping[int, str]:
        return {each: self.zones[each] for each in user_ids if each in self.zones}


@dataclass
class FakeVisibility:
    """Everything is visible that is not hidden here: see `notification.domain.ports.Visibility`."""

    # (viewer, post) and (viewer, user)
    hidden_posts: set[tuple[int, int]] = field(default_factory=set)
    hidden_users: set[tuple[int, int]] = field(default_factory=set)
    muted: set[tuple[int, int]] = field(default_factory=set)
    away: bool = False
    calls: int = 0

    async def visible(
        self, viewer_id: int, *, post_ids: Collection[int], user_ids: Collection[int]
    ) -> Visible:
        assert len(post_ids) <= 200
        assert len(user_ids) <= 1000
        if self.away:
            raise Unavailable
        self.calls += 1
        return Visible(
            {each for each in post_ids if (viewer_id, each) not in self.hidden_posts},
            {each for each in user_ids if (viewer_id, each) not in self.hidden_users},
            {each for each in user_ids if (viewer_id, each) in self.muted},
        )


@dataclass
class FakeDisplayNames:
    """The names of users: see `delivery.domain.ports.DisplayNames`."""

    known: dict[int, str] = field(default_factory=lambda: {2: "Bob", 3: "@carol", 4: "Dave"})
    away: bool = False

    async def names(self, user_ids: Collection[int]) -> Mapping[int, str]:
        if self.away:
            raise Unavailable
        return {each: self.known[each] for each in user_ids if each in self.known}
