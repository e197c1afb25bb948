"""TimelineService over gRPC."""

import grpc.aio
from google.protobuf.message import Message
from roost.timeline.v1.timeline_pb2 import HOME_ORDER_RELEVANT
from roost.timeline.v1.timeline_service_pb2 import (
    BatchGetFollowedHashtagsRequest,
    BatchGetFollowedHashtagsResponse,
    FollowHashtagRequest,
    FollowHashtagResponse,
    GetHomeTimelineRequest,
    GetHomeTimelineResponse,
    GetPublicTimelineRequest,
    GetPublicTimelineResponse,
    GetReadMarkerRequest,
    GetReadMarkerResponse,
    ListFollowedHashtagsRequest,
    ListFollowedHashtagsResponse,
    RebuildHomeTimelineRequest,
    RebuildHomeTimelineResponse,
    SetReadMarkerRequest,
    SetReadMarkerResponse,
    UnfollowHashtagRequest,
    UnfollowHashtagResponse,
)
from roost.timeline.v1.timeline_service_pb2_grpc import TimelineServiceServicer

from services.chassis.auth import access_policy, caller
from services.chassis.cache.change_log import dependency
from services.chassis.rpc import commands
from services.chassis.rpc.paging import PageTokens
from services.chassis.runtime.clock import Clock
from services.timeline.domain.errors import HomeUserMissing, NotYourHome, RebuildTooSoon
from services.timeline.domain.feed_builder import FeedBuilder
from services.timeline.domain.hashtags import EarlierPosts, folded
from services.timeline.domain.homes import Homes
from services.timeline.domain.model import TOP, FollowedHashtag
from services.timeline.domain.ranking import Position, Rankings
from services.timeline.domain.store import TimelineStore, TimelineTransaction
from services.timeline.domain.timeline_cache import REBUILD_SECONDS, TimelineCache
from services.timeline.rpc import convert, events

Context = grpc.aio.ServicerContext[Message, Message]

_PAGE = 20
_MAX_PAGE = 100


