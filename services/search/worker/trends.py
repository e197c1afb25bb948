"""Computes which hashtags trend, once a minute in one of the worker processes."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from prometheus_client import Counter, Gauge

from services.chassis.runtime.clock import Clock
from services.chassis.runtime.ids import first_id_at
from services.search.domain.hashtags.model import (
    ALL_HASHTAGS,
    ALL_LANGUAGES,
    HOUR,
    USAGE_WINDOW,
    HashtagUse,
    Measure,
    Observation,
    Trend,
    TrendList,
    hour_at,
    start_of,
)
from services.search.domain.hashtags.store import HashtagStore, TrendStore
from services.search.domain.hashtags.trends import (
    KEPT,
    MIN_AUTHORS,
    Known,
    Past,
    Ranked,
    expected_at,
    measure_of,
    rank,
    shape_of,
)

# Every process tries at this interval; the lease lets one succeed, so that at most a minute passes
# between two computations, also when the process that holds the lease ends.
INTERVAL_SECONDS = 8.0
_LEASE = timedelta(seconds=40)
# Hashtags and languages that one computation compares with their past: the most used.
_MOST_OBSERVED = 1_000
# Hashtags and hours that one computation counts again.
_MOST_RECOUNTED = 1_000

_computations = Counter(
    "roost_search_trend_computations_total", "Computations of trends that ended"
)
_as_of = Gauge(
    "roost_search_trends_as_of_timestamp_seconds", "The time of the last computation of trends"
)
_trending = Gauge("roost_search_trends", "Hashtags that trend in all languages together")
_changed_hours = Gauge(
    "roost_search_changed_hours_waiting",
    "Hashtags and past hours whose trusted authors have to be counted again",
)


class TrendComputation:
    """Counts the trusted authors of hours that ended, and compares the last hour with them.

    `run_due` may be interrupted at any point and repeated by any process.
    """

    def __init__(
        self, *, store: TrendStore, hashtags: HashtagStore, clock: Clock, trust_age: timedelta
    ) -> None:
        self._store = store
        self._hashtags = hashtags
        self._clock = clock
        self._trust_age = trust_age

    async def run_due(self) -> None:
        """Computes and stores the trends, unless another process does or just did."""
        now = self._clock.now()
        if not await self._store.lease_trends(now, now + _LEASE):
            return
        await self._count_hours(now)
        trends = await self._compute(now)
        await self._store.save_trends(trends)
        _computations.inc()
        _as_of.set(now.timestamp())
        _trending.set(len(trends[ALL_LANGUAGES].trends))

    async def _count_hours(self, now: datetime) -> None:
        """Counts the trusted authors of the hours that ended since, and of hours that changed."""
        counted = await self._store.counted_hours()
        hour = counted.last + 1 if counted is not None else await self._store.oldest_hour()
        if hour is not None:
            for each in range(max(hour, hour_at(now - USAGE_WINDOW)), hour_at(now)):
                await self._store.count_hour(each, trusted_below=self._trusted_below(each))
        changed = await self._store.changed_hours(_MOST_RECOUNTED)
        for tag, each in changed:
            await self._store.recount_hour(tag, each, trusted_below=self._trusted_below(each))
        _changed_hours.set(len(await self._store.changed_hours(_MOST_RECOUNTED)))

    def _trusted_below(self, hour: int) -> int:
        """Accounts with lower ids had the trust age at the end of the hour."""
        return first_id_at(start_of(hour + 1) - self._trust_age)

    async def _compute(self, now: datetime) -> dict[str, TrendList]:
        """The trends of all languages."""
        observed = await self._store.observe(
            first_id_at(now - HOUR),
            trusted_below=first_id_at(now - self._trust_age),
            least=MIN_AUTHORS,
            limit=_MOST_OBSERVED,
        )
        languages = sorted({ALL_LANGUAGES, *(each.language for each in observed)})
        pasts = await self._store.past_hours(
            {(each.tag, each.language) for each in observed}
            | {(ALL_HASHTAGS, language) for language in languages},
            since=hour_at(now - KEPT),
        )
        hours = await self._store.counted_hours()
        ranked: dict[str, list[Ranked]] = {}
        for language in languages:
            known = Known(hours, shape_of(pasts.get((ALL_HASHTAGS, language), {}), hours))
            ranked[language] = rank(_measures(observed, language, pasts, known, now))
        uses = await self._uses({each.tag for found in ranked.values() for each in found}, now)
        return {
            language: TrendList(
                now, tuple(Trend(uses[tag], measure) for tag, measure in found if tag in uses)
            )
            for language, found in ranked.items()
        }

    async def _uses(self, tags: set[str], now: datetime) -> Mapping[str, HashtagUse]:
        """The usage of hashtags with history. A hashtag that lost its last use since is absent."""
        found = await self._hashtags.hashtags(tags)
        histories = await self._hashtags.histories(tags, now)
        return {tag: use._replace(history=histories[tag]) for tag, use in found.items()}


def _measures(
    observed: Iterable[Observation],
    language: str,
    pasts: Mapping[tuple[str, str], Past],
    known: Known,
    now: datetime,
) -> Iterable[tuple[str, Measure]]:
    for each in observed:
        if each.language == language:
            past = pasts.get((each.tag, language), {})
            yield each.tag, measure_of(each.authors, expected_at(now, past, known))
