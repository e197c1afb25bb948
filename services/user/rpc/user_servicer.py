"""UserService over gRPC: profiles and settings."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from roost.user.v1 import user_service_pb2 as pb
from roost.user.v1.user_service_pb2_grpc import UserServiceServicer

from services.chassis.auth import access_policy, caller
from services.chassis.rpc import commands
from services.chassis.runtime.clock import Clock
from services.chassis.runtime.ids import IdGenerator
from services.chassis.storage.idempotency import Seal
from services.user.domain import profile_media, profiles, settings
from services.user.domain.accounts import Accounts
from services.user.domain.model import ProfileMedium, ProfileUse
from services.user.domain.ports import UserCache
from services.user.domain.profile_media import ProfileMedia
from services.user.domain.store import Store, UserTransaction
from services.user.domain.user_queries import UserQueries
from services.user.rpc import convert

DEFAULT_SCAN_PAGE = 500


class UserServicer(UserServiceServicer):
    """The promises are in `user_service.proto`."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        ids: IdGenerator,
        accounts: Accounts,
        profile_media: ProfileMedia,
        user_queries: UserQueries,
        user_cache: UserCache,
        master_key: bytes,
    ) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids
        self._accounts = accounts
        self._profile_media = profile_media
        self._user_queries = user_queries
        self._user_cache = user_cache
        self._master_key = master_key

    @access_policy.anyone
    async def GetUser(self, request: pb.GetUserRequest, context: Any) -> pb.GetUserResponse:
        viewer_id = caller.viewer_id()
        found = await self._user_queries.one(request.user_id, viewer_id)
        return pb.GetUserResponse(user=convert.unpack_user(found, viewer_id=viewer_id))

    @access_policy.anyone
    async def GetUserByHandle(
        self, request: pb.GetUserByHandleRequest, context: Any
    ) -> pb.GetUserByHandleResponse:
        viewer_id = caller.viewer_id()
        found = await self._user_queries.one_by_handle(request.handle, viewer_id)
        return pb.GetUserByHandleResponse(user=convert.unpack_user(found, viewer_id=viewer_id))

    @access_policy.service("post", "notification", "media", "search")
    async def BatchGetUsers(
        self, request: pb.BatchGetUsersRequest, context: Any
    ) -> pb.BatchGetUsersResponse:
        found = await self._user_queries.batch(
            request.user_ids, request.handles, request.viewer_id or None
        )
        response = pb.BatchGetUsersResponse()
        convert.add_packed_users(response.users, found)
        return response

    @access_policy.service("search")
    async def ScanUsers(self, request: pb.ScanUsersRequest, context: Any) -> pb.ScanUsersResponse:
        size = request.page_size or DEFAULT_SCAN_PAGE
        found = await self._store.scan_users(after_id=request.after_id, limit=size + 1)
        return pb.ScanUsersResponse(
            users=map(convert.user, found[:size]), has_more=len(found) > size
        )

    @access_policy.user
    async def UpdateUser(
        self, request: pb.UpdateUserRequest, context: Any
    ) -> pb.UpdateUserResponse:
        me = caller.user()
        changes = {
            field: getattr(request.user, field)
            for field in profiles.check_mask(request.update_mask.paths)
        }
        response = None
        event_ids: Sequence[UUID] = ()
        if profile_media.names_media(changes):
            # Read first: a medium of the first attempt may have been replaced and deleted since.
            response = await commands.first_response(
                self._store.transaction, request, pb.UpdateUserResponse, caller_id=me.user_id
            )
        if response is None:
            async with self._profile_media.claimed(
                me.user_id, changes, request_id=request.request_id
            ) as media:
                response, event_ids = await self._update(me.user_id, request, changes, media)
        await self._user_cache.forget(me.user_id, event_ids=event_ids)
        return response

    async def _update(
        self,
        user_id: int,
        request: pb.UpdateUserRequest,
        changes: Mapping[str, profiles.Value],
        media: Mapping[ProfileUse, ProfileMedium],
    ) -> tuple[pb.UpdateUserResponse, Sequence[UUID]]:
        """The response, and the events; none if the response was stored before."""
        event_ids: Sequence[UUID] = ()

        async def effect(transaction: UserTransaction) -> pb.UpdateUserResponse:
            nonlocal event_ids
            user = await profiles.update(
                transaction,
                user_id,
                changes,
                media=media,
                etag=request.etag,
                clock=self._clock,
                ids=self._ids,
            )
            event_ids = transaction.event_ids
            return pb.UpdateUserResponse(user=convert.profile(user))

        response = await commands.run_once(
            self._store.transaction, request, pb.UpdateUserResponse, effect, caller_id=user_id
        )
        return response, event_ids

    @access_policy.user
    async def GetSettings(
        self, request: pb.GetSettingsRequest, context: Any
    ) -> pb.GetSettingsResponse:
        found = await self._store.settings(caller.user().user_id)
        return pb.GetSettingsResponse(settings=convert.settings(found))

    @access_policy.user
    async def UpdateSettings(
        self, request: pb.UpdateSettingsRequest, context: Any
    ) -> pb.UpdateSettingsResponse:
        me = caller.user()
        changes = {
            field: getattr(request.settings, field)
            for field in settings.check_mask(request.update_mask.paths)
        }

        async def effect(transaction: UserTransaction) -> pb.UpdateSettingsResponse:
            changed = await settings.update(transaction, me.user_id, changes)
            return pb.UpdateSettingsResponse(settings=convert.settings(changed))

        return await commands.run_once(
            self._store.transaction,
            request,
            pb.UpdateSettingsResponse,
            effect,
            caller_id=me.user_id,
        )

    @access_policy.user
    async def DeleteUser(
        self, request: pb.DeleteUserRequest, context: Any
    ) -> pb.DeleteUserResponse:
        me = caller.user()
        begin = self._store.transaction
        seal = Seal(caller_secret=request.password.encode(), service_secret=self._master_key)
        # Read first: after the deletion no password is right.
        before = await commands.first_response(
            begin, request, pb.DeleteUserResponse, caller_id=me.user_id, seal=seal
        )
        if before is not None:
            return before
        password_check = await self._accounts.check_caller_password(
            me, request.password, network=caller.network()
        )

        event_ids: Sequence[UUID] = ()

        async def effect(transaction: UserTransaction) -> pb.DeleteUserResponse:
            nonlocal event_ids
            await self._accounts.delete(transaction, password_check)
            event_ids = transaction.event_ids
            return pb.DeleteUserResponse()

        response = await commands.run_once(
            begin, request, pb.DeleteUserResponse, effect, caller_id=me.user_id, seal=seal
        )
        await self._user_cache.forget(me.user_id, event_ids=event_ids)
        return response
