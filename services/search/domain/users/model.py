"""Users as the index has them, the queries for them, and the changes of the index."""

from dataclasses import dataclass
from enum import IntEnum
from typing import TypeAlias


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexedUser:
    """What of a profile is searched, folded by the analyzer.

    `version` orders the versions of a profile: the microseconds of its `update_time`.
    """

    user_id: int
    version: int
    # In lower case.
    handle: str
    # The words of the display name, in their order, with other written forms behind them.
    name_words: tuple[str, ...]
    # The whole display name: its words in order, each once more, joined by a space.
    whole_name: str
    # The words of the bio, each once.
    bio_words: tuple[str, ...]
    followers_count: int


class UserField(IntEnum):
    """The field by which a user was found."""

    HANDLE = 1
    DISPLAY_NAME = 2
    BIO = 3


# --- Changes of the index ---


@dataclass(frozen=True, slots=True)
class Upsert:
    """A profile as it is in one version. It replaces no newer one, and no deleted one."""

    user: IndexedUser


@dataclass(frozen=True, slots=True)
class Delete:
    """The account was deleted. Nothing brings it back: ids are never used again."""

    user_id: int


@dataclass(frozen=True, slots=True)
class SetFollowers:
    """The number of followers. It belongs to no version of the profile; unknown users are left
    out."""

    user_id: int
    followers_count: int


UserChange: TypeAlias = Upsert | Delete | SetFollowers
