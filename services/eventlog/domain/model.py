"""What the event log is made of."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from typing import NamedTuple

# What a client that was away may still catch up on. More is slower than reading the state anew.
MAX_EVENTS = 2_000
KEPT = timedelta(days=7)

# The log of somebody who deleted the account stays so long, so that every device learns of it.
DELETED_LOG_KEPT = timedelta(hours=1)

# Counting is looked into once in so many events of a person, who may therefore have as many more.
TRIM_EVERY = 100

# Whoever left is still there for so long: a reload, a tunnel, a new version of the gateway.
PRESENCE_GRACE = timedelta(minutes=15)
# What lies between two looks at who is there: clocks that differ, a transaction under way.
LEEWAY = timedelta(minutes=1)


class Change(NamedTuple):
    """What happened to somebody, before it has a place in their log."""

    user_id: int
    # A serialized UserEvent that has a kind and nothing else.
    content: bytes


class LogEntry(NamedTuple):
    """An entry of somebody's log."""

    user_id: int
    sequence: int
    time: datetime
    content: bytes


@dataclass(frozen=True, slots=True)
class Head:
    """What a log holds: everything from `first` to `last`, and nothing if `first` is above it."""

    first: int
    last: int
    # Until when the person counts as being there; None for never yet.
    present_until: datetime | None = None


class SuppressionReason(IntEnum):
    """Why somebody sees nothing of somebody else."""

    MUTES = 1
    BLOCKS = 2
    IS_BLOCKED = 3


class Suppression(NamedTuple):
    """Somebody sees nothing of somebody else, for one reason of possibly several."""

    user_id: int
    other_id: int
    reason: SuppressionReason


@dataclass(frozen=True, slots=True)
class Arrival:
    """An entry that reached homes."""

    entry_id: int
    post_id: int
    author_id: int
    # 0 where it is no repost.
    reposter_id: int
    user_ids: tuple[int, ...]

    @property
    def actor_id(self) -> int:
        """Who put it there."""
        return self.reposter_id or self.author_id


class PostActivity(NamedTuple):
    """Something happened around a post."""

    post_id: int
    # A reply that was written; 0 where only counts, text or visibility changed.
    reply_post_id: int = 0
    deleted: bool = False


class Attached(NamedTuple):
    """Somebody is attached, and their log ends here."""

    user_id: int
    last: int


class Gap(NamedTuple):
    """What precedes `first` cannot be had any more, or nothing but arrivals of it."""

    user_id: int
    first: int
    home_only: bool = False


# What a stream carries.
StreamItem = LogEntry | Attached | Gap | PostActivity


def places(
    changes: Iterable[Change], lasts: Mapping[int, int], counts: Mapping[int, int]
) -> list[int]:
    """The sequence of each change, where the logs end with `lasts` after `counts` more entries."""
    following = {user_id: lasts[user_id] - counts[user_id] for user_id in lasts}
    placed = []
    for change in changes:
        following[change.user_id] += 1
        placed.append(following[change.user_id])
    return placed


def too_long(head: Head) -> int | None:
    """Where a log that has grown too long is to begin; None for one that has not."""
    if head.last - head.first + 1 < MAX_EVENTS + TRIM_EVERY:
        return None
    return head.last - MAX_EVENTS + 1
