"""Signing in and out."""

from roost.user.v1.auth_service_pb2 import RevokeSessionRequest
from roost.user.v1.user_pb2 import Session as SessionMessage

from gateway.api.sessions import acts, queries
from gateway.api.sessions import commands as changing
from gateway.api.sessions.requests import NewSession, RefreshToken
from gateway.protocols.acts import route
from gateway.protocols.rest.context import (
    NOTHING,
    NoBody,
    NoContent,
    NoQuery,
    PageKind,
    RequestContext,
    Response,
)
from gateway.protocols.rest.routes import ANYONE, Routes
from gateway.views import sessions as session_views
from gateway.views.sessions import Session, SessionPage, SignedIn, Tokens
from services.chassis.auth import caller

SESSIONS: PageKind[SessionMessage] = PageKind(
    SessionPage, lambda _, page: [session_views.session(each) for each in page.entries]
)

sessions = Routes("Sessions", "Signing in and out, device by device.")


@sessions.change(
    "POST",
    "/sessions",
    access=ANYONE,
    status=201,
    reasons=("CREDENTIALS_WRONG", "TOO_MANY_PASSWORD_ATTEMPTS", "PASSWORD_POOL_BUSY"),
)
async def sign_in(context: RequestContext[NoQuery, NewSession]) -> Response[SignedIn]:
    """Sign in with handle and password."""
    response = await changing.sign_in(context.backends, context.body, request_id=context.request_id)
    return Response(
        session_views.signed_in(response.user, response.session, response.tokens),
        location=f"/sessions/{response.session.id}",
    )


@sessions.change(
    "POST",
    "/sessions/refresh",
    access=ANYONE,
    keyed=False,
    reasons=("REFRESH_TOKEN_INVALID", "REFRESH_TOKEN_REUSED", "SESSION_REVOKED"),
)
async def refresh_session(context: RequestContext[NoQuery, RefreshToken]) -> Response[Tokens]:
    """Exchange the refresh token for the next pair.

    A refresh token is good once; used twice it ends its session, except that the same device may
    repeat its last call within 10 seconds and gets the same answer.
    """
    response = await context.refresh(context.body.refresh_token)
    return Response(session_views.refreshed(response.session, response.tokens))


sessions.list(
    "/sessions",
    name="list_sessions",
    about="List the caller's sessions, newest first.",
    read=queries.sessions,
    kind=SESSIONS,
)


@sessions.get("/sessions/{session_id}", reasons=("SESSION_NOT_FOUND",))
async def get_session(context: RequestContext[NoQuery, NoBody]) -> Response[Session]:
    """Read one of the caller's sessions."""
    return Response(session_views.session(await queries.session(context.backends, context.path_id)))


@sessions.change("DELETE", "/sessions", keyed=False)
async def sign_out_everywhere(context: RequestContext[NoQuery, NoBody]) -> Response[NoContent]:
    """Sign out everywhere.

    Every session ends, the present one last.
    """
    await changing.end_all(context.backends)
    return NOTHING


@sessions.change("DELETE", "/sessions/current")
async def sign_out(context: RequestContext[NoQuery, NoBody]) -> Response[NoContent]:
    """Sign out here."""
    await context.backends.auth.RevokeSession(
        RevokeSessionRequest(session_id=caller.user().session_id, request_id=context.request_id)
    )
    return NOTHING


route(sessions, acts.REVOKE_SESSION)
