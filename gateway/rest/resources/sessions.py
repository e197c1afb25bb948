"""Signing in and out."""

from roost.user.v1.auth_service_pb2 import (
    AuthenticateRequest,
    ListSessionsRequest,
    RevokeSessionRequest,
)

from gateway.changing import sessions as changing
from gateway.reading import devices
from gateway.rest.exchange import NOTHING, Answer, Call, NoBody, NoContent, NoQuery
from gateway.rest.resources.lists import paging
from gateway.rest.resources.requests import NewSession, PageQuery, RefreshToken
from gateway.rest.routes import ANYONE, Routes
from gateway.rest.v1 import present
from gateway.rest.v1.types import Session, SessionPage, SignedIn, Tokens
from services.chassis.auth import caller

sessions = Routes("Sessions", "Signing in and out, device by device.")


@sessions.change(
    "POST",
    "/sessions",
    access=ANYONE,
    status=201,
    reasons=("CREDENTIALS_WRONG", "TOO_MANY_PASSWORD_ATTEMPTS", "PASSWORD_POOL_BUSY"),
)
async def sign_in(call: Call[NoQuery, NewSession]) -> Answer[SignedIn]:
    """Sign in with handle and password."""
    response = await call.backends.auth.Authenticate(
        AuthenticateRequest(
            handle=call.body.handle,
            password=call.body.password,
            device_name=call.body.device_name,
            request_id=call.request_id,
        )
    )
    return Answer(
        present.signed_in(response.user, response.session, response.tokens),
        location=f"/sessions/{response.session.id}",
    )


@sessions.change(
    "POST",
    "/sessions/refresh",
    access=ANYONE,
    keyed=False,
    reasons=("REFRESH_TOKEN_INVALID", "REFRESH_TOKEN_REUSED", "SESSION_REVOKED"),
)
async def refresh_session(call: Call[NoQuery, RefreshToken]) -> Answer[Tokens]:
    """Exchange the refresh token for the next pair.

    A refresh token is good once; used twice it ends its session, except that the same device may
    repeat its last call within 10 seconds and gets the same answer.
    """
    response = await call.refresh(call.body.refresh_token)
    return Answer(present.refreshed(response.session, response.tokens))


@sessions.get("/sessions")
async def list_sessions(call: Call[PageQuery, NoBody]) -> Answer[SessionPage]:
    """List one's sessions, newest first."""
    response = await call.backends.auth.ListSessions(ListSessionsRequest(**paging(call)))
    items = [present.session(each) for each in response.sessions]
    token = response.next_page_token
    return Answer(SessionPage(items, token or None), next_cursor=token)


@sessions.get("/sessions/{session_id}", reasons=("SESSION_NOT_FOUND",))
async def get_session(call: Call[NoQuery, NoBody]) -> Answer[Session]:
    """Read one of one's sessions."""
    return Answer(present.session(await devices.session(call.backends, call.path_id)))


@sessions.change("DELETE", "/sessions", keyed=False)
async def sign_out_everywhere(call: Call[NoQuery, NoBody]) -> Answer[NoContent]:
    """Sign out everywhere.

    Every session ends, the present one last.
    """
    await changing.end_all(call.backends)
    return NOTHING


@sessions.change("DELETE", "/sessions/current")
async def sign_out(call: Call[NoQuery, NoBody]) -> Answer[NoContent]:
    """Sign out here."""
    await call.backends.auth.RevokeSession(
        RevokeSessionRequest(session_id=caller.user().session_id, request_id=call.request_id)
    )
    return NOTHING


@sessions.change("DELETE", "/sessions/{session_id}", reasons=("SESSION_NOT_FOUND",))
async def revoke_session(call: Call[NoQuery, NoBody]) -> Answer[NoContent]:
    """Sign another device out.

    Repeating it changes nothing.
    """
    await call.backends.auth.RevokeSession(
        RevokeSessionRequest(session_id=call.path_id, request_id=call.request_id)
    )
    return NOTHING
