"""The rows of the store in memory."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from services.delivery.adapters.memory import DeliveryTables
from services.eventlog.adapters.memory import LogTables
from services.notification.domain.model import (
    FOLLOWS_TOGETHER,
    SAMPLES,
    Deed,
    Group,
    GroupKey,
    Kind,
    Marker,
    Preferences,
)


class Kept(NamedTuple):
    """A deed, and the id of the first one of its group."""

    deed: Deed
    first_id: int


# As what somebody may be notified of a post, once.
_OF_POSTS = frozenset({Kind.MENTION, Kind.REPLY, Kind.QUOTE, Kind.POST})

DeedKey = tuple[int, Kind, int, int]


@dataclass
class NotificationTables(DeliveryTables, LogTables):
    """Everything that is kept."""

    deeds: dict[DeedKey, Kept] = field(default_factory=dict)
    groups: dict[GroupKey, Group] = field(default_factory=dict)
    markers: dict[int, Marker] = field(default_factory=dict)
    preferences: dict[int, Preferences] = field(default_factory=dict)
    # (person, conversation)
    muted_conversations: set[tuple[int, int]] = field(default_factory=set)
    # By (watcher, author), since when.
    watches: dict[tuple[int, int], datetime] = field(default_factory=dict)
    # What was taken back, and when.
    withdrawn: dict[DeedKey, datetime] = field(default_factory=dict)
    gone_posts: dict[int, datetime] = field(default_factory=dict)
    gone_people: dict[int, datetime] = field(default_factory=dict)
    protected: set[int] = field(default_factory=set)

    def last_read(self, user_id: int) -> int:
        """Up to where somebody has read."""
        marker = self.markers.get(user_id)
        return marker.last_read_id if marker else 0

    def is_shown(self, deed: Deed) -> bool:
        """Whether the recipient mutes neither actor nor conversation."""
        return (
            not deed.muted
            and (deed.recipient_id, deed.conversation_id) not in self.muted_conversations
        )

    def refuses(self, deed: Deed) -> bool:
        """Whether a new deed is left out."""
        person, post = deed.recipient_id, deed.post_id
        return (
            key_of(deed) in self.deeds
            or post in self.gone_posts
            or not self.gone_people.keys().isdisjoint({person, deed.actor_id})
            or (
                deed.kind in {Kind.MENTION, Kind.POST}
                and any(
                    kept.recipient_id == person
                    and kept.post_id == post
                    and kept.kind in _OF_POSTS - {deed.kind}
                    for kept, _ in self.deeds.values()
                )
            )
        )

    def group_for(self, deed: Deed) -> int:
        """The first deed's id of the group that a new deed joins, or its own."""
        of_kind = [
            kept
            for kept in self.deeds.values()
            if (kept.deed.recipient_id, kept.deed.kind) == (deed.recipient_id, deed.kind)
        ]
        if deed.kind in {Kind.LIKE, Kind.REPOST}:
            return next(
                (each.first_id for each in of_kind if each.deed.post_id == deed.post_id), deed.id
            )
        if deed.kind is Kind.FOLLOW:
            shown = [each for each in of_kind if self.is_shown(each.deed)]
            newest = max(shown, key=lambda each: each.deed.id, default=None)
            if (
                newest is not None
                and newest.deed.time >= deed.time - FOLLOWS_TOGETHER
                and newest.deed.id > self.last_read(deed.recipient_id)
            ):
                return newest.first_id
        return deed.id

    def remove(self, matches: Callable[[Deed], bool]) -> list[GroupKey]:
        """Removes deeds; gives the keys of their groups."""
        gone = [key for key, kept in self.deeds.items() if matches(kept.deed)]
        return [
            GroupKey(kept.deed.recipient_id, kept.first_id)
            for kept in (self.deeds.pop(key) for key in gone)
        ]

    def withdraw(self, matches: Callable[[Deed], bool], now: datetime) -> list[GroupKey]:
        """Removes them, and remembers that unless one of the two people is gone; gives the keys of
        their groups."""
        for key, kept in self.deeds.items():
            people = {kept.deed.recipient_id, kept.deed.actor_id}
            if matches(kept.deed) and self.gone_people.keys().isdisjoint(people):
                self.withdrawn[key] = now
        return self.remove(matches)

    def put_together(self, key: GroupKey) -> Group | None:
        """The group as its deeds make it; None if none of them is shown."""
        shown = sorted(
            (
                kept.deed
                for kept in self.deeds.values()
                if (kept.deed.recipient_id, kept.first_id) == key and self.is_shown(kept.deed)
            ),
            key=lambda deed: deed.id,
            reverse=True,
        )
        if not shown:
            return None
        newest = shown[0]
        times = [deed.time for deed in shown]
        return Group(
            id=newest.id,
            kind=newest.kind,
            post_id=newest.post_id,
            actor_ids=tuple(deed.actor_id for deed in shown[:SAMPLES]),
            count=len(shown),
            first_time=min(times),
            last_time=max(times),
        )

    def told(self, matches: Callable[[Deed], bool]) -> Iterable[int]:
        """The recipients of such deeds, each once."""
        return dict.fromkeys(
            kept.deed.recipient_id for kept in self.deeds.values() if matches(kept.deed)
        )


def key_of(deed: Deed) -> DeedKey:
    """What there is at most one deed of."""
    return deed.recipient_id, deed.kind, deed.post_id, deed.actor_id
