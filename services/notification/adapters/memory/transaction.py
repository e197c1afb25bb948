"""The transaction of the store in memory."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime

from services.delivery.adapters.memory import MemoryDeliveryTransaction
from services.delivery.domain.local_time import DaySettings
from services.eventlog.adapters.memory import MemoryLogTransaction
from services.notification.adapters.memory.tables import ActivityRow, NotificationTables, key_of
from services.notification.domain import preferences
from services.notification.domain.model import (
    Activity,
    Added,
    GroupChange,
    GroupKey,
    Kind,
    KindPreference,
    Marker,
    Preferences,
)
from services.notification.rpc import events


class MemoryNotificationTransaction(
    MemoryDeliveryTransaction[NotificationTables], MemoryLogTransaction[NotificationTables]
):
    """See `store.NotificationTransaction`. Transactions run one after another, so none needs a
    lock."""

    async def lock_recipients(self, user_ids: Collection[int]) -> None:
        """See `NotificationTransaction.lock_recipients`."""

    async def add(self, activities: Sequence[Activity]) -> list[Added]:
        added = []
        for activity in activities:
            if not self.tables.refuses(activity):
                kept = ActivityRow(activity, self.tables.group_for(activity))
                self.tables.activities[key_of(activity)] = kept
                key = GroupKey(activity.recipient_id, kept.first_id)
                added.append(Added(key, activity.id, key_of(activity) in self.tables.withdrawn))
        return added

    async def withdraw(
        self,
        recipient_id: int,
        *,
        actor_id: int,
        post_id: int,
        kinds: Collection[Kind],
        now: datetime,
    ) -> list[GroupKey]:
        gone = {(recipient_id, kind, post_id, actor_id) for kind in kinds}
        return self.tables.withdraw(lambda activity: key_of(activity) in gone, now)

    async def withdraw_between(self, one_id: int, other_id: int, now: datetime) -> list[GroupKey]:
        pairs = {(one_id, other_id), (other_id, one_id)}
        for pair in pairs:
            self.tables.watches.pop(pair, None)
        return self.tables.withdraw(
            lambda activity: (activity.recipient_id, activity.actor_id) in pairs, now
        )

    async def set_actor_muted(
        self, recipient_id: int, actor_id: int, *, muted: bool
    ) -> list[GroupKey]:
        return self._change(
            lambda activity: (activity.recipient_id, activity.actor_id) == (recipient_id, actor_id),
            lambda activity: activity._replace(muted=muted),
        )

    async def set_conversation_muted(
        self, recipient_id: int, conversation_id: int, *, muted: bool
    ) -> list[GroupKey]:
        place = (recipient_id, conversation_id)
        if muted:
            self.tables.muted_conversations.add(place)
        else:
            self.tables.muted_conversations.discard(place)
        return self._change(
            lambda activity: (activity.recipient_id, activity.conversation_id) == place,
            lambda activity: activity,
        )

    async def drop_post(self, post_id: int, recipient_ids: Collection[int]) -> list[GroupKey]:
        return self.tables.remove(
            lambda activity: activity.post_id == post_id and activity.recipient_id in recipient_ids
        )

    async def drop_actor(self, actor_id: int, recipient_ids: Collection[int]) -> list[GroupKey]:
        return self.tables.remove(
            lambda activity: (
                activity.actor_id == actor_id and activity.recipient_id in recipient_ids
            )
        )

    async def drop_before(self, moment: datetime, recipient_ids: Collection[int]) -> list[GroupKey]:
        return self.tables.remove(
            lambda activity: activity.time < moment and activity.recipient_id in recipient_ids
        )

    async def regroup(self, keys: Collection[GroupKey]) -> list[GroupChange]:
        changes = []
        for key in set(keys):
            before, after = self.tables.groups.pop(key, None), self.tables.grouped(key)
            if after is not None:
                self.tables.groups[key] = after
            if before != after:
                changes.append(GroupChange(key.recipient_id, before, after))
        return sorted(changes, key=_place)

    async def log_group_changes(self, changes: Sequence[GroupChange], now: datetime) -> None:
        last_read = await self.last_read({each.recipient_id for each in changes})
        await self.append_events(events.notifications_changed(changes, last_read), now)

    async def log_marker(self, user_id: int, marker: Marker) -> None:
        await self.append_events([events.marker_advanced(user_id, marker)], marker.update_time)

    async def record_deleted_post(self, post_id: int, now: datetime) -> None:
        self.tables.deleted_posts.setdefault(post_id, now)

    async def record_deleted_user(self, user_id: int, now: datetime) -> None:
        await self.forget_deliveries(user_id)
        await self.forget_requests([str(user_id)])
        tables = self.tables
        tables.deleted_users.setdefault(user_id, now)
        tables.remove(lambda activity: activity.recipient_id == user_id)
        tables.groups = {key: each for key, each in tables.groups.items() if key[0] != user_id}
        tables.markers.pop(user_id, None)
        tables.preferences.pop(user_id, None)
        tables.protected.discard(user_id)
        tables.muted_conversations = {
            each for each in tables.muted_conversations if each[0] != user_id
        }
        tables.watches = {
            pair: since for pair, since in tables.watches.items() if user_id not in pair
        }
        tables.withdrawn = {
            key: at for key, at in tables.withdrawn.items() if user_id not in {key[0], key[3]}
        }

    async def set_protected(self, user_id: int, *, protected: bool) -> None:
        if protected:
            self.tables.protected.add(user_id)
        else:
            self.tables.protected.discard(user_id)

    async def protected(self, user_ids: Collection[int]) -> set[int]:
        return self.tables.protected.intersection(user_ids)

    async def kind_preferences(
        self, user_ids: Collection[int]
    ) -> Mapping[int, Mapping[Kind, KindPreference]]:
        kept = self.tables.preferences
        return {each: kept[each].kind_preferences for each in user_ids if each in kept}

    async def marker(self, user_id: int) -> Marker | None:
        return self.tables.markers.get(user_id)

    async def newest_group_id(self, user_id: int) -> int:
        return max(
            (each.id for key, each in self.tables.groups.items() if key.recipient_id == user_id),
            default=0,
        )

    async def last_read(self, user_ids: Collection[int]) -> Mapping[int, int]:
        markers = self.tables.markers
        return {each: markers[each].last_read_id for each in user_ids if each in markers}

    async def set_marker(self, user_id: int, marker: Marker) -> None:
        self.tables.markers[user_id] = marker

    async def preferences(self, user_id: int) -> Preferences:
        return self.tables.preferences.get(user_id, Preferences())

    async def days(self, user_ids: Collection[int]) -> Mapping[int, DaySettings]:
        kept = self.tables.preferences
        return {each: kept[each].day for each in user_ids if each in kept}

    async def set_preferences(self, user_id: int, preferences: Preferences) -> None:
        self.tables.preferences[user_id] = preferences

    async def set_email_digest(self, user_id: int, *, enabled: bool) -> None:
        await preferences.update(self, user_id, kind_preferences={}, email_digest=enabled, etag="")

    async def count_muted_conversations(self, user_id: int) -> int:
        return sum(each[0] == user_id for each in self.tables.muted_conversations)

    async def count_watched(self, watcher_id: int) -> int:
        return sum(each[0] == watcher_id for each in self.tables.watches)

    async def watch(self, watcher_id: int, author_id: int, now: datetime) -> None:
        self.tables.watches[watcher_id, author_id] = now

    async def unwatch(
        self, watcher_ids: Collection[int], author_id: int, *, until: datetime | None = None
    ) -> None:
        for watcher_id in watcher_ids:
            since = self.tables.watches.get((watcher_id, author_id))
            if since is not None and (until is None or since <= until):
                del self.tables.watches[watcher_id, author_id]

    def _change(
        self, matches: Callable[[Activity], bool], change: Callable[[Activity], Activity]
    ) -> list[GroupKey]:
        keys = []
        for key, kept in self.tables.activities.items():
            if matches(kept.activity):
                self.tables.activities[key] = kept._replace(activity=change(kept.activity))
                keys.append(GroupKey(kept.activity.recipient_id, kept.first_id))
        return keys


def _place(change: GroupChange) -> tuple[int, int]:
    group = change.after or change.before
    return change.recipient_id, group.id if group else 0
