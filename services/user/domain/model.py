"""The data of the User service: users, their sessions and keys, and their relationships."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum, IntEnum, IntFlag
from typing import NamedTuple


class ProfileUse(Enum):
    """What a medium is on a profile. The values are names of fields of `User`."""

    AVATAR = "avatar"
    BANNER = "banner"

    @property
    def id_field(self) -> str:
        """The field of the contract that names the medium."""
        return f"{self.value}_media_id"


@dataclass(frozen=True, slots=True)
class ProfileMedium:
    """A picture or animation on a profile: a snapshot of what the Media service stores."""

    id: int
    # Grows with every change of the medium.
    version: int
    # A serialized roost.media.v1.Medium without addresses.
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A user's profile, with counters that are right within seconds."""

    id: int
    handle: str
    display_name: str
    bio: str = ""
    location: str = ""
    website: str = ""
    avatar: ProfileMedium | None = None
    banner: ProfileMedium | None = None
    protected: bool = False
    followers_count: int = 0
    following_count: int = 0
    posts_count: int = 0
    create_time: datetime
    update_time: datetime
    # Grows by one with every change of the profile. Changes of counters, and of the media that the
    # profile names, do not increase it.
    version: int = 1

    @property
    def etag(self) -> str:
        """Identifies this version of the profile."""
        return str(self.version)

    @property
    def avatar_media_id(self) -> int:
        """The medium of the profile picture; 0 for none."""
        return self.avatar.id if self.avatar else 0

    @property
    def banner_media_id(self) -> int:
        """The medium of the banner; 0 for none."""
        return self.banner.id if self.banner else 0

    def medium(self, use: ProfileUse) -> ProfileMedium | None:
        """The medium of this use; None for none."""
        return self.avatar if use is ProfileUse.AVATAR else self.banner

    def uses_of(self, medium_id: int) -> list[ProfileUse]:
        """What the medium is on this profile; nothing if the profile does not show it."""
        media = {use: self.medium(use) for use in ProfileUse}
        return [use for use, medium in media.items() if medium and medium.id == medium_id]

    def with_medium(self, use: ProfileUse, medium: ProfileMedium | None) -> "User":
        """The same profile with another medium of this use."""
        if use is ProfileUse.AVATAR:
            return replace(self, avatar=medium)
        return replace(self, banner=medium)


@dataclass(frozen=True, slots=True)
class Settings:
    """What a user has set for their own clients."""

    # Whether clients remind the user of media without a description before they post.
    alt_text_reminder: bool = True


@dataclass(frozen=True, slots=True)
class UserRow:
    """An existing user, with what following them depends on."""

    id: int
    protected: bool


class RelationshipKind(IntEnum):
    """The kinds of relationship from one user to another. The numbers are stored."""

    FOLLOW = 1
    REQUEST = 2
    BLOCK = 3
    MUTE = 4


class Direction(Enum):
    """Which end of a relationship a user is."""

    OUT = "out"
    IN = "in"


class Relationship(IntFlag):
    """All relationships between a viewer and another user, in both directions."""

    NONE = 0
    FOLLOWING = 1
    FOLLOWED_BY = 2
    REQUESTED = 4
    REQUESTED_BY = 8
    BLOCKING = 16
    BLOCKED_BY = 32
    MUTING = 64

    @classmethod
    def of(cls, kind: RelationshipKind, direction: Direction) -> "Relationship":
        """The flag of one relationship, for the user at whose end its direction is `direction`."""
        return cls(1 << (2 * (kind - 1) + (direction is Direction.IN)))


@dataclass(frozen=True, slots=True)
class ListedRelationship:
    """One entry of a list of users. Lists are ordered by id, and newer ids are higher."""

    id: int
    other_id: int


@dataclass(frozen=True, slots=True)
class StoredRelationship:
    """One relationship with both its ends."""

    kind: RelationshipKind
    source_id: int
    target_id: int


class RelatedUsers(NamedTuple):
    """The users with whom a user has a relationship, by kind; each list is ascending."""

    following: Sequence[int] = ()
    blocking: Sequence[int] = ()
    blocked_by: Sequence[int] = ()
    muting: Sequence[int] = ()


class IdPage(NamedTuple):
    """A page of the ids of a user's followers, or of the users they follow, ascending; whether more
    follow; the total, from the counter."""

    ids: Sequence[int]
    has_more: bool
    total: int


@dataclass(frozen=True, slots=True)
class Counts:
    """Counters of one user, or changes of them."""

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
    """One signed-in device, with the hashes of its refresh tokens."""

    id: int
    user_id: int
    device_name: str
    create_time: datetime
    last_used_time: datetime
    expire_time: datetime
    revoke_time: datetime | None = None
    # SHA-256 of the valid refresh token, and of the one that was used last.
    refresh_hash: bytes
    previous_hash: bytes = b""
    # The response of the last refresh, readable only with the token that it consumed.
    sealed_answer: bytes = b""

    def live(self, now: datetime) -> bool:
        """Whether the session is neither revoked nor expired."""
        return self.revoke_time is None and now < self.expire_time


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenPair:
    """The tokens of a signed-in device."""

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
    """A key that signs access tokens from `sign_time` on, until a later one replaces it."""

    kid: str
    sign_time: datetime
    sealed_private: bytes
    x: str
    y: str


class BackgroundTask(Enum):
    """Work that a request stores for the worker, since it may take long. The values are stored."""

    # Removes the relationships of a deleted user.
    REMOVE_RELATIONSHIPS = "remove_edges"
    # Removes what still names a deleted user, after the relationships.
    FORGET = "forget"
    # Turns the follow requests of an account that is no longer protected into follows.
    ACCEPT_REQUESTS = "accept_requests"
