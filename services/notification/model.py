"""What somebody is told, and how far they have read."""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum


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


@dataclass(frozen=True, slots=True)
class Group:
    """One line of the list: the deeds of one group that are shown."""

    # That of the newest deed.
    id: int
    kind: Kind
    post_id: int
    # Up to five of those who did it, newest first.
    actor_ids: tuple[int, ...]
    count: int
    first_time: datetime
    last_time: datetime


@dataclass(frozen=True, slots=True)
class Marker:
    """Up to where somebody has read their notifications."""

    last_read_id: int
    update_time: datetime
