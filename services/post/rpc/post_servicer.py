"""PostService over gRPC; the promises are in `post_service.proto`."""

from functools import partial
from typing import Any

from roost.post.v1 import post_service_pb2 as rpc
from roost.post.v1.post_service_pb2_grpc import PostServiceServicer

from services.chassis.auth import access_policy, caller
from services.chassis.rpc import commands
from services.chassis.runtime.clock import Clock
from services.chassis.runtime.ids import bucket_of
from services.chassis.storage.idempotency import RequestKey
from services.post.domain import posts
from services.post.domain.errors import PostNotFound
from services.post.domain.media import MediaClaim, MediaClaims, claim_key, claimed
from services.post.domain.model import Ids, PostState, Profiles, ProfileSource
from services.post.domain.store import PostTransaction, Store
from services.post.rpc.convert import (
    set_state,
    to_entry,
    to_post,
    to_visibility,
)
from services.post.rpc.events import describe
from services.post.rpc.post_lists import PostLists
from services.post.rpc.post_scans import PostScans
from services.post.rpc.read_cache.body_cache import PostBodyCache, pack_body
from services.post.rpc.read_cache.hydration import Hydration, PageCache
from services.post.rpc.read_cache.profile_cache import CachedProfile

DEFAULT_ENTRIES = 100


