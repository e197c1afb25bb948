"""The index of users in memory."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from services.chassis.storage.transaction import Transaction
from services.search.adapters.memory.store import MemorySearchStore, tables_of
from services.search.domain.posts.model import Viewer
from services.search.domain.users.changes import applied
from services.search.domain.users.index import UserIndex
from services.search.domain.users.matching import match
from services.search.domain.users.model import (
    FoundUser,
    Position,
    UserChange,
    UserQuery,
    user_id_of,
)


class MemoryUserIndex:
    """See `index.UserIndex`."""

    def __init__(self, store: MemorySearchStore) -> None:
        self._store = store

    async def find(
        self, query: UserQuery, viewer: Viewer, *, after: Position | None, limit: int
    ) -> list[FoundUser]:
        found = [
            place
            for stored in self._store.tables.users.values()
            if stored.user is not None and stored.user.user_id not in viewer.blocked
            if (place := match(query, stored.user, viewer)) is not None
            if after is None or place.position > after
        ]
        return sorted(found)[:limit]

    async def ids(self, first_id: int, last_id: int) -> list[int]:
        users = self._store.tables.users
        return sorted(
            user_id
            for user_id, stored in users.items()
            if stored.user is not None and first_id <= user_id <= last_id
        )

    async def apply(self, transaction: Transaction, changes: Sequence[UserChange]) -> None:
        users = tables_of(transaction).users
        for change in changes:
            user_id = user_id_of(change)
            stored = applied(users.get(user_id), [change])
            if stored is not None:
                users[user_id] = stored


if TYPE_CHECKING:

    def _index(index: MemoryUserIndex) -> UserIndex:
        return index
