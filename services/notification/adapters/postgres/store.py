"""The store of the Notification service in PostgreSQL."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

import asyncpg

from services.chassis.storage.postgres import Database
from services.delivery.adapters.postgres import PostgresDeliveryTransaction
from services.delivery.domain.local_time import DaySettings
from services.eventlog.adapters.postgres import PostgresLogTransaction
from services.eventlog.domain.store import Announce
from services.notification.adapters.postgres import rows
from services.notification.adapters.postgres import statements as sql
from services.notification.domain import preferences
from services.notification.domain.model import (
    FOLLOW_GROUP_WINDOW,
    SAMPLES,
    Activity,
    Added,
    Group,
    GroupChange,
    GroupKey,
    Kind,
    KindPreference,
    Marker,
    Preferences,
)
from services.notification.rpc import events


class PostgresNotificationTransaction(PostgresDeliveryTransaction, PostgresLogTransaction):
    """See `store.NotificationTransaction`."""

    async def lock_recipients(self, user_ids: Collection[int]) -> None:
        await self.connection.execute(
            "SELECT pg_advisory_xact_lock(recipient) FROM unnest($1::bigint[]) AS recipient",
            sorted(set(user_ids)),
        )

    async def add(self, activities: Sequence[Activity]) -> list[Added]:
        found = await self.connection.fetch(
            sql.ADD,
            [each.recipient_id for each in activities],
            [each.kind for each in activities],
            [each.post_id for each in activities],
            [each.actor_id for each in activities],
            [each.id for each in activities],
            [each.conversation_id for each in activities],
            [each.time for each in activities],
            [each.muted for each in activities],
            FOLLOW_GROUP_WINDOW,
        )
        return [
            Added(GroupKey(recipient_id, first_id), activity_id, again)
            for recipient_id, first_id, activity_id, again in found
        ]

    async def withdraw(
        self,
        recipient_id: int,
        *,
        actor_id: int,
        post_id: int,
        kinds: Collection[Kind],
        now: datetime,
    ) -> list[GroupKey]:
        found = await self.connection.fetch(
            sql.WITHDRAW, recipient_id, actor_id, post_id, list(kinds)
        )
        return await self._record_withdrawn(found, now)

    async def withdraw_between(self, one_id: int, other_id: int, now: datetime) -> list[GroupKey]:
        await self.connection.execute(sql.UNWATCH_EACH_OTHER, one_id, other_id)
        found = await self.connection.fetch(sql.WITHDRAW_BETWEEN, one_id, other_id)
        return await self._record_withdrawn(found, now)

    async def _record_withdrawn(
        self, found: Sequence[asyncpg.Record], now: datetime
    ) -> list[GroupKey]:
        if found:
            columns = ("recipient_id", "kind", "post_id", "actor_id")
            await self.connection.execute(
                sql.RECORD_WITHDRAWN, *([row[each] for row in found] for each in columns), now
            )
        return [GroupKey(row["recipient_id"], row["group_id"]) for row in found]

    async def set_actor_muted(
        self, recipient_id: int, actor_id: int, *, muted: bool
    ) -> list[GroupKey]:
        found = await self.connection.fetch(sql.SET_ACTOR_MUTED, recipient_id, actor_id, muted)
        return rows.keys_from(found)

    async def set_conversation_muted(
        self, recipient_id: int, conversation_id: int, *, muted: bool
    ) -> list[GroupKey]:
        statement = sql.MUTE_CONVERSATION if muted else sql.UNMUTE_CONVERSATION
        await self.connection.execute(statement, recipient_id, conversation_id)
        found = await self.connection.fetch(
            sql.SET_CONVERSATION_MUTED, recipient_id, conversation_id, muted
        )
        return rows.keys_from(found)

    async def drop_post(self, post_id: int, recipient_ids: Collection[int]) -> list[GroupKey]:
        return rows.keys_from(
            await self.connection.fetch(sql.DROP_POST, post_id, list(recipient_ids))
        )

    async def drop_actor(self, actor_id: int, recipient_ids: Collection[int]) -> list[GroupKey]:
        return rows.keys_from(
            await self.connection.fetch(sql.DROP_ACTOR, actor_id, list(recipient_ids))
        )

    async def drop_before(self, moment: datetime, recipient_ids: Collection[int]) -> list[GroupKey]:
        return rows.keys_from(
            await self.connection.fetch(sql.DROP_BEFORE, moment, list(recipient_ids))
        )

    async def regroup(self, keys: Collection[GroupKey]) -> list[GroupChange]:
        if not keys:
            return []
        found = await self.connection.fetch(
            sql.REGROUP,
            [each.recipient_id for each in keys],
            [each.first_id for each in keys],
            SAMPLES,
        )
        return [rows.change_from(row) for row in found]

    async def log_group_changes(self, changes: Sequence[GroupChange], now: datetime) -> None:
        last_read = await self.last_read({each.recipient_id for each in changes})
        await self.append_events(events.notifications_changed(changes, last_read), now)

    async def log_marker(self, user_id: int, marker: Marker) -> None:
        await self.append_events([events.marker_advanced(user_id, marker)], marker.update_time)

    async def record_deleted_post(self, post_id: int, now: datetime) -> None:
        await self.connection.execute(sql.RECORD_DELETED_POST, post_id, now)

    async def record_deleted_user(self, user_id: int, now: datetime) -> None:
        await self.connection.execute(sql.RECORD_DELETED_USER, user_id, now)
        for statement in sql.FORGET_USER:
            await self.connection.execute(statement, user_id)
        await self.forget_deliveries(user_id)
        await self.forget_requests([str(user_id)])

    async def set_protected(self, user_id: int, *, protected: bool) -> None:
        statement = sql.PROTECT if protected else sql.UNPROTECT
        await self.connection.execute(statement, user_id)

    async def protected(self, user_ids: Collection[int]) -> set[int]:
        found = await self.connection.fetch(sql.PROTECTED, list(user_ids))
        return {row[0] for row in found}

    async def kind_preferences(
        self, user_ids: Collection[int]
    ) -> Mapping[int, Mapping[Kind, KindPreference]]:
        found: dict[int, list[tuple[int, int, bool]]] = {}
        for user_id, *kind_preference in await self.connection.fetch(
            sql.KIND_PREFERENCES, list(user_ids)
        ):
            found.setdefault(user_id, []).append(
                (kind_preference[0], kind_preference[1], kind_preference[2])
            )
        return {user_id: rows.kind_preferences_from(each) for user_id, each in found.items()}

    async def marker(self, user_id: int) -> Marker | None:
        row = await self.connection.fetchrow(sql.MARKER, user_id)
        return None if row is None else Marker(*row)

    async def newest_group_id(self, user_id: int) -> int:
        found: int = await self.connection.fetchval(sql.NEWEST_GROUP_ID, user_id)
        return found

    async def last_read(self, user_ids: Collection[int]) -> Mapping[int, int]:
        found = await self.connection.fetch(sql.LAST_READ, list(user_ids))
        return {row[0]: row[1] for row in found}

    async def set_marker(self, user_id: int, marker: Marker) -> None:
        await self.connection.execute(
            sql.SET_MARKER, user_id, marker.last_read_id, marker.update_time
        )

    async def preferences(self, user_id: int) -> Preferences:
        return rows.preferences_from(await self.connection.fetchrow(sql.PREFERENCES, user_id))

    async def days(self, user_ids: Collection[int]) -> Mapping[int, DaySettings]:
        return rows.days_from(await self.connection.fetch(sql.DAYS, list(user_ids)))

    async def set_preferences(self, user_id: int, preferences: Preferences) -> None:
        await self.connection.execute(
            sql.SET_PREFERENCES,
            user_id,
            preferences.email_digest,
            preferences.version,
            preferences.day.time_zone,
            *(preferences.day.quiet_hours or (None, None)),
        )
        await self.connection.execute(
            sql.SET_KIND_PREFERENCES,
            user_id,
            list(preferences.kind_preferences),
            [each.sender for each in preferences.kind_preferences.values()],
            [each.push for each in preferences.kind_preferences.values()],
        )

    async def set_email_digest(self, user_id: int, *, enabled: bool) -> None:
        await preferences.update(self, user_id, kind_preferences={}, email_digest=enabled, etag="")

    async def count_muted_conversations(self, user_id: int) -> int:
        count: int = await self.connection.fetchval(sql.COUNT_MUTED_CONVERSATIONS, user_id)
        return count

    async def count_watched(self, watcher_id: int) -> int:
        count: int = await self.connection.fetchval(sql.COUNT_WATCHED, watcher_id)
        return count

    async def watch(self, watcher_id: int, author_id: int, now: datetime) -> None:
        await self.connection.execute(sql.WATCH, watcher_id, author_id, now)

    async def unwatch(
        self, watcher_ids: Collection[int], author_id: int, *, until: datetime | None = None
    ) -> None:
        await self.connection.execute(sql.UNWATCH, list(watcher_ids), author_id, until)


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
        found = await self._database.fetch(sql.GROUPS, user_id, before, list(kinds), limit)
        return [rows.group_from(tuple(row)) for row in found]

    async def unread(self, wanted: Collection[tuple[int, int]]) -> Mapping[tuple[int, int], Group]:
        user_ids = [user_id for user_id, _ in wanted]
        ids = [group_id for _, group_id in wanted]
        found: dict[tuple[int, int], Group] = {}
        for recipient_id, *columns in await self._database.fetch(sql.UNREAD, user_ids, ids):
            group = rows.group_from(tuple(columns))
            found[recipient_id, group.id] = group
        return found

    async def marker(self, user_id: int) -> Marker | None:
        row = await self._database.fetchrow(sql.MARKER, user_id)
        return None if row is None else Marker(*row)

    async def preferences(self, user_id: int) -> Preferences:
        return rows.preferences_from(await self._database.fetchrow(sql.PREFERENCES, user_id))

    async def days(self, user_ids: Collection[int]) -> Mapping[int, DaySettings]:
        return rows.days_from(await self._database.fetch(sql.DAYS, list(user_ids)))

    async def muted_conversations(self, user_id: int) -> list[int]:
        return [row[0] for row in await self._database.fetch(sql.MUTED_CONVERSATIONS, user_id)]

    async def watched(self, watcher_id: int) -> list[int]:
        return [row[0] for row in await self._database.fetch(sql.WATCHED, watcher_id)]

    async def watchers(self, author_id: int, *, after: int, limit: int) -> list[int]:
        found = await self._database.fetch(sql.WATCHERS, author_id, after, limit)
        return [row[0] for row in found]

    async def recipients_of_post(self, post_id: int, limit: int) -> list[int]:
        return [
            row[0] for row in await self._database.fetch(sql.RECIPIENTS_OF_POST, post_id, limit)
        ]

    async def recipients_of_actor(self, actor_id: int, limit: int) -> list[int]:
        return [
            row[0] for row in await self._database.fetch(sql.RECIPIENTS_OF_ACTOR, actor_id, limit)
        ]

    async def recipients_before(self, moment: datetime, limit: int) -> list[int]:
        return [row[0] for row in await self._database.fetch(sql.RECIPIENTS_BEFORE, moment, limit)]

    async def forget_deleted(self, before: datetime) -> None:
        for statement in sql.FORGET_DELETED:
            await self._database.execute(statement, before)

    async def forget_withdrawn(self, before: datetime) -> None:
        await self._database.execute(sql.FORGET_WITHDRAWN, before)
