"""What a test of delivery needs: settings, and people with unread notifications."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from services.chassis.auth.tokens import SigningKey
from services.chassis.runtime.errors import Unavailable
from services.notification.domain.model import Group, Kind
from services.notification.domain.ports import Visible
from services.notification.settings import NotificationSettings

NOON = datetime(2025, 6, 1, 12, 0, tzinfo=UTC)


def settings(folder: Path, **told: Any) -> NotificationSettings:
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
    return NotificationSettings(**(usual | told))


def group(number: int, kind: Kind = Kind.LIKE, *actors: int, post_id: int = 7) -> Group:
    """A line of the list, of these people or of one."""
    actors = actors or (2,)
    return Group(number, kind, post_id, actors, len(actors), NOON, NOON)


@dataclass
class Inbox:
    """What people have not read, and how they wish to hear of it: see `carriers.Unread`."""

    groups: dict[int, dict[int, Group]] = field(default_factory=dict)
    digests: set[int] = field(default_factory=set)
    quiet: dict[int, datetime] = field(default_factory=dict)
    zones: dict[int, str] = field(default_factory=dict)

    def tell(self, user_id: int, told: Group) -> None:
        self.groups.setdefault(user_id, {})[told.id] = told

    def read(self, user_id: int) -> None:
        self.groups.pop(user_id, None)

    async def unread(self, wanted: Collection[tuple[int, int]]) -> Mapping[tuple[int, int], Group]:
        return {
            (user_id, group_id): self.groups[user_id][group_id]
            for user_id, group_id in wanted
            if group_id in self.groups.get(user_id, {})
        }

    async def newest_unread(self, user_id: int, *, limit: int) -> list[Group]:
        mine = self.groups.get(user_id, {})
        return [mine[each] for each in sorted(mine, reverse=True)[:limit]]

    async def digests_wanted(self, user_ids: Collection[int]) -> set[int]:
        return self.digests & set(user_ids)

    async def quiet_until(self, user_ids: Collection[int]) -> Mapping[int, datetime]:
        return {each: self.quiet[each] for each in user_ids if each in self.quiet}

    async def time_zones(self, user_ids: Collection[int]) -> Mapping[int, str]:
        return {each: self.zones[each] for each in user_ids if each in self.zones}


@dataclass
class Sight:
    """Who may see what: everything that is not named here. See `peers.Visibility`."""

    # (viewer, post) and (viewer, person)
    hidden_posts: set[tuple[int, int]] = field(default_factory=set)
    hidden_people: set[tuple[int, int]] = field(default_factory=set)
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
            {each for each in user_ids if (viewer_id, each) not in self.hidden_people},
            {each for each in user_ids if (viewer_id, each) in self.muted},
        )


@dataclass
class DisplayNames:
    """What people are called: see `peers.Names`."""

    known: dict[int, str] = field(default_factory=lambda: {2: "Bob", 3: "@carol", 4: "Dave"})
    away: bool = False

    async def names(self, user_ids: Collection[int]) -> Mapping[int, str]:
        if self.away:
            raise Unavailable
        return {each: self.known[each] for each in user_ids if each in self.known}
