"""Lists of posts that PostService gives, each page filled up with what the viewer may see."""

from collections.abc import Awaitable, Callable, Sequence

from roost.post.v1 import post_service_pb2 as rpc
from roost.post.v1.post_pb2 import Post as PostMessage
from roost.post.v1.post_pb2 import PostRevision

from services.chassis.page_token import PageTokens
from services.chassis.pages import Page, fill, position_of, size_of, token_of
from services.post.convert import to_entry, to_revision, to_tombstone
from services.post.errors import PostNotFound
from services.post.hydration import Hydration, Shown
from services.post.model import TOMBSTONE, Entry, Post
from services.post.store import Store
from services.post.visibility import can_see_person, require_profile

# Above a post in its thread; longer conversations are cut at the top.
MAX_ANCESTORS = 50


class PostLists:
    """Every list costs one call to the User service a round, and most pages take one round."""

    def __init__(self, *, store: Store, hydration: Hydration, tokens: PageTokens) -> None:
        self._store = store
        self._hydration = hydration
        self._tokens = tokens

    async def of_person(
        self, request: rpc.ListUserPostsRequest, viewer_id: int
    ) -> rpc.ListUserPostsResponse:
        """See PostService.ListUserPosts."""
        user_id = request.user_id
        shown = Shown(viewer_id)

        async def fetch(position: int, limit: int) -> list[Entry]:
            return await self._store.entries(
                user_id, include_replies=request.include_replies, before=position, limit=limit
            )

        async def keep(entries: Sequence[Entry]) -> list[bool]:
            post_ids = list(dict.fromkeys(each.post_id for each in entries))
            shown.add(await self._hydration.show(post_ids, viewer_id=viewer_id, user_ids=[user_id]))
            person = require_profile(shown.people.get(user_id), viewer_id)
            apart = not can_see_person(person, viewer_id)
            return [not apart and each.post_id in shown.posts for each in entries]

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
            posts=map(shown.post, post_ids),
            includes=shown.includes(post_ids, [user_id] if post_ids else []),
            next_page_token=token_of(page, request, self._tokens),
        )

    async def thread(self, request: rpc.GetThreadRequest, viewer_id: int) -> rpc.GetThreadResponse:
        """See PostService.GetThread."""
        root = await self._row(request.post_id)
        ancestor_ids: list[int] = []
        if root.reply_to_post_id and not request.page_token:
            ancestor_ids = await self._store.ancestors(root.conversation_id, root.id, MAX_ANCESTORS)
        shown = Shown(viewer_id)

        async def keep(reply_ids: Sequence[int]) -> list[bool]:
            await self._show_with(shown, [root.id, *ancestor_ids], reply_ids)
            return [each in shown.posts or _has_replies(shown, each) for each in reply_ids]

        page = await fill(
            size=size_of(request),
            position=position_of(request, self._tokens),
            fetch=self._replies_of(root),
            place=_itself,
            keep=keep,
        )
        # Each ancestor answers the one above it; what the first of a long line answers is not read.
        above = dict(zip(ancestor_ids[1:], ancestor_ids, strict=False))

        def post_or_place(post_id: int, reply_to_post_id: int) -> PostMessage:
            if post_id in shown.posts:
                return shown.post(post_id)
            return _tombstone(post_id, root, reply_to_post_id)

        return rpc.GetThreadResponse(
            ancestors=[post_or_place(each, above.get(each, 0)) for each in ancestor_ids],
            post=shown.post(root.id),
            replies=[post_or_place(each, root.id) for each in page.rows],
            includes=shown.includes(
                each for each in (*ancestor_ids, root.id, *page.rows) if each in shown.posts
            ),
            next_page_token=token_of(page, request, self._tokens),
        )

    async def replies(
        self, request: rpc.ListRepliesRequest, viewer_id: int
    ) -> rpc.ListRepliesResponse:
        """See PostService.ListReplies."""
        parent = await self._row(request.post_id)
        shown = Shown(viewer_id)
        page = await self._fill_around(
            shown,
            parent.id,
            size=size_of(request),
            position=position_of(request, self._tokens),
            fetch=self._replies_of(parent),
        )
        return rpc.ListRepliesResponse(
            posts=map(shown.post, page.rows),
            includes=shown.includes(page.rows),
            next_page_token=token_of(page, request, self._tokens),
        )

    async def quotes(
        self, request: rpc.ListQuotesRequest, viewer_id: int
    ) -> rpc.ListQuotesResponse:
        """See PostService.ListQuotes."""
        shown = Shown(viewer_id)

        async def fetch(position: int, limit: int) -> list[int]:
            return await self._store.quotes(request.post_id, before=position, limit=limit)

        page = await self._fill_around(
            shown,
            request.post_id,
            size=size_of(request),
            position=position_of(request, self._tokens),
            fetch=fetch,
        )
        return rpc.ListQuotesResponse(
            posts=map(shown.post, page.rows),
            includes=shown.includes(page.rows),
            next_page_token=token_of(page, request, self._tokens),
        )

    async def revisions(
        self, request: rpc.ListPostRevisionsRequest, viewer_id: int
    ) -> rpc.ListPostRevisionsResponse:
        """See PostService.ListPostRevisions."""
        shown = await self._hydration.show([request.post_id], viewer_id=viewer_id, quotes=False)
        if request.post_id not in shown.posts:
            raise PostNotFound
        post = shown.post(request.post_id)
        size = size_of(request)
        position = position_of(request, self._tokens)
        kept = await self._store.revisions(
            post.id, before=position or post.revision, limit=size + 1
        )
        rows = [*([] if position else [_present(post)]), *map(to_revision, kept)]
        page = Page(rows[:size], rows[size - 1].revision if len(rows) > size else None)
        return rpc.ListPostRevisionsResponse(
            revisions=page.rows, next_page_token=token_of(page, request, self._tokens)
        )

    async def _row(self, post_id: int) -> Post:
        post = (await self._store.posts([post_id])).get(post_id)
        if post is None or post.deleted:
            raise PostNotFound
        return post

    def _replies_of(self, parent: Post) -> Callable[[int, int], Awaitable[list[int]]]:
        async def fetch(position: int, limit: int) -> list[int]:
            return await self._store.replies(
                parent.conversation_id, parent.id, after=position, limit=limit
            )

        return fetch

    async def _fill_around(
        self,
        shown: Shown,
        post_id: int,
        *,
        size: int,
        position: int,
        fetch: Callable[[int, int], Awaitable[list[int]]],
    ) -> Page[int]:
        """A page of posts that hang on another one, which the viewer must see as well."""

        async def keep(post_ids: Sequence[int]) -> list[bool]:
            await self._show_with(shown, [post_id], post_ids)
            return [each in shown.posts for each in post_ids]

        return await fill(size=size, position=position, fetch=fetch, place=_itself, keep=keep)

    async def _show_with(
        self, shown: Shown, around: Sequence[int], post_ids: Sequence[int]
    ) -> None:
        """Looks at more posts, and the first time at those around which they are listed.

        Raises PostNotFound if the viewer may not see the first of `around`.
        """
        new = [each for each in around if each not in shown.states]
        shown.add(await self._hydration.show([*new, *post_ids], viewer_id=shown.viewer_id))
        if around[0] not in shown.posts:
            raise PostNotFound


def _itself(post_id: int) -> int:
    return post_id


def _has_replies(shown: Shown, post_id: int) -> bool:
    state = shown.states.get(post_id)
    return state is not None and state.revision == TOMBSTONE and state.replies > 0


def _tombstone(post_id: int, root: Post, reply_to_post_id: int) -> PostMessage:
    return to_tombstone(
        post_id, conversation_id=root.conversation_id, reply_to_post_id=reply_to_post_id
    )


def _present(post: PostMessage) -> PostRevision:
    written = post.edit_time if post.HasField("edit_time") else post.create_time
    return PostRevision(
        revision=post.revision, text=post.text, entities=post.entities, create_time=written
    )
