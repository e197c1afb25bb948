"""The tables of the store in memory."""

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


class ActivityRow(NamedTuple):
    """An activity, and the id of the first one of its group."""

    activity: Activity
    first_id: int


# A user is notified of a post as one of these kinds.
_OF_POSTS = frozenset({Kind.MENTION, Kind.REPLY, Kind.QUOTE, Kind.POST})

ActivityKey = tuple[int, Kind, int, int]


@dataclass
class NotificationTables(DeliveryTables, LogTables):
    """All tables of the service."""

    activities: dict[ActivityKey, ActivityRow] = field(default_factory=dict)
    groups: dict[GroupKey, Group] = field(default_factory=dict)
    markers: dict[int, Marker] = field(default_factory=dict)
    preferences: dict[int, Preferences] = field(default_factory=dict)
    # (user, conversation)
    muted_conversations: set[tuple[int, int]] = field(default_factory=set)
    # The begin of each watch, by watcher and author.
    watches: dict[tuple[int, int], datetime] = field(default_factory=dict)
    # When an activity was withdrawn.
    withdrawn: dict[ActivityKey, datetime] = field(default_factory=dict)
    deleted_posts: dict[int, datetime] = field(default_factory=dict)
    deleted_users: dict[int, datetime] = field(default_factory=dict)
    protected: set[int] = field(default_factory=set)

    def last_read(self, user_id: int) -> int:
        """The read marker; 0 without one."""
        marker = self.markers.get(user_id)
        return marker.last_read_id if marker else 0

    def is_shown(self, activity: Activity) -> bool:
        """Whether the recipient mutes neither actor nor conversation."""
        return (
            not activity.muted
            and (activity.recipient_id, activity.conversation_id) not in self.muted_conversations
        )

    def refuses(self, activity: Activity) -> bool:
        """Whether a new activity is skipped."""
        user_id, post_id = activity.recipient_id, activity.post_id
        return (
            key_of(activity) in self.activities
            or post_id in self.deleted_posts
            or not self.deleted_users.keys().isdisjoint({user_id, activity.actor_id})
            or (
                activity.kind in {Kind.MENTION, Kind.POST}
                and any(
                    row.recipient_id == user_id
                    and row.post_id == post_id
                    and row.kind in _OF_POSTS - {activity.kind}
                    for row, _ in self.activities.values()
                )
            )
        )

    def group_for(self, activity: Activity) -> int:
        """The id of the group's first activity for a new activity, or its own."""
        of_kind = [
            row
            for row in self.activities.values()
            if (row.activity.recipient_id, row.activity.kind)
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
        """Removes activities; returns the keys of their groups."""
        gone = [key for key, row in self.activities.items() if matches(row.activity)]
        return [
            GroupKey(row.activity.recipient_id, row.first_id)
            for row in (self.activities.pop(key) for key in gone)
        ]

    def withdraw(self, matches: Callable[[Activity], bool], now: datetime) -> list[GroupKey]:
        """Removes activities, and records that unless an account is deleted; returns the keys of
        their groups."""
        for key, row in self.activities.items():
            users = {row.activity.recipient_id, row.activity.actor_id}
            if matches(row.activity) and self.deleted_users.keys().isdisjoint(users):
                self.withdrawn[key] = now
        return self.remove(matches)

    def grouped(self, key: GroupKey) -> Group | None:
        """The group of its shown activities; None if there are none."""
        shown = sorted(
            (
                row.activity
                for row in self.activities.values()
                if (row.activity.recipient_id, row.first_id) == key and self.is_shown(row.activity)
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
        """The recipients of matching activities, each once."""
        return dict.fromkeys(
            row.activity.recipient_id for row in self.activities.values() if matches(row.activity)
        )


def key_of(activity: Activity) -> ActivityKey:
    """The unique key of an activity."""
    return activity.recipient_id, activity.kind, activity.post_id, activity.actor_id