class PostServicer(PostServiceServicer):
    """Posts and conversations."""

    def __init__(
        self,
        *,
        store: Store,
        profiles: Profiles[CachedProfile],
        cached_profiles: ProfileSource[CachedProfile],
        media_claims: MediaClaims,
        ids: Ids,
        clock: Clock,
        hydration: Hydration,
        bodies: PostBodyCache,
        lists: PostLists,
        scans: PostScans,
    ) -> None:
        self._store = store
        self._profiles = profiles
        self._cached_profiles = cached_profiles
        self._media_claims = media_claims
        self._ids = ids
        self._clock = clock
        self._hydration = hydration
        self._page_cache = PageCache(hydration)
        self._bodies = bodies
        self._lists = lists
        self._scans = scans

    @access_policy.user
    async def CreatePost(
        self, request: rpc.CreatePostRequest, context: Any
    ) -> rpc.CreatePostResponse:
        author_id = caller.user().user_id
        return await commands.run_unless_refused(
            self._store.transaction,
            request,
            rpc.CreatePostResponse,
            partial(self._create, request, author_id),
            caller_id=author_id,
        )

    async def _create(
        self, request: rpc.CreatePostRequest, author_id: int, key: RequestKey | None
    ) -> rpc.CreatePostResponse:
        """At most one call to the User service, one to the Media service if the post has media, and
        one round trip to the database that writes."""
        draft = posts.Draft(
            request.text,
            to_visibility(request.visibility),
            request.reply_to_post_id,
            request.quoted_post_id,
            request.media_ids,
            request.language,
        )
        prepared = await posts.prepare(
            author_id,
            draft,
            store=self._store,
            profiles=self._profiles,
            cached_profiles=self._cached_profiles,
            ids=self._ids,
        )
        post_id = prepared.post.id
        claim = MediaClaim(author_id, draft.media_ids, post_id, claim_key(key, post_id))
        async with claimed(self._media_claims, claim) as media:
            return await self._write(posts.with_media(prepared, media), author_id, key)

    async def _write(
        self,
        prepared: posts.PreparedPost[CachedProfile],
        author_id: int,
        key: RequestKey | None,
    ) -> rpc.CreatePostResponse:
        post = prepared.post
        message = to_post(post)
        body = pack_body(message)
        # Followers read the post within a second. If the write fails, no state refers to the body.
        self._bodies.keep(post.id, post.version, body)
        set_state(message, PostState(post.id, post.version, 0, 0, 0, 0))
        includes = await self._hydration.includes_of(
            post.id, body, prepared.profiles, viewer_id=author_id
        )
        response = rpc.CreatePostResponse(post=message, includes=includes)
        first = await posts.create(
            self._store,
            prepared,
            key=key,
            # Only a repetition of the request reads it.
            response=response.SerializeToString(deterministic=True) if key else b"",
            describe=describe,
        )
        return response if first is None else rpc.CreatePostResponse.FromString(first)

    @access_policy.anyone
    async def GetPost(self, request: rpc.GetPostRequest, context: Any) -> rpc.GetPostResponse:
        resolved = await self._hydration.hydrate(
            [request.post_id], viewer_id=caller.viewer_id() or 0
        )
        if request.post_id not in resolved.posts:
            raise PostNotFound
        return rpc.GetPostResponse(
            post=resolved.post(request.post_id), includes=resolved.includes([request.post_id])
        )

    @access_policy.anyone
    async def BatchGetPosts(
        self, request: rpc.BatchGetPostsRequest, context: Any
    ) -> rpc.BatchGetPostsResponse:
        post_ids, viewer_id = tuple(dict.fromkeys(request.post_ids)), caller.viewer_id() or 0
        page = await self._page_cache.read(
            post_ids,
            viewer_id=viewer_id,
            user_ids=tuple(request.include_user_ids),
            dependencies=request.include_dependencies,
        )
        response = rpc.BatchGetPostsResponse.FromString(page)
        if request.include_tombstones and len(response.posts) < len(post_ids):
            found = {each.id: each for each in response.posts}
            missing = [each for each in post_ids if each not in found]
            found.update(await self._lists.deleted(missing, viewer_id))
            del response.posts[:]
            response.posts.extend(found[each] for each in post_ids if each in found)
            if request.include_dependencies:
                # Tombstones are read from the database, by further users.
                for post_id in missing:
                    response.post_dependencies[post_ids.index(post_id)].Clear()
        return response

    @access_policy.user
    async def UpdatePost(
        self, request: rpc.UpdatePostRequest, context: Any
    ) -> rpc.UpdatePostResponse:
        author_id = caller.user().user_id
        return await commands.run_unless_refused(
            self._store.transaction,
            request,
            rpc.UpdatePostResponse,
            partial(self._update, request, author_id),
            caller_id=author_id,
        )

    async def _update(
        self, request: rpc.UpdatePostRequest, author_id: int, key: RequestKey | None
    ) -> rpc.UpdatePostResponse:
        edit = await posts.prepare_edit(
            author_id,
            request.post_id,
            request.text,
            request.media.media_ids if request.HasField("media") else None,
            request.language,
            store=self._store,
            profiles=self._profiles,
        )
        resolved = await self._hydration.hydrate([request.post_id], viewer_id=author_id)
        resolved.profiles.update({each.id: each for each in edit.profiles})

        async def effect(transaction: PostTransaction) -> rpc.UpdatePostResponse:
            post = await posts.edit(
                transaction, edit, request.etag, media, clock=self._clock, describe=describe
            )
            message = to_post(post)
            resolved.bodies[post.id] = pack_body(message)
            set_state(message, resolved.states[post.id])
            return rpc.UpdatePostResponse(post=message, includes=resolved.includes([post.id]))

        write_id = await self._ids.make(bucket_of(edit.post_id))
        claim = MediaClaim(author_id, edit.new_media_ids, edit.post_id, claim_key(key, write_id))
        async with claimed(self._media_claims, claim) as media:
            return await commands.run_with_key(
                self._store.transaction, key, rpc.UpdatePostResponse, effect
            )

    @access_policy.anyone
    async def ListPostRevisions(
        self, request: rpc.ListPostRevisionsRequest, context: Any
    ) -> rpc.ListPostRevisionsResponse:
        return await self._lists.revisions(request, caller.viewer_id() or 0)

    @access_policy.user
    async def DeletePost(
        self, request: rpc.DeletePostRequest, context: Any
    ) -> rpc.DeletePostResponse:
        author_id = caller.user().user_id
        return await commands.run_unless_refused(
            self._store.transaction,
            request,
            rpc.DeletePostResponse,
            partial(self._delete, request.post_id, author_id),
            caller_id=author_id,
        )

    async def _delete(
        self, post_id: int, author_id: int, key: RequestKey | None
    ) -> rpc.DeletePostResponse:
        post = await posts.find_own(author_id, post_id, store=self._store, profiles=self._profiles)

        async def effect(transaction: PostTransaction) -> rpc.DeletePostResponse:
            await posts.delete(transaction, post, clock=self._clock, describe=describe)
            return rpc.DeletePostResponse()

        response = await commands.run_with_key(
            self._store.transaction, key, rpc.DeletePostResponse, effect
        )
        await self._bodies.delete(post.id, post.version)
        return response

    @access_policy.anyone
    async def ListUserPosts(
        self, request: rpc.ListUserPostsRequest, context: Any
    ) -> rpc.ListUserPostsResponse:
        return await self._lists.of_user(request, caller.viewer_id() or 0)

    @access_policy.anyone
    async def GetThread(self, request: rpc.GetThreadRequest, context: Any) -> rpc.GetThreadResponse:
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
        return await self._lists.quotes(request, caller.viewer_id() or 0)

    @access_policy.service("timeline")
    async def ListPostIdsByAuthors(
        self, request: rpc.ListPostIdsByAuthorsRequest, context: Any
    ) -> rpc.ListPostIdsByAuthorsResponse:
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
        counts = await self._store.count_posts(list(dict.fromkeys(request.author_ids)))
        return rpc.BatchCountPostsResponse(
            counts=[counts.get(author_id, 0) for author_id in request.author_ids]
        )

    @access_policy.service("media")
    async def BatchGetPostMedia(
        self, request: rpc.BatchGetPostMediaRequest, context: Any
    ) -> rpc.BatchGetPostMediaResponse:
        post_ids = list(dict.fromkeys(request.post_ids))
        found = await self._store.media_of(post_ids)
        return rpc.BatchGetPostMediaResponse(
            posts=[
                rpc.PostMedia(post_id=each, media_ids=sorted(found[each]))
                for each in post_ids
                if each in found
            ]
        )

    @access_policy.service("search")
    async def ScanPosts(self, request: rpc.ScanPostsRequest, context: Any) -> rpc.ScanPostsResponse:
        return await self._scans.scan(request)

    @access_policy.service("search")
    async def BatchGetPostCounts(
        self, request: rpc.BatchGetPostCountsRequest, context: Any
    ) -> rpc.BatchGetPostCountsResponse:
        return await self._scans.counts(request)

    @access_policy.service("media", "notification")
    async def FilterVisible(
        self, request: rpc.FilterVisibleRequest, context: Any
    ) -> rpc.FilterVisibleResponse:
        post_ids = tuple(dict.fromkeys(request.post_ids))
        user_ids = tuple(dict.fromkeys(request.user_ids))
        resolved = await self._hydration.hydrate(
            post_ids, viewer_id=request.viewer_id, user_ids=user_ids, quotes=False
        )
        profiles = [profile for each in user_ids if (profile := resolved.profile(each))]
        return rpc.FilterVisibleResponse(
            post_ids=[each for each in post_ids if each in resolved.posts],
            user_ids=[each.id for each in profiles],
            muted_user_ids=[each.id for each in profiles if each.viewer_relationship.muting],
        )
