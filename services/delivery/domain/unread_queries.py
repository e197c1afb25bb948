"""What is still to be told outside the app: asked when it is about to go out."""

from collections.abc import Collection, Mapping
from datetime import datetime

from services.chassis.runtime.clock import Clock
from services.notification.domain.local_time import quiet_until
from services.notification.domain.model import Group
from services.notification.domain.store import NotificationStore
from services.notification.domain.visible_notifications import VisibleNotifications


class UnreadQueries:
    """See `carriers.Unread`. What goes out is what the list shows at that moment."""

    def __init__(
        self, *, store: NotificationStore, visible_notifications: VisibleNotifications, clock: Clock
    ) -> None:
        self._store = store
        self._visible_notifications = visible_notifications
        self._clock = clock

    async def unread(self, wanted: Collection[tuple[int, int]]) -> Mapping[tuple[int, int], Group]:
        return await self._visible_notifications.unread(wanted)

    async def newest_unread(self, user_id: int, *, limit: int) -> list[Group]:
        return await self._visible_notifications.newest_unread(user_id, limit=limit)

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
