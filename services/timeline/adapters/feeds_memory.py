"""Feeds in memory, for tests: the same promises as in Valkey, kept by plain Python."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from services.chassis.runtime.clock import Clock
from services.timeline.domain.feeds import (
    BUILD_SECONDS,
    HIDE_SECONDS,
    IDLE_SECONDS,
    Begun,
    Feeds,
    Reading,
    State,
)
from services.timeline.domain.model import MAX_HOME, Entry

# Till the end of time.
_FOR_GOOD = float("inf")


@dataclass
class _Feed:
    entries: set[Entry] = field(default_factory=set)
    complete: bool = False
    builder: bytes | None = None
    overdue_at: float = 0.0
    merge_note: bytes = b""
    read_at: float = 0.0

    @property
    def building(self) -> bool:
        return self.builder is not None


class MemoryFeeds:
    """See `feeds.Feeds`. Nothing in it awaits, so every operation is atomic."""

    def __init__(
        self,
        *,
        clock: Clock,
        max_entries: int = MAX_HOME,
        idle_seconds: int = IDLE_SECONDS,
        build_seconds: float = BUILD_SECONDS,
    ) -> None:
        self._clock = clock
        self._max = max_entries
        self._idle = idle_seconds
        self._build = build_seconds
        self._feeds: dict[str, _Feed] = {}
        # By feed: until when an actor, or an entry of an actor, must not come in.
        self._hidden: dict[str, dict[int | tuple[int, int], float]] = {}

    async def read(self, feed: str, *, before: int, limit: int) -> Reading:
        kept = self._kept(feed)
        if kept is None:
            return Reading(State.MISSING, [])
        if kept.building:
            return Reading(State.BUILDING, [])
        kept.read_at = self._clock.monotonic()
        below = sorted((each for each in kept.entries if each.entry_id < before), reverse=True)
        exhausted = kept.complete and len(below) <= limit
        return Reading(State.READY, below[:limit], exhausted, kept.merge_note)

    async def read_many(self, feeds: Sequence[str], *, before: int, limit: int) -> list[Reading]:
        return [await self.read(feed, before=before, limit=limit) for feed in feeds]

    async def begin(self, feed: str, builder: bytes, *, rebuild: bool = False) -> Begun:
        now = self._clock.monotonic()
        kept = self._kept(feed)
        if kept is not None and not rebuild:
            if not kept.building:
                return Begun.READY_ALREADY
            if kept.builder != builder and kept.overdue_at > now:
                return Begun.SOMEBODY_ELSES
        self._feeds[feed] = _Feed(builder=builder, overdue_at=now + self._build, read_at=now)
        return Begun.YOURS

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
        kept = self._kept(feed)
        if kept is None or kept.builder != builder:
            return None
        for actor in hidden:
            self._hidden.setdefault(feed, {})[actor] = _FOR_GOOD
        kept.entries = {
            each for each in kept.entries.union(entries) if not self._is_hidden(feed, each)
        }
        kept.builder, kept.complete, kept.merge_note = None, complete, merge_note
        if not complete:
            kept.entries = {each for each in kept.entries if each >= entries[-1]}
        self._trim(kept)
        return len(kept.entries)

    async def add(self, entry: Entry, feeds: Sequence[str]) -> int:
        return sum(self._add(feed, entry) for feed in feeds)

    async def remove(self, entry: Entry, feeds: Sequence[str]) -> int:
        went = 0
        for feed in feeds:
            kept = self._kept(feed)
            if kept is None:
                continue
            self._hide(feed, (entry.entry_id, entry.actor_id), HIDE_SECONDS)
            went += entry in kept.entries
            kept.entries.discard(entry)
        return went

    async def show(self, feed: str, actor_id: int, *, muted_too: bool = False) -> bool:
        hidden = self._hidden.get(feed, {})
        if hidden.get(actor_id) == _FOR_GOOD and not muted_too:
            return False
        hidden.pop(actor_id, None)
        kept = self._kept(feed)
        if kept is None:
            return False
        if kept.building:
            self._invalidate_build(kept)
            return False
        return True

    async def hide(self, feed: str, actor_id: int, *, for_good: bool) -> None:
        self._hide(feed, actor_id, _FOR_GOOD if for_good else HIDE_SECONDS)
        kept = self._kept(feed)
        if kept is None:
            return
        if kept.building:
            self._invalidate_build(kept)
        kept.entries = {each for each in kept.entries if each.actor_id != actor_id}

    async def merge(self, feed: str, entries: Sequence[Entry], *, complete: bool) -> None:
        kept = self._kept(feed)
        if kept is None or kept.building or not entries:
            return
        floors = [] if kept.complete else [min(kept.entries)]
        floors += [] if complete else [entries[-1]]
        kept.complete = kept.complete and complete
        kept.entries |= {each for each in entries if not self._is_hidden(feed, each)}
        kept.entries = {each for each in kept.entries if all(each >= floor for floor in floors)}
        self._trim(kept)

    async def drop(self, feed: str) -> None:
        self._feeds.pop(feed, None)

    async def set_merge_note(self, feed: str, merge_note: bytes) -> None:
        kept = self._kept(feed)
        if kept is not None:
            kept.merge_note = merge_note

    async def renew_merge_note(self, feed: str, *, seen: bytes, merge_note: bytes) -> bool:
        kept = self._kept(feed)
        if kept is None or kept.merge_note != seen:
            return False
        kept.merge_note = merge_note
        return True

    def _kept(self, feed: str) -> _Feed | None:
        kept = self._feeds.get(feed)
        if kept is None:
            return None
        idle = self._clock.monotonic() - kept.read_at
        # As in Valkey, where a set without members does not exist.
        empty = not (kept.entries or kept.complete or kept.building)
        if empty or idle >= self._idle:
            del self._feeds[feed]
            return None
        return kept

    def _add(self, feed: str, entry: Entry) -> int:
        kept = self._kept(feed)
        if kept is None or self._is_hidden(feed, entry):
            return 0
        if entry not in kept.entries:
            takes_all = kept.complete or kept.building
            if not takes_all and entry < min(kept.entries):
                return 0
            kept.entries.add(entry)
            self._trim(kept)
        return 1

    def _trim(self, kept: _Feed) -> None:
        if len(kept.entries) + kept.complete + kept.building > self._max:
            kept.complete = False
            room = self._max - kept.building
            kept.entries = set(sorted(kept.entries, reverse=True)[:room])

    def _hide(self, feed: str, what: int | tuple[int, int], seconds: float) -> None:
        now = self._clock.monotonic()
        hidden = self._hidden.setdefault(feed, {})
        for key in [key for key, till in hidden.items() if till <= now]:
            del hidden[key]
        hidden[what] = max(now + seconds, hidden.get(what, 0.0))

    def _is_hidden(self, feed: str, entry: Entry) -> bool:
        hidden = self._hidden.get(feed, {})
        return entry.actor_id in hidden or (entry.entry_id, entry.actor_id) in hidden

    @staticmethod
    def _invalidate_build(kept: _Feed) -> None:
        # No builder's own bytes, and overdue from the start.
        kept.builder, kept.overdue_at = b"", 0.0


if TYPE_CHECKING:
    # mypy reports a method that this store lacks.
    _complete: type[Feeds] = MemoryFeeds
