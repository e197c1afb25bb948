"""Users as the index has them, queries for them, and changes of the index."""

from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple, TypeAlias

# Ranks are 0 to RANKS; see `rank_of`.
RANKS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexedUser:
    """What of a profile is searched, folded by the analyzer.

    `version` orders the versions of a profile: the microseconds of its `update_time`.
    """

    user_id: int
    version: int
    # In lower case.
    handle: str
    # The words of the display name and their other written forms, each once.
    name_words: tuple[str, ...]
    # The words of the display name in their order, joined by a space.
    whole_name: str
    # The words of the bio and their other written forms, each once.
    bio_words: tuple[str, ...]
    followers_count: int


def rank_of(followers_count: int) -> int:
    """Lower for more followers, by powers of two: small changes of the number change no order."""
    return RANKS - min(followers_count.bit_length(), RANKS)


# --- Queries ---


@dataclass(frozen=True, slots=True)
class UserQuery:
    """The words that names begin with. Every word has to match.

    `handle` is the query in lower case if it can be a handle, else empty.
    """

    words: tuple[str, ...]
    handle: str
    # The words joined by a space: equal to `whole_name` of users with exactly this name. Empty if
    # they do not come before others.
    whole: str
    # Whether users are found by their bio too.
    with_bio: bool = True


class UserField(IntEnum):
    """The field by which a user was found."""

    HANDLE = 1
    DISPLAY_NAME = 2
    BIO = 3


class Quality(IntEnum):
    """How well a user matches. Better ones have lower numbers."""

    HANDLE = 0  # the query is the handle
    WHOLE_NAME = 1  # the query is the display name
    NAME = 2  # each word begins a word of the display name, or the handle
    BIO = 3  # the bio has the words that the names do not have


class Position(NamedTuple):
    """The place of a user in the order of results: the order of these tuples."""

    quality: int
    # 0 for users whom the viewer follows, else 1.
    distance: int
    rank: int
    # The word of the user that matches `driver` of the query; the first in alphabetical order.
    word: str
    user_id: int


class FoundUser(NamedTuple):
    """A user in the order of results."""

    position: Position
    field: UserField

    @property
    def user_id(self) -> int:
        """The user."""
        return self.position.user_id


# --- Changes of the index ---


@dataclass(frozen=True, slots=True)
class Upsert:
    """A profile as it is in one version. It replaces no newer one, and no deleted one.

    The number of followers belongs to no version: it is taken only if none is stored.
    """

    user: IndexedUser


@dataclass(frozen=True, slots=True)
class Delete:
    """The account was deleted. Nothing brings it back: ids are never used again."""

    user_id: int


@dataclass(frozen=True, slots=True)
class SetFollowers:
    """The number of followers. Of users that are not in the index, nothing is stored."""

    user_id: int
    followers_count: int


UserChange: TypeAlias = Upsert | Delete | SetFollowers


def user_id_of(change: UserChange) -> int:
    """The user that a change is about."""
    return change.user.user_id if isinstance(change, Upsert) else change.user_id
