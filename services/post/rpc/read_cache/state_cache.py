"""Post states and viewers' engagement, cached in the Redis of the Post service.

The counts of a post are the same for all viewers: they are cached by post. A user's engagement is
cached by user. A write invalidates what it changed before it is answered, so viewers see their own
writes, and everyone's edits and deletions, at once. If a process dies before it invalidates, the
event of the write does.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from struct import Struct
from typing import Any, TypeAlias
from uuid import UUID

from services.chassis.cache.batch_lookup import get_many_from
from services.chassis.cache.cache_aside import Cache, forget_from, forget_unless_done
from services.chassis.cache.change_log import ChangeLog
from services.chassis.cache.redis_client import RedisClient
from services.chassis.runtime.clock import Clock
from services.post.domain.model import PostState, ViewerEngagement
from services.post.domain.store import ChangedIds, Store

# The newest posts that a user engaged with. The database has the older ones.
MAX_ENGAGEMENTS = 256

# Unpacked values that a process holds by their packed bytes: about 10 MB.
_HELD_STATES = 20_000
_HELD_ENGAGEMENTS = 1_000

# A PostState, with false flags; and a post id with three flags.
_STATE = Struct("<6q3?")
_ENGAGEMENT = Struct("<q3?")

# By post: liked, reposted, bookmarked.
_Engagements: TypeAlias = Mapping[int, tuple[bool, bool, bool]]

# Keys of caches, as `BatchLookup` takes them.
Lookups: TypeAlias = list[tuple[Cache[Any, Any], Iterable[Any]]]


class PostStateCache:
    """`Store.states`, mostly without a query."""

    def __init__(
        self, *, store: Store, redis: RedisClient, changes: ChangeLog, clock: Clock
    ) -> None:
        self._store = store
        self._states: Cache[int, PostState] = Cache(
            name="state.1",
            redis=redis,
            clock=clock,
            load=self._load_states,
            encode=lambda state: _STATE.pack(*state),
            decode=lru_cache(_HELD_STATES)(_unpack_state),
            changes=changes,
        )
        self._engagements: Cache[int, _Engagements] = Cache(
            name="engagement.1",
            redis=redis,
            clock=clock,
            load=self._load_engagements,
            encode=_pack_engagements,
            decode=lru_cache(_HELD_ENGAGEMENTS)(_unpack_engagements),
            changes=changes,
        )

    async def of(self, post_ids: Collection[int], viewer_id: int) -> dict[int, PostState]:
        """The states of the existing posts, as the viewer (0: anonymous) sees them."""
        found = await get_many_from(*self.lookups(post_ids, viewer_id))
        states, older = self.as_visible(viewer_id, found)
        if older:
            states.update(await self.read_through(older, viewer_id))
        return states

    def lookups(self, post_ids: Collection[int], viewer_id: int) -> Lookups:
        """The part of a batch lookup whose result `as_visible` takes."""
        viewer_ids = (viewer_id,) if viewer_id else ()
        return [(self._states, post_ids), (self._engagements, viewer_ids)]

    def as_visible(
        self, viewer_id: int, found: Sequence[Mapping[int, Any]]
    ) -> tuple[dict[int, PostState], list[int]]:
        """The states by the result of a lookup, and the posts for `read_through`: those that are
        older than all engagement that is cached of this viewer."""
        states: dict[int, PostState] = dict(found[0])
        engagements: _Engagements | None = found[1].get(viewer_id)
        if not engagements:
            return states, []
        older: list[int] = []
        if len(engagements) == MAX_ENGAGEMENTS:
            lowest = min(engagements)
            older = [post_id for post_id in states if post_id < lowest]
        for post_id in engagements.keys() & states.keys():
            states[post_id] = PostState._make((*states[post_id][:6], *engagements[post_id]))
        return states, older

    async def read_through(self, post_ids: Collection[int], viewer_id: int) -> dict[int, PostState]:
        """The states as the viewer sees them, from the database."""
        return await self._store.states(list(post_ids), viewer_id)

    async def invalidate(self, changed: ChangedIds) -> None:
        """Removes what a write changed. Never fails."""
        await forget_from(
            (self._states, changed.post_ids),
            (self._engagements, changed.engaged_user_ids),
            event_ids=changed.event_ids,
        )

    async def invalidate_again(self, event_id: UUID, changed: ChangedIds) -> None:
        """Removes what the event's write changed, unless the write has removed it. Never fails."""
        await forget_unless_done(
            (self._states, [(each, event_id) for each in changed.post_ids]),
            (self._engagements, [(each, event_id) for each in changed.engaged_user_ids]),
        )

    async def close(self) -> None:
        """Cancels running loads."""
        await self._states.close()
        await self._engagements.close()

    async def _load_states(self, post_ids: Sequence[int]) -> Mapping[int, PostState]:
        return await self._store.states(post_ids, 0)

    async def _load_engagements(self, user_ids: Sequence[int]) -> Mapping[int, _Engagements]:
        return {
            user_id: _by_post(await self._store.engaged(user_id, MAX_ENGAGEMENTS))
            for user_id in user_ids
        }


def _unpack_state(packed: bytes) -> PostState:
    return PostState._make(_STATE.unpack(packed))


def _pack_engagements(engagements: _Engagements) -> bytes:
    return b"".join([_ENGAGEMENT.pack(post_id, *flags) for post_id, flags in engagements.items()])


def _unpack_engagements(packed: bytes) -> _Engagements:
    return _by_post(map(ViewerEngagement._make, _ENGAGEMENT.iter_unpack(packed)))


def _by_post(engagements: Iterable[ViewerEngagement]) -> _Engagements:
    return {each.post_id: (each.liked, each.reposted, each.bookmarked) for each in engagements}
