"""What is still to be told outside the app: asked when it is about to go out."""

from collections.abc import Collection, Mapping

from services.chassis.ids import MAX_ID
from services.notification.model import Group
from services.notification.store import NotificationStore


class StoredUnread:
    """See `carriers.Unread`. Deeds of muted people and conversations are in no group."""

    def __init__(self, store: NotificationStore) -> None:
        self._store = store

    async def unread(self, wanted: Collection[tuple[int, int]]) -> Mapping[tuple[int, int], Group]:
        """See `Unread.unread`."""
        return await self._store.unread(wanted)

    async def newest_unread(self, user_id: int, *, limit: int) -> list[Group]:
        """See `Unread.newest_unread`."""
        marker = await self._store.marker(user_id)
        read = marker.last_read_id if marker else 0
        newest = await self._store.groups(user_id, kinds=(), before=MAX_ID, limit=limit)
        return [group for group in newest if group.id > read]

    async def count_unread(self, user_id: int) -> int:
        """See `Unread.count_unread`."""
        return await self._store.count_unread(user_id)

    async def digests_wanted(self, user_ids: Collection[int]) -> set[int]:
        """See `Unread.digests_wanted`."""
        return {each for each in user_ids if (await self._store.preferences(each)).email_digest}
