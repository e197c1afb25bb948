"""Reading homes, newest entry first."""

import asyncio
from collections.abc import Iterable, Sequence

from services.chassis.cache.redis_client import RedisUnavailable
from services.timeline.domain.celebrities import Celebrities, MergedFeeds, feeds_of_note
from services.timeline.domain.feed_builder import FeedBuilder
from services.timeline.domain.feeds import Feeds, Reading, State
from services.timeline.domain.home_sources import HomeSourceQueries
from services.timeline.domain.model import (
    CELEBRITIES,
    TOP,
    Entry,
    Page,
    home_of,
    posts_of,
    posts_with,
)
from services.timeline.domain.ports import Posts
from services.timeline.domain.store import TimelineStore


class Homes:
    """Reads from feeds that are ready, otherwise from the graph and the posts: never with a gap.

    A page of a home that is ready costs one command in Valkey, and one more if the viewer follows
    celebrities or hashtags. Below the stored entries, a page costs the viewer's graph, one query of
    posts and one of hashtags.
    """

    def __init__(
        self,
        *,
        feeds: Feeds,
        posts: Posts,
        store: TimelineStore,
        home_sources: HomeSourceQueries,
        celebrities: Celebrities,
        feed_builder: FeedBuilder,
    ) -> None:
        self._feeds = feeds
        self._posts = posts
        self._store = store
        self._home_sources = home_sources
        self._celebrities = celebrities
        self._feed_builder = feed_builder

    async def latest(
        self, viewer_id: int, *, before: int = TOP, limit: int, made_from: bool = False
    ) -> Page:
        """The viewer's newest entries below the entry id `before`; with `made_from` if asked."""
        # One more than requested: the next page begins with it.
        wanted = limit + 1
        feeds: tuple[str, ...] = ()
        try:
            if made_from:
                # A version that this process has read before may be one that was announced as
                # changed since, and nothing would announce that again.
                await self._celebrities.version(trusted=False)
            entries, exhausted, feeds = await self._kept(viewer_id, before=before, limit=wanted)
        except RedisUnavailable:
            entries, exhausted = [], False
        if len(entries) < wanted and not exhausted:
            feeds = ()
            below = entries[-1].entry_id if entries else before
            entries = entries + await self._older(
                viewer_id, before=below, limit=wanted - len(entries)
            )
        following = entries[limit] if len(entries) > limit else None
        return Page(entries[:limit], following, feeds if made_from else ())

    async def _kept(
        self, viewer_id: int, *, before: int, limit: int
    ) -> tuple[list[Entry], bool, tuple[str, ...]]:
        """The entries that feeds hold without a gap, whether nothing older exists, and what these
        entries were made from: empty if not from feeds alone."""
        feed = home_of(viewer_id)
        reading = await self._feeds.read(feed, before=before, limit=limit)
        if reading.state is not State.READY and await self._feed_builder.home(viewer_id):
            reading = await self._feeds.read(feed, before=before, limit=limit)
        if reading.state is not State.READY:
            return [], False, ()
        merging = feeds_of_note(reading.merge_note, await self._celebrities.version())
        if merging is None:
            merging = await self._feeds_to_merge(viewer_id, reading.merge_note)
        if not merging.celebrities and not merging.tags:
            return reading.entries, reading.exhausted, (feed, CELEBRITIES)
        names = merging.names()
        others = await self._others(merging, before=before, limit=limit)
        made_from = (feed, CELEBRITIES, *names) if all(each.stored for each in others) else ()
        return *merged([reading, *others], before=before, limit=limit), made_from

    async def _older(self, viewer_id: int, *, before: int, limit: int) -> list[Entry]:
        """The newest entries below `before`, from the Post service and the stored hashtags."""
        author_ids, tags = await self._home_sources.all_of(viewer_id)
        if not tags:
            return await self._posts.newest(author_ids, before=before, limit=limit)
        by_authors, by_tags = await asyncio.gather(
            self._posts.newest(author_ids, before=before, limit=limit),
            self._store.hashtag_entries(tags, before=before, limit=limit),
        )
        return newest_of([*by_authors, *by_tags])[:limit]

    async def _feeds_to_merge(self, viewer_id: int, seen: bytes) -> MergedFeeds:
        """Computes them again, and stores the merge note unless a follow has changed it since."""
        sources = await self._home_sources.of(viewer_id)
        await self._feeds.renew_merge_note(
            home_of(viewer_id), seen=seen, merge_note=sources.merge_note()
        )
        return sources.merged

    async def _others(self, feeds: MergedFeeds, *, before: int, limit: int) -> list[Reading]:
        """The feeds of celebrities and hashtags. One that is missing is built."""
        readings = await self._feeds.read_many(feeds.names(), before=before, limit=limit)
        if all(reading.state is State.READY for reading in readings):
            return readings

        return await asyncio.gather(
            *(
                self._author(author_id, reading, before=before, limit=limit)
                for author_id, reading in zip(
                    feeds.celebrities, readings[: len(feeds.celebrities)], strict=True
                )
            ),
            *(
                self._hashtag(tag, reading, before=before, limit=limit)
                for tag, reading in zip(feeds.tags, readings[len(feeds.celebrities) :], strict=True)
            ),
        )

    async def _author(
        self, author_id: int, reading: Reading, *, before: int, limit: int
    ) -> Reading:
        if reading.state is State.READY:
            return reading
        if await self._feed_builder.author(author_id):
            again = await self._feeds.read(posts_of(author_id), before=before, limit=limit)
            if again.state is State.READY:
                return again
        entries = await self._posts.newest([author_id], before=before, limit=limit)
        return Reading(State.READY, entries, exhausted=len(entries) < limit, stored=False)

    async def _hashtag(self, tag: str, reading: Reading, *, before: int, limit: int) -> Reading:
        if reading.state is State.READY:
            return reading
        if await self._feed_builder.hashtag(tag):
            again = await self._feeds.read(posts_with(tag), before=before, limit=limit)
            if again.state is State.READY:
                return again
        entries = await self._store.hashtag_entries([tag], before=before, limit=limit)
        return Reading(State.READY, entries, exhausted=len(entries) < limit, stored=False)


def newest_of(entries: Iterable[Entry]) -> list[Entry]:
    """The entries, newest first, each once: one that a follow brought before the same one of a
    hashtag."""
    by_id: dict[int, Entry] = {}
    for entry in sorted(entries, reverse=True):
        by_id.setdefault(entry.entry_id, entry)
    return list(by_id.values())


def merged(readings: Sequence[Reading], *, before: int, limit: int) -> tuple[list[Entry], bool]:
    """The newest entries of all readings together, each once; whether that is all there is.

    Every reading is of the entries below `before`, up to `limit`. One that ends early without
    being exhausted has no information about what is below its last entry, so the merged page ends
    there too: at most `limit` entries, or fewer.
    """
    floor = 0
    for reading in readings:
        if not reading.exhausted and len(reading.entries) < limit:
            known_down_to = reading.entries[-1].entry_id if reading.entries else before
            floor = max(floor, known_down_to)
    newest = newest_of(
        entry for reading in readings for entry in reading.entries if entry.entry_id >= floor
    )
    exhausted = floor == 0 and len(newest) <= limit and all(each.exhausted for each in readings)
    return newest[:limit], exhausted
