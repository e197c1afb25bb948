"""Feeds: the newest entries of a home, or of one author, materialized for reading.

A feed is a copy that may vanish at any time; the Post service has the original. Every operation
here keeps one invariant:

    A feed that is READY holds every entry that belongs in it, from its newest down to its
    lowest. If it is `complete`, there is nothing older at all.

So an entry is never put below the lowest of a feed that is not complete, and a feed that is
trimmed is no longer complete. README.md has the argument why this survives deliveries, follows and
rebuilds that happen at the same time.
"""

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from services.timeline.domain.model import Entry

# Users who have not read for this long have no home; the next read builds it.
IDLE_SECONDS = 7 * 24 * 3600
# A builder that has not finished by then is taken for dead, and the next reader builds.
BUILD_SECONDS = 10.0
# Longer than any running operation can take that read the graph before an actor was hidden.
HIDE_SECONDS = 600.0


class State(enum.Enum):
    """What there is of a feed."""

    MISSING = "missing"
    BUILDING = "building"
    READY = "ready"


class Begun(enum.Enum):
    """How an attempt to build a feed began."""

    YOURS = "yours"
    SOMEBODY_ELSES = "somebody else's"
    READY_ALREADY = "ready already"


@dataclass(frozen=True, slots=True)
class Reading:
    """The entries of a feed below an entry id, newest first; all of them if READY.

    `exhausted` says that nothing older exists anywhere. `merge_note` is the one of a home. Without
    `stored` the entries were read from their source, past the feed.
    """

    state: State
    entries: list[Entry]
    exhausted: bool = False
    merge_note: bytes = b""
    stored: bool = True


class Feeds(Protocol):
    """Feeds by name. Every operation is atomic in its feed and may be repeated.

    Each operation that changes what `read` returns appends the feed to the change log before it
    ends, where there is one. It does so again when it is repeated, and for a missing feed: pages
    that were read from the feed before it vanished may still be in use.

    Raises RedisUnavailable where they cannot be reached; then nothing is known of what was done.
    """

    async def read(self, feed: str, *, before: int, limit: int) -> Reading:
        """Up to `limit` entries below the entry id `before`; the feed lives on for IDLE_SECONDS."""
        ...

    async def read_many(self, feeds: Sequence[str], *, before: int, limit: int) -> list[Reading]:
        """Like `read`, of several feeds in one trip, in order."""
        ...

    async def begin(self, feed: str, builder: bytes, *, rebuild: bool = False) -> Begun:
        """Starts to build a feed under the builder's own 16 bytes.

        From now on it takes every entry that is added, and readers find it BUILDING. Only a
        missing feed is built, one whose builder was disturbed or is overdue, or any if `rebuild`.
        """
        ...

    async def finish(
        self,
        feed: str,
        builder: bytes,
        entries: Sequence[Entry],
        *,
        complete: bool,
        hidden: Sequence[int] = (),
        merge_note: bytes = b"",
    ) -> int | None:
        """Makes the feed READY with these entries and those added since; returns how many.

        `entries` are newest first, the newest that exist; `complete` if all. `hidden` are actors
        who must not appear while the feed lives. None, and no effect, if the builder was
        disturbed by `show` or `hide`, or replaced: what it has read may be out of date.
        """
        ...

    async def add(self, entry: Entry, feeds: Sequence[str]) -> int:
        """Adds the entry to those of the feeds that exist; returns to how many.

        Not where it, or its actor, is hidden, nor below the lowest of an incomplete feed.
        """
        ...

    async def remove(self, entry: Entry, feeds: Sequence[str]) -> int:
        """Takes the entry out of the feeds, and keeps it out for HIDE_SECONDS; from how many."""
        ...

    async def show(self, feed: str, actor_id: int, *, muted_too: bool = False) -> bool:
        """Lets an actor's entries in again, unless hidden for good (but see `muted_too`).

        True if they belong into the feed and have to be merged by the caller, who reads them only
        after this. A builder is disturbed.
        """
        ...

    async def hide(self, feed: str, actor_id: int, *, for_good: bool) -> None:
        """Takes all of an actor's entries out, and keeps them out: for good, or HIDE_SECONDS.

        A builder is disturbed. It works on missing feeds too, for what is still on its way.
        """
        ...

    async def merge(self, feed: str, entries: Sequence[Entry], *, complete: bool) -> None:
        """Adds an actor's newest entries, newest first, to a READY feed; `complete` if all."""
        ...

    async def drop(self, feed: str) -> None:
        """Forgets the feed, but not who is hidden from it."""
        ...

    async def set_merge_note(self, feed: str, merge_note: bytes) -> None:
        """Replaces the note, if the feed exists."""
        ...

    async def renew_merge_note(self, feed: str, *, seen: bytes, merge_note: bytes) -> bool:
        """Replaces the note if it is still the one that was seen; says whether it did."""
        ...
