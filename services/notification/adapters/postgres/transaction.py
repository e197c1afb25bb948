"""Changes of what people are told, in PostgreSQL."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from services.delivery.adapters.postgres import PostgresDeliveryTransaction
from services.eventlog.adapters.postgres import PostgresLogTransaction
from services.notification.adapters.postgres import activities as sql
from services.notification.adapters.postgres import kind_preferences, reads, rows
from services.notification.domain.model import (
    FOLLOW_GROUP_WINDOW,
    SAMPLES,
    Activity,
    Added,
    DaySettings,
    GroupChange,
    GroupKey,
    Kind,
    KindPreference,
    Marker,
    Preferences,
)


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
            sql.WITHDRAW, now, recipient_id, actor_id, post_id, list(kinds)
        )
        return rows.keys_from(found)

    async def part(self, one_id: int, other_id: int, now: datetime) -> list[GroupKey]:
        await self.connection.execute(sql.UNWATCH_EACH_OTHER, one_id, other_id)
        return rows.keys_from(await self.connection.fetch(sql.PART, now, one_id, other_id))

    async def set_actor_muted(
        self, recipient_id: int, actor_id: int, *, muted: bool
    ) -> list[GroupKey]:
        found = await self.connection.fetch(sql.SET_ACTOR_MUTED, recipient_id, actor_id, muted)
        return rows.keys_from(found)

    async def set_conversation_muted(
        self, recipient_id: int, conversation_id: int, *, muted: bool
    ) -> list[GroupKey]:
        noted = (
            kind_preferences.MUTE_CONVERSATION if muted else kind_preferences.UNMUTE_CONVERSATION
        )
        await self.connection.execute(noted, recipient_id, conversation_id)
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

    async def record_deleted_post(self, post_id: int, now: datetime) -> None:
        await self.connection.execute(kind_preferences.RECORD_DELETED_POST, post_id, now)

    async def record_deleted_user(self, user_id: int, now: datetime) -> None:
        await self.connection.execute(kind_preferences.RECORD_DELETED_USER, user_id, now)
        await self.connection.execute(kind_preferences.FORGET_USER, user_id)
        await self.forget_deliveries(user_id)
        await self.forget_requests([str(user_id)])

    async def set_protected(self, user_id: int, *, protected: bool) -> None:
        noted = kind_preferences.PROTECT if protected else kind_preferences.UNPROTECT
        await self.connection.execute(noted, user_id)

    async def protected(self, user_ids: Collection[int]) -> set[int]:
        found = await self.connection.fetch(kind_preferences.PROTECTED, list(user_ids))
        return {row[0] for row in found}

    async def kind_preferences(
        self, user_ids: Collection[int]
    ) -> Mapping[int, Mapping[Kind, KindPreference]]:
        found: dict[int, list[tuple[int, int, bool]]] = {}
        for user_id, *kind_preference in await self.connection.fetch(
            kind_preferences.KIND_PREFERENCES, list(user_ids)
        ):
            found.setdefault(user_id, []).append(
                (kind_preference[0], kind_preference[1], kind_preference[2])
            )
        return {user_id: rows.kind_preferences_from(each) for user_id, each in found.items()}

    async def marker(self, user_id: int) -> Marker | None:
        row = await self.connection.fetchrow(reads.MARKER, user_id)
        return None if row is None else Marker(*row)

    async def newest_group_id(self, user_id: int) -> int:
        found: int = await self.connection.fetchval(reads.NEWEST_GROUP_ID, user_id)
        return found

    async def last_read(self, user_ids: Collection[int]) -> Mapping[int, int]:
        found = await self.connection.fetch(reads.LAST_READ, list(user_ids))
        return {row[0]: row[1] for row in found}

    async def set_marker(self, user_id: int, marker: Marker) -> None:
        await self.connection.execute(
            kind_preferences.SET_MARKER, user_id, marker.last_read_id, marker.update_time
        )

    async def preferences(self, user_id: int) -> Preferences:
        row = await self.connection.fetchrow(reads.PREFERENCES, user_id)
        assert row is not None  # noqa: S101 - a join with what always is
        return rows.preferences_from(row)

    async def days(self, user_ids: Collection[int]) -> Mapping[int, DaySettings]:
        return rows.days_from(await self.connection.fetch(reads.DAYS, list(user_ids)))

    async def set_preferences(self, user_id: int, preferences: Preferences) -> None:
        await self.connection.execute(
            kind_preferences.SET_PREFERENCES,
            user_id,
            preferences.email_digest,
            preferences.version,
            preferences.day.time_zone,
            *(preferences.day.quiet_hours or (None, None)),
        )
        await self.connection.execute(
            kind_preferences.SET_KIND_PREFERENCES,
            user_id,
            list(preferences.kind_preferences),
            [each.sender for each in preferences.kind_preferences.values()],
            [each.push for each in preferences.kind_preferences.values()],
        )

    async def count_muted_conversations(self, user_id: int) -> int:
        count: int = await self.connection.fetchval(
            kind_preferences.COUNT_MUTED_CONVERSATIONS, user_id
        )
        return count

    async def count_watched(self, watcher_id: int) -> int:
        count: int = await self.connection.fetchval(kind_preferences.COUNT_WATCHED, watcher_id)
        return count

    async def watch(self, watcher_id: int, author_id: int, now: datetime) -> None:
        await self.connection.execute(kind_preferences.WATCH, watcher_id, author_id, now)

    async def unwatch(
        self, watcher_ids: Collection[int], author_id: int, *, until: datetime | None = None
    ) -> None:
        await self.connection.execute(kind_preferences.UNWATCH, list(watcher_ids), author_id, until)
