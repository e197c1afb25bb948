"""The rows of the store in memory."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from services.delivery.adapters.memory import DeliveryTables
from services.eventlog.adapters.memory import LogTables
from services.notification.domain.model import (
    FOLLOW_GROUP_WINDOW,
    SAMPLES,
    Activity,
    Group,
    GroupKey,
    Kind,
    Marker,
    Preferences,
)


class Kept(NamedTuple):
    """A deed, and the id of the first one of its group."""

    activity: Activity
    first_id: int


# As what somebody may be notified of a post, once.
_OF_POSTS = frozenset({Kind.MENTION, Kind.REPLY, Kind.QUOTE, Kind.POST})

ActivityKey = tuple[int, Kind, int, int]


@dataclass
class NotificationTables(DeliveryTables, LogTables):
    """Everything that is kept."""

    activities: dict[ActivityKey, Kept] = field(default_factory=dict)
    groups: dict[GroupKey, Group] = field(default_factory=dict)
    markers: dict[int, Marker] = field(default_factory=dict)
    preferences: dict[int, Preferences] = field(default_factory=dict)
    # (person, conversation)
    muted_conversations: set[tuple[int, int]] = field(default_factory=set)
    # By (watcher, author), since when.
    watches: dict[tuple[int, int], datetime] = field(default_factory=dict)
    # What was taken back, and when.
    withdrawn: dict[ActivityKey, datetime] = field(default_factory=dict)
    deleted_posts: dict[int, datetime] = field(default_factory=dict)
    deleted_users: dict[int, datetime] = field(default_factory=dict)
    protected: set[int] = field(default_factory=set)

    def last_read(self, user_id: int) -> int:
        """Up to where somebody has read."""
        marker = self.markers.get(user_id)
        return marker.last_read_id if marker else 0

    def is_shown(self, activity: Activity) -> bool:
        """Whether the recipient mutes neither actor nor conversation."""
        return (
            not activity.muted
            and (activity.recipient_id, activity.conversation_id) not in self.muted_conversations
        )

    def refuses(self, activity: Activity) -> bool:
        """Whether a new deed is left out."""
        person, post = activity.recipient_id, activity.post_id
        return (
            key_of(activity) in self.activities
            or post in self.deleted_posts
            or not self.deleted_users.keys().isdisjoint({person, activity.actor_id})
            or (
                activity.kind in {Kind.MENTION, Kind.POST}
                and any(
                    kept.recipient_id == person
                    and kept.post_id == post
                    and kept.kind in _OF_POSTS - {activity.kind}
                    for kept, _ in self.activities.values()
                )
            )
        )

    def group_for(self, activity: Activity) -> int:
        """The first deed's id of the group that a new deed joins, or its own."""
        of_kind = [
            kept
            for kept in self.activities.values()
            if (kept.activity.recipient_id, kept.activity.kind)
            == (activity.recipient_id, activity.kind)
        ]
        if activity.kind in {Kind.LIKE, Kind.REPOST}:
            return next(
                (each.first_id for each in of_kind if each.activity.post_id == activity.post_id),
                activity.id,
            )
        if activity.kind is Kind.FOLLOW:
            shown = [each for each in of_kind if self.is_shown(each.activity)]
            newest = max(shown, key=lambda each: each.activity.id, default=None)
            if (
                newest is not None
                and newest.activity.time >= activity.time - FOLLOW_GROUP_WINDOW
                and newest.activity.id > self.last_read(activity.recipient_id)
            ):
                return newest.first_id
        return activity.id

    def remove(self, matches: Callable[[Activity], bool]) -> list[GroupKey]:
        """Removes deeds; gives the keys of their groups."""
        gone = [key for key, kept in self.activities.items() if matches(kept.activity)]
        return [
            GroupKey(kept.activity.recipient_id, kept.first_id)
            for kept in (self.activities.pop(key) for key in gone)
        ]

    def withdraw(self, matches: Callable[[Activity], bool], now: datetime) -> list[GroupKey]:
        """Removes them, and remembers that unless one of the two people is gone; gives the keys of
        their groups."""
        for key, kept in self.activities.items():
            people = {kept.activity.recipient_id, kept.activity.actor_id}
            if matches(kept.activity) and self.deleted_users.keys().isdisjoint(people):
                self.withdrawn[key] = now
        return self.remove(matches)

    def put_together(self, key: GroupKey) -> Group | None:
        """The group as its deeds make it; None if none of them is shown."""
        shown = sorted(
            (
                kept.activity
                for kept in self.activities.values()
                if (kept.activity.recipient_id, kept.first_id) == key
                and self.is_shown(kept.activity)
            ),
            key=lambda activity: activity.id,
            reverse=True,
        )
        if not shown:
            return None
        newest = shown[0]
        times = [activity.time for activity in shown]
        return Group(
            id=newest.id,
            kind=newest.kind,
            post_id=newest.post_id,
            actor_ids=tuple(activity.actor_id for activity in shown[:SAMPLES]),
            count=len(shown),
            first_time=min(times),
            last_time=max(times),
        )

    def recipients(self, matches: Callable[[Activity], bool]) -> Iterable[int]:
        """The recipients of such deeds, each once."""
        return dict.fromkeys(
            kept.activity.recipient_id
            for kept in self.activities.values()
            if matches(kept.activity)
        )


def key_of(activity: Activity) -> ActivityKey:
    """What there is at most one deed of."""
    return activity.recipient_id, activity.kind, activity.post_id, activity.actor_id
