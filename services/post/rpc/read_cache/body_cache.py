"""Post bodies, cached in this process, then in Redis; PostgreSQL has the posts themselves.

A body is a post without its state, packed as protobuf. Its key is the post's id and version. Every
read begins with the state, which contains the current version, so a cached body is never stale: an
edit, a deletion or a change of a medium is visible at once in every process, and writes invalidate
no body.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import product
from typing import NamedTuple

from cachebox import LRUCache
from roost.post.v1 import post_pb2 as pb

from services.chassis.cache.cache_aside import Cache
from services.chassis.cache.redis_client import RedisClient
from services.chassis.runtime.clock import Clock
from services.post.domain.model import TOMBSTONE, AudienceLimit, PostState, Visibility
from services.post.domain.store import Store
from services.post.domain.visibility import Audience
from services.post.rpc.convert import to_post


class Body(NamedTuple):
    """A packed post, with what hydration needs of it before it is unpacked."""

    packed: bytes
    audience: Audience
    # The author and the mentioned users: responses include their profiles.
    named: tuple[int, ...]
    # They and the deciders of the audience.
    needed: tuple[int, ...]
    quoted_post_id: int


class Prefetch(NamedTuple):
    """What the hydration of some posts will need, as far as this process can foresee it."""

    quoted_ids: set[int]
    user_ids: set[int]
    # Authors of quotes, each with the author of the quoted post.
    pairs: set[tuple[int, int]]


# About 50 MB of a process: posts that are read within several hours.
MAX_BODIES = 50_000
_VERSIONS_DELETED = 100
# The wire type of a field with a length.
_LENGTH_DELIMITED = 2


class PostBodyCache:
    """Packs each version of a post once. This process holds the last MAX_BODIES that it used."""

    def __init__(
        self, *, store: Store, redis: RedisClient, clock: Clock, limit: int = MAX_BODIES
    ) -> None:
        self._store = store
        self._local: LRUCache[int, tuple[int, Body]] = LRUCache(limit)
        self._shared: Cache[str, Body] = Cache(
            name="post.4",
            redis=redis,
            clock=clock,
            load=self._load,
            encode=lambda body: body.packed,
            decode=unpack_body,
        )

    async def of(self, states: Iterable[PostState]) -> dict[int, Body]:
        """The body of each post with one of these states; tombstones have none."""
        bodies: dict[int, Body] = {}
        missing: dict[str, PostState] = {}
        local = self._local
        for state in states:
            id_, version = state[0], state[1]
            cached = local.get(id_)
            if cached is not None and cached[0] == version:
                bodies[id_] = cached[1]
            elif version != TOMBSTONE:
                missing[f"{id_}.{version}"] = state
        if missing:
            for key, body in (await self._shared.get_many(missing)).items():
                state = missing[key]
                bodies[state.id] = body
                self.keep(state.id, state.version, body)
        return bodies

    def prefetch(self, post_ids: Iterable[int], *, quotes: bool) -> Prefetch:
        """What the hydration of these posts will need, by the bodies of any version that this
        process holds. Without `quotes`: only the deciders of the audiences."""
        bodies = self._held(post_ids)
        if not quotes:
            deciders = {user_id for body in bodies for user_id in body.audience.deciders}
            return Prefetch(set(), deciders, set())
        quoted_ids = {body.quoted_post_id for body in bodies if body.quoted_post_id}
        pairs = {
            (body.audience.author_id, quoted[1].audience.author_id)
            for body in bodies
            if body.quoted_post_id
            and (quoted := self._local.peek(body.quoted_post_id)) is not None
            and body.audience.author_id != quoted[1].audience.author_id
        }
        bodies += self._held(quoted_ids)
        return Prefetch(quoted_ids, {user_id for body in bodies for user_id in body.needed}, pairs)

    def keep(self, post_id: int, version: int, body: Body) -> None:
        """Holds a body in this process."""
        self._local[post_id] = (version, body)

    async def delete(self, post_id: int, version: int) -> None:
        """Deletes the bodies of a deleted post up to this version.

        No reader would find them; they are deleted because the author deleted the post. Of more
        than 100 versions the oldest expire.
        """
        self._local.pop(post_id, None)
        oldest = max(1, version - _VERSIONS_DELETED + 1)
        await self._shared.forget(*(f"{post_id}.{each}" for each in range(oldest, version + 1)))

    async def close(self) -> None:
        """Cancels running loads."""
        await self._shared.close()

    def _held(self, post_ids: Iterable[int]) -> list[Body]:
        local = self._local
        return [cached[1] for post_id in post_ids if (cached := local.peek(post_id)) is not None]

    async def _load(self, keys: Sequence[str]) -> Mapping[str, Body]:
        ids = {int(key.partition(".")[0]): key for key in keys}
        posts = await self._store.posts(list(ids))
        # A newer version than the key's is correct too: later reads use the newer key.
        return {
            ids[id_]: pack_body(to_post(post)) for id_, post in posts.items() if not post.deleted
        }


def pack_body(post: pb.Post) -> Body:
    """The body of a post without its state."""
    return _body(post, post.SerializeToString())


def unpack_body(packed: bytes) -> Body:
    """The body with these packed bytes."""
    return _body(pb.Post.FromString(packed), packed)


def with_state(
    packed: bytes, state: PostState, *, with_viewer: bool, quote_hidden: bool = False
) -> bytes:
    """A packed post with its counts, and with the viewer's engagement unless that is anonymous.

    Concatenation merges packed messages. It is much faster than setting fields.
    """
    _, _, likes, reposts, replies, quotes, liked, reposted, bookmarked = state
    packed += _packed_counts(likes, reposts, replies, quotes)
    if with_viewer:
        packed += _PACKED_VIEWER_STATES[liked, reposted, bookmarked]
    if quote_hidden:
        packed += _PACKED_QUOTE_HIDDEN
    return packed


def packed_field(number: int, messages: Iterable[bytes]) -> bytes:
    """Packed messages as the field with this number: each has a tag, its length and its bytes.

    See https://protobuf.dev/programming-guides/encoding/.
    """
    return b"".join([part for each in messages for part in (_field_head(number, len(each)), each)])


@lru_cache(maxsize=8192)
def _field_head(number: int, length: int) -> bytes:
    return _varint(number << 3 | _LENGTH_DELIMITED) + _varint(length)


def _varint(value: int) -> bytes:
    packed = bytearray()
    while value > 0x7F:
        packed.append(value & 0x7F | 0x80)
        value >>= 7
    packed.append(value)
    return bytes(packed)


def _body(post: pb.Post, packed: bytes) -> Body:
    mentioned = [each.mention.user_id for each in post.entities if each.HasField("mention")]
    audience = Audience(
        author_id=post.author_id,
        visibility=post.visibility,
        addressed=frozenset((*mentioned, post.reply_to_author_id)),
        limits=tuple(map(_to_limit, post.audience_limits)),
    )
    named = dict.fromkeys((post.author_id, *mentioned))
    return Body(
        packed=packed,
        audience=audience,
        named=tuple(named),
        needed=tuple(dict.fromkeys((*named, *audience.deciders))),
        quoted_post_id=post.quoted_post_id,
    )


def _to_limit(message: pb.AudienceLimit) -> AudienceLimit:
    return AudienceLimit(
        message.author_id,
        Visibility(message.visibility),
        tuple(message.addressed_user_ids),
        message.was_protected,
    )


@lru_cache(maxsize=4096)
def _packed_counts(likes: int, reposts: int, replies: int, quotes: int) -> bytes:
    # The field is present even where all counts are 0.
    counts = pb.PostCounts(likes=likes, reposts=reposts, replies=replies, quotes=quotes)
    return pb.Post(counts=counts).SerializeToString()


_PACKED_QUOTE_HIDDEN = pb.Post(quote_hidden=True).SerializeToString()
_PACKED_VIEWER_STATES = {
    (liked, reposted, bookmarked): pb.Post(
        viewer_state=pb.ViewerState(liked=liked, reposted=reposted, bookmarked=bookmarked)
    ).SerializeToString()
    for liked, reposted, bookmarked in product((False, True), repeat=3)
}
