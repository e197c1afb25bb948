"""Building missing feeds from the posts of the Post service, while deliveries continue."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable

from prometheus_client import Counter

from services.chassis.runtime import deadline
from services.timeline.domain.feeds import BUILD_SECONDS, Begun, Feeds
from services.timeline.domain.home_sources import HomeSourceQueries
from services.timeline.domain.model import MAX_HOME, TOP, home_of, posts_of, posts_with
from services.timeline.domain.ports import Posts
from services.timeline.domain.store import TimelineStore

# A builder that is disturbed begins again this often; then the page is read without a feed.
_ATTEMPTS = 4

_builds = Counter(
    "roost_timeline_feed_builds_total", "Attempts to build a feed", ["feed", "outcome"]
)


class FeedBuilder:
    """Builds the feeds of homes, authors and hashtags, each by one builder at a time.

    A build runs to its end even if the request that started it has ended: others wait for it.
    """

    def __init__(
        self,
        *,
        feeds: Feeds,
        posts: Posts,
        store: TimelineStore,
        home_sources: HomeSourceQueries,
        max_entries: int = MAX_HOME,
    ) -> None:
        self._feeds = feeds
        self._posts = posts
        self._store = store
        self._home_sources = home_sources
        self._max = max_entries
        self._running: dict[str, asyncio.Task[bool]] = {}

    async def home(self, viewer_id: int) -> bool:
        """Builds the home if it is missing. False if it is still not ready: another process builds
        it, or the viewer's follows change too fast."""
        feed = home_of(viewer_id)
        return await self._single_flight(feed, lambda: self._home(feed, viewer_id, rebuild=False))

    async def rebuild_home(self, viewer_id: int) -> int:
        """Drops the home and builds it. Returns how many entries it holds."""
        feed = home_of(viewer_id)
        await self._home(feed, viewer_id, rebuild=True)
        reading = await self._feeds.read(feed, before=TOP, limit=self._max)
        return len(reading.entries)

    async def author(self, author_id: int) -> bool:
        """Builds the feed of one author's entries if it is missing. False as for homes."""
        feed = posts_of(author_id)
        return await self._single_flight(feed, lambda: self._author(feed, author_id))

    async def hashtag(self, tag: str) -> bool:
        """Builds the feed of the posts with a hashtag if it is missing. False as for homes."""
        feed = posts_with(tag)
        return await self._single_flight(feed, lambda: self._hashtag(feed, tag))

    async def _home(self, feed: str, viewer_id: int, *, rebuild: bool) -> bool:
        for _ in range(_ATTEMPTS):
            builder = secrets.token_bytes(16)
            begun = await self._feeds.begin(feed, builder, rebuild=rebuild)
            if begun is not Begun.YOURS:
                return begun is Begun.READY_ALREADY
            rebuild = False
            sources = await self._home_sources.of(viewer_id)
            entries = await self._posts.newest(sources.delivered, before=TOP, limit=self._max)
            size = await self._feeds.finish(
                feed,
                builder,
                entries,
                complete=len(entries) < self._max,
                hidden=sources.muted,
                merge_note=sources.merge_note(),
            )
            _count("home", size)
            if size is not None:
                return True
        return False

    async def _author(self, feed: str, author_id: int) -> bool:
        builder = secrets.token_bytes(16)
        begun = await self._feeds.begin(feed, builder)
        if begun is not Begun.YOURS:
            return begun is Begun.READY_ALREADY
        entries = await self._posts.newest([author_id], before=TOP, limit=self._max)
        complete = len(entries) < self._max
        size = await self._feeds.finish(feed, builder, entries, complete=complete)
        _count("author", size)
        return size is not None

    async def _hashtag(self, feed: str, tag: str) -> bool:
        builder = secrets.token_bytes(16)
        begun = await self._feeds.begin(feed, builder)
        if begun is not Begun.YOURS:
            return begun is Begun.READY_ALREADY
        entries = await self._store.hashtag_entries([tag], before=TOP, limit=self._max)
        complete = len(entries) < self._max
        size = await self._feeds.finish(feed, builder, entries, complete=complete)
        _count("hashtag", size)
        return size is not None

    async def _single_flight(self, feed: str, build: Callable[[], Awaitable[bool]]) -> bool:
        running = self._running.get(feed)
        if running is None:
            running = asyncio.create_task(self._within_limit(build), name=f"build {feed}")
            self._running[feed] = running
            running.add_done_callback(lambda ended: self._ended(feed, ended))
        return await asyncio.shield(running)

    def _ended(self, feed: str, build: asyncio.Task[bool]) -> None:
        del self._running[feed]
        # Requests that still wait get the failure; without any, it is retrieved here.
        if not build.cancelled():
            build.exception()

    @staticmethod
    async def _within_limit(build: Callable[[], Awaitable[bool]]) -> bool:
        with deadline.none(), deadline.within(BUILD_SECONDS):
            return await build()


def _count(feed: str, size: int | None) -> None:
    _builds.labels(feed, "disturbed" if size is None else "ready").inc()
