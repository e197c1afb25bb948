"""The Timeline service's tables in memory, for tests."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from services.chassis.runtime.clock import Clock
from services.chassis.storage.memory import MemoryDatabase, MemoryTables, MemoryTransaction
from services.timeline.domain.errors import TooManyHashtags
from services.timeline.domain.model import (
    Entry,
    FollowedHashtag,
    HashtagEntry,
    Marker,
    PublicEntry,
    entry_by_hashtag,
)
from services.timeline.domain.store import MAX_HASHTAGS, TimelineStore


@dataclass
class TimelineTables(MemoryTables):
    """The rows."""

    markers: dict[int, Marker] = field(default_factory=dict)
    mutes: set[tuple[int, int]] = field(default_factory=set)
    celebrities: set[int] = field(default_factory=set)
    public: dict[int, int] = field(default_factory=dict)
    # Whether the closed author is deleted, rather than protected.
    closed: dict[int, bool] = field(default_factory=dict)
    # The time of the follow, by user and hashtag.
    hashtags: dict[tuple[int, str], datetime] = field(default_factory=dict)
    hashtag_entries: set[HashtagEntry] = field(default_factory=set)


class MemoryTimelineTransaction(MemoryTransaction[TimelineTables]):
    """See `store.TimelineTransaction`."""

    async def advance_marker(
        self, user_id: int, entry_id: int, now: datetime
    ) -> tuple[Marker, bool]:
        kept = self.tables.markers.get(user_id)
        if kept is not None and entry_id <= kept.last_read_entry_id:
            return kept, False
        moved = self.tables.markers[user_id] = Marker(entry_id, now)
        return moved, True

    async def follow_hashtag(
        self, user_id: int, tag: str, now: datetime
    ) -> tuple[FollowedHashtag, bool]:
        kept = self.tables.hashtags.get((user_id, tag))
        if kept is not None:
            return FollowedHashtag(tag, kept), False
        if sum(each[0] == user_id for each in self.tables.hashtags) >= MAX_HASHTAGS:
            raise TooManyHashtags(metadata={"limit": str(MAX_HASHTAGS)})
        self.tables.hashtags[user_id, tag] = now
        return FollowedHashtag(tag, now), True

    async def unfollow_hashtag(self, user_id: int, tag: str) -> bool:
        return self.tables.hashtags.pop((user_id, tag), None) is not None


class MemoryTimelineStore:
    """See `store.TimelineStore`."""

    def __init__(self, *, clock: Clock | None = None) -> None:
        self.database = MemoryDatabase(TimelineTables(), clock=clock)

    @property
    def _tables(self) -> TimelineTables:
        return self.database.tables

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[MemoryTimelineTransaction]:
        async with self.database.transaction(MemoryTimelineTransaction) as transaction:
            yield transaction

    async def marker(self, user_id: int) -> Marker | None:
        return self._tables.markers.get(user_id)

    async def add_celebrity(self, author_id: int, *, followers: int, now: datetime) -> None:
        self._tables.celebrities.add(author_id)

    async def is_celebrity(self, author_id: int) -> bool:
        return author_id in self._tables.celebrities

    async def celebrities(self) -> frozenset[int]:
        return frozenset(self._tables.celebrities)

    async def count_celebrities(self) -> int:
        return len(self._tables.celebrities)

    async def add_mute(self, muter_id: int, muted_id: int) -> None:
        self._tables.mutes.add((muter_id, muted_id))

    async def remove_mute(self, muter_id: int, muted_id: int) -> None:
        self._tables.mutes.discard((muter_id, muted_id))

    async def muted_by(self, muter_id: int) -> list[int]:
        return [muted for muter, muted in self._tables.mutes if muter == muter_id]

    async def hashtags_of(self, user_id: int) -> list[str]:
        return [tag for follower, tag in self._tables.hashtags if follower == user_id]

    async def followed_hashtags(
        self, user_id: int, *, before: FollowedHashtag | None, limit: int
    ) -> list[FollowedHashtag]:
        def place(followed: FollowedHashtag) -> tuple[float, str]:
            return -followed.follow_time.timestamp(), followed.tag

        every = sorted(
            (
                FollowedHashtag(tag, time)
                for (follower, tag), time in self._tables.hashtags.items()
                if follower == user_id
            ),
            key=place,
        )
        return [each for each in every if before is None or place(each) > place(before)][:limit]

    async def hashtags_followed_by(self, user_id: int, tags: Sequence[str]) -> frozenset[str]:
        return frozenset(tag for tag in tags if (user_id, tag) in self._tables.hashtags)

    async def followed_among(self, tags: Sequence[str]) -> frozenset[str]:
        return frozenset(tags) & {tag for _, tag in self._tables.hashtags}

    async def hashtag_followers(self, tags: Sequence[str], *, after: int, limit: int) -> list[int]:
        followers = {
            user_id for user_id, tag in self._tables.hashtags if tag in tags and user_id > after
        }
        return sorted(followers)[:limit]

    async def add_hashtag_entries(self, entries: Sequence[HashtagEntry]) -> None:
        self._tables.hashtag_entries.update(entries)

    async def replace_hashtags(
        self, post_id: int, author_id: int, tags: Sequence[str]
    ) -> list[str]:
        entries = self._tables.hashtag_entries
        removed = [each for each in entries if each.post_id == post_id and each.tag not in tags]
        entries.difference_update(removed)
        entries.update(HashtagEntry(tag, post_id, author_id) for tag in tags)
        return [each.tag for each in removed]

    async def remove_hashtag_entries(self, post_ids: Sequence[int]) -> None:
        gone = {each for each in self._tables.hashtag_entries if each.post_id in post_ids}
        self._tables.hashtag_entries -= gone

    async def hashtag_entries(self, tags: Sequence[str], *, before: int, limit: int) -> list[Entry]:
        shown = {
            entry_by_hashtag(each.post_id, each.author_id)
            for each in self._tables.hashtag_entries
            if each.tag in tags
            and each.post_id < before
            and each.author_id not in self._tables.closed
        }
        return sorted(shown, reverse=True)[:limit]

    async def prune_hashtag_entries(self, *, keep: int, below: int) -> int:
        followed = {tag for _, tag in self._tables.hashtags}
        by_tag: dict[str, list[HashtagEntry]] = {}
        for each in sorted(self._tables.hashtag_entries, reverse=True):
            by_tag.setdefault(each.tag, []).append(each)
        gone = {
            each
            for tag, entries in by_tag.items()
            for place, each in enumerate(entries)
            if place >= keep or (tag not in followed and each.post_id < below)
        }
        self._tables.hashtag_entries -= gone
        return len(gone)

    async def delete_user(self, user_id: int) -> None:
        self._tables.markers.pop(user_id, None)
        for key in [each for each in self._tables.hashtags if each[0] == user_id]:
            del self._tables.hashtags[key]
        self._tables.mutes = {each for each in self._tables.mutes if each[0] != user_id}
        requests = self._tables.requests
        for each in [key for key in requests if key[0] == str(user_id)]:
            del requests[each]

    async def add_public(self, entries: Sequence[PublicEntry]) -> None:
        self._tables.public.update(entries)

    async def remove_public(self, post_ids: Sequence[int]) -> None:
        for post_id in post_ids:
            self._tables.public.pop(post_id, None)

    async def public(self, *, before: int, limit: int) -> list[PublicEntry]:
        shown = [
            PublicEntry(post_id, author_id)
            for post_id, author_id in self._tables.public.items()
            if post_id < before and author_id not in self._tables.closed
        ]
        return sorted(shown, reverse=True)[:limit]

    async def prune_public(self, *, keep: int) -> int:
        old = sorted(self._tables.public, reverse=True)[keep:]
        await self.remove_public(old)
        return len(old)

    async def set_protected(self, user_id: int, *, protected: bool) -> None:
        if protected:
            self._tables.closed.setdefault(user_id, False)
        elif self._tables.closed.get(user_id) is False:
            del self._tables.closed[user_id]

    async def close_author(self, user_id: int) -> None:
        self._tables.closed[user_id] = True
        for post_id, author_id in list(self._tables.public.items()):
            if author_id == user_id:
                del self._tables.public[post_id]


if TYPE_CHECKING:
    # mypy reports a method that this store lacks.
    _complete: type[TimelineStore] = MemoryTimelineStore
