"""What the computation of trends reads and writes, in memory."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from services.search.adapters.memory.store import MemorySearchStore
from services.search.adapters.memory.tables import SearchTables
from services.search.domain.hashtags.model import (
    ALL_HASHTAGS,
    ALL_LANGUAGES,
    LEAST_RECORDED,
    CountedHours,
    Observation,
    TrendList,
    Use,
    first_id_of,
)
from services.search.domain.hashtags.store import TrendStore


class MemoryTrends:
    """See `store.TrendStore`."""

    def __init__(self, store: MemorySearchStore) -> None:
        self._store = store

    async def lease_trends(self, now: datetime, lease_end: datetime) -> bool:
        async with self._store.transaction() as transaction:
            stored = transaction.tables.trend_lease_end
            if stored is not None and stored > now:
                return False
            transaction.tables.trend_lease_end = lease_end
            return True

    async def counted_hours(self) -> CountedHours | None:
        return self._store.tables.counted_hours

    async def oldest_hour(self) -> int | None:
        return min((each.hour for each in self._store.tables.hashtag_uses), default=None)

    async def count_hour(self, hour: int, *, trusted_below: int) -> None:
        async with self._store.transaction() as transaction:
            tables = transaction.tables
            _forget(tables, lambda key: key[2] == hour)
            for (tag, language), authors in _trusted(
                tables, first_id_of(hour), first_id_of(hour + 1), trusted_below
            ).items():
                total = (ALL_HASHTAGS, language, hour)
                tables.trusted_hours[total] = tables.trusted_hours.get(total, 0) + len(authors)
                if len(authors) >= LEAST_RECORDED:
                    tables.trusted_hours[tag, language, hour] = len(authors)
            counted = tables.counted_hours or CountedHours(hour, hour)
            tables.counted_hours = counted._replace(last=max(counted.last, hour))

    async def changed_hours(self, limit: int) -> Sequence[tuple[str, int]]:
        return sorted(self._store.tables.changed_hours)[:limit]

    async def recount_hour(self, tag: str, hour: int, *, trusted_below: int) -> None:
        async with self._store.transaction() as transaction:
            tables = transaction.tables
            tables.changed_hours.discard((tag, hour))
            _forget(tables, lambda key: (key[0], key[2]) == (tag, hour))
            found = _trusted(tables, first_id_of(hour), first_id_of(hour + 1), trusted_below)
            for (found_tag, language), authors in found.items():
                if found_tag == tag and len(authors) >= LEAST_RECORDED:
                    tables.trusted_hours[tag, language, hour] = len(authors)

    async def observe(
        self, first_post_id: int, *, trusted_below: int, least: int, limit: int
    ) -> Sequence[Observation]:
        tables = self._store.tables
        found = [
            Observation(tag, language, len(authors))
            for (tag, language), authors in _trusted(
                tables, first_post_id, None, trusted_below
            ).items()
            if len(authors) >= least and tag not in tables.hidden_hashtags
        ]
        return sorted(found, key=lambda each: (-each.authors, each.tag, each.language))[:limit]

    async def past_hours(
        self, observed: Collection[tuple[str, str]], *, since: int
    ) -> Mapping[tuple[str, str], Mapping[int, int]]:
        past: dict[tuple[str, str], dict[int, int]] = {}
        for (tag, language, hour), authors in self._store.tables.trusted_hours.items():
            if (tag, language) in observed and hour >= since:
                past.setdefault((tag, language), {})[hour] = authors
        return past

    async def save_trends(self, trends: Mapping[str, TrendList]) -> None:
        async with self._store.transaction() as transaction:
            transaction.tables.trends = dict(trends)

    async def prune_posts(self, before: int, limit: int) -> int:
        async with self._store.transaction() as transaction:
            posts = transaction.tables.hashtag_posts
            old = sorted(each for each in posts if each < before)[:limit]
            for post_id in old:
                del posts[post_id]
            return len(old)

    async def prune_usage_hours(self, before: int, limit: int) -> int:
        """Nothing: counts are made of the uses."""
        return 0

    async def prune_trusted_hours(self, before: int, limit: int) -> int:
        async with self._store.transaction() as transaction:
            tables = transaction.tables
            counted = tables.counted_hours
            if counted is not None and counted.first < before:
                tables.counted_hours = counted._replace(first=min(before, counted.last))
            old = sorted(each for each in tables.trusted_hours if each[2] < before)[:limit]
            for key in old:
                del tables.trusted_hours[key]
            return len(old)

    async def prune_vouches(self, followees_below: int, limit: int) -> int:
        async with self._store.transaction() as transaction:
            vouches = transaction.tables.hashtag_vouches
            old = sorted(each for each in vouches if each[1] < followees_below)[:limit]
            vouches.difference_update(old)
            return len(old)


def _forget(tables: SearchTables, chosen: Callable[[tuple[str, str, int]], bool]) -> None:
    for key in [each for each in tables.trusted_hours if chosen(each)]:
        del tables.trusted_hours[key]


def _trusted(
    tables: SearchTables, first_id: int, end_id: int | None, trusted_below: int
) -> Mapping[tuple[str, str], set[int]]:
    """The trusted authors by hashtag and language of posts from an id on."""
    vouched = {followee_id for _, followee_id in tables.hashtag_vouches}
    found: dict[tuple[str, str], set[int]] = {}
    for use in tables.hashtag_uses:
        in_time = first_id <= use.post_id and (end_id is None or use.post_id < end_id)
        if in_time and (use.author_id < trusted_below or use.author_id in vouched):
            for language in _lists(use):
                found.setdefault((use.tag, language), set()).add(use.author_id)
    return found


def _lists(use: Use) -> Iterator[str]:
    yield ALL_LANGUAGES
    if use.language:
        yield use.language


if TYPE_CHECKING:

    def _trends(store: MemoryTrends) -> TrendStore:
        return store
