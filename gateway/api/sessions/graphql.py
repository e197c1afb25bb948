"""Signing in and out, device by device."""

from typing import Annotated

import strawberry
from roost.user.v1.auth_service_pb2 import (
    IssueStreamTicketRequest,
    RevokeSessionRequest,
)
from strawberry.types import Info

from gateway.api.sessions import acts, queries
from gateway.api.sessions import commands as changing
from gateway.api.sessions.requests import NewSession, RefreshToken
from gateway.api.sessions.types import (
    Refreshed,
    Session,
    SignedIn,
    StreamTicket,
    Tokens,
    sessions_on,
    signed_in,
)
from gateway.api.users import commands as accounts
from gateway.api.users.graphql import DeviceName, Handle, Password
from gateway.api.users.requests import NewUser
from gateway.protocols.acts import mutation
from gateway.protocols.graphql.connections import (
    list_field,
)
from gateway.protocols.graphql.context import Context, backends_of, own
from gateway.protocols.graphql.fields import resolved
from gateway.protocols.graphql.global_ids import number_of
from gateway.protocols.graphql.mutation_results import (
    DONE,
    Done,
    Key,
    Outcome,
    change,
    request_id,
    result,
    validated,
)
from services.chassis.auth import caller
from services.chassis.text.kinds import DISPLAY_NAME


@strawberry.type
class SessionQueries:
    """Fields of Query about sessions."""

    sessions = list_field(
        "The caller's sessions, newest first.", Session, queries.sessions, sessions_on, services=own
    )

    @resolved("One of the caller's sessions. Refused with SESSION_NOT_FOUND where there is none.")
    async def session(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="The id of a session.")],  # noqa: A002
    ) -> Session:
        number = number_of("Session", id, "id")
        return Session(message=await queries.session(own(info), number))


@strawberry.type
class RegistrationMutations:
    """Fields of Mutation with which users join."""

    @change("Join: creates an account, and signs the calling device in.", bucket="logins")
    async def register(
        self,
        info: Info,
        *,
        handle: Handle,
        password: Password,
        display_name: Annotated[
            str, strawberry.argument(description=f"The name as shown. {DISPLAY_NAME.limits}.")
        ] = "",
        device_name: DeviceName = "",
        idempotency_key: Key = None,
    ) -> Outcome[SignedIn]:
        asked = validated(
            NewUser,
            handle=handle,
            password=password,
            display_name=display_name,
            device_name=device_name,
        )
        response = await accounts.register(
            backends_of(info), asked, request_id=request_id(idempotency_key)
        )
        return result(signed_in(response))


@strawberry.type
class SessionMutations:
    """Fields of Mutation about sessions."""

    @change("Sign in with handle and password.", bucket="logins")
    async def sign_in(
        self,
        info: Info,
        handle: Handle,
        password: Password,
        device_name: DeviceName = "",
        idempotency_key: Key = None,
    ) -> Outcome[SignedIn]:
        asked = validated(NewSession, handle=handle, password=password, device_name=device_name)
        response = await changing.sign_in(
            backends_of(info), asked, request_id=request_id(idempotency_key)
        )
        return result(signed_in(response))

    @change(
        "Exchange the refresh token for the next pair. It is good once; used twice it ends its "
        "session, except that the same device may repeat its last call within 10 seconds.",
    )
    async def refresh_session(
        self,
        info: Info,
        refresh_token: Annotated[
            str, strawberry.argument(description="The newest refresh token of the device.")
        ],
    ) -> Outcome[Refreshed]:
        asked = validated(RefreshToken, refresh_token=refresh_token)
        context: Context = info.context
        response = await context.refresh(asked.refresh_token)
        return result(
            Refreshed(
                session=Session(message=response.session), tokens=Tokens(message=response.tokens)
            )
        )

    @change("Sign out everywhere: every session ends, the present one last.", answers=Done)
    async def sign_out_everywhere(self, info: Info) -> Done:
        await changing.end_all(own(info))
        return DONE

    @change("Sign out here.", answers=Done)
    async def sign_out(self, info: Info, idempotency_key: Key = None) -> Done:
        backends = own(info)
        await backends.auth.RevokeSession(
            RevokeSessionRequest(
                session_id=caller.user().session_id, request_id=request_id(idempotency_key)
            )
        )
        return DONE

    revoke_session = mutation(acts.REVOKE_SESSION)

    @change(
        "Get a ticket for the stream, or for subscriptions: it opens one connection on behalf of "
        "the session that asks. Give it as `ticket` of `connection_init`'s payload."
    )
    async def issue_stream_ticket(self, info: Info) -> Outcome[StreamTicket]:
        response = await own(info).auth.IssueStreamTicket(IssueStreamTicketRequest())
        return result(StreamTicket(ticket=response.ticket, expires_in=response.expires_in))
