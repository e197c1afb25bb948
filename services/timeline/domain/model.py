"""What timelines consist of: entries, their stored form, read markers, and the names of feeds.

An entry is stored as four big-endian 64-bit numbers. Ids are positive, so the order of the bytes is
the order of the entry ids, exactly: the scores of a sorted set are doubles, which cannot hold 63
bits.
"""

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

# About 40 screens. Older entries are read from the Post service, page by page.
MAX_HOME = 800

MAX_ENTRY_ID = (1 << 63) - 1

# Above every id: where a page from the top begins.
TOP = MAX_ENTRY_ID + 1

_ENTRY = struct.Struct(">QQQQ")
_ID = struct.Struct(">Q")

# Stands for the version of the celebrities beside the names of feeds.
CELEBRITIES = "celebrities"

# Sorts below every entry: at the bottom of a feed it means that nothing older exists.
BOTTOM = bytes(8)


class Entry(NamedTuple):
    """One place on a timeline: a post, or a repost of one.

    A post and each repost of it are on a home once each. Entries are ordered by `entry_id`, which
    is the post's id or the repost's own. `actor_id` is the author or the reposter; 0 if a followed
    hashtag brought the post.
    """

    entry_id: int
    actor_id: int
    post_id: int
    author_id: int

    @property
    def is_repost(self) -> bool:
        """Whether the entry is a repost."""
        return self.entry_id != self.post_id

    @property
    def by_hashtag(self) -> bool:
        """Whether a followed hashtag brought the entry, and no followed user."""
        return not self.actor_id

    @property
    def reposter_id(self) -> int:
        """The reposter; 0 where the entry is the post itself."""
        return self.actor_id if self.is_repost else 0


@dataclass(frozen=True, slots=True)
class Marker:
    """The newest entry of a home that its owner has read."""

    last_read_entry_id: int
    update_time: datetime


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a timeline, newest first, and the entry after it; None after the last.

    `made_from` names the feeds that the page was made from, and CELEBRITIES: while none of them
    changes, the page stays the same. It is empty where the page was made from anything else.
    """

    entries: list[Entry]
    next_entry: Entry | None
    made_from: tuple[str, ...] = ()


class PublicEntry(NamedTuple):
    """A public post, and its author."""

    post_id: int
    author_id: int


class HashtagEntry(NamedTuple):
    """A public post that has the hashtag, in its folded form, and replies to nothing."""

    tag: str
    post_id: int
    author_id: int


@dataclass(frozen=True, slots=True)
class FollowedHashtag:
    """A hashtag that a user follows, in its folded form."""

    tag: str
    follow_time: datetime


def entry_by_hashtag(post_id: int, author_id: int) -> Entry:
    """The entry of a post on the homes of those who follow one of its hashtags."""
    return Entry(post_id, 0, post_id, author_id)


def home_of(user_id: int) -> str:
    """The name of the feed of a user's home."""
    return f"home:{user_id}"


def posts_of(author_id: int) -> str:
    """The name of the feed of what one author posted and reposted."""
    return f"author:{author_id}"


def posts_with(tag: str) -> str:
    """The name of the feed of the posts with a hashtag."""
    return f"hashtag:{tag}"


def packed(entry: Entry) -> bytes:
    return _ENTRY.pack(*entry)


def packed_all(entries: Iterable[Entry]) -> bytes:
    """Entries' bytes, one after another."""
    pack = _ENTRY.pack
    return b"".join([pack(*entry) for entry in entries])


class Unreadable(ValueError):
    """The bytes are not of this format."""


def unpacked(content: bytes) -> list[Entry]:
    """The entries in bytes of `packed_all`. Raises Unreadable."""
    try:
        return [Entry._make(each) for each in _ENTRY.iter_unpack(content)]
    except struct.error as wrong:
        raise Unreadable(str(wrong)) from wrong


def packed_id(number: int) -> bytes:
    """An id's bytes, in the order of ids; up to and including TOP."""
    return _ID.pack(number)


def packed_ids(numbers: Iterable[int]) -> bytes:
    """Ids' bytes, one after another."""
    return b"".join([_ID.pack(number) for number in numbers])


def unpacked_ids(content: bytes) -> list[int]:
    """The ids in bytes of `packed_ids`. Raises Unreadable."""
    try:
        return [number for (number,) in _ID.iter_unpack(content)]
    except struct.error as wrong:
        raise Unreadable(str(wrong)) from wrong
