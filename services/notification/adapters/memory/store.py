"""The store of the Notification service in memory."""

from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING

from services.chassis.runtime.clock import Clock
from services.chassis.storage.memory import MemoryDatabase
from services.delivery.domain.local_time import DaySettings
from services.eventlog.domain.store import Announce
from services.notification.adapters.memory.tables import NotificationTables
from services.notification.adapters.memory.transaction import MemoryNotificationTransaction
from services.notification.domain.model import (
    Group,
    Kind,
    Marker,
    Preferences,
)
from services.notification.domain.store import NotificationStore


class MemoryNotificationStore:
    """See `store.NotificationStore` for the promises."""

    def __init__(self, *, clock: Clock, announce: Announce = lambda _: None) -> None:
        self.database = MemoryDatabase(NotificationTables(), clock=clock)
        self._announce = announce

    @property
    def _tables(self) -> NotificationTables:
        return self.database.tables

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[MemoryNotificationTransaction]:
        async with self.database.transaction(MemoryNotificationTransaction) as transaction:
            yield transaction
        self._announce(transaction.appended)

    async def groups(
        self, user_id: int, *, kinds: Collection[Kind], before: int, limit: int
    ) -> list[Group]:
        found = [
            group
            for key, group in self._tables.groups.items()
            if key.recipient_id == user_id
            and group.id < before
            and (not kinds or group.kind in kinds)
        ]
        return sorted(found, key=lambda group: group.id, reverse=True)[:limit]

    async def unread(self, wanted: Collection[tuple[int, int]]) -> Mapping[tuple[int, int], Group]:
        return {
            (key.recipient_id, group.id): group
            for key, group in self._tables.groups.items()
            if (key.recipient_id, group.id) in wanted
            and group.id > self._tables.last_read(key.recipient_id)
        }

    async def marker(self, user_id: int) -> Marker | None:
        return self._tables.markers.get(user_id)

    async def preferences(self, user_id: int) -> Preferences:
        return self._tables.preferences.get(user_id, Preferences())

    async def days(self, user_ids: Collection[int]) -> Mapping[int, DaySettings]:
        kept = self._tables.preferences
        return {each: kept[each].day for each in user_ids if each in kept}

    async def muted_conversations(self, user_id: int) -> list[int]:
        return sorted(
            conversation
            for muter_id, conversation in self._tables.muted_conversations
            if muter_id == user_id
        )

    async def watched(self, watcher_id: int) -> list[int]:
        return sorted(author for watcher, author in self._tables.watches if watcher == watcher_id)

    async def watchers(self, author_id: int, *, after: int, limit: int) -> list[int]:
        found = sorted(watcher for watcher, author in self._tables.watches if author == author_id)
        return [each for each in found if each > after][:limit]

    async def recipients_of_post(self, post_id: int, limit: int) -> list[int]:
        return list(
            islice(self._tables.recipients(lambda activity: activity.post_id == post_id), limit)
        )

    async def recipients_of_actor(self, actor_id: int, limit: int) -> list[int]:
        return list(
            islice(self._tables.recipients(lambda activity: activity.actor_id == actor_id), limit)
        )

    async def recipients_before(self, moment: datetime, limit: int) -> list[int]:
        return list(islice(self._tables.recipients(lambda activity: activity.time < moment), limit))

    async def forget_deleted(self, before: datetime) -> None:
        tables = self._tables
        tables.deleted_posts = {id_: at for id_, at in tables.deleted_posts.items() if at >= before}
        tables.deleted_users = {id_: at for id_, at in tables.deleted_users.items() if at >= before}

    async def forget_withdrawn(self, before: datetime) -> None:
        tables = self._tables
        tables.withdrawn = {key: at for key, at in tables.withdrawn.items() if at >= before}


if TYPE_CHECKING:
    # mypy reports a method that this store lacks.
    _complete: type[NotificationStore] = MemoryNotificationStore