class TimelineServicer(TimelineServiceServicer):
    """See protos/roost/timeline/v1/timeline_service.proto for what each RPC promises."""

    def __init__(
        self,
        *,
        homes: Homes,
        rankings: Rankings,
        feed_builder: FeedBuilder,
        earlier_posts: EarlierPosts,
        store: TimelineStore,
        cache: TimelineCache,
        page_tokens: PageTokens,
        clock: Clock,
    ) -> None:
        self._homes = homes
        self._rankings = rankings
        self._feed_builder = feed_builder
        self._earlier_posts = earlier_posts
        self._store = store
        self._cache = cache
        self._page_tokens = page_tokens
        self._clock = clock

    @access_policy.user
    async def GetHomeTimeline(
        self, request: GetHomeTimelineRequest, context: Context
    ) -> GetHomeTimelineResponse:
        """The caller's home, newest first or most relevant first."""
        viewer_id = caller.user().user_id
        limit = _limit(request.page_size)
        if request.order == HOME_ORDER_RELEVANT:
            position = self._page_tokens.open(request, Position)
            page, following = await self._rankings.relevant(viewer_id, position, limit=limit)
            token = "" if following is None else self._page_tokens.seal(request, following)
        else:
            before = self._page_tokens.open(request, int) or TOP
            page = await self._homes.latest(
                viewer_id, before=before, limit=limit, made_from=request.include_dependencies
            )
            more = page.next_entry is not None
            token = self._page_tokens.seal(request, page.entries[-1].entry_id) if more else ""
        response = GetHomeTimelineResponse(next_page_token=token)
        convert.add_entries(response.entries, page.entries)
        response.dependencies.extend(
            dict.fromkeys(int.from_bytes(dependency(each), "little") for each in page.made_from)
        )
        if page.next_entry is not None:
            response.next_entry.CopyFrom(convert.entry_to_proto(page.next_entry))
        return response

    @access_policy.anyone
    async def GetPublicTimeline(
        self, request: GetPublicTimelineRequest, context: Context
    ) -> GetPublicTimelineResponse:
        """The newest public posts."""
        limit = _limit(request.page_size)
        before = self._page_tokens.open(request, int) or TOP
        entries = await self._store.public(before=before, limit=limit + 1)
        shown = entries[:limit]
        more = len(entries) > limit
        token = self._page_tokens.seal(request, shown[-1].post_id) if more else ""
        response = GetPublicTimelineResponse(next_page_token=token)
        convert.add_public(response.entries, shown)
        if more:
            response.next_entry.CopyFrom(convert.public_to_proto(entries[limit]))
        return response

    @access_policy.user
    async def GetReadMarker(
        self, request: GetReadMarkerRequest, context: Context
    ) -> GetReadMarkerResponse:
        """The caller's read marker."""
        marker = await self._store.marker(caller.user().user_id)
        return GetReadMarkerResponse(marker=convert.marker_to_proto(marker))

    @access_policy.user
    async def SetReadMarker(
        self, request: SetReadMarkerRequest, context: Context
    ) -> SetReadMarkerResponse:
        """Moves the caller's marker, forward only, and not beyond the newest entry."""
        user_id = caller.user().user_id
        newest = (await self._homes.latest(user_id, limit=1)).entries
        reached = min(request.last_read_entry_id, newest[0].entry_id) if newest else 0

        async def advance(transaction: TimelineTransaction) -> SetReadMarkerResponse:
            if not reached:
                kept = await self._store.marker(user_id)
                return SetReadMarkerResponse(marker=convert.marker_to_proto(kept))
            marker, moved = await transaction.advance_marker(user_id, reached, self._clock.now())
            if moved:
                await transaction.publish(
                    events.read_marker_moved(user_id, marker.last_read_entry_id)
                )
            return SetReadMarkerResponse(marker=convert.marker_to_proto(marker))

        return await commands.run_once(
            self._store.transaction, request, SetReadMarkerResponse, advance, caller_id=user_id
        )

    @access_policy.user_or_service("gateway")
    async def RebuildHomeTimeline(
        self, request: RebuildHomeTimelineRequest, context: Context
    ) -> RebuildHomeTimelineResponse:
        """Rebuilds a home, at most once in ten seconds."""
        viewer_id = _whose_home(request.user_id)
        if not await self._cache.take_rebuild_permit(viewer_id):
            raise RebuildTooSoon(retry_after=REBUILD_SECONDS)
        return RebuildHomeTimelineResponse(
            entry_count=await self._feed_builder.rebuild_home(viewer_id)
        )

    @access_policy.user
    async def FollowHashtag(
        self, request: FollowHashtagRequest, context: Context
    ) -> FollowHashtagResponse:
        """The posts from before the first follow are stored first, so that homes have them."""
        user_id, tag = caller.user().user_id, folded(request.tag)
        await self._earlier_posts.add(tag)

        async def follow(transaction: TimelineTransaction) -> FollowHashtagResponse:
            followed, is_new = await transaction.follow_hashtag(user_id, tag, self._clock.now())
            if is_new:
                await transaction.publish(events.hashtag_followed(user_id, tag))
            return FollowHashtagResponse(hashtag=convert.followed_hashtag_to_proto(followed))

        return await commands.run_once(
            self._store.transaction, request, FollowHashtagResponse, follow, caller_id=user_id
        )

    @access_policy.user
    async def UnfollowHashtag(
        self, request: UnfollowHashtagRequest, context: Context
    ) -> UnfollowHashtagResponse:
        user_id, tag = caller.user().user_id, folded(request.tag)

        async def unfollow(transaction: TimelineTransaction) -> UnfollowHashtagResponse:
            if await transaction.unfollow_hashtag(user_id, tag):
                await transaction.publish(events.hashtag_unfollowed(user_id, tag))
            return UnfollowHashtagResponse(tag=tag)

        return await commands.run_once(
            self._store.transaction, request, UnfollowHashtagResponse, unfollow, caller_id=user_id
        )

    @access_policy.user
    async def ListFollowedHashtags(
        self, request: ListFollowedHashtagsRequest, context: Context
    ) -> ListFollowedHashtagsResponse:
        limit = _limit(request.page_size)
        found = await self._store.followed_hashtags(
            caller.user().user_id,
            before=self._page_tokens.open(request, FollowedHashtag),
            limit=limit + 1,
        )
        shown = found[:limit]
        more = len(found) > limit
        return ListFollowedHashtagsResponse(
            hashtags=map(convert.followed_hashtag_to_proto, shown),
            next_page_token=self._page_tokens.seal(request, shown[-1]) if more else "",
        )

    @access_policy.user
    async def BatchGetFollowedHashtags(
        self, request: BatchGetFollowedHashtagsRequest, context: Context
    ) -> BatchGetFollowedHashtagsResponse:
        followed = await self._store.hashtags_followed_by(caller.user().user_id, list(request.tags))
        return BatchGetFollowedHashtagsResponse(
            tags=[tag for tag in dict.fromkeys(request.tags) if tag in followed]
        )


def _limit(page_size: int) -> int:
    return min(page_size or _PAGE, _MAX_PAGE)


def _whose_home(named: int) -> int:
    calling = caller.viewer_id()
    if calling is None:
        if not named:
            raise HomeUserMissing
        return named
    if named not in {0, calling}:
        raise NotYourHome
    return calling
