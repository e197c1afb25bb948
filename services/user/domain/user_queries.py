"""Reads of users: profiles from the cache, the viewer's relationships from the database."""

import asyncio
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from services.chassis.rpc.paging import Page, fill
from services.user.domain import handles, visibility
from services.user.domain.errors import UserNotFound
from services.user.domain.model import (
    Direction,
    ListedRelationship,
    Relationship,
    RelationshipKind,
    User,
)
from services.user.domain.ports import UserCache
from services.user.domain.store import Store


class FoundUser(NamedTuple):
    """A user with the encoded profile, and the viewer's relationship if there is a viewer."""

    id: int
    packed: bytes
    relationship: Relationship | None


class UserQueries:
    """Profiles and lists of users, as a viewer may read them."""

    def __init__(self, *, store: Store, user_cache: UserCache) -> None:
        self._store = store
        self._user_cache = user_cache

    async def batch(
        self, user_ids: Iterable[int], handles_: Iterable[str], viewer_id: int | None
    ) -> list[FoundUser]:
        """The users that exist, ascending by id; nobody is hidden.

        Costs one cache lookup and one query, at the same time; handles cost one more query,
        before.
        """
        wanted = set(user_ids)
        keys = {handles.key_of(handle) for handle in handles_ if handles.is_handle(handle)}
        if keys:
            wanted.update((await self._store.ids_of_handles(list(keys))).values())
        return await self._read(sorted(wanted), viewer_id)

    async def one(self, user_id: int, viewer_id: int | None) -> FoundUser:
        """One user. Raises UserNotFound if there is none, or the user blocks the viewer."""
        found = await self._read([user_id], viewer_id)
        if not found:
            raise UserNotFound
        visibility.check_profile(found[0].relationship or Relationship.NONE)
        return found[0]

    async def one_by_handle(self, handle: str, viewer_id: int | None) -> FoundUser:
        """One user, by handle without regard to case. Raises UserNotFound."""
        key = handles.key_of(handle)
        user_id = (await self._store.ids_of_handles([key])).get(key)
        if user_id is None:
            raise UserNotFound
        return await self.one(user_id, viewer_id)

    async def list_of(
        self,
        direction: Direction,
        user_id: int,
        viewer_id: int | None,
        *,
        before: int,
        limit: int,
    ) -> Page[FoundUser]:
        """A page of the users that a user follows (OUT) or of the followers (IN), newest first.
        Raises UserNotFound, AccountProtected."""
        user, relationship = await self._user(user_id, viewer_id)
        visibility.check_lists(viewer_id, user, relationship)
        return await self._page(
            RelationshipKind.FOLLOW, direction, user_id, viewer_id, before=before, limit=limit
        )

    async def own_list(
        self, kind: RelationshipKind, direction: Direction, user_id: int, *, before: int, limit: int
    ) -> Page[FoundUser]:
        """A page of one of a user's private lists, newest first; nobody is hidden."""
        return await self._page(
            kind, direction, user_id, user_id, before=before, limit=limit, everybody=True
        )

    async def _page(
        self,
        kind: RelationshipKind,
        direction: Direction,
        user_id: int,
        viewer_id: int | None,
        *,
        before: int,
        limit: int,
        everybody: bool = False,
    ) -> Page[FoundUser]:
        found: dict[int, FoundUser] = {}

        async def fetch(position: int, most: int) -> list[ListedRelationship]:
            return await self._store.list_relationships(
                kind, direction, user_id, before=position or None, limit=most
            )

        async def keep(rows: Sequence[ListedRelationship]) -> list[bool]:
            # A user that is not found is deleted.
            for user in await self._read([row.other_id for row in rows], viewer_id):
                if everybody or visibility.listed(user.relationship or Relationship.NONE):
                    found[user.id] = user
            return [row.other_id in found for row in rows]

        page = await fill(
            size=limit,
            position=before,
            fetch=fetch,
            place=lambda row: row.id,
            keep=keep,
        )
        return Page([found[row.other_id] for row in page.rows], page.next_position)

    async def _user(self, user_id: int, viewer_id: int | None) -> tuple[User, Relationship]:
        found = await self._store.users([user_id])
        if not found:
            raise UserNotFound
        if viewer_id is None:
            return found[0], Relationship.NONE
        relationship = await self._store.relationships_with(viewer_id, [user_id])
        return found[0], relationship.get(user_id, Relationship.NONE)

    async def _read(self, user_ids: Sequence[int], viewer_id: int | None) -> list[FoundUser]:
        """The users that exist, in the given order."""
        # Nobody has a relationship with themselves.
        others = [each for each in user_ids if each != viewer_id]
        if viewer_id is None or not others:
            packed = await self._user_cache.get_many(user_ids)
            nothing = None if viewer_id is None else Relationship.NONE
            return [FoundUser(each, packed[each], nothing) for each in user_ids if each in packed]
        reading = asyncio.ensure_future(self._store.relationships_with(viewer_id, others))
        try:
            packed = await self._user_cache.get_many(user_ids)
        except BaseException:
            reading.cancel()
            raise
        relationships = await reading
        return [
            FoundUser(each, packed[each], relationships.get(each, Relationship.NONE))
            for each in user_ids
            if each in packed
        ]
