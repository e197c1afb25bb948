"""Deletes usage of hashtags that is older than what callers see, and the past of trends."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

from services.chassis.runtime.clock import Clock
from services.chassis.runtime.ids import first_id_at
from services.chassis.storage.transaction import Transaction, in_transaction
from services.search.domain.hashtags.model import (
    EXACT_HOURS,
    HOUR,
    USAGE_WINDOW,
    hour_at,
)
from services.search.domain.hashtags.store import HashtagStore, TrendStore
from services.search.domain.hashtags.trends import KEPT
from services.search.domain.store import Store

# Counts of the last 7 days are behind by this at most.
INTERVAL_SECONDS = 60.0
_AT_ONCE = 1_000


class HashtagRetention:
    """Any number of processes may run it."""

    def __init__(
        self,
        *,
        store: Store,
        hashtags: HashtagStore,
        trends: TrendStore,
        clock: Clock,
        trust_age: timedelta,
    ) -> None:
        self._store = store
        self._hashtags = hashtags
        self._trends = trends
        self._clock = clock
        self._trust_age = trust_age

    async def delete_expired(self) -> None:
        """Deletes all that has expired now, in small steps."""
        now = self._clock.now()
        oldest = first_id_at(now - USAGE_WINDOW)
        exact_since = now - EXACT_HOURS * HOUR
        # Closed hours may be counted again as long as they are exact.
        young_from = first_id_at(exact_since - HOUR - self._trust_age)

        async def remove_uses(limit: int) -> int:
            async def remove(transaction: Transaction) -> int:
                within = self._hashtags.within(transaction)
                await within.lock_hashtags()
                expired = await within.uses_before(oldest, limit)
                if expired:
                    await within.change_uses(removed=expired, added=())
                return len(expired)

            return await in_transaction(self._store.transaction, remove)

        await _drain(remove_uses)
        await _drain(lambda limit: self._trends.prune_posts(oldest, limit))
        await _drain(lambda limit: self._trends.prune_usage_hours(hour_at(exact_since), limit))
        await _drain(lambda limit: self._trends.prune_trusted_hours(hour_at(now - KEPT), limit))
        await _drain(lambda limit: self._trends.prune_vouches(young_from, limit))


async def _drain(prune: Callable[[int], Awaitable[int]]) -> None:
    while await prune(_AT_ONCE) == _AT_ONCE:
        pass
