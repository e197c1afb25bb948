"""PostService: one method an RPC; the contract says what each promises."""

from collections.abc import Sequence
from typing import Any

from roost.post.v1 import post_service_pb2 as rpc
from roost.post.v1.post_pb2 import Post as PostMessage
from roost.post.v1.post_service_pb2_grpc import PostServiceServicer

from services.chassis.auth import access_policy, caller
from services.chassis.storage.idempotency import RequestKey, once
from services.post.adapters.user_client import CachedProfile
from services.post.domain.errors import PostNotFound
from services.post.domain.model import Post, PostState
from services.post.domain.posts import Draft, PostOperations
from services.post.domain.store import PostTransaction, Store
from services.post.rpc.convert import (
    pack,
    summarize_packed,
    to_entry,
    to_visibility,
    with_state,
)
from services.post.rpc.post_lists import PostLists
from services.post.rpc.read_cache.body_cache import PostBodyCache
from services.post.rpc.read_cache.hydration import Hydration
from services.post.rpc.read_cache.page_cache import PageCache
from services.post.rpc.repeating import run_once

DEFAULT_ENTRIES = 100


class PostServicer(PostServiceServicer):
    """Posts and conversations."""

    def __init__(
        self,
        *,
        store: Store,
        post_operations: PostOperations[CachedProfile],
        hydration: Hydration,
        bodies: PostBodyCache,
        lists: PostLists,
    ) -> None:
        self._store = store
        self._post_operations = post_operations
        self._hydration = hydration
        self._page_cache = PageCache(hydration)
        self._bodies = bodies
        self._lists = lists

    @access_policy.user
    async def CreatePost(
        self, request: rpc.CreatePostRequest, context: Any
    ) -> rpc.CreatePostResponse:
        """Writes a post: one call to the User service, and one trip to the database."""
        author_id = caller.user().user_id
        key = RequestKey.of(request, caller_id=str(author_id), method="CreatePost")
        draft = Draft(
            request.text,
            to_visibility(request.visibility),
            request.reply_to_post_id,
            request.quoted_post_id,
            request.media_ids,
        )

        async def respond(post: Post, profiles: Sequence[CachedProfile]) -> bytes:
            # Its followers will read it within a second. Should the write fail, no state will ever
            # ask for this body.
            body = self._bodies.keep(post.id, post.revision, pack(post))
            state = PostState(post.id, 1, 0, 0, 0, 0)
            message = PostMessage.FromString(with_state(body.packed, state, with_viewer=True))
            includes = await self._hydration.beside(post.id, body, profiles, viewer_id=author_id)
            return rpc.CreatePostResponse(post=message, includes=includes).SerializeToString()

        async def create() -> rpc.CreatePostResponse:
            written = await self._post_operations.create(author_id, draft, key=key, respond=respond)
            return rpc.CreatePostResponse.FromString(written)

        return await run_once(self._store, key, rpc.CreatePostResponse, create)

    @access_policy.anyone
    async def GetPost(self, request: rpc.GetPostRequest, context: Any) -> rpc.GetPostResponse:
        resolved = await self._hydration.show([request.post_id], viewer_id=caller.viewer_id() or 0)
        if request.post_id not in resolved.posts:
            raise PostNotFound
        return rpc.GetPostResponse(
            post=resolved.post(request.post_id), includes=resolved.includes([request.post_id])
        )

    @access_policy.anyone
    async def BatchGetPosts(
        self, request: rpc.BatchGetPostsRequest, context: Any
    ) -> rpc.BatchGetPostsResponse:
        """The posts that the caller may see."""
        post_ids, viewer_id = tuple(dict.fromkeys(request.post_ids)), caller.viewer_id() or 0
        page = await self._page_cache.read(
            post_ids, viewer_id=viewer_id, user_ids=tuple(request.include_user_ids)
        )
        response = rpc.BatchGetPostsResponse.FromString(page)
        if request.include_tombstones and len(response.posts) < len(post_ids):
            found = {each.id: each for each in response.posts}
            missing = [each for each in post_ids if each not in found]
            found.update(await self._lists.deleted(missing, viewer_id))
            del response.posts[:]
            response.posts.extend(found[each] for each in post_ids if each in found)
        return response

    @access_policy.user
    async def UpdatePost(
        self, request: rpc.UpdatePostRequest, context: Any
    ) -> rpc.UpdatePostResponse:
        """Changes the text of the caller's own post."""
        author_id = caller.user().user_id
        key = RequestKey.of(request, caller_id=str(author_id), method="UpdatePost")

        async def update() -> rpc.UpdatePostResponse:
            edit = await self._post_operations.prepare_edit(
                author_id, request.post_id, request.text
            )
            resolved = await self._hydration.show([request.post_id], viewer_id=author_id)
            resolved.profiles.update({each.id: each for each in edit.profiles})

            async def effect(transaction: PostTransaction) -> rpc.UpdatePostResponse:
                post = await self._post_operations.edit(transaction, edit, request.etag)
                body = resolved.bodies[post.id] = summarize_packed(pack(post))
                packed = with_state(body.packed, resolved.states[post.id], with_viewer=True)
                return rpc.UpdatePostResponse(
                    post=PostMessage.FromString(packed), includes=resolved.includes([post.id])
                )

            return await once(self._store.transaction, key, rpc.UpdatePostResponse, effect)

        return await run_once(self._store, key, rpc.UpdatePostResponse, update)

    @access_policy.anyone
    async def ListPostRevisions(
        self, request: rpc.ListPostRevisionsRequest, context: Any
    ) -> rpc.ListPostRevisionsResponse:
        return await self._lists.revisions(request, caller.viewer_id() or 0)

    @access_policy.user
    async def DeletePost(
        self, request: rpc.DeletePostRequest, context: Any
    ) -> rpc.DeletePostResponse:
        """Leaves a tombstone of the caller's own post."""
        author_id = caller.user().user_id
        key = RequestKey.of(request, caller_id=str(author_id), method="DeletePost")

        async def delete() -> rpc.DeletePostResponse:
            post = await self._post_operations.find_own(author_id, request.post_id)

            async def effect(transaction: PostTransaction) -> rpc.DeletePostResponse:
                await self._post_operations.delete(transaction, post)
                return rpc.DeletePostResponse()

            response = await once(self._store.transaction, key, rpc.DeletePostResponse, effect)
            await self._bodies.forget(post.id, post.revision)
            return response

        return await run_once(self._store, key, rpc.DeletePostResponse, delete)

    @access_policy.anyone
    async def ListUserPosts(
        self, request: rpc.ListUserPostsRequest, context: Any
    ) -> rpc.ListUserPostsResponse:
        """A person's posts and reposts."""
        return await self._lists.of_user(request, caller.viewer_id() or 0)

    @access_policy.anyone
    async def GetThread(self, request: rpc.GetThreadRequest, context: Any) -> rpc.GetThreadResponse:
        """The conversation around a post."""
        return await self._lists.thread(request, caller.viewer_id() or 0)

    @access_policy.anyone
    async def ListReplies(
        self, request: rpc.ListRepliesRequest, context: Any
    ) -> rpc.ListRepliesResponse:
        return await self._lists.replies(request, caller.viewer_id() or 0)

    @access_policy.anyone
    async def ListQuotes(
        self, request: rpc.ListQuotesRequest, context: Any
    ) -> rpc.ListQuotesResponse:
        """Posts that quote a post."""
        return await self._lists.quotes(request, caller.viewer_id() or 0)

    @access_policy.service("timeline")
    async def ListPostIdsByAuthors(
        self, request: rpc.ListPostIdsByAuthorsRequest, context: Any
    ) -> rpc.ListPostIdsByAuthorsResponse:
        """The newest timeline entries of many people."""
        entries = await self._store.timeline_entries(
            list(dict.fromkeys(request.author_ids)),
            before=request.before_entry_id,
            limit=request.page_size or DEFAULT_ENTRIES,
        )
        return rpc.ListPostIdsByAuthorsResponse(entries=map(to_entry, entries))

    @access_policy.service("user")
    async def BatchCountPosts(
        self, request: rpc.BatchCountPostsRequest, context: Any
    ) -> rpc.BatchCountPostsResponse:
        """How many live posts each person has."""
        counts = await self._store.count_posts(list(dict.fromkeys(request.author_ids)))
        return rpc.BatchCountPostsResponse(
            counts=[counts.get(author_id, 0) for author_id in request.author_ids]
        )

    @access_policy.service("notification")
    async def FilterVisible(
        self, request: rpc.FilterVisibleRequest, context: Any
    ) -> rpc.FilterVisibleResponse:
        """Which of these posts and people one person may see."""
        post_ids = tuple(dict.fromkeys(request.post_ids))
        user_ids = tuple(dict.fromkeys(request.user_ids))
        resolved = await self._hydration.show(
            post_ids, viewer_id=request.viewer_id, user_ids=user_ids, quotes=False
        )
        profiles = [profile for each in user_ids if (profile := resolved.profile(each))]
        return rpc.FilterVisibleResponse(
            post_ids=[each for each in post_ids if each in resolved.posts],
            user_ids=[each.id for each in profiles],
            muted_user_ids=[each.id for each in profiles if each.viewer_relationship.muting],
        )
