"""RELEVANT: the newest candidates of a home, ordered by a score.

    score = 0.5 ^ (age / 6 h) * (1 + ln(1 + interest)) * (1 + 0.5 * closeness)

`interest` is likes + 2 reposts + 2 quotes + replies: a repost, quote or reply counts at least as
much as a like, and the logarithm limits the weight of large counts. `closeness` is how many of the
author's other candidates the viewer has engaged with, at most 4. Of several entries with one post
the newest is ranked. Equal scores are ordered newest first.
"""

import math
import secrets
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from services.chassis.cache.redis_client import RedisUnavailable
from services.chassis.rpc.paging import PageTokenInvalid
from services.chassis.runtime.clock import Clock
from services.chassis.runtime.errors import DeadlineExceeded, Unavailable
from services.chassis.runtime.ids import time_of
from services.timeline.domain.homes import Homes
from services.timeline.domain.model import TOP, Entry, Page
from services.timeline.domain.ports import Engagement, EngagementCounts
from services.timeline.domain.timeline_cache import TimelineCache

# The newest entries are ranked; older ones follow in plain order.
MAX_CANDIDATES = 200

_HALF_LIFE_SECONDS = 6 * 3600
_CLOSENESS_WEIGHT = 0.5
_MAX_CLOSENESS = 4

_NO_RESPONSES = EngagementCounts()


class Position(NamedTuple):
    """Where the next page begins: after so many entries of the ranking of that name, then in plain
    order below an entry id, if there is anything below. Without a name the ranking has ended."""

    name: str
    place: int
    below: int


def ranked(
    candidates: Sequence[Entry], engagement_counts: Mapping[int, EngagementCounts], now: datetime
) -> list[Entry]:
    """The candidates (newest first) by descending score."""
    newest_of_post: dict[int, Entry] = {}
    for entry in candidates:
        newest_of_post.setdefault(entry.post_id, entry)
    answered = {post_id for post_id, each in engagement_counts.items() if each.by_viewer}
    answered_of = Counter(
        entry.author_id for post_id, entry in newest_of_post.items() if post_id in answered
    )

    def score(entry: Entry) -> float:
        response = engagement_counts.get(entry.post_id, _NO_RESPONSES)
        age = max(0.0, (now - time_of(entry.entry_id)).total_seconds())
        interest = response.likes + 2 * response.reposts + 2 * response.quotes + response.replies
        others = answered_of[entry.author_id] - (entry.post_id in answered)
        return float(
            0.5 ** (age / _HALF_LIFE_SECONDS)
            * (1 + math.log1p(interest))
            * (1 + _CLOSENESS_WEIGHT * min(others, _MAX_CLOSENESS))
        )

    return sorted(newest_of_post.values(), key=lambda each: (-score(each), -each.entry_id))


class Rankings:
    """Ranks a home when its first page is read, and keeps the order for the pages after it."""

    def __init__(
        self, *, homes: Homes, engagement: Engagement, cache: TimelineCache, clock: Clock
    ) -> None:
        self._homes = homes
        self._engagement = engagement
        self._cache = cache
        self._clock = clock

    async def relevant(
        self, viewer_id: int, position: Position | None, *, limit: int
    ) -> tuple[Page, Position | None]:
        """A page, and where the next one begins. What that begins with is known but where the
        ranking is over with this page.

        Where the cache is away the page is in plain order, since a ranking could not go on.
        Raises PageTokenInvalid for a ranking that is no longer kept.
        """
        if position is None:
            try:
                return await self._first(viewer_id, limit=limit)
            except RedisUnavailable:
                return await self._plain(viewer_id, before=TOP, limit=limit)
        if not position.name:
            return await self._plain(viewer_id, before=position.below, limit=limit)
        ranking = await self._cache.ranking(viewer_id, position.name)
        if ranking is None:
            raise PageTokenInvalid("This ranking is no longer kept; start again.")
        return _page_of(ranking, position, limit=limit)

    async def _first(self, viewer_id: int, *, limit: int) -> tuple[Page, Position | None]:
        candidates = await self._homes.latest(viewer_id, limit=MAX_CANDIDATES)
        engagement_counts = await self._engagement_counts(candidates)
        ranking = ranked(candidates.entries, engagement_counts, self._clock.now())
        below = candidates.entries[-1].entry_id if candidates.next_entry is not None else 0
        name = secrets.token_hex(8)
        if len(ranking) > limit:
            await self._cache.keep_ranking(viewer_id, name, ranking)
        return _page_of(ranking, Position(name, 0, below), limit=limit)

    async def _engagement_counts(self, candidates: Page) -> Mapping[int, EngagementCounts]:
        post_ids = list(dict.fromkeys(entry.post_id for entry in candidates.entries))
        if not post_ids:
            return {}
        try:
            return await self._engagement.engagement_counts(post_ids)
        except (Unavailable, DeadlineExceeded):
            # Recency alone still makes an order.
            return {}

    async def _plain(
        self, viewer_id: int, *, before: int, limit: int
    ) -> tuple[Page, Position | None]:
        page = await self._homes.latest(viewer_id, before=before, limit=limit)
        if page.next_entry is None:
            return page, None
        return page, Position("", 0, page.entries[-1].entry_id)


def _page_of(
    ranking: Sequence[Entry], position: Position, *, limit: int
) -> tuple[Page, Position | None]:
    name, place, below = position
    end = place + limit
    page = list(ranking[place:end])
    if end < len(ranking):
        return Page(page, ranking[end]), Position(name, end, below)
    return Page(page, None), Position("", 0, below) if below else None
