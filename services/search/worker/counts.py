"""Reads counts that changed from the services that own them, and stores the current values.

Values are absolute, so a repeated refresh has no effect.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

from prometheus_client import Counter, Gauge

from services.chassis.runtime.clock import Clock
from services.chassis.storage.transaction import Transaction, in_transaction
from services.search.domain.posts.index import PostIndex
from services.search.domain.posts.model import SetCounts
from services.search.domain.refreshes import RefreshStore, Subject
from services.search.domain.sources import PostSource, UserSource
from services.search.domain.store import Store
from services.search.domain.users.index import UserIndex
from services.search.domain.users.model import SetFollowers

INTERVAL_SECONDS = 1.0
AT_ONCE = 500
# Longer than the calls and the transaction of one batch may take.
_LEASE = timedelta(seconds=30)

_refreshed = Counter(
    "roost_search_counts_refreshed_total", "Posts and users whose counts were read", ["subject"]
)
_waiting = Gauge(
    "roost_search_count_refreshes", "Posts and users whose counts are to be read", ["subject"]
)
_due_seconds = Gauge(
    "roost_search_count_refreshes_due_seconds",
    "For how long the longest waiting one is due",
    ["subject"],
)


class CountRefreshes:
    """Works off marks. Any number of processes may."""

    def __init__(
        self,
        *,
        store: Store,
        refreshes: RefreshStore,
        post_index: PostIndex,
        user_index: UserIndex,
        posts: PostSource,
        users: UserSource,
        clock: Clock,
    ) -> None:
        self._store = store
        self._refreshes = refreshes
        self._post_index = post_index
        self._user_index = user_index
        self._posts = posts
        self._users = users
        self._clock = clock

    async def run_due(self) -> None:
        """Works until nothing is due."""
        for subject, read in ((Subject.POST, self._read_posts), (Subject.USER, self._read_users)):
            while await self._refresh(subject, read):
                pass
        for subject, (count, seconds) in (
            await self._refreshes.count_waiting(self._clock.now())
        ).items():
            _waiting.labels(subject.name.lower()).set(count)
            _due_seconds.labels(subject.name.lower()).set(seconds)

    async def _refresh(
        self,
        subject: Subject,
        read: Callable[[Sequence[int]], Awaitable[Callable[[Transaction], Awaitable[None]]]],
    ) -> bool:
        """Refreshes one batch; False if it was the last."""
        read_time = self._clock.now()
        ids = await self._refreshes.lease_counts(
            subject, now=read_time, lease_end=read_time + _LEASE, limit=AT_ONCE
        )
        if not ids:
            return False
        store_counts = await read(ids)

        async def effect(transaction: Transaction) -> None:
            await store_counts(transaction)
            await self._refreshes.finish_counts(transaction, subject, ids, read_time=read_time)

        await in_transaction(self._store.transaction, effect)
        _refreshed.labels(subject.name.lower()).inc(len(ids))
        return len(ids) == AT_ONCE

    async def _read_posts(self, ids: Sequence[int]) -> Callable[[Transaction], Awaitable[None]]:
        found = await self._posts.counts(ids)
        # A post that was not found was deleted: its event removes it.
        changes = [SetCounts(each, found[each]) for each in sorted(found)]

        async def store_counts(transaction: Transaction) -> None:
            await self._post_index.apply(transaction, changes)

        return store_counts

    async def _read_users(self, ids: Sequence[int]) -> Callable[[Transaction], Awaitable[None]]:
        found = await self._users.find(ids)
        changes = [SetFollowers(each, found[each].followers_count) for each in sorted(found)]

        async def store_counts(transaction: Transaction) -> None:
            await self._user_index.apply(transaction, changes)

        return store_counts
