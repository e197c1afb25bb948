"""PostStateCache of posts, and what a viewer did with them, kept in Redis: every page asks for 20
of them.

What is shared by all viewers is kept by post, a viewer's own responses by person. Whoever writes
forgets what changed before the answer goes out, so readers see their own writes and everybody's
edits and deletions at once; a process that dies in between leaves that to the event.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from struct import Struct
from typing import Any, TypeAlias

from services.chassis.cache.batch_lookup import get_many_from
from services.chassis.cache.cache_aside import Cache
from services.chassis.cache.redis_client import RedisClient
from services.chassis.runtime.clock import Clock
from services.post.domain.model import PostState, ViewerEngagement
from services.post.domain.store import ChangedIds, Store

# The newest posts to which a person engaged. What lies below is asked of the database.
MAX_ENGAGEMENTS = 256

# What a process does not unpack again while the packed form is the same: some 10 MB.
_HELD_STATES = 20_000
_HELD_ENGAGEMENTS = 1_000

# A PostState, whose flags are false here; post id and three flags.
_STATE = Struct("<6q3?")
_RESPONSE = Struct("<q3?")

# By post, whether it was liked, reposted, bookmarked.
_Own: TypeAlias = Mapping[int, tuple[bool, bool, bool]]

BatchLookup: TypeAlias = list[tuple[Cache[Any, Any], Iterable[Any]]]


class PostStateCache:
    """What `Store.states` gives, mostly without asking the database."""

    def __init__(self, *, store: Store, redis: RedisClient, clock: Clock) -> None:
        self._store = store
        self._shared: Cache[int, PostState] = Cache(
            name="state.1",
            redis=redis,
            clock=clock,
            load=self._load_states,
            encode=lambda state: _STATE.pack(*state),
            decode=lru_cache(_HELD_STATES)(_unpacked_state),
        )
        self._own: Cache[int, _Own] = Cache(
            name="responses.1",
            redis=redis,
            clock=clock,
            load=self._load_engagements,
            encode=_packed,
            decode=lru_cache(_HELD_ENGAGEMENTS)(_unpacked),
        )

    async def of(self, post_ids: Collection[int], viewer_id: int) -> dict[int, PostState]:
        """The states of those posts that exist, as the viewer (0 for nobody) sees them."""
        found = await get_many_from(*self.lookups(post_ids, viewer_id))
        states, below = self.as_visible(viewer_id, found)
        if below:
            states.update(await self.below(below, viewer_id))
        return states

    def lookups(self, post_ids: Collection[int], viewer_id: int) -> BatchLookup:
        """What `as_visible` is to be given, for those who look up other things on the same trip."""
        return [(self._shared, post_ids), (self._own, (viewer_id,) if viewer_id else ())]

    def as_visible(
        self, viewer_id: int, found: Sequence[Mapping[int, Any]]
    ) -> tuple[dict[int, PostState], list[int]]:
        """The states in what the lookups gave, and which posts are so old that it is not known
        there what the viewer did with them: ask `below`."""
        states: dict[int, PostState] = dict(found[0])
        own: _Own | None = found[1].get(viewer_id)
        if not own:
            return states, []
        below: list[int] = []
        if len(own) == MAX_ENGAGEMENTS:
            lowest = min(own)
            below = [post_id for post_id in states if post_id < lowest]
        for post_id in own.keys() & states.keys():
            states[post_id] = PostState._make((*states[post_id][:6], *own[post_id]))
        return states, below

    async def below(self, post_ids: Collection[int], viewer_id: int) -> dict[int, PostState]:
        """The states as the viewer sees them, by the database."""
        return await self._store.states(list(post_ids), viewer_id)

    async def forget(self, changed: ChangedIds) -> None:
        """Forgets what a write changed. It never fails."""
        if changed.post_ids:
            await self._shared.forget(*changed.post_ids)
        if changed.engaged_user_ids:
            await self._own.forget(*changed.engaged_user_ids)

    async def close(self) -> None:
        """Ends the loads that are under way."""
        await self._shared.close()
        await self._own.close()

    async def _load_states(self, post_ids: Sequence[int]) -> Mapping[int, PostState]:
        return await self._store.states(post_ids, 0)

    async def _load_engagements(self, user_ids: Sequence[int]) -> Mapping[int, _Own]:
        return {
            user_id: _by_post(await self._store.engaged(user_id, MAX_ENGAGEMENTS))
            for user_id in user_ids
        }


def _unpacked_state(packed: bytes) -> PostState:
    return PostState._make(_STATE.unpack(packed))


def _packed(own: _Own) -> bytes:
    return b"".join([_RESPONSE.pack(post_id, *flags) for post_id, flags in own.items()])


def _unpacked(packed: bytes) -> _Own:
    return _by_post(map(ViewerEngagement._make, _RESPONSE.iter_unpack(packed)))


def _by_post(responses: Iterable[ViewerEngagement]) -> _Own:
    return {each.post_id: (each.liked, each.reposted, each.bookmarked) for each in responses}
