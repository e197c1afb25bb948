"""The lists of PostService: full pages of what the viewer may see, with tombstones."""

from collections.abc import Collection, Sequence

from roost.post.v1 import post_service_pb2 as rpc
from roost.post.v1.post_pb2 import Post as PostMessage
from roost.post.v1.post_pb2 import PostRevision

from services.chassis.rpc.paging import (
    Page,
    PageTokens,
    fill,
    position_of,
    size_of,
    token_of,
)
from services.post.domain.errors import PostNotFound
from services.post.domain.model import TOMBSTONE, Entry, Post
from services.post.domain.store import Store
from services.post.domain.visibility import (
    audience_of,
    can_see_place,
    can_see_profile,
    require_profile,
)
from services.post.rpc.convert import to_entry, to_revision, to_tombstone
from services.post.rpc.read_cache.hydration import Hydration, ResolvedPosts
from services.post.rpc.read_cache.profile_cache import ProfileCache

# Above a post in its thread. Longer conversations lack their beginning.
MAX_ANCESTORS = 50


class PostLists:
    """Most pages need one round: one query, and one hydration."""

    def __init__(
        self, *, store: Store, hydration: Hydration, profiles: ProfileCache, tokens: PageTokens
    ) -> None:
        self._store = store
        self._hydration = hydration
        self._profiles = profiles
        self._tokens = tokens

    async def of_user(
        self, request: rpc.ListUserPostsRequest, viewer_id: int
    ) -> rpc.ListUserPostsResponse:
        user_id = request.user_id
        resolved = ResolvedPosts(viewer_id)

        async def fetch(position: int, limit: int) -> list[Entry]:
            if request.only_media:
                return await self._store.entries_with_media(user_id, before=position, limit=limit)
            return await self._store.entries(
                user_id, include_replies=request.include_replies, before=position, limit=limit
            )

        async def keep(entries: Sequence[Entry]) -> list[bool]:
            post_ids = list(dict.fromkeys(each.post_id for each in entries))
            resolved.add(
                await self._hydration.hydrate(post_ids, viewer_id=viewer_id, user_ids=[user_id])
            )
            profile = require_profile(resolved.profiles.get(user_id), viewer_id)
            if not can_see_profile(profile, viewer_id):
                return [False] * len(entries)
            pairs = {(user_id, each.author_id) for each in entries if each.reposter_id} - {
                (user_id, user_id)
            }
            blocked = await self._hydration.blocked_pairs(pairs)
            return [
                each.post_id in resolved.posts and (each.reposter_id, each.author_id) not in blocked
                for each in entries
            ]

        page = await fill(
            size=size_of(request),
            position=position_of(request, self._tokens),
            fetch=fetch,
            place=lambda entry: entry.entry_id,
            keep=keep,
        )
        post_ids = list(dict.fromkeys(each.post_id for each in page.rows))
        return rpc.ListUserPostsResponse(
            entries=map(to_entry, page.rows),
            posts=map(resolved.post, post_ids),
            includes=resolved.includes(post_ids, [user_id] if post_ids else []),
            next_page_token=token_of(page, request, self._tokens),
        )

    async def thread(self, request: rpc.GetThreadRequest, viewer_id: int) -> rpc.GetThreadResponse:
        root = await self._row(request.post_id)
        ancestor_ids: list[int] = []
        if root.reply_to_post_id and not request.page_token:
            ancestor_ids = await self._store.ancestors(root.conversation_id, root.id, MAX_ANCESTORS)
        resolved = ResolvedPosts(viewer_id)
        page = await self._replies(resolved, root, ancestor_ids, request)
        # Each ancestor is a reply to the one above it. The parent of the first is not read.
        above = dict(zip(ancestor_ids[1:], ancestor_ids, strict=False))
        return rpc.GetThreadResponse(
            ancestors=[
                _post_or_tombstone(resolved, root, each, above.get(each, 0))
                for each in ancestor_ids
            ],
            post=_post_or_tombstone(resolved, root, root.id, root.reply_to_post_id),
            replies=[_post_or_tombstone(resolved, root, each, root.id) for each in page.rows],
            includes=resolved.includes(
                each for each in (*ancestor_ids, root.id, *page.rows) if each in resolved.posts
            ),
            next_page_token=token_of(page, request, self._tokens),
        )

    async def replies(
        self, request: rpc.ListRepliesRequest, viewer_id: int
    ) -> rpc.ListRepliesResponse:
        parent = await self._row(request.post_id)
        resolved = ResolvedPosts(viewer_id)
        page = await self._replies(resolved, parent, (), request)
        return rpc.ListRepliesResponse(
            posts=[_post_or_tombstone(resolved, parent, each, parent.id) for each in page.rows],
            includes=resolved.includes(each for each in page.rows if each in resolved.posts),
            next_page_token=token_of(page, request, self._tokens),
        )

    async def quotes(
        self, request: rpc.ListQuotesRequest, viewer_id: int
    ) -> rpc.ListQuotesResponse:
        resolved = ResolvedPosts(viewer_id)

        async def fetch(position: int, limit: int) -> list[int]:
            return await self._store.quotes(request.post_id, before=position, limit=limit)

        async def keep(post_ids: Sequence[int]) -> list[bool]:
            await self._hydrate_with(resolved, [request.post_id], post_ids)
            if request.post_id not in resolved.posts:
                raise PostNotFound
            return [each in resolved.posts for each in post_ids]

        page = await fill(
            size=size_of(request),
            position=position_of(request, self._tokens),
            fetch=fetch,
            place=_identity,
            keep=keep,
        )
        return rpc.ListQuotesResponse(
            posts=map(resolved.post, page.rows),
            includes=resolved.includes(page.rows),
            next_page_token=token_of(page, request, self._tokens),
        )

    async def deleted(self, post_ids: Sequence[int], viewer_id: int) -> dict[int, PostMessage]:
        """The tombstones of deleted posts that the viewer could see."""
        found = await self._find_tombstones(post_ids, viewer_id)
        return {
            id_: to_tombstone(
                id_, conversation_id=post.conversation_id, reply_to_post_id=post.reply_to_post_id
            )
            for id_, post in found.items()
        }

    async def revisions(
        self, request: rpc.ListPostRevisionsRequest, viewer_id: int
    ) -> rpc.ListPostRevisionsResponse:
        resolved = await self._hydration.hydrate(
            [request.post_id], viewer_id=viewer_id, quotes=False
        )
        if request.post_id not in resolved.posts:
            raise PostNotFound
        post = resolved.post(request.post_id)
        size = size_of(request)
        position = position_of(request, self._tokens)
        replaced = await self._store.revisions(
            post.id, before=position or post.revision, limit=size + 1
        )
        rows = [*([] if position else [_present(post)]), *map(to_revision, replaced)]
        page = Page(rows[:size], rows[size - 1].revision if len(rows) > size else None)
        return rpc.ListPostRevisionsResponse(
            revisions=page.rows, next_page_token=token_of(page, request, self._tokens)
        )

    async def _row(self, post_id: int) -> Post:
        """The post or its tombstone, whether or not the caller may see it."""
        post = (await self._store.posts([post_id])).get(post_id)
        if post is None:
            raise PostNotFound
        return post

    async def _replies(
        self,
        resolved: ResolvedPosts,
        parent: Post,
        ancestor_ids: Sequence[int],
        request: rpc.GetThreadRequest | rpc.ListRepliesRequest,
    ) -> Page[int]:
        """A page of direct replies to a post or a tombstone, including tombstones.

        Hydrates the ancestors too. Raises PostNotFound if the viewer may see neither the post nor
        its tombstone.
        """

        async def fetch(position: int, limit: int) -> list[int]:
            return await self._store.replies(
                parent.conversation_id, parent.id, after=position, limit=limit
            )

        async def keep(reply_ids: Sequence[int]) -> list[bool]:
            await self._hydrate_with(resolved, [parent.id, *ancestor_ids], reply_ids)
            deleted = await self._answered_tombstones(resolved, parent, reply_ids)
            if parent.id not in resolved.posts and parent.id not in deleted:
                raise PostNotFound
            return [each in resolved.posts or each in deleted for each in reply_ids]

        return await fill(
            size=size_of(request),
            position=position_of(request, self._tokens),
            fetch=fetch,
            place=_identity,
            keep=keep,
        )

    async def _answered_tombstones(
        self, resolved: ResolvedPosts, parent: Post, reply_ids: Sequence[int]
    ) -> Collection[int]:
        """The replies that are tombstones with a live post below them, and the parent if it is a
        tombstone, as far as the viewer may see them."""
        deleted = [each for each in reply_ids if _is_tombstone(resolved, each)]
        answered = {each for each in deleted if resolved.states[each].replies}
        unanswered = [each for each in deleted if each not in answered]
        if unanswered:
            answered |= await self._store.answered(parent.conversation_id, unanswered)
        if _is_tombstone(resolved, parent.id):
            answered.add(parent.id)
        return await self._find_tombstones(sorted(answered), resolved.viewer_id)

    async def _find_tombstones(self, post_ids: Sequence[int], viewer_id: int) -> dict[int, Post]:
        """The deleted posts that the viewer (0: anonymous) could see. Costs a query, so call it
        only with posts that are known to be deleted."""
        if not post_ids:
            return {}
        found = await self._store.posts(post_ids)
        audiences = {each.id: audience_of(each) for each in found.values() if each.deleted}
        deciders = {user_id for audience in audiences.values() for user_id in audience.deciders}
        profiles = await self._profiles.find(deciders, viewer_id)
        return {
            id_: found[id_]
            for id_, audience in audiences.items()
            if can_see_place(audience, profiles, viewer_id)
        }

    async def _hydrate_with(
        self, resolved: ResolvedPosts, around: Sequence[int], post_ids: Sequence[int]
    ) -> None:
        """Hydrates more posts, and `around` with the first of them."""
        new = [each for each in around if each not in resolved.states]
        resolved.add(await self._hydration.hydrate([*new, *post_ids], viewer_id=resolved.viewer_id))


def _identity(post_id: int) -> int:
    return post_id


def _is_tombstone(resolved: ResolvedPosts, post_id: int) -> bool:
    state = resolved.states.get(post_id)
    return state is not None and state.version == TOMBSTONE


def _post_or_tombstone(
    resolved: ResolvedPosts, around: Post, post_id: int, reply_to_post_id: int
) -> PostMessage:
    """The post if the viewer may see it, otherwise a tombstone."""
    if post_id in resolved.posts:
        return resolved.post(post_id)
    return to_tombstone(
        post_id, conversation_id=around.conversation_id, reply_to_post_id=reply_to_post_id
    )


def _present(post: PostMessage) -> PostRevision:
    written = post.edit_time if post.HasField("edit_time") else post.create_time
    return PostRevision(
        revision=post.revision,
        text=post.text,
        entities=post.entities,
        create_time=written,
        media=post.media,
    )
