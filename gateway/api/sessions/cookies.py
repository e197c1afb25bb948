"""Signing in and out of browsers, which keep the refresh token in a cookie that no script reads."""

from datetime import UTC

from roost.user.v1.auth_service_pb2 import RevokeSessionRequest
from roost.user.v1.user_pb2 import TokenPair

from gateway.api.sessions import commands
from gateway.api.sessions.requests import NewSession
from gateway.api.users import commands as accounts
from gateway.api.users.requests import NewUser
from gateway.core.refresh_cookies import CLEARED, COOKIE_PATH, RefreshCookie
from gateway.protocols.rest.context import (
    NoBody,
    NoContent,
    NoQuery,
    RequestContext,
    Response,
)
from gateway.protocols.rest.routes import ANYONE, Routes
from gateway.views import sessions as views
from gateway.views.sessions import AccessToken, CookieSignedIn
from services.chassis.auth import caller

_SIGNED_OUT = Response(NoContent(), cookie=CLEARED)

cookie_sessions = Routes(
    "Cookie sessions",
    "Sessions of browsers: an `HttpOnly` cookie holds the refresh token. For pages of the API's "
    "own origin alone.",
)


@cookie_sessions.change(
    "POST",
    COOKIE_PATH,
    access=ANYONE,
    status=201,
    cookie=True,
    reasons=("CREDENTIALS_WRONG", "TOO_MANY_PASSWORD_ATTEMPTS", "PASSWORD_POOL_BUSY"),
)
async def sign_in_with_cookie(
    context: RequestContext[NoQuery, NewSession],
) -> Response[CookieSignedIn]:
    """Sign in with handle and password, in a browser.

    The cookie that the response sets holds the refresh token.
    """
    response = await commands.sign_in(context.backends, context.body, request_id=context.request_id)
    return Response(
        views.signed_in_by_cookie(response.user, response.session, response.tokens),
        location=f"/sessions/{response.session.id}",
        cookie=_cookie(response.tokens),
    )


@cookie_sessions.change(
    "POST",
    f"{COOKIE_PATH}/users",
    access=ANYONE,
    status=201,
    cookie=True,
    reasons=(
        "HANDLE_TAKEN",
        "HANDLE_RESERVED",
        "HANDLE_INVALID",
        "PASSWORD_TOO_WEAK",
        "PASSWORD_POOL_BUSY",
    ),
)
async def register_with_cookie(
    context: RequestContext[NoQuery, NewUser],
) -> Response[CookieSignedIn]:
    """Join, in a browser.

    Creates an account and signs the browser in. The cookie that the response sets holds the
    refresh token.
    """
    response = await accounts.register(
        context.backends, context.body, request_id=context.request_id
    )
    return Response(
        views.signed_in_by_cookie(response.user, response.session, response.tokens),
        location=f"/users/{response.user.id}",
        cookie=_cookie(response.tokens),
    )


@cookie_sessions.change(
    "POST",
    f"{COOKIE_PATH}/refresh",
    access=ANYONE,
    keyed=False,
    cookie=True,
    reasons=("TOKEN_MISSING", "REFRESH_TOKEN_INVALID", "REFRESH_TOKEN_REUSED", "SESSION_REVOKED"),
)
async def refresh_with_cookie(context: RequestContext[NoQuery, NoBody]) -> Response[AccessToken]:
    """Exchange the refresh token in the cookie for the next pair.

    It is good once; used twice it ends its session, except that the same browser may repeat its
    last call within 10 seconds and gets the same answer. The cookie goes when the session is over.
    """
    response = await context.refresh(context.refresh_cookie())
    return Response(
        views.refreshed_by_cookie(response.session, response.tokens),
        cookie=_cookie(response.tokens),
    )


@cookie_sessions.change("DELETE", COOKIE_PATH, keyed=False, cookie=True)
async def sign_out_everywhere_with_cookie(
    context: RequestContext[NoQuery, NoBody],
) -> Response[NoContent]:
    """Sign out everywhere, and drop the cookie.

    Every session ends, the present one last.
    """
    await commands.end_all(context.backends)
    return _SIGNED_OUT


@cookie_sessions.change("DELETE", f"{COOKIE_PATH}/current", cookie=True)
async def sign_out_with_cookie(context: RequestContext[NoQuery, NoBody]) -> Response[NoContent]:
    """Sign out here, and drop the cookie."""
    await context.backends.auth.RevokeSession(
        RevokeSessionRequest(session_id=caller.user().session_id, request_id=context.request_id)
    )
    return _SIGNED_OUT


def _cookie(pair: TokenPair) -> RefreshCookie:
    return RefreshCookie(pair.refresh_token, pair.refresh_expire_time.ToDatetime(tzinfo=UTC))
