"""UserService over gRPC: profiles."""

from typing import Any

from roost.user.v1 import user_service_pb2 as pb
from roost.user.v1.user_service_pb2_grpc import UserServiceServicer

from services.chassis.auth import access_policy, caller
from services.chassis.rpc import commands
from services.chassis.runtime.clock import Clock
from services.chassis.runtime.ids import IdGenerator
from services.chassis.storage.idempotency import Seal
from services.user.domain import profiles
from services.user.domain.accounts import Accounts
from services.user.domain.ports import UserCache
from services.user.domain.store import Store, UserTransaction
from services.user.domain.user_queries import UserQueries
from services.user.rpc import convert


class UserServicer(UserServiceServicer):
    """The promises are in `user_service.proto`."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        ids: IdGenerator,
        accounts: Accounts,
        user_queries: UserQueries,
        user_cache: UserCache,
        master_key: bytes,
    ) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids
        self._accounts = accounts
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

    @access_policy.service("post", "notification")
    async def BatchGetUsers(
        self, request: pb.BatchGetUsersRequest, context: Any
    ) -> pb.BatchGetUsersResponse:
        found = await self._user_queries.batch(
            request.user_ids, request.handles, request.viewer_id or None
        )
        response = pb.BatchGetUsersResponse()
        convert.add_packed_users(response.users, found)
        return response

    @access_policy.user
    async def UpdateUser(
        self, request: pb.UpdateUserRequest, context: Any
    ) -> pb.UpdateUserResponse:
        me = caller.user()
        changes = {
            field: getattr(request.user, field)
            for field in profiles.check_mask(request.update_mask.paths)
        }

        async def effect(transaction: UserTransaction) -> pb.UpdateUserResponse:
            user = await profiles.update(
                transaction,
                me.user_id,
                changes,
                etag=request.etag,
                clock=self._clock,
                ids=self._ids,
            )
            return pb.UpdateUserResponse(user=convert.user(user))

        response = await commands.run_once(
            self._store.transaction, request, pb.UpdateUserResponse, effect, caller_id=me.user_id
        )
        await self._user_cache.forget(me.user_id)
        return response

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

        async def effect(transaction: UserTransaction) -> pb.DeleteUserResponse:
            await self._accounts.delete(transaction, password_check)
            return pb.DeleteUserResponse()

        response = await commands.run_once(
            begin, request, pb.DeleteUserResponse, effect, caller_id=me.user_id, seal=seal
        )
        await self._user_cache.forget(me.user_id)
        return response
