"""The store of the Notification service on PostgreSQL."""

from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from datetime import datetime

from services.chassis.storage.postgres import Database
from services.eventlog.domain.store import Announce
from services.notification.adapters.postgres import kind_preferences, reads, rows
from services.notification.adapters.postgres.transaction import PostgresNotificationTransaction
from services.notification.domain.model import (
    DaySettings,
    Group,
    Kind,
    Marker,
    Preferences,
)


class PostgresNotificationStore:
    """See `store.NotificationStore` for the promises."""

    def __init__(self, database: Database, *, announce: Announce) -> None:
        self._database = database
        self._announce = announce

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[PostgresNotificationTransaction]:
        async with self._database.transaction(PostgresNotificationTransaction) as transaction:
            yield transaction
        self._announce(transaction.appended)

    async def groups(
        self, user_id: int, *, kinds: Collection[Kind], before: int, limit: int
    ) -> list[Group]:
        found = await self._database.fetch(reads.GROUPS, user_id, before, list(kinds), limit)
        return [rows.group_from(tuple(row)) for row in found]

    async def unread(self, wanted: Collection[tuple[int, int]]) -> Mapping[tuple[int, int], Group]:
        people = [user_id for user_id, _ in wanted]
        ids = [group_id for _, group_id in wanted]
        found: dict[tuple[int, int], Group] = {}
        for recipient_id, *columns in await self._database.fetch(reads.UNREAD, people, ids):
            group = rows.group_from(tuple(columns))
            found[recipient_id, group.id] = group
        return found

    async def marker(self, user_id: int) -> Marker | None:
        row = await self._database.fetchrow(reads.MARKER, user_id)
        return None if row is None else Marker(*row)

    async def preferences(self, user_id: int) -> Preferences:
        row = await self._database.fetchrow(reads.PREFERENCES, user_id)
        assert row is not None  # noqa: S101 - a join with what always is
        return rows.preferences_from(row)

    async def days(self, user_ids: Collection[int]) -> Mapping[int, DaySettings]:
        return rows.days_from(await self._database.fetch(reads.DAYS, list(user_ids)))

    async def muted_conversations(self, user_id: int) -> list[int]:
        return [row[0] for row in await self._database.fetch(reads.MUTED_CONVERSATIONS, user_id)]

    async def watched(self, watcher_id: int) -> list[int]:
        return [row[0] for row in await self._database.fetch(reads.WATCHED, watcher_id)]

    async def watchers(self, author_id: int, *, after: int, limit: int) -> list[int]:
        found = await self._database.fetch(reads.WATCHERS, author_id, after, limit)
        return [row[0] for row in found]

    async def recipients_of_post(self, post_id: int, limit: int) -> list[int]:
        return [
            row[0] for row in await self._database.fetch(reads.RECIPIENTS_OF_POST, post_id, limit)
        ]

    async def recipients_of_actor(self, actor_id: int, limit: int) -> list[int]:
        return [
            row[0] for row in await self._database.fetch(reads.RECIPIENTS_OF_ACTOR, actor_id, limit)
        ]

    async def recipients_before(self, moment: datetime, limit: int) -> list[int]:
        return [
            row[0] for row in await self._database.fetch(reads.RECIPIENTS_BEFORE, moment, limit)
        ]

    async def forget_deleted(self, before: datetime) -> None:
        await self._database.execute(kind_preferences.FORGET_DELETED, before)

    async def forget_withdrawn(self, before: datetime) -> None:
        await self._database.execute(kind_preferences.FORGET_WITHDRAWN, before)
