"""Reading homes, newest entry first."""

import asyncio
from collections.abc import Sequence

from services.chassis.cache.redis_client import RedisUnavailable
from services.timeline.domain.celebrities import Celebrities, celebrities_of_note
from services.timeline.domain.feed_builder import FeedBuilder
from services.timeline.domain.feeds import Feeds, Reading, State
from services.timeline.domain.home_sources import HomeSourceQueries
from services.timeline.domain.model import TOP, Entry, Page, home_of, posts_of
from services.timeline.domain.ports import Posts


class Homes:
    """Reads from feeds that are ready, otherwise from the graph and the posts: never with a gap.

    A page of a home that is ready costs one command in Valkey, and one more if the viewer follows
    celebrities. Below the stored entries, a page costs the viewer's graph and one query of posts.
    """

    def __init__(
        self,
        *,
        feeds: Feeds,
        posts: Posts,
        home_sources: HomeSourceQueries,
        celebrities: Celebrities,
        feed_builder: FeedBuilder,
    ) -> None:
        self._feeds = feeds
        self._posts = posts
        self._home_sources = home_sources
        self._celebrities = celebrities
        self._feed_builder = feed_builder

    async def latest(self, viewer_id: int, *, before: int = TOP, limit: int) -> Page:
        """The viewer's newest entries below the entry id `before`."""
        # One more than requested: the next page begins with it.
        wanted = limit + 1
        try:
            entries, exhausted = await self._kept(viewer_id, before=before, limit=wanted)
        except RedisUnavailable:
            entries, exhausted = [], False
        if len(entries) < wanted and not exhausted:
            below = entries[-1].entry_id if entries else before
            all_author_ids = await self._home_sources.all_author_ids(viewer_id)
            entries = entries + await self._posts.newest(
                all_author_ids, before=below, limit=wanted - len(entries)
            )
        return Page(entries[:limit], entries[limit] if len(entries) > limit else None)

    async def _kept(self, viewer_id: int, *, before: int, limit: int) -> tuple[list[Entry], bool]:
        """The entries that feeds hold without a gap, and whether nothing older exists."""
        feed = home_of(viewer_id)
        reading = await self._feeds.read(feed, before=before, limit=limit)
        if reading.state is not State.READY and await self._feed_builder.home(viewer_id):
            reading = await self._feeds.read(feed, before=before, limit=limit)
        if reading.state is not State.READY:
            return [], False
        celebrities = celebrities_of_note(reading.merge_note, await self._celebrities.version())
        if celebrities is None:
            celebrities = await self._celebrities_to_merge(viewer_id, reading.merge_note)
        if not celebrities:
            return reading.entries, reading.exhausted
        feeds = await self._authors(celebrities, before=before, limit=limit)
        return merged([reading, *feeds], before=before, limit=limit)

    async def _celebrities_to_merge(self, viewer_id: int, seen: bytes) -> list[int]:
        """Computes them again, and stores the merge note unless a follow has changed it since."""
        sources = await self._home_sources.of(viewer_id)
        await self._feeds.renew_merge_note(
            home_of(viewer_id), seen=seen, merge_note=sources.merge_note()
        )
        return sources.celebrities

    async def _authors(
        self, author_ids: Sequence[int], *, before: int, limit: int
    ) -> list[Reading]:
        names = [posts_of(author_id) for author_id in author_ids]
        readings = await self._feeds.read_many(names, before=before, limit=limit)

        async def ready(author_id: int, reading: Reading) -> Reading:
            if reading.state is State.READY:
                return reading
            if await self._feed_builder.author(author_id):
                again = await self._feeds.read(posts_of(author_id), before=before, limit=limit)
                if again.state is State.READY:
                    return again
            entries = await self._posts.newest([author_id], before=before, limit=limit)
            return Reading(State.READY, entries, exhausted=len(entries) < limit)

        if all(reading.state is State.READY for reading in readings):
            return readings
        return await asyncio.gather(*map(ready, author_ids, readings))


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
    together = {
        entry for reading in readings for entry in reading.entries if entry.entry_id >= floor
    }
    newest = sorted(together, reverse=True)
    exhausted = floor == 0 and len(newest) <= limit and all(each.exhausted for each in readings)
    return newest[:limit], exhausted
