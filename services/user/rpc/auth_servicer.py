"""AuthService over gRPC: accounts, sessions, signing keys and stream tickets."""

from datetime import UTC, datetime
from typing import Any

from roost.user.v1 import auth_service_pb2 as pb
from roost.user.v1.auth_service_pb2_grpc import AuthServiceServicer

from services.chassis.auth import access_policy, caller
from services.chassis.rpc import commands
from services.chassis.rpc.paging import PageTokens
from services.chassis.runtime.clock import Clock
from services.chassis.storage.idempotency import Seal
from services.user.domain import handles, profiles
from services.user.domain.accounts import Accounts, authenticate_caller, register_caller
from services.user.domain.model import User
from services.user.domain.sessions import TICKET_LIFETIME, Revocations, Sessions, SignedIn
from services.user.domain.signing import Signer
from services.user.domain.store import Store, UserTransaction
from services.user.rpc import convert

MAX_PAGE = 100
DEFAULT_PAGE = 50


class AuthServicer(AuthServiceServicer):
    """The promises are in `auth_service.proto`."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        accounts: Accounts,
        sessions: Sessions,
        signer: Signer,
        revocations: Revocations,
        page_tokens: PageTokens,
        master_key: bytes,
    ) -> None:
        self._store = store
        self._clock = clock
        self._accounts = accounts
        self._sessions = sessions
        self._signer = signer
        self._revocations = revocations
        self._page_tokens = page_tokens
        self._master_key = master_key

    @access_policy.anyone
    async def Register(self, request: pb.RegisterRequest, context: Any) -> pb.RegisterResponse:
        device_name = profiles.device_name(request.device_name, field="device_name")
        account = await self._accounts.prepare(
            handle=request.handle,
            password=request.password,
            display_name=request.display_name,
            network=caller.network(),
        )

        async def effect(transaction: UserTransaction) -> pb.RegisterResponse:
            user, signed_in = await self._accounts.register(transaction, account, device_name)
            return pb.RegisterResponse(**_registered_response(user, signed_in))

        return await commands.run_once(
            self._store.transaction,
            request,
            pb.RegisterResponse,
            effect,
            caller_id=register_caller(account.key),
            seal=self._seal(request.password),
        )

    @access_policy.anyone
    async def Authenticate(
        self, request: pb.AuthenticateRequest, context: Any
    ) -> pb.AuthenticateResponse:
        device_name = profiles.device_name(request.device_name, field="device_name")
        password_check = await self._accounts.check_password(
            handle=request.handle, password=request.password, network=caller.network()
        )

        async def effect(transaction: UserTransaction) -> pb.AuthenticateResponse:
            user, signed_in = await self._accounts.sign_in(transaction, password_check, device_name)
            return pb.AuthenticateResponse(**_registered_response(user, signed_in))

        return await commands.run_once(
            self._store.transaction,
            request,
            pb.AuthenticateResponse,
            effect,
            caller_id=authenticate_caller(handles.key_of(request.handle)),
            seal=self._seal(request.password),
        )

    @access_policy.anyone
    async def RefreshSession(
        self, request: pb.RefreshSessionRequest, context: Any
    ) -> pb.RefreshSessionResponse:
        signed_in = await self._sessions.refresh(request.refresh_token)
        return pb.RefreshSessionResponse(
            session=convert.session(signed_in.session, current_id=signed_in.session.id),
            tokens=convert.tokens(signed_in.tokens),
        )

    @access_policy.user
    async def RevokeSession(
        self, request: pb.RevokeSessionRequest, context: Any
    ) -> pb.RevokeSessionResponse:
        me = caller.user()

        async def effect(transaction: UserTransaction) -> pb.RevokeSessionResponse:
            await self._sessions.revoke(transaction, me, request.session_id)
            return pb.RevokeSessionResponse()

        return await commands.run_once(
            self._store.transaction,
            request,
            pb.RevokeSessionResponse,
            effect,
            caller_id=me.user_id,
        )

    @access_policy.user
    async def ListSessions(
        self, request: pb.ListSessionsRequest, context: Any
    ) -> pb.ListSessionsResponse:
        me = caller.user()
        limit = min(request.page_size or DEFAULT_PAGE, MAX_PAGE)
        found = await self._store.list_sessions(
            me.user_id,
            before_id=self._page_tokens.open(request, int),
            limit=limit + 1,
            now=self._clock.now(),
        )
        shown = found[:limit]
        more = len(found) > limit
        return pb.ListSessionsResponse(
            sessions=[convert.session(each, current_id=me.session_id) for each in shown],
            next_page_token=self._page_tokens.seal(request, shown[-1].id) if more else "",
        )

    @access_policy.user
    async def ChangePassword(
        self, request: pb.ChangePasswordRequest, context: Any
    ) -> pb.ChangePasswordResponse:
        me = caller.user()
        begin, seal = self._store.transaction, self._seal(request.old_password)
        # Read first: after the change the old password is no longer right.
        before = await commands.first_response(
            begin, request, pb.ChangePasswordResponse, caller_id=me.user_id, seal=seal
        )
        if before is not None:
            return before
        password_check = await self._accounts.prepare_password(
            me, old=request.old_password, new=request.new_password, network=caller.network()
        )

        async def effect(transaction: UserTransaction) -> pb.ChangePasswordResponse:
            await self._accounts.change_password(
                transaction, me, password_check, network=caller.network()
            )
            return pb.ChangePasswordResponse()

        return await commands.run_once(
            begin, request, pb.ChangePasswordResponse, effect, caller_id=me.user_id, seal=seal
        )

    @access_policy.anyone
    async def GetJwks(self, request: pb.GetJwksRequest, context: Any) -> pb.GetJwksResponse:
        return pb.GetJwksResponse(keys=[convert.key(key) for key in await self._signer.fetch()])

    @access_policy.anyone
    async def ListRevokedSessions(
        self, request: pb.ListRevokedSessionsRequest, context: Any
    ) -> pb.ListRevokedSessionsResponse:
        has_since = request.HasField("since_time")
        found = await self._revocations.revoked(
            request.since_time.ToDatetime(UTC) if has_since else None
        )
        response = pb.ListRevokedSessionsResponse(session_ids=found.session_ids)
        response.as_of_time.FromDatetime(found.as_of)
        return response

    @access_policy.user
    async def IssueStreamTicket(
        self, request: pb.IssueStreamTicketRequest, context: Any
    ) -> pb.IssueStreamTicketResponse:
        return pb.IssueStreamTicketResponse(
            ticket=await self._sessions.issue_ticket(caller.user()),
            expires_in=int(TICKET_LIFETIME.total_seconds()),
        )

    @access_policy.service("gateway")
    async def RedeemStreamTicket(
        self, request: pb.RedeemStreamTicketRequest, context: Any
    ) -> pb.RedeemStreamTicketResponse:
        ticket, access_token = await self._sessions.redeem_ticket(request.ticket)
        return pb.RedeemStreamTicketResponse(
            user_id=ticket.user_id,
            session_id=ticket.session_id,
            access_token=access_token.token,
            expires_in=self._seconds_until(access_token.expire_time),
        )

    @access_policy.service("gateway")
    async def ExtendStream(
        self, request: pb.ExtendStreamRequest, context: Any
    ) -> pb.ExtendStreamResponse:
        access_token = await self._sessions.extend(request.user_id, request.session_id)
        return pb.ExtendStreamResponse(
            access_token=access_token.token,
            expires_in=self._seconds_until(access_token.expire_time),
        )

    def _seconds_until(self, moment: datetime) -> int:
        return int((moment - self._clock.now()).total_seconds())

    def _seal(self, password: str) -> Seal:
        """The seal of a request that holds a password. Neither the fingerprint nor the response in
        its record helps to guess the password."""
        return Seal(caller_secret=password.encode(), service_secret=self._master_key)


def _registered_response(user: User, signed_in: SignedIn) -> dict[str, Any]:
    return {
        "user": convert.user(user),
        "session": convert.session(signed_in.session, current_id=signed_in.session.id),
        "tokens": convert.tokens(signed_in.tokens),
    }
