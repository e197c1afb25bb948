"""From post ids to the posts that one viewer may see, with everything that they refer to.

States, profiles and bodies come from caches: a page needs one round trip to Redis, and a second one
where this process could not foresee what the posts refer to. What Redis lacks is read from the
database and the User service, for all posts and users of the page at once.

Clients read the same page again and again, and mostly nothing in it has changed. `PageCache` holds
pages with a validator each: see docs/adr/0024-page-cache-validators.md.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from cachebox import LRUCache
from roost.post.v1.post_pb2 import Includes, Post
from roost.post.v1.post_service_pb2 import BatchGetPostsResponse, Dependencies

from services.chassis.cache.batch_lookup import BatchLookup, BatchLookupResult, Validator
from services.post.domain.model import PostState
from services.post.domain.visibility import can_see, can_see_profile
from services.post.rpc.read_cache.body_cache import (
    Body,
    PostBodyCache,
    packed_field,
    with_state,
)
from services.post.rpc.read_cache.profile_cache import CachedProfile, Keys, Pair, ProfileCache
from services.post.rpc.read_cache.state_cache import PostStateCache

# About 15 KB each.
MAX_PAGES = 2_000


@dataclass(slots=True)
class ResolvedPosts:
    """Posts that a viewer may see, by id, and everything that was read for them.

    Posts are packed: `packed_field` concatenates them to a page without unpacking them.
    """

    viewer_id: int
    posts: dict[int, bytes] = field(default_factory=dict)
    quoted: dict[int, bytes] = field(default_factory=dict)
    # Of all existing posts, including tombstones and posts that the viewer may not see.
    states: dict[int, PostState] = field(default_factory=dict)
    # Of all users that were read, including those that the viewer may not see.
    profiles: dict[int, CachedProfile] = field(default_factory=dict)
    # Of posts and quoted posts, including those that the viewer may not see.
    bodies: dict[int, Body] = field(default_factory=dict)
    # Posts whose author and the author of the quoted post have a block between them.
    hidden_quotes: set[int] = field(default_factory=set)
    # Whether the first lookup found everything.
    by_single_lookup: bool = True
    # Of each post the key of the block between its author and that of the quoted post, if any.
    block_keys: dict[int, str] = field(default_factory=dict)

    def add(self, more: "ResolvedPosts") -> None:
        """Adds the results of another hydration for the same viewer."""
        self.posts.update(more.posts)
        self.quoted.update(more.quoted)
        self.states.update(more.states)
        self.profiles.update(more.profiles)
        self.bodies.update(more.bodies)
        self.hidden_quotes.update(more.hidden_quotes)

    def post(self, post_id: int) -> Post:
        """One of the posts. Raises KeyError for any other."""
        return Post.FromString(self.posts[post_id])

    def profile(self, user_id: int) -> CachedProfile | None:
        """The profile, if lists may show it to the viewer."""
        profile = self.profiles.get(user_id)
        return profile if can_see_profile(profile, self.viewer_id) else None

    def includes(self, post_ids: Iterable[int], user_ids: Iterable[int] = ()) -> Includes:
        """What responses with these posts include: quoted posts, and the users of both."""
        return Includes.FromString(self.packed_includes(post_ids, user_ids))

    def packed_includes(self, post_ids: Iterable[int], user_ids: Iterable[int] = ()) -> bytes:
        quoted: dict[int, bytes] = {}
        needed = set(user_ids)
        for post_id in post_ids:
            body = self.bodies[post_id]
            needed.update(body.named)
            quoted_id = body.quoted_post_id
            if quoted_id in self.quoted and post_id not in self.hidden_quotes:
                quoted[quoted_id] = self.quoted[quoted_id]
                needed.update(self.bodies[quoted_id].named)
        users = [profile.packed for user_id in sorted(needed) if (profile := self.profile(user_id))]
        return packed_field(Includes.QUOTED_POSTS_FIELD_NUMBER, quoted.values()) + packed_field(
            Includes.USERS_FIELD_NUMBER, users
        )

    def page(self, user_ids: Iterable[int]) -> bytes:
        """All posts, with what they refer to and these users: a packed BatchGetPostsResponse."""
        includes = self.packed_includes(self.posts, user_ids)
        return packed_field(
            BatchGetPostsResponse.POSTS_FIELD_NUMBER, self.posts.values()
        ) + packed_field(BatchGetPostsResponse.INCLUDES_FIELD_NUMBER, [includes])


@dataclass(frozen=True, slots=True)
class HydrationRequest:
    """The posts and users that a viewer reads, and the first lookup for them."""

    viewer_id: int
    post_ids: Sequence[int]
    user_ids: Collection[int]
    quotes: bool
    profiles: Keys
    # Authors of quotes, each with the author of the quoted post.
    pairs: Collection[Pair]
    lookups: BatchLookup


class Hydration:
    """Resolves post ids for a viewer."""

    def __init__(
        self, *, states: PostStateCache, bodies: PostBodyCache, profiles: ProfileCache
    ) -> None:
        self._states = states
        self._bodies = bodies
        self._profiles = profiles

    async def hydrate(
        self,
        post_ids: Sequence[int],
        *,
        viewer_id: int,
        user_ids: Collection[int] = (),
        quotes: bool = True,
    ) -> ResolvedPosts:
        """The posts that the viewer (0: anonymous) may see in the order of `post_ids`, and the
        users that they and `user_ids` name. Without `quotes`: no quoted posts, and no mentioned
        users."""
        request = self.request(post_ids, viewer_id=viewer_id, user_ids=user_ids, quotes=quotes)
        return await self.resolve(request, await request.lookups.lookup())

    def request(
        self,
        post_ids: Sequence[int],
        *,
        viewer_id: int,
        user_ids: Collection[int] = (),
        quotes: bool = True,
    ) -> HydrationRequest:
        """The first lookup of `hydrate`, as far as this process can foresee what it needs."""
        # An edit seldom changes who is named, so bodies of any revision serve for this.
        quoted_ids, named, pairs = self._bodies.prefetch(post_ids, quotes=quotes)
        profiles = self._profiles.keys({*user_ids, *named}, viewer_id)
        lookups = BatchLookup(
            *self._states.lookups({*post_ids, *quoted_ids}, viewer_id),
            *self._profiles.lookups(profiles, pairs),
        )
        return HydrationRequest(viewer_id, post_ids, user_ids, quotes, profiles, pairs, lookups)

    async def resolve(self, request: HydrationRequest, lookup: BatchLookupResult) -> ResolvedPosts:
        """The result of `hydrate`, by the result of the request's lookup."""
        viewer_id, post_ids, quotes = request.viewer_id, request.post_ids, request.quotes
        resolved = ResolvedPosts(viewer_id)
        needed = set(request.user_ids)
        *found, profiles = await lookup.values()
        states, older = self._states.as_visible(viewer_id, found)
        if older:
            resolved.by_single_lookup = False
            states.update(await self._states.read_through(older, viewer_id))
        resolved.profiles = self._profiles.as_visible(request.profiles, profiles, viewer_id)
        resolved.states = {id_: states[id_] for id_ in post_ids if id_ in states}
        resolved.bodies = await self._bodies.of(resolved.states.values())
        quoted_states: dict[int, PostState] = {}
        if quotes:
            quoted_ids = {body.quoted_post_id for body in resolved.bodies.values()} - {0}
            missing = quoted_ids - states.keys()
            if missing:
                resolved.by_single_lookup = False
                states.update(await self._states.of(missing, viewer_id))
            quoted_states = {id_: states[id_] for id_ in quoted_ids if id_ in states}
            resolved.bodies.update(await self._bodies.of(quoted_states.values()))

        await self._find_hidden_quotes(resolved, request, profiles)
        for body in resolved.bodies.values():
            needed.update(body.needed if quotes else body.audience.deciders)
        missing = needed - request.profiles.keys()
        if missing:
            resolved.by_single_lookup = False
            resolved.profiles.update(await self._profiles.find(missing, viewer_id))
        resolved.posts = _visible(resolved.states, resolved)
        resolved.quoted = _visible(quoted_states, resolved)
        return resolved

    def packed_dependencies(
        self, request: HydrationRequest, lookup: BatchLookupResult, resolved: ResolvedPosts
    ) -> bytes:
        """The dependencies of each post and of each user of the request, as packed fields of a
        BatchGetPostsResponse.

        They are all keys that decide over the post, whether the viewer may see it or not. A post is
        without dependencies unless the request's lookup found a fresh value for all of them.
        """
        states, engagements, users = lookup.dependencies()
        viewer_id, bodies, profiles = request.viewer_id, resolved.bodies, request.profiles
        own = (engagements.get(viewer_id),) if viewer_id else ()

        def of_users(user_ids: Iterable[int]) -> list[bytes | None]:
            keys = [key for id_ in user_ids for key in profiles.get(id_, ("", "")) if key]
            known = all(id_ in profiles for id_ in user_ids)
            return [*map(users.get, keys)] if known else [None]

        def of_post(post_id: int) -> Iterable[bytes | None]:
            body = bodies.get(post_id)
            if body is None:
                return (states.get(post_id), *own)
            ids = [states.get(post_id), *own, *of_users(body.needed)]
            if body.quoted_post_id:
                ids.append(states.get(body.quoted_post_id))
                quoted = bodies.get(body.quoted_post_id)
                if quoted is not None:
                    ids += of_users(quoted.needed)
                if post_id in resolved.block_keys:
                    ids.append(users.get(resolved.block_keys[post_id]))
            return ids

        return packed_field(
            BatchGetPostsResponse.POST_DEPENDENCIES_FIELD_NUMBER,
            [_packed_dependencies(of_post(each)) for each in request.post_ids],
        ) + packed_field(
            BatchGetPostsResponse.USER_DEPENDENCIES_FIELD_NUMBER,
            [_packed_dependencies(of_users((each,))) for each in dict.fromkeys(request.user_ids)],
        )

    async def blocked_pairs(self, pairs: Collection[Pair]) -> set[Pair]:
        """The pairs of users with a block in either direction."""
        return await self._profiles.blocked_pairs(pairs) if pairs else set()

    async def includes_of(
        self, post_id: int, body: Body, profiles: Iterable[CachedProfile], *, viewer_id: int
    ) -> Includes:
        """What a response with a new post includes; `profiles` are those that it needs."""
        resolved = ResolvedPosts(viewer_id, profiles={each.id: each for each in profiles})
        if body.quoted_post_id:
            states = await self._states.of([body.quoted_post_id], viewer_id)
            resolved.bodies = await self._bodies.of(states.values())
            resolved.quoted = _visible(states, resolved)
        resolved.bodies[post_id] = body
        return resolved.includes([post_id])

    async def _find_hidden_quotes(
        self, resolved: ResolvedPosts, request: HydrationRequest, profiles: Mapping[str, bytes]
    ) -> None:
        pairs = {
            id_: (body.audience.author_id, quoted.audience.author_id)
            for id_, body in resolved.bodies.items()
            if id_ in resolved.states
            and (quoted := resolved.bodies.get(body.quoted_post_id)) is not None
            and body.audience.author_id != quoted.audience.author_id
        }
        if not pairs:
            return
        resolved.block_keys = {
            id_: self._profiles.key_of_block(pair) for id_, pair in pairs.items()
        }
        blocked = self._profiles.blocked_in(request.pairs, profiles)
        missing = set(pairs.values()) - set(request.pairs)
        if missing:
            resolved.by_single_lookup = False
            blocked |= await self._profiles.blocked_pairs(missing)
        resolved.hidden_quotes = {id_ for id_, pair in pairs.items() if pair in blocked}


