"""Reading people: profiles from the cache, and how the viewer stands to them from the database."""

import asyncio
from collections.abc import Iterable, Sequence

from services.chassis.rpc.paging import Page, fill
from services.user.adapters.user_cache import UserCache
from services.user.domain import handles, visibility
from services.user.domain.errors import UserNotFound
from services.user.domain.model import (
    Direction,
    ListedEdge,
    Relationship,
    RelationshipKind,
    User,
)
from services.user.domain.store import Store

Found = tuple[int, bytes, Relationship | None]


class UserQueries:
    """What others may read. A `Found` is id, card, and ties where there is a viewer."""

    def __init__(self, *, store: Store, user_cache: UserCache) -> None:
        self._store = store
        self._user_cache = user_cache

    async def batch(
        self, user_ids: Iterable[int], handles_: Iterable[str], viewer_id: int | None
    ) -> list[Found]:
        """Those who exist, in ascending order of id; nobody is hidden.

        Costs one look into the cache and one query, at the same time; handles cost one more
        query, before.
        """
        wanted = set(user_ids)
        keys = {handles.key_of(handle) for handle in handles_ if handles.is_handle(handle)}
        if keys:
            wanted.update((await self._store.ids_of_handles(list(keys))).values())
        return await self._read(sorted(wanted), viewer_id)

    async def one(self, user_id: int, viewer_id: int | None) -> Found:
        """One person. Raises UserNotFound if there is none whom the viewer may know of."""
        found = await self._read([user_id], viewer_id)
        if not found:
            raise UserNotFound
        visibility.check_profile(found[0][2] or Relationship.NONE)
        return found[0]

    async def one_by_handle(self, handle: str, viewer_id: int | None) -> Found:
        """One person, by handle without regard to case. Raises UserNotFound."""
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
    ) -> Page[Found]:
        """A page of whom a person follows (OUT) or who follows them (IN), newest first. Raises
        UserNotFound, AccountProtected."""
        person, relationship = await self._user(user_id, viewer_id)
        visibility.check_lists(viewer_id, person, relationship)
        return await self._page(
            RelationshipKind.FOLLOW, direction, user_id, viewer_id, before=before, limit=limit
        )

    async def own_list(
        self, edge: RelationshipKind, direction: Direction, user_id: int, *, before: int, limit: int
    ) -> Page[Found]:
        """A page of one of a person's private lists, newest first; nobody is hidden."""
        return await self._page(
            edge, direction, user_id, user_id, before=before, limit=limit, everybody=True
        )

    async def _page(
        self,
        edge: RelationshipKind,
        direction: Direction,
        user_id: int,
        viewer_id: int | None,
        *,
        before: int,
        limit: int,
        everybody: bool = False,
    ) -> Page[Found]:
        found: dict[int, Found] = {}

        async def fetch(position: int, most: int) -> list[ListedEdge]:
            return await self._store.list_edges(
                edge, direction, user_id, before=position or None, limit=most
            )

        async def keep(edges: Sequence[ListedEdge]) -> list[bool]:
            # Whoever is not among them is deleted.
            for each in await self._read([edge.other_id for edge in edges], viewer_id):
                if everybody or visibility.listed(each[2] or Relationship.NONE):
                    found[each[0]] = each
            return [edge.other_id in found for edge in edges]

        page = await fill(
            size=limit,
            position=before,
            fetch=fetch,
            place=lambda edge: edge.edge_id,
            keep=keep,
        )
        return Page([found[edge.other_id] for edge in page.rows], page.next_position)

    async def _user(self, user_id: int, viewer_id: int | None) -> tuple[User, Relationship]:
        found = await self._store.users([user_id])
        if not found:
            raise UserNotFound
        if viewer_id is None:
            return found[0], Relationship.NONE
        relationship = await self._store.relationships_with(viewer_id, [user_id])
        return found[0], relationship.get(user_id, Relationship.NONE)

    async def _read(self, user_ids: Sequence[int], viewer_id: int | None) -> list[Found]:
        """Those who exist, in the given order."""
        # Nothing stands between people and themselves.
        others = [each for each in user_ids if each != viewer_id]
        if viewer_id is None or not others:
            user_cache = await self._user_cache.get_many(user_ids)
            nothing = None if viewer_id is None else Relationship.NONE
            return [(each, user_cache[each], nothing) for each in user_ids if each in user_cache]
        reading_ties = asyncio.ensure_future(self._store.relationships_with(viewer_id, others))
        try:
            user_cache = await self._user_cache.get_many(user_ids)
        except BaseException:
            reading_ties.cancel()
            raise
        relationship = await reading_ties
        return [
            (each, user_cache[each], relationship.get(each, Relationship.NONE))
            for each in user_ids
            if each in user_cache
        ]
