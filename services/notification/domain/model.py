"""What somebody is told: deeds, the groups they form, and the wishes that decide about them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum
from typing import NamedTuple

# Follows within this time of each other, and not read yet, are told together.
FOLLOW_GROUP_WINDOW = timedelta(hours=24)
# What is older is forgotten: nobody pages back so far, and posts are still where they were.
KEPT = timedelta(days=90)
# How long it is remembered that a post or a person is gone: longer than an event may be late.
DELETED_KEPT = timedelta(days=7)

# Whoever has more unread has "many"; counting on would cost more than it tells.
MAX_UNREAD = 100
SAMPLES = 5
MAX_MUTED_CONVERSATIONS = 1_000
MAX_WATCHED = 200


class Kind(IntEnum):
    """What happened; the numbers are those of the contract."""

    FOLLOW = 1
    FOLLOW_REQUEST = 2
    FOLLOW_ACCEPTED = 3
    MENTION = 4
    REPLY = 5
    LIKE = 6
    REPOST = 7
    QUOTE = 8
    POST = 9


class Sender(IntEnum):
    """Whose deeds are told; the numbers are those of the contract."""

    EVERYONE = 1
    FOLLOWING = 2
    NOBODY = 3


class Visibility(IntEnum):
    """Who may read a post; the numbers are those of the contract."""

    PUBLIC = 1
    FOLLOWERS = 2
    MENTIONED = 3


class Relationship(NamedTuple):
    """How a recipient stands to somebody: follows them, mutes them, or a block is between."""

    following: bool = False
    muting: bool = False
    either_blocks: bool = False


class Activity(NamedTuple):
    """Who did what, and who is told. At most one for each recipient, kind, post and actor."""

    # Sorts by the moment in which the recipient was told.
    id: int
    recipient_id: int
    kind: Kind
    # 0 for follows.
    post_id: int
    actor_id: int
    # The first post of the conversation that it belongs to; 0 for follows.
    conversation_id: int
    time: datetime
    # Whether the recipient mutes the actor, so that the deed is kept and not shown.
    muted: bool = False


class Added(NamedTuple):
    """A deed that was not there before, and the group that it joined."""

    key: "GroupKey"
    activity_id: int
    # Whether there was such a deed before, which was taken back within KEPT: then it is no news.
    again: bool


class GroupKey(NamedTuple):
    """A group for as long as it lives, whatever its newest deed."""

    recipient_id: int
    # The id of its first deed.
    first_id: int


@dataclass(frozen=True, slots=True)
class Group:
    """One line of the list: the deeds of one group that are shown."""

    # That of the newest deed.
    id: int
    kind: Kind
    post_id: int
    # Up to SAMPLES of those who did it, newest first.
    actor_ids: tuple[int, ...]
    count: int
    first_time: datetime
    last_time: datetime


class GroupChange(NamedTuple):
    """What became of a group: new without `before`, gone without `after`."""

    recipient_id: int
    before: Group | None
    after: Group | None


@dataclass(frozen=True, slots=True)
class Marker:
    """Up to where somebody has read their notifications."""

    last_read_id: int
    update_time: datetime


class KindPreference(NamedTuple):
    """How somebody wishes to hear of one kind."""

    sender: Sender = Sender.EVERYONE
    push: bool = True


class QuietHours(NamedTuple):
    """A part of each day, from one hour (0 to 23) to another; the same twice is none of it."""

    start: int
    end: int


NO_QUIET_HOURS = QuietHours(0, 0)


class DaySettings(NamedTuple):
    """When it is day for somebody."""

    # A name of the IANA database.
    time_zone: str = "UTC"
    # In which nothing is pushed; None for none.
    quiet_hours: QuietHours | None = None


@dataclass(frozen=True, slots=True)
class Preferences:
    """What somebody wishes to hear of. A kind without a wish has the usual one."""

    kind_preferences: Mapping[Kind, KindPreference] = field(default_factory=dict)
    email_digest: bool = False
    # One more with each change.
    version: int = 0
    day: DaySettings = field(default_factory=DaySettings)

    @property
    def etag(self) -> str:
        """Stands for what the person can edit here."""
        return str(self.version)
