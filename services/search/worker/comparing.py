"""Marks the counts of all posts and users in turn, so that no wrong count persists.

Not every change has an event: an account that becomes protected changes the counts of all posts
that it likes, and of all users whom it follows.
"""

from collections.abc import Collection
from typing import NamedTuple

from services.chassis.runtime.clock import Clock
from services.chassis.storage.transaction import Transaction, in_transaction
from services.search.domain.refreshes import RefreshStore, Subject
from services.search.domain.sources import PostSource, UserSource
from services.search.domain.store import Store

# A million posts take 8 hours.
INTERVAL_SECONDS = 30.0
AT_ONCE = 1_000


class _Part(NamedTuple):
    ids: Collection[int]
    # 0 after the last one: the next part is the first.
    last_id: int


class Comparing:
    """Goes through posts and users, one part at a time, from where it stopped."""

    def __init__(
        self,
        *,
        store: Store,
        refreshes: RefreshStore,
        posts: PostSource,
        users: UserSource,
        clock: Clock,
    ) -> None:
        self._store = store
        self._refreshes = refreshes
        self._posts = posts
        self._users = users
        self._clock = clock

    async def step(self) -> None:
        """Marks the next part of each."""
        for subject, read in ((Subject.POST, self._next_posts), (Subject.USER, self._next_users)):
            part = await read(await self._refreshes.last_compared(subject.name.lower()))
            await self._mark(subject, part)

    async def _mark(self, subject: Subject, part: _Part) -> None:
        async def effect(transaction: Transaction) -> None:
            if part.ids:
                await self._refreshes.mark_counts(transaction, subject, part.ids, self._clock.now())
            await self._refreshes.save_last_compared(
                transaction, subject.name.lower(), part.last_id
            )

        await in_transaction(self._store.transaction, effect)

    async def _next_posts(self, after_id: int) -> _Part:
        page = await self._posts.scan(after_id, AT_ONCE)
        ids = [each.facts.post_id for each in page.posts]
        return _Part(ids, page.last_id if page.has_more else 0)

    async def _next_users(self, after_id: int) -> _Part:
        page = await self._users.scan(after_id, AT_ONCE)
        ids = [each.user_id for each in page.users]
        return _Part(ids, ids[-1] if page.has_more and ids else 0)
