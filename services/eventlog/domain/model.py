"""The model of the event log."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from typing import NamedTuple

# The longest log from which a client resumes. For more, reading the state again is faster.
MAX_EVENTS = 2_000
KEPT = timedelta(days=7)

# The log of a deleted account is kept for this time, so that every device receives its last events.
DELETED_LOG_KEPT = timedelta(hours=1)

# A log is trimmed once in this number of events, so it may be longer than MAX_EVENTS by as many.
TRIM_EVERY = 100

# A user remains present for this time after the last connection: for reloads, interruptions, and
# new versions of the gateway.
PRESENCE_GRACE = timedelta(minutes=15)
# Margin for clock differences and running transactions.
LEEWAY = timedelta(minutes=1)


class Change(NamedTuple):
    """An entry for a user's log, before it has a sequence."""

    user_id: int
    # A serialized UserEvent with a kind and no other field.
    content: bytes


class LogEntry(NamedTuple):
    """An entry of a user's log."""

    user_id: int
    sequence: int
    time: datetime
    content: bytes


@dataclass(frozen=True, slots=True)
class Head:
    """The bounds of a log: all sequences from `first` to `last`; empty if `first` is greater."""

    first: int
    last: int
    # Until when the user is present; None for never.
    present_until: datetime | None = None


class SuppressionReason(IntEnum):
    """Why a user sees nothing of another user."""

    MUTES = 1
    BLOCKS = 2
    IS_BLOCKED = 3


class Suppression(NamedTuple):
    """One reason why a user sees nothing of another user; there may be several."""

    user_id: int
    other_id: int
    reason: SuppressionReason


@dataclass(frozen=True, slots=True)
class Arrival:
    """An entry that reached homes."""

    entry_id: int
    post_id: int
    author_id: int
    # 0 if it is no repost.
    reposter_id: int
    user_ids: tuple[int, ...]
    # Whether `user_ids` follow a hashtag of the post.
    by_hashtag: bool = False

    @property
    def actor_id(self) -> int:
        """The reposter, or the author."""
        return self.reposter_id or self.author_id


class PostActivity(NamedTuple):
    """A change of a post, its counts or its replies."""

    post_id: int
    # A new reply; 0 if only counts, text or visibility changed.
    reply_post_id: int = 0
    deleted: bool = False


class HashtagActivity(NamedTuple):
    """A new public post with a hashtag, which is folded."""

    tag: str
    post_id: int


class Attached(NamedTuple):
    """A user is attached, and their log ends with `last`."""

    user_id: int
    last: int


class Gap(NamedTuple):
    """Entries before `first` are missing: all of them, or with `home_only` arrivals."""

    user_id: int
    first: int
    home_only: bool = False


# The items of a stream.
StreamItem = LogEntry | Attached | Gap | PostActivity | HashtagActivity


def places(
    changes: Iterable[Change], lasts: Mapping[int, int], counts: Mapping[int, int]
) -> list[int]:
    """The sequence of each change, for logs that end with `lasts` after `counts` more entries."""
    following = {user_id: lasts[user_id] - counts[user_id] for user_id in lasts}
    placed = []
    for change in changes:
        following[change.user_id] += 1
        placed.append(following[change.user_id])
    return placed


def too_long(head: Head) -> int | None:
    """The new first sequence of a log that is too long; None for other logs."""
    if head.last - head.first + 1 < MAX_EVENTS + TRIM_EVERY:
        return None
    return head.last - MAX_EVENTS + 1
