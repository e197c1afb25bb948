"""Removes what refers to deleted posts and accounts, and expired notifications, in steps.

Each step is a transaction of its own and may be repeated. After an interruption the cleanup starts
again and finds less to do. The deletion is recorded before, so no activity is added in between.
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
from services.notification.domain.regrouping import regroup
from services.notification.domain.store import NotificationStore, NotificationTransaction

# Removes activities of these recipients, and returns the keys of their groups.
Drop = Callable[[NotificationTransaction, Collection[int]], Awaitable[list[GroupKey]]]


class AccountCleanup:
    """Removes notifications of deleted posts and accounts, and expired ones."""

    def __init__(
        self, *, store: NotificationStore, graph: Graph, clock: Clock, at_once: int = AT_ONCE
    ) -> None:
        self._store = store
        self._graph = graph
        self._clock = clock
        self._at_once = at_once

    async def handle(self, domain_event: DomainEvent) -> None:
        """Removes the notifications about a deleted post or account, and the watches of an author
        who became protected by users who do not follow them."""
        match domain_event:
            case PostDeleted(post_id):
                await self._post_deleted(post_id)
            case AccountDeleted(user_id):
                await self._account_deleted(user_id)
            case ProfileChanged(user_id, became_protected=True):
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
                # The account is public again.
                return
            relationships = await self._graph.relationships(
                [(each, author_id) for each in watcher_ids]
            )
            others = [each for each in watcher_ids if not relationships[each, author_id].following]
            await transaction.unwatch(others, author_id)

        await in_transaction(self._store.transaction, effect)

    async def forget_before(self, moment: datetime) -> None:
        """Removes older activities. The event logs do not get entries: the lists only end
        earlier."""

        async def drop(
            transaction: NotificationTransaction, recipient_ids: Collection[int]
        ) -> list[GroupKey]:
            return await transaction.drop_before(moment, recipient_ids)

        while affected_ids := await self._store.recipients_before(moment, self._at_once):
            await self._step(affected_ids, drop, unlogged=True)

    async def _step(
        self, recipient_ids: Collection[int], drop: Drop, *, unlogged: bool = False
    ) -> None:
        async def effect(transaction: NotificationTransaction) -> None:
            await transaction.lock_recipients(recipient_ids)
            keys = await drop(transaction, recipient_ids)
            if unlogged:
                await transaction.regroup(keys)
            else:
                await regroup(transaction, keys, now=self._clock.now())

        await in_transaction(self._store.transaction, effect)
