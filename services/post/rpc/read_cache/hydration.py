"""From ids to posts as one viewer may see them, with all that is needed to show them.

PostStateCache, people and bodies are kept at hand: a page takes one trip to Redis, and another one
where posts are quoted, or where who is named was not known before. What Redis lacks is asked of the
database and of the User service, all posts and people of a page at once.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from roost.post.v1.post_pb2 import Includes, Post
from roost.post.v1.post_service_pb2 import BatchGetPostsResponse

from services.chassis.cache.batch_lookup import BatchLookup, BatchLookupResult
from services.chassis.rpc import wire_format
from services.post.adapters.user_client import CachedProfile
from services.post.domain.model import PostState
from services.post.domain.visibility import can_see, can_see_profile
from services.post.rpc.convert import with_state
from services.post.rpc.read_cache.body_cache import Body, PostBodyCache
from services.post.rpc.read_cache.profile_cache import Keys, Pair, ProfileCache
from services.post.rpc.read_cache.state_cache import PostStateCache


@dataclass(slots=True)
class ResolvedPosts:
    """Posts that a viewer may see, by id, and what was learnt on the way.

    Posts are packed: a page of them is put together by `wire.fields`, without unpacking any.
    """

    viewer_id: int
    posts: dict[int, bytes] = field(default_factory=dict)
    quoted: dict[int, bytes] = field(default_factory=dict)
    # Of all ids that exist, tombstones and hidden posts too.
    states: dict[int, PostState] = field(default_factory=dict)
    # Everybody asked about, those too who must not be shown to the viewer.
    profiles: dict[int, CachedProfile] = field(default_factory=dict)
    # Of posts and quoted posts, hidden ones too.
    bodies: dict[int, Body] = field(default_factory=dict)
    # Posts between whose author and the author of what they quote a block stands.
    withdrawn: set[int] = field(default_factory=set)
    # Whether nothing was learnt otherwise than by the one look that began it.
    by_single_lookup: bool = True

    def add(self, more: "ResolvedPosts") -> None:
        """Takes in what another look has found."""
        self.posts.update(more.posts)
        self.quoted.update(more.quoted)
        self.states.update(more.states)
        self.profiles.update(more.profiles)
        self.bodies.update(more.bodies)
        self.withdrawn.update(more.withdrawn)

    def post(self, post_id: int) -> Post:
        """One of the posts. Raises KeyError for any other."""
        return Post.FromString(self.posts[post_id])

    def profile(self, user_id: int) -> CachedProfile | None:
        """Somebody who may be shown to the viewer."""
        profile = self.profiles.get(user_id)
        return profile if can_see_profile(profile, self.viewer_id) else None

    def includes(self, post_ids: Iterable[int], user_ids: Iterable[int] = ()) -> Includes:
        """What belongs beside these posts: the posts that they quote, and the people of both."""
        return Includes.FromString(self.packed_includes(post_ids, user_ids))

    def packed_includes(self, post_ids: Iterable[int], user_ids: Iterable[int] = ()) -> bytes:
        quoted: dict[int, bytes] = {}
        wanted = set(user_ids)
        for post_id in post_ids:
            body = self.bodies[post_id]
            wanted.update(body.named)
            quoted_id = body.quoted_post_id
            if quoted_id in self.quoted and post_id not in self.withdrawn:
                quoted[quoted_id] = self.quoted[quoted_id]
                wanted.update(self.bodies[quoted_id].named)
        users = [profile.packed for user_id in sorted(wanted) if (profile := self.profile(user_id))]
        return wire_format.fields(
            Includes.QUOTED_POSTS_FIELD_NUMBER, quoted.values()
        ) + wire_format.fields(Includes.USERS_FIELD_NUMBER, users)

    def page(self, user_ids: Iterable[int]) -> bytes:
        """All posts, with what belongs beside them and these people: a packed
        BatchGetPostsResponse."""
        includes = self.packed_includes(self.posts, user_ids)
        return wire_format.fields(
            BatchGetPostsResponse.POSTS_FIELD_NUMBER, self.posts.values()
        ) + wire_format.fields(BatchGetPostsResponse.INCLUDES_FIELD_NUMBER, [includes])


@dataclass(frozen=True, slots=True)
class HydrationRequest:
    """Posts and people that a viewer wants to see, and where to look for all they need."""

    viewer_id: int
    post_ids: Sequence[int]
    user_ids: Collection[int]
    quotes: bool
    profiles: Keys
    # Who quotes, and who is quoted.
    pairs: Collection[Pair]
    lookups: BatchLookup


class Hydration:
    """Reads posts for whoever looks."""

    def __init__(
        self, *, states: PostStateCache, bodies: PostBodyCache, profiles: ProfileCache
    ) -> None:
        self._states = states
        self._bodies = bodies
        self._profiles = profiles

    async def show(
        self,
        post_ids: Sequence[int],
        *,
        viewer_id: int,
        user_ids: Collection[int] = (),
        quotes: bool = True,
    ) -> ResolvedPosts:
        """What of the posts the viewer (0 for a stranger) may see, and the people named, by
        `user_ids` too. Without `quotes`, quoted posts and people mentioned are left out.

        Posts are in the order of `post_ids`.
        """
        hydration_request = self.ask(
            post_ids, viewer_id=viewer_id, user_ids=user_ids, quotes=quotes
        )
        return await self.answer(hydration_request, await hydration_request.lookups.lookup())

    def ask(
        self,
        post_ids: Sequence[int],
        *,
        viewer_id: int,
        user_ids: Collection[int] = (),
        quotes: bool = True,
    ) -> HydrationRequest:
        """What `show` looks up first, as far as it can be foreseen."""
        # Edits seldom name others than before, so the bodies at hand tell what else to look up now.
        quoted_ids, named, pairs = self._bodies.prefetch(post_ids, quotes=quotes)
        profiles = self._profiles.keys({*user_ids, *named}, viewer_id)
        lookups = BatchLookup(
            *self._states.lookups({*post_ids, *quoted_ids}, viewer_id),
            *self._profiles.lookups(profiles, pairs),
        )
        return HydrationRequest(viewer_id, post_ids, user_ids, quotes, profiles, pairs, lookups)

    async def answer(
        self, hydration_request: HydrationRequest, lookup: BatchLookupResult
    ) -> ResolvedPosts:
        """What `show` gives, by a look that was taken for the question."""
        viewer_id, post_ids, quotes = (
            hydration_request.viewer_id,
            hydration_request.post_ids,
            hydration_request.quotes,
        )
        resolved = ResolvedPosts(viewer_id)
        wanted = set(hydration_request.user_ids)
        *found, profiles = await lookup.values()
        states, below = self._states.as_visible(viewer_id, found)
        if below:
            resolved.by_single_lookup = False
            states.update(await self._states.below(below, viewer_id))
        resolved.profiles = self._profiles.as_visible(
            hydration_request.profiles, profiles, viewer_id
        )
        resolved.states = {id_: states[id_] for id_ in post_ids if id_ in states}
        resolved.bodies = await self._bodies.of(resolved.states.values())
        quoted_states: dict[int, PostState] = {}
        if quotes:
            quoted_ids = {body.quoted_post_id for body in resolved.bodies.values()} - {0}
            unforeseen = quoted_ids - states.keys()
            if unforeseen:
                resolved.by_single_lookup = False
                states.update(await self._states.of(unforeseen, viewer_id))
            quoted_states = {id_: states[id_] for id_ in quoted_ids if id_ in states}
            resolved.bodies.update(await self._bodies.of(quoted_states.values()))

        await self._find_withdrawn(resolved, hydration_request, profiles)
        for body in resolved.bodies.values():
            wanted.update(body.asked if quotes else body.audience.deciders)
        unasked = wanted - hydration_request.profiles.keys()
        if unasked:
            resolved.by_single_lookup = False
            resolved.profiles.update(await self._profiles.find(unasked, viewer_id))
        resolved.posts = _visible(resolved.states, resolved)
        resolved.quoted = _visible(quoted_states, resolved)
        return resolved

    async def apart(self, pairs: Collection[Pair]) -> set[Pair]:
        """Those of the pairs of people between whom a block stands, either way."""
        return await self._profiles.apart(pairs) if pairs else set()

    async def _find_withdrawn(
        self,
        resolved: ResolvedPosts,
        hydration_request: HydrationRequest,
        profiles: Mapping[str, bytes],
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
        apart = self._profiles.apart_in(hydration_request.pairs, profiles)
        unasked = set(pairs.values()) - set(hydration_request.pairs)
        if unasked:
            resolved.by_single_lookup = False
            apart |= await self._profiles.apart(unasked)
        resolved.withdrawn = {id_ for id_, pair in pairs.items() if pair in apart}

    async def beside(
        self, post_id: int, body: Body, profiles: Iterable[CachedProfile], *, viewer_id: int
    ) -> Includes:
        """What belongs beside one post, where everybody it needs has been asked about already."""
        resolved = ResolvedPosts(viewer_id, profiles={each.id: each for each in profiles})
        if body.quoted_post_id:
            states = await self._states.of([body.quoted_post_id], viewer_id)
            resolved.bodies = await self._bodies.of(states.values())
            resolved.quoted = _visible(states, resolved)
        resolved.bodies[post_id] = body
        return resolved.includes([post_id])


def _visible(states: Mapping[int, PostState], resolved: ResolvedPosts) -> dict[int, bytes]:
    """Those that the viewer may see, packed, in the order of the states."""
    bodies, profiles, viewer_id = resolved.bodies, resolved.profiles, resolved.viewer_id
    return {
        id_: with_state(
            body.packed,
            state,
            with_viewer=viewer_id != 0,
            quote_hidden=id_ in resolved.withdrawn,
        )
        for id_, state in states.items()
        if (body := bodies.get(id_)) is not None and can_see(body.audience, profiles, viewer_id)
    }
