"""The model of notifications: activities, the groups they form, and preferences."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum
from typing import NamedTuple

from services.delivery.domain.local_time import DaySettings

# Unread follows within this time of each other form one group.
FOLLOW_GROUP_WINDOW = timedelta(hours=24)
# Older notifications are deleted: nobody pages back so far, and the posts still exist.
KEPT = timedelta(days=90)
# How long deletions are recorded: longer than an event may be late.
DELETED_KEPT = timedelta(days=7)

# Unread notifications are counted up to this number.
MAX_UNREAD = 100
SAMPLES = 5
MAX_MUTED_CONVERSATIONS = 1_000
MAX_WATCHED = 200


class Kind(IntEnum):
    """The kind of an activity; the numbers are those of NotificationKind."""

    FOLLOW = 1
    FOLLOW_REQUEST = 2
    FOLLOW_ACCEPTED = 3
    MENTION = 4
    REPLY = 5
    LIKE = 6
    REPOST = 7
    QUOTE = 8
    POST = 9


# They wake a device that saves its battery.
URGENT_KINDS = frozenset({Kind.MENTION, Kind.REPLY, Kind.QUOTE, Kind.FOLLOW_REQUEST})
# Groups of these kinds about one post are one topic of delivery.
_KINDS_OF_A_POST = frozenset(
    {Kind.LIKE, Kind.REPOST, Kind.MENTION, Kind.REPLY, Kind.QUOTE, Kind.POST}
)


class Sender(IntEnum):
    """Whose activities a user is notified of; the numbers are those of SenderFilter."""

    EVERYONE = 1
    FOLLOWING = 2
    NOBODY = 3


class Visibility(IntEnum):
    """Who may read a post; the numbers are those of the contract's Visibility."""

    PUBLIC = 1
    FOLLOWERS = 2
    MENTIONED = 3


class Relationship(NamedTuple):
    """Whether a recipient follows or mutes another user, and whether either blocks the other."""

    following: bool = False
    muting: bool = False
    either_blocks: bool = False


class Activity(NamedTuple):
    """What a user did that concerns a recipient. Unique by recipient, kind, post and actor."""

    # Sorts by the time at which the activity was stored.
    id: int
    recipient_id: int
    kind: Kind
    # 0 for follows.
    post_id: int
    actor_id: int
    # The first post of the conversation that it belongs to; 0 for follows.
    conversation_id: int
    time: datetime
    # Whether the recipient mutes the actor: the activity is stored and not shown.
    muted: bool = False


class Added(NamedTuple):
    """A new activity, and the group that it joined."""

    key: "GroupKey"
    activity_id: int
    # Whether the same activity was withdrawn within KEPT: then it is not pushed again.
    again: bool


class GroupKey(NamedTuple):
    """The key of a group. It does not change with the group's newest activity."""

    recipient_id: int
    # The id of its first activity.
    first_id: int


@dataclass(frozen=True, slots=True)
class Group:
    """One notification: the shown activities of one group."""

    # The id of the newest activity.
    id: int
    kind: Kind
    post_id: int
    # Up to SAMPLES actors, newest first.
    actor_ids: tuple[int, ...]
    count: int
    first_time: datetime
    last_time: datetime


class GroupChange(NamedTuple):
    """A change of a group: new without `before`, removed without `after`."""

    recipient_id: int
    before: Group | None
    after: Group | None


@dataclass(frozen=True, slots=True)
class Marker:
    """The read marker of a user's notifications."""

    last_read_id: int
    update_time: datetime


class KindPreference(NamedTuple):
    """A user's preference for one kind."""

    sender: Sender = Sender.EVERYONE
    push: bool = True


@dataclass(frozen=True, slots=True)
class Preferences:
    """The preferences of a user. A kind that is absent has the default."""

    kind_preferences: Mapping[Kind, KindPreference] = field(default_factory=dict)
    email_digest: bool = False
    # Incremented by each change.
    version: int = 0
    day: DaySettings = field(default_factory=DaySettings)

    @property
    def etag(self) -> str:
        """The etag of what the user can edit."""
        return str(self.version)


def topic_of(group: Group) -> str:
    """The topic of delivery of a group: one post, all follows, or one user's follow request."""
    return topic(group.kind, group.post_id, group.actor_ids[0])


def topic(kind: Kind, post_id: int, actor_id: int) -> str:
    """The topic of an activity, which is that of its group."""
    if kind in _KINDS_OF_A_POST:
        return f"{kind.name}:{post_id}"
    if kind is Kind.FOLLOW:
        return kind.name
    return f"{kind.name}:{actor_id}"
