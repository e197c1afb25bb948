"""What timelines are made of: entries, and the people and places that they stand for."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

# About 40 screens. Older entries are not kept but asked of the Post service page by page.
MAX_HOME = 800

MAX_ENTRY_ID = (1 << 63) - 1

# Above every id: where a page from the top begins.
TOP = MAX_ENTRY_ID + 1


class Entry(NamedTuple):
    """One place on a timeline: a post, or a repost of one.

    Entries are distinct things: a post and each repost of it stand on a home once each. An entry
    is ordered by `entry_id`, the post's id or the repost's own; `actor_id` is who put it there.
    """

    entry_id: int
    actor_id: int
    post_id: int
    author_id: int

    @property
    def is_repost(self) -> bool:
        """Whether somebody's repost, rather than the post itself, is meant."""
        return self.entry_id != self.post_id

    @property
    def reposter_id(self) -> int:
        """Who reposted; 0 where the entry is the post itself."""
        return self.actor_id if self.is_repost else 0


@dataclass(frozen=True, slots=True)
class Marker:
    """Where somebody stopped reading their home."""

    last_read_entry_id: int
    update_time: datetime


@dataclass(frozen=True, slots=True)
class Page:
    """A stretch of a timeline, newest first, and what comes right after it: None after the last."""

    entries: list[Entry]
    next_entry: Entry | None


class PublicEntry(NamedTuple):
    """A post that everybody may see, and who wrote it."""

    post_id: int
    author_id: int
