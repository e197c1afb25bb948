"""What the User service knows: people, their sessions and keys, and the edges between them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, IntEnum, IntFlag
from typing import NamedTuple


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A person's profile, with counters that settle within seconds."""

    id: int
    handle: str
    display_name: str
    bio: str = ""
    location: str = ""
    website: str = ""
    avatar_media_id: int = 0
    protected: bool = False
    followers_count: int = 0
    following_count: int = 0
    posts_count: int = 0
    create_time: datetime
    update_time: datetime
    # Grows by one with every change of the profile; counters do not touch it.
    version: int = 1

    @property
    def etag(self) -> str:
        """Names this state of the profile."""
        return str(self.version)


@dataclass(frozen=True, slots=True)
class UserRow:
    """Somebody who exists, as far as following them needs to know."""

    id: int
    protected: bool


class RelationshipKind(IntEnum):
    """What may lead from one person to another. The numbers are stored."""

    FOLLOW = 1
    REQUEST = 2
    BLOCK = 3
    MUTE = 4


class Direction(Enum):
    """Which end of an edge a person stands at."""

    OUT = "out"
    IN = "in"


class Relationship(IntFlag):
    """How a viewer and one other person stand: every edge between the two."""

    NONE = 0
    FOLLOWING = 1
    FOLLOWED_BY = 2
    REQUESTED = 4
    REQUESTED_BY = 8
    BLOCKING = 16
    BLOCKED_BY = 32
    MUTING = 64

    @classmethod
    def of(cls, edge: RelationshipKind, direction: Direction) -> "Relationship":
        """The tie that an edge makes, seen from the end where `direction` is the edge's own."""
        return cls(1 << (2 * (edge - 1) + (direction is Direction.IN)))


@dataclass(frozen=True, slots=True)
class ListedEdge:
    """One line of a list of people: the edge's id gives the order, newest highest."""

    edge_id: int
    other_id: int


@dataclass(frozen=True, slots=True)
class EdgeBetween:
    """One edge with both its ends."""

    edge: RelationshipKind
    source_id: int
    target_id: int


class IdPage(NamedTuple):
    """A page of one person's followers, or of those whom they follow: ids, ascending; whether there
    are more; how many there are in all, from the counter."""

    ids: Sequence[int]
    has_more: bool
    total: int


@dataclass(frozen=True, slots=True)
class Counts:
    """Counters of one person, or changes of them."""

    followers: int = 0
    following: int = 0
    posts: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.followers + other.followers,
            self.following + other.following,
            self.posts + other.posts,
        )

    def __bool__(self) -> bool:
        return bool(self.followers or self.following or self.posts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One signed-in device, with what its refresh token is known by."""

    id: int
    user_id: int
    device_name: str
    create_time: datetime
    last_used_time: datetime
    expire_time: datetime
    revoke_time: datetime | None = None
    # SHA-256 of the refresh token that is good now, and of the one that was used up last.
    refresh_hash: bytes
    previous_hash: bytes = b""
    # What the last refresh answered, readable only with the token that it used up.
    sealed_answer: bytes = b""

    def live(self, now: datetime) -> bool:
        """Whether the session may go on."""
        return self.revoke_time is None and now < self.expire_time


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenPair:
    """What a signed-in device holds."""

    access_token: str
    access_expire_time: datetime
    refresh_token: str
    refresh_expire_time: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamTicket:
    """A right to open one connection for a session."""

    user_id: int
    session_id: int
    expire_time: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredKey:
    """A key that signs access tokens from `sign_time` on, until a later one takes over."""

    kid: str
    sign_time: datetime
    sealed_private: bytes
    x: str
    y: str


class BackgroundTask(Enum):
    """Work that a request leaves to the worker, since it may take long."""

    # The edges of a deleted person go.
    REMOVE_EDGES = "remove_edges"
    # What still names a deleted person goes, once nothing of theirs is left.
    FORGET = "forget"
    # The requests that wait for a person who is no longer protected become follows.
    ACCEPT_REQUESTS = "accept_requests"
