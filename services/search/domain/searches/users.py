"""Searches for users."""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from services.search.domain.posts.model import Viewer
from services.search.domain.searches.shares import Shares
from services.search.domain.users.index import UserIndex
from services.search.domain.users.model import FoundUser, Position, UserQuery
from services.search.domain.users.words import user_query
from services.search.domain.viewers import Viewers

# Nobody reads further, and the rest of a common name is in no useful order.
MAX_USERS = 1_000


class UserPosition(msgspec.Struct, frozen=True, array_like=True):
    """Where a page of users ends, for its page token."""

    seen: int
    place: Position


class UserPage(NamedTuple):
    """Found users, and where the next page begins; None and 0 on the last page."""

    users: Sequence[FoundUser]
    next_position: UserPosition | None = None
    next_user_id: int = 0


class UserSearch:
    """Finds users for viewers. Every method raises Unavailable if the index, or the relations of a
    signed-in viewer, cannot be read, and RateLimited; see shares."""

    def __init__(self, *, index: UserIndex, viewers: Viewers, shares: Shares) -> None:
        self._index = index
        self._viewers = viewers
        self._shares = shares

    async def find(
        self, text: str, viewer_id: int | None, *, after: UserPosition | None, size: int
    ) -> UserPage:
        """The users that match a cleaned text, best first; nobody if it has no word."""
        viewer = await self._viewers.get(viewer_id)
        query = user_query(text)
        if query is None:
            return UserPage([])
        seen = 0 if after is None else after.seen
        size = min(size, MAX_USERS - seen)
        found = await self._find(
            query, viewer, after=None if after is None else after.place, limit=size + 1
        )
        users = found[:size]
        seen += len(users)
        if len(found) <= size or seen >= MAX_USERS:
            return UserPage(users)
        return UserPage(users, UserPosition(seen, users[-1].position), found[size].user_id)

    async def suggest(self, text: str, viewer_id: int | None, *, limit: int) -> list[FoundUser]:
        """The users whose names begin with a cleaned text: the one with exactly this handle, those
        whom the viewer follows, then others."""
        viewer = await self._viewers.get(viewer_id)
        query = user_query(text, for_suggestions=True)
        if query is None:
            return []
        return await self._find(query, viewer, after=None, limit=limit)

    async def _find(
        self, query: UserQuery, viewer: Viewer, *, after: Position | None, limit: int
    ) -> list[FoundUser]:
        async with self._shares.place(viewer.user_id):
            return await self._index.find(query, viewer, after=after, limit=limit)
