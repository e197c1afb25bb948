"""Reading homes, newest entry first."""

import asyncio
from collections.abc import Sequence

from services.chassis.cache.redis_client import RedisAway
from services.timeline.domain.celebrities import Celebrities
from services.timeline.domain.feed_builder import Builds
from services.timeline.domain.feeds import (
    Feeds,
    Reading,
    State,
    home_of,
    posts_of,
)
from services.timeline.domain.home_sources import Circles, merged_by
from services.timeline.domain.merging import merged
from services.timeline.domain.model import TOP, Entry, Page
from services.timeline.domain.ports import Posts


class Homes:
    """Answers with what is ready if it is, and otherwise from the truth: never with a gap.

    A page from a home that is ready costs one trip to Valkey, and one more if the viewer follows
    celebrities. Below what is kept, a page costs the viewer's graph and one query of posts.
    """

    def __init__(
        self,
        *,
        feeds: Feeds,
        posts: Posts,
        circles: Circles,
        celebrities: Celebrities,
        builds: Builds,
    ) -> None:
        self._feeds = feeds
        self._posts = posts
        self._circles = circles
        self._celebrities = celebrities
        self._builds = builds

    async def latest(self, viewer_id: int, *, before: int = TOP, limit: int) -> Page:
        """The viewer's newest entries below the entry id `before`."""
        # One more than asked for is what the next page begins with.
        wanted = limit + 1
        try:
            entries, exhausted = await self._kept(viewer_id, before=before, limit=wanted)
        except RedisAway:
            entries, exhausted = [], False
        if len(entries) < wanted and not exhausted:
            below = entries[-1].entry_id if entries else before
            everybody = await self._circles.everybody(viewer_id)
            entries = entries + await self._posts.newest(
                everybody, before=below, limit=wanted - len(entries)
            )
        return Page(entries[:limit], entries[limit] if len(entries) > limit else None)

    async def _kept(self, viewer_id: int, *, before: int, limit: int) -> tuple[list[Entry], bool]:
        """What feeds know for certain, from the top, and whether nothing older exists."""
        feed = home_of(viewer_id)
        reading = await self._feeds.read(feed, before=before, limit=limit)
        if reading.state is not State.READY and await self._builds.home(viewer_id):
            reading = await self._feeds.read(feed, before=before, limit=limit)
        if reading.state is not State.READY:
            return [], False
        celebrities = merged_by(reading.note, await self._celebrities.version())
        if celebrities is None:
            celebrities = await self._whom_to_merge(viewer_id, reading.note)
        if not celebrities:
            return reading.entries, reading.exhausted
        feeds = await self._authors(celebrities, before=before, limit=limit)
        return merged([reading, *feeds], before=before, limit=limit)

    async def _whom_to_merge(self, viewer_id: int, seen: bytes) -> list[int]:
        """Finds out anew, and notes it unless a follow changed it meanwhile."""
        circle = await self._circles.of(viewer_id)
        await self._feeds.renew_note(home_of(viewer_id), seen=seen, note=circle.note())
        return circle.celebrities

    async def _authors(
        self, author_ids: Sequence[int], *, before: int, limit: int
    ) -> list[Reading]:
        names = [posts_of(author_id) for author_id in author_ids]
        readings = await self._feeds.read_many(names, before=before, limit=limit)

        async def ready(author_id: int, reading: Reading) -> Reading:
            if reading.state is State.READY:
                return reading
            if await self._builds.author(author_id):
                again = await self._feeds.read(posts_of(author_id), before=before, limit=limit)
                if again.state is State.READY:
                    return again
            entries = await self._posts.newest([author_id], before=before, limit=limit)
            return Reading(State.READY, entries, exhausted=len(entries) < limit)

        if all(reading.state is State.READY for reading in readings):
            return readings
        return await asyncio.gather(*map(ready, author_ids, readings))
