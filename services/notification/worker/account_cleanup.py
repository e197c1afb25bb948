"""Takes back from everybody what hangs on something that is gone or closed, in steps.

Each step is a transaction of its own and may be repeated; who is interrupted begins anew and
finds less to do. What is gone is noted before, so nothing new comes to hang on it meanwhile.
"""

from collections.abc import Awaitable, Callable, Collection
from datetime import datetime

from services.chassis.runtime.clock import Clock
from services.chassis.storage.transaction import in_transaction
from services.notification.domain.domain_events import (
    AccountDeleted,
    DomainEvent,
    PostDeleted,
    ProfileChanged,
)
from services.notification.domain.model import GroupKey
from services.notification.domain.notifier import AT_ONCE
from services.notification.domain.ports import Graph
from services.notification.domain.regrouping import settle
from services.notification.domain.store import NotificationStore, NotificationTransaction

# Removes deeds of these recipients, and gives the keys of their groups.
Drop = Callable[[NotificationTransaction, Collection[int]], Awaitable[list[GroupKey]]]


class AccountCleanup:
    """Clears up after posts and people that are gone, and after time."""

    def __init__(
        self, *, store: NotificationStore, graph: Graph, clock: Clock, at_once: int = AT_ONCE
    ) -> None:
        self._store = store
        self._graph = graph
        self._clock = clock
        self._at_once = at_once

    async def handle(self, domain_event: DomainEvent) -> None:
        """Removes the notifications about a post or a person, if the cause is such an end, and the
        watches of those who do not follow somebody who is protected from now on."""
        match domain_event:
            case PostDeleted(post_id):
                await self._post_deleted(post_id)
            case AccountDeleted(user_id):
                await self._account_deleted(user_id)
            case ProfileChanged(user_id, closed=True):
                await self._end_watches(user_id)

    async def _post_deleted(self, post_id: int) -> None:
        async def drop(
            transaction: NotificationTransaction, recipient_ids: Collection[int]
        ) -> list[GroupKey]:
            return await transaction.drop_post(post_id, recipient_ids)

        while affected_ids := await self._store.recipients_of_post(post_id, self._at_once):
            await self._step(affected_ids, drop)

    async def _account_deleted(self, user_id: int) -> None:
        async def drop(
            transaction: NotificationTransaction, recipient_ids: Collection[int]
        ) -> list[GroupKey]:
            return await transaction.drop_actor(user_id, recipient_ids)

        while affected_ids := await self._store.recipients_of_actor(user_id, self._at_once):
            await self._step(affected_ids, drop)

    async def _end_watches(self, author_id: int) -> None:
        after = 0
        while page := await self._store.watchers(author_id, after=after, limit=self._at_once):
            await self._end_watches_of(page, author_id)
            after = page[-1]

    async def _end_watches_of(self, watcher_ids: Collection[int], author_id: int) -> None:
        async def effect(transaction: NotificationTransaction) -> None:
            await transaction.lock_recipients(watcher_ids)
            if not await transaction.protected([author_id]):
                # Open again by now.
                return
            relationships = await self._graph.relationships(
                [(each, author_id) for each in watcher_ids]
            )
            others = [each for each in watcher_ids if not relationships[each, author_id].following]
            await transaction.unwatch(others, author_id)

        await in_transaction(self._store.transaction, effect)

    async def forget_before(self, moment: datetime) -> None:
        """Removes what is older. Nobody is told: their lists merely end earlier."""

        async def drop(
            transaction: NotificationTransaction, recipient_ids: Collection[int]
        ) -> list[GroupKey]:
            return await transaction.drop_before(moment, recipient_ids)

        while affected_ids := await self._store.recipients_before(moment, self._at_once):
            await self._step(affected_ids, drop, silently=True)

    async def _step(
        self, recipient_ids: Collection[int], drop: Drop, *, silently: bool = False
    ) -> None:
        async def effect(transaction: NotificationTransaction) -> None:
            await transaction.lock_recipients(recipient_ids)
            keys = await drop(transaction, recipient_ids)
            if silently:
                await transaction.regroup(keys)
            else:
                await settle(transaction, keys, now=self._clock.now())

        await in_transaction(self._store.transaction, effect)
