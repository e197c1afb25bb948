"""Reads posts again whose media changed without an edit, and indexes what they show now.

The Post service consumes the same event, maybe later. So a post is read until it shows the medium
in the version of the event.
"""

from collections.abc import Sequence
from datetime import timedelta

from prometheus_client import Counter

from services.chassis.runtime.backoff import doubled, spread
from services.chassis.runtime.clock import Clock
from services.chassis.runtime.logs import logger
from services.chassis.storage.retention import INBOX_KEPT
from services.chassis.storage.transaction import Transaction, in_transaction
from services.search.domain.posts.index import PostIndex
from services.search.domain.posts.model import Upsert
from services.search.domain.refreshes import PostReread, RefreshStore
from services.search.domain.sources import PostSource
from services.search.domain.store import Store
from services.search.worker.effects import documents_of, indexed

INTERVAL_SECONDS = 0.5
PRUNING_SECONDS = 600.0
AT_ONCE = 50
_LEASE = timedelta(seconds=30)
# Seconds before another attempt: the first, and the longest. Some minutes in all.
_PAUSE_SECONDS = (0.25, 60.0)
MAX_ATTEMPTS = 14
_PRUNED_AT_ONCE = 5_000

_given_up = Counter(
    "roost_search_rereads_given_up_total", "Posts that never showed a change of their media"
)


class Rereads:
    """Works off requests. Any number of processes may."""

    def __init__(
        self,
        *,
        store: Store,
        refreshes: RefreshStore,
        index: PostIndex,
        posts: PostSource,
        clock: Clock,
    ) -> None:
        self._store = store
        self._refreshes = refreshes
        self._index = index
        self._posts = posts
        self._clock = clock

    async def run_due(self) -> None:
        """Works until nothing is due."""
        while await self.step():
            pass

    async def step(self) -> bool:
        """Reads one batch; False if it was the last."""
        now = self._clock.now()
        leased = await self._refreshes.lease_rereads(now=now, lease_end=now + _LEASE, limit=AT_ONCE)
        if leased:
            await self._read(leased)
        return len(leased) == AT_ONCE

    async def prune(self) -> None:
        """Deletes requests that no late event can make due again."""
        before = self._clock.now() - INBOX_KEPT
        forgotten = _PRUNED_AT_ONCE
        while forgotten == _PRUNED_AT_ONCE:
            forgotten = await self._refreshes.forget_rereads(before, _PRUNED_AT_ONCE)

    async def _read(self, leased: Sequence[PostReread]) -> None:
        found = await self._posts.find({each.post_id for each in leased})
        documents = await documents_of(found.values(), self._clock)
        done = [
            each
            for each in leased
            if each.post_id in found and found[each.post_id].shows(each.medium_id, each.version)
        ]
        exhausted = [each for each in leased if each.attempts >= MAX_ATTEMPTS]

        async def effect(transaction: Transaction) -> None:
            if documents:
                await self._index.apply(transaction, [Upsert(each) for each in documents])
            for each in {*done, *exhausted}:
                await self._refreshes.finish_reread(transaction, each)

        await in_transaction(self._store.transaction, effect)
        indexed.labels("reread").inc(len(documents))
        for each in leased:
            if each in done:
                continue
            if each in exhausted:
                self._give_up(each, exists=each.post_id in found)
            else:
                pause = timedelta(seconds=spread(doubled(*_PAUSE_SECONDS, each.attempts - 1)))
                await self._refreshes.retry_reread(each, self._clock.now() + pause)

    def _give_up(self, reread: PostReread, *, exists: bool) -> None:
        # A post that does not exist was deleted, or was never written.
        if exists:
            _given_up.inc()
            logger().warning("search_reread_given_up", **reread._asdict())
