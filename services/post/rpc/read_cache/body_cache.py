"""PostBodyCache of posts, near at hand: in this process, then in Redis, then in the database.

A body is a post without what changes often, packed for the wire. It is known by id and revision,
and the state that every read begins with tells the revision; so what is cached never goes stale,
and an edit or a deletion shows at once, everywhere, though nothing waits for a cache.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from cachebox import LRUCache

from services.chassis.cache.cache_aside import Cache
from services.chassis.cache.redis_client import RedisClient
from services.chassis.runtime.clock import Clock
from services.post.domain.model import TOMBSTONE, Post, PostState
from services.post.domain.store import Store
from services.post.domain.visibility import Audience


class Body(NamedTuple):
    """A packed post, with what is asked of it before it is unpacked for anybody."""

    packed: bytes
    audience: Audience
    # The author and those mentioned: shown beside it.
    named: tuple[int, ...]
    # They, and those who decide about it besides.
    asked: tuple[int, ...]
    quoted_post_id: int


class Prefetch(NamedTuple):
    """What showing some posts will take."""

    # Posts that they quote.
    quoted_ids: set[int]
    # The people about whom to ask.
    user_ids: set[int]
    # Who quotes, and who is quoted.
    pairs: set[tuple[int, int]]


# About 50 MB of a process, and several hours of what people read.
MAX_BODIES = 50_000
_REVISIONS_FORGOTTEN = 100


class PostBodyCache:
    """Packs posts once and keeps them: the last MAX_BODIES used in this process."""

    def __init__(
        self,
        *,
        store: Store,
        redis: RedisClient,
        clock: Clock,
        pack: Callable[[Post], bytes],
        summarize_packed: Callable[[bytes], Body],
        limit: int = MAX_BODIES,
    ) -> None:
        self._store = store
        self._pack = pack
        self._summarize_packed = summarize_packed
        self._near: LRUCache[int, tuple[int, Body]] = LRUCache(limit)
        self._far: Cache[str, bytes] = Cache(
            name="post.2",
            redis=redis,
            clock=clock,
            load=self._load,
            encode=bytes,
            decode=bytes,
        )

    async def of(self, states: Iterable[PostState]) -> dict[int, Body]:
        """The body of each post whose state this is; tombstones have none."""
        bodies: dict[int, Body] = {}
        missing: dict[str, PostState] = {}
        near = self._near
        for state in states:
            id_, revision = state[0], state[1]
            held = near.get(id_)
            if held is not None and held[0] == revision:
                bodies[id_] = held[1]
            elif revision != TOMBSTONE:
                missing[f"{id_}.{revision}"] = state
        if missing:
            for key, packed in (await self._far.get_many(missing)).items():
                state = missing[key]
                bodies[state.id] = self.keep(state.id, state.revision, packed)
        return bodies

    def prefetch(self, post_ids: Iterable[int], *, quotes: bool) -> "Prefetch":
        """What showing these posts will take, as far as bodies of whatever revision are held in
        this process. Without `quotes`: no quoted posts, and those who decide alone."""
        held = self._held(post_ids)
        if not quotes:
            return Prefetch(set(), {who for body in held for who in body.audience.deciders}, set())
        quoted_ids = {body.quoted_post_id for body in held if body.quoted_post_id}
        pairs = {
            (body.audience.author_id, quoted[1].audience.author_id)
            for body in held
            if body.quoted_post_id
            and (quoted := self._near.peek(body.quoted_post_id)) is not None
            and body.audience.author_id != quoted[1].audience.author_id
        }
        held += self._held(quoted_ids)
        return Prefetch(quoted_ids, {user_id for body in held for user_id in body.asked}, pairs)

    def keep(self, post_id: int, revision: int, packed: bytes) -> Body:
        """Holds a body in this process."""
        body = self._summarize_packed(packed)
        self._near[post_id] = (revision, body)
        return body

    async def forget(self, post_id: int, revision: int) -> None:
        """Drops a deleted post's body of this revision and the ones before: nothing could read
        them, yet the author wants them gone. Of very many revisions the oldest are left to expire.
        """
        self._near.pop(post_id, None)
        oldest = max(1, revision - _REVISIONS_FORGOTTEN + 1)
        await self._far.forget(*(f"{post_id}.{each}" for each in range(oldest, revision + 1)))

    async def close(self) -> None:
        """Ends the loads that are under way."""
        await self._far.close()

    def _held(self, post_ids: Iterable[int]) -> list[Body]:
        near = self._near
        return [held[1] for post_id in post_ids if (held := near.peek(post_id)) is not None]

    async def _load(self, keys: Sequence[str]) -> Mapping[str, bytes]:
        ids = {int(key.partition(".")[0]): key for key in keys}
        found = await self._store.posts(list(ids))
        # A newer revision than asked for serves just as well: nobody asks for the old one again.
        return {ids[id_]: self._pack(post) for id_, post in found.items() if not post.deleted}
