"""NotificationService over gRPC."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import grpc.aio
from google.protobuf.message import Message
from roost.notification.v1.notification_service_pb2 import (
    CountUnreadRequest,
    CountUnreadResponse,
    GetPreferencesRequest,
    GetPreferencesResponse,
    GetReadMarkerRequest,
    GetReadMarkerResponse,
    ListNotificationsRequest,
    ListNotificationsResponse,
    MarkReadRequest,
    MarkReadResponse,
    MuteConversationRequest,
    MuteConversationResponse,
    UnmuteConversationRequest,
    UnmuteConversationResponse,
    UnwatchUserRequest,
    UnwatchUserResponse,
    UpdatePreferencesRequest,
    UpdatePreferencesResponse,
    WatchUserRequest,
    WatchUserResponse,
)
from roost.notification.v1.notification_service_pb2_grpc import NotificationServiceServicer

from services.chassis.auth import access_policy, caller
from services.chassis.rpc import commands, paging
from services.chassis.rpc.paging import PageTokens
from services.chassis.runtime.clock import Clock
from services.chassis.runtime.errors import NotFound
from services.chassis.runtime.ids import MAX_ID
from services.notification.domain import preferences, read_markers
from services.notification.domain.errors import FieldNotUpdatable
from services.notification.domain.model import Kind
from services.notification.domain.ports import Posts, Profiles
from services.notification.domain.store import NotificationStore, NotificationTransaction
from services.notification.domain.visible_notifications import VisibleNotifications
from services.notification.rpc import convert
from services.notification.rpc.convert import timestamp

Context = grpc.aio.ServicerContext[Message, Message]
M = TypeVar("M", bound=Message)

_UPDATABLE = frozenset({"kinds", "email_digest", "time_zone", "quiet_hours"})


class NotificationServicer(NotificationServiceServicer):
    """See protos/roost/notification/v1/notification_service.proto for what each RPC promises."""

    def __init__(
        self,
        *,
        store: NotificationStore,
        profiles: Profiles,
        posts: Posts,
        visible_notifications: VisibleNotifications,
        page_tokens: PageTokens,
        clock: Clock,
    ) -> None:
        self._store = store
        self._visible_notifications = visible_notifications
        self._profiles = profiles
        self._posts = posts
        self._page_tokens = page_tokens
        self._clock = clock

    @access_policy.user
    async def ListNotifications(
        self, request: ListNotificationsRequest, context: Context
    ) -> ListNotificationsResponse:
        user_id = caller.user().user_id
        page = await self._visible_notifications.page(
            user_id,
            kinds=[Kind(each) for each in request.kinds if each],
            before=self._page_tokens.open(request, int) or MAX_ID,
            limit=paging.size_of(request),
        )
        marker = await self._store.marker(user_id)
        last_read_id = marker.last_read_id if marker else 0
        response = ListNotificationsResponse(
            groups=[convert.group_to_proto(each, last_read_id=last_read_id) for each in page.groups]
        )
        if page.next_before:
            response.next_page_token = self._page_tokens.seal(request, page.next_before)
        if page.following is not None:
            following = convert.group_to_proto(page.following, last_read_id=last_read_id)
            response.next_group.CopyFrom(following)
        return response

    @access_policy.user
    async def CountUnread(
        self, request: CountUnreadRequest, context: Context
    ) -> CountUnreadResponse:
        return CountUnreadResponse(
            count=await self._visible_notifications.count_unread(caller.user().user_id)
        )

    @access_policy.user
    async def GetReadMarker(
        self, request: GetReadMarkerRequest, context: Context
    ) -> GetReadMarkerResponse:
        marker = await self._store.marker(caller.user().user_id)
        if marker is None:
            return GetReadMarkerResponse()
        return GetReadMarkerResponse(
            last_read_id=marker.last_read_id, update_time=timestamp(marker.update_time)
        )

    @access_policy.user
    async def MarkRead(self, request: MarkReadRequest, context: Context) -> MarkReadResponse:
        user_id = caller.user().user_id

        async def mark(transaction: NotificationTransaction) -> MarkReadResponse:
            marker = await read_markers.mark_read(
                transaction, user_id, request.last_read_id, clock=self._clock
            )
            if marker is None:
                return MarkReadResponse()
            return MarkReadResponse(
                last_read_id=marker.last_read_id, update_time=timestamp(marker.update_time)
            )

        return await self._run_once(request, MarkReadResponse, mark)

    @access_policy.user
    async def GetPreferences(
        self, request: GetPreferencesRequest, context: Context
    ) -> GetPreferencesResponse:
        user_id = caller.user().user_id
        return GetPreferencesResponse(
            preferences=convert.preferences_to_proto(
                await self._store.preferences(user_id),
                muted_conversation_ids=await self._store.muted_conversations(user_id),
                watched_user_ids=await self._watched(user_id),
            )
        )

    @access_policy.user
    async def UpdatePreferences(
        self, request: UpdatePreferencesRequest, context: Context
    ) -> UpdatePreferencesResponse:
        user_id = caller.user().user_id
        fields = set(request.update_mask.paths)
        for field in sorted(fields - _UPDATABLE):
            raise FieldNotUpdatable(metadata={"field": field[:100]})
        changes = request.preferences
        muted = await self._store.muted_conversations(user_id)
        watched = await self._watched(user_id)

        async def update(transaction: NotificationTransaction) -> UpdatePreferencesResponse:
            updated = await preferences.update(
                transaction,
                user_id,
                kind_preferences=convert.kind_preferences_from_proto(changes.kinds)
                if "kinds" in fields
                else {},
                email_digest=changes.email_digest if "email_digest" in fields else None,
                time_zone=changes.time_zone if "time_zone" in fields else None,
                quiet_hours=convert.quiet_hours_from_proto(changes)
                if "quiet_hours" in fields
                else None,
                etag=request.etag,
            )
            return UpdatePreferencesResponse(
                preferences=convert.preferences_to_proto(
                    updated, muted_conversation_ids=muted, watched_user_ids=watched
                )
            )

        return await self._run_once(request, UpdatePreferencesResponse, update)

    @access_policy.user
    async def MuteConversation(
        self, request: MuteConversationRequest, context: Context
    ) -> MuteConversationResponse:
        user_id = caller.user().user_id
        before = await self._first_response(request, MuteConversationResponse)
        if before is not None:
            return before
        conversation_id = await self._posts.conversation_of(request.post_id)

        async def mute(transaction: NotificationTransaction) -> MuteConversationResponse:
            await preferences.mute_conversation(
                transaction, user_id, conversation_id, clock=self._clock
            )
            return MuteConversationResponse()

        return await self._run_once(request, MuteConversationResponse, mute)

    @access_policy.user
    async def UnmuteConversation(
        self, request: UnmuteConversationRequest, context: Context
    ) -> UnmuteConversationResponse:
        user_id = caller.user().user_id
        try:
            conversation_id = await self._posts.conversation_of(request.post_id)
        except NotFound:
            # The post may be deleted; the caller's preferences contain its id.
            conversation_id = request.post_id

        async def unmute(transaction: NotificationTransaction) -> UnmuteConversationResponse:
            await preferences.unmute_conversation(
                transaction, user_id, conversation_id, clock=self._clock
            )
            return UnmuteConversationResponse()

        return await self._run_once(request, UnmuteConversationResponse, unmute)

    @access_policy.user
    async def WatchUser(self, request: WatchUserRequest, context: Context) -> WatchUserResponse:
        watcher_id = caller.user().user_id
        before = await self._first_response(request, WatchUserResponse)
        if before is not None:
            return before
        if request.user_id != watcher_id:
            preferences.check_watchable(await self._profiles.find(request.user_id))

        async def watch(transaction: NotificationTransaction) -> WatchUserResponse:
            await preferences.watch(transaction, watcher_id, request.user_id, clock=self._clock)
            return WatchUserResponse()

        return await self._run_once(request, WatchUserResponse, watch)

    @access_policy.user
    async def UnwatchUser(
        self, request: UnwatchUserRequest, context: Context
    ) -> UnwatchUserResponse:
        watcher_id = caller.user().user_id

        async def unwatch(transaction: NotificationTransaction) -> UnwatchUserResponse:
            await preferences.unwatch(transaction, watcher_id, request.user_id)
            return UnwatchUserResponse()

        return await self._run_once(request, UnwatchUserResponse, unwatch)

    async def _watched(self, user_id: int) -> list[int]:
        """The users that the user watches and may see, ascending."""
        watched = await self._store.watched(user_id)
        visible = await self._profiles.watchable(user_id, watched)
        return [each for each in watched if each in visible]

    async def _run_once(
        self,
        request: Message,
        response: type[M],
        effect: Callable[[NotificationTransaction], Awaitable[M]],
    ) -> M:
        caller_id = caller.user().user_id
        return await commands.run_once(
            self._store.transaction, request, response, effect, caller_id=caller_id
        )

    async def _first_response(self, request: Message, response: type[M]) -> M | None:
        """The stored response of a repeated request, before checks that may fail by now."""
        return await commands.first_response(
            self._store.transaction, request, response, caller_id=caller.user().user_id
        )
