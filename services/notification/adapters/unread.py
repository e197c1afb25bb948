"""Provides delivery with unread notifications and with the preferences that decide about
sending."""

from collections.abc import Collection, Mapping
from datetime import datetime

from services.chassis.runtime.clock import Clock
from services.delivery.domain.local_time import quiet_until
from services.delivery.domain.model import Notification
from services.notification.domain.model import URGENT_KINDS, Group
from services.notification.domain.store import NotificationStore
from services.notification.domain.visible_notifications import VisibleNotifications


class UnreadQueries:
    """See `delivery.domain.ports.UnreadNotifications`. It returns what the list shows at that
    moment."""

    def __init__(
        self, *, store: NotificationStore, visible_notifications: VisibleNotifications, clock: Clock
    ) -> None:
        self._store = store
        self._visible_notifications = visible_notifications
        self._clock = clock

    async def unread(
        self, wanted: Collection[tuple[int, int]]
    ) -> Mapping[tuple[int, int], Notification]:
        found = await self._visible_notifications.unread(wanted)
        return {key: notification_of(group) for key, group in found.items()}

    async def newest_unread(self, user_id: int, *, limit: int) -> list[Notification]:
        found = await self._visible_notifications.newest_unread(user_id, limit=limit)
        return [notification_of(group) for group in found]

    async def digests_wanted(self, user_ids: Collection[int]) -> set[int]:
        return {each for each in user_ids if (await self._store.preferences(each)).email_digest}

    async def quiet_until(self, user_ids: Collection[int]) -> Mapping[int, datetime]:
        now = self._clock.now()
        days = await self._store.days(user_ids)
        ends = {user_id: quiet_until(now, day) for user_id, day in days.items()}
        return {user_id: end for user_id, end in ends.items() if end is not None}

    async def time_zones(self, user_ids: Collection[int]) -> Mapping[int, str]:
        days = await self._store.days(user_ids)
        return {user_id: day.time_zone for user_id, day in days.items()}


def notification_of(group: Group) -> Notification:
    """The group as delivery sends it."""
    return Notification(
        id=group.id,
        kind=group.kind.name.lower(),
        post_id=group.post_id,
        actor_ids=group.actor_ids,
        count=group.count,
        urgent=group.kind in URGENT_KINDS,
    )