class _CachedPage(NamedTuple):
    request: HydrationRequest
    validator: Validator
    packed: bytes


class PageCache:
    """Reads pages of posts. This process holds the last MAX_PAGES, each with a validator.

    A page is computed from the entries that one batch lookup finds in Redis, and a write
    invalidates the entries that it changes. Each read makes the lookup. If it finds the same
    entries as before, the page is the same, to the byte.
    """

    def __init__(self, hydration: Hydration, *, limit: int = MAX_PAGES) -> None:
        self._hydration = hydration
        self._pages: LRUCache[tuple[object, ...], _CachedPage] = LRUCache(limit)

    async def read(
        self,
        post_ids: tuple[int, ...],
        *,
        viewer_id: int,
        user_ids: tuple[int, ...],
        dependencies: bool,
    ) -> bytes:
        """The posts that the viewer (0: anonymous) may see, with what they refer to and the users
        of `user_ids`: a packed BatchGetPostsResponse, with `dependencies` or without."""
        key = (viewer_id, post_ids, user_ids, dependencies)
        cached = self._pages.pop(key, None)
        if cached is None:
            request = self._hydration.request(post_ids, viewer_id=viewer_id, user_ids=user_ids)
        else:
            request = cached.request
        lookup = await request.lookups.lookup()
        if cached is not None and lookup.validates(cached.validator):
            self._pages[key] = cached
            return cached.packed
        resolved = await self._hydration.resolve(request, lookup)
        packed = resolved.page(user_ids)
        if dependencies:
            packed += self._hydration.packed_dependencies(request, lookup, resolved)
        # The validator covers this lookup. A page that needed more cannot be validated by it.
        validator = lookup.validator() if resolved.by_single_lookup else None
        if validator is not None:
            self._pages[key] = _CachedPage(request, validator, packed)
        return packed


def _packed_dependencies(ids: Iterable[bytes | None]) -> bytes:
    """A packed Dependencies of these ids, each once; an empty one if any is unknown."""
    known = dict.fromkeys(ids)
    if None in known:
        return b""
    # The bytes of an id are those of a fixed64.
    return packed_field(Dependencies.IDS_FIELD_NUMBER, [b"".join(known)])  # type: ignore[arg-type]


def _visible(states: Mapping[int, PostState], resolved: ResolvedPosts) -> dict[int, bytes]:
    """The posts that the viewer may see, packed, in the order of the states."""
    bodies, profiles, viewer_id = resolved.bodies, resolved.profiles, resolved.viewer_id
    return {
        id_: with_state(
            body.packed,
            state,
            with_viewer=viewer_id != 0,
            quote_hidden=id_ in resolved.hidden_quotes,
        )
        for id_, state in states.items()
        if (body := bodies.get(id_)) is not None and can_see(body.audience, profiles, viewer_id)
    }
