"""Refresh tokens of browsers: a cookie that no script reads, and the checks of requests with it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from urllib.parse import urlsplit

from services.chassis.runtime.errors import Forbidden, Unauthenticated

# The routes with the cookie, behind the prefix of their version. Browsers send it to no other.
COOKIE_PATH = "/cookie-sessions"
# A page of another origin cannot send a header of its own: no preflight allows it.
CSRF_HEADER = "X-CSRF"
CSRF_VALUE = "1"
# After these the session is over, and so is its cookie.
ENDED = frozenset(("REFRESH_TOKEN_INVALID", "REFRESH_TOKEN_REUSED", "SESSION_REVOKED"))

COOKIE_NAME = "roost-refresh"
# Browsers accept a cookie of this name over https only.
SECURE_COOKIE_NAME = f"__Secure-{COOKIE_NAME}"
_TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]{1,256}")
_SEPARATOR = re.compile(rb"[;,]\s*")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Headers = Mapping[bytes, bytes]


class CrossSiteRequest(Forbidden):
    """The request may come from a page of another site."""

    reason = "CROSS_SITE_REQUEST"
    message = f"Send {CSRF_HEADER}: {CSRF_VALUE} from a page of this origin."


class RefreshTokenInvalid(Unauthenticated):
    """The cookie holds no refresh token."""

    reason = "REFRESH_TOKEN_INVALID"
    message = "This refresh token is not valid; sign in again."


@dataclass(frozen=True, slots=True)
class RefreshCookie:
    """What the cookie of a response holds, and when it expires."""

    token: str
    expires: datetime


# Makes the browser drop its cookie.
CLEARED = RefreshCookie("", _EPOCH)


class RefreshCookies:
    """Reads and writes the cookie. `public_url` is where browsers reach the API, if that is known
    beside the Host of each request."""

    def __init__(self, public_url: str) -> None:
        parts = urlsplit(public_url)
        self._public_origin = f"{parts.scheme}://{parts.netloc}".lower() if public_url else ""

    def check_origin(self, headers: Headers) -> None:
        """Raises CrossSiteRequest unless a page of our own origin sends the request.

        The header shows that it is not a form or a link. Browsers set the other two headers
        themselves: one of them must be there, and neither may name another origin.
        """
        origin, site = headers.get(b"origin"), headers.get(b"sec-fetch-site")
        if (
            headers.get(CSRF_HEADER.lower().encode()) != CSRF_VALUE.encode()
            or (origin is None and site is None)
            or (site is not None and site != b"same-origin")
            or (origin is not None and origin.decode("latin-1") not in self._origins(headers))
        ):
            raise CrossSiteRequest

    def token(self, headers: Headers) -> str:
        """The refresh token of the request.

        Raises Unauthenticated (TOKEN_MISSING) without a cookie, and RefreshTokenInvalid where
        there are several: a page of a neighbouring host may have set one of them.
        """
        name = self._name(headers)
        values = [
            value.decode("latin-1")
            for each in _SEPARATOR.split(headers.get(b"cookie", b""))
            for key, _, value in [each.partition(b"=")]
            if key.strip() == name.encode()
        ]
        if not values:
            raise Unauthenticated
        if len(values) > 1 or not _TOKEN.fullmatch(values[0]):
            raise RefreshTokenInvalid
        return values[0]

    def header(self, headers: Headers, prefix: str, cookie: RefreshCookie) -> tuple[bytes, bytes]:
        """Sets the cookie for the routes of the version with this prefix."""
        name = self._name(headers)
        expires = format_datetime(cookie.expires.astimezone(UTC), usegmt=True)
        text = (
            f"{name}={cookie.token}; Path={prefix}{COOKIE_PATH}; Expires={expires}; HttpOnly; "
            "SameSite=Strict"
        )
        if name == SECURE_COOKIE_NAME:
            text += "; Secure"
        return (b"set-cookie", text.encode("latin-1"))

    def _name(self, headers: Headers) -> str:
        over_tls = _scheme(headers) == "https" or self._public_origin.startswith("https:")
        return SECURE_COOKIE_NAME if over_tls else COOKIE_NAME

    def _origins(self, headers: Headers) -> set[str]:
        host = headers.get(b"host", b"").decode("latin-1").lower()
        return {f"{_scheme(headers)}://{host}", self._public_origin} - {""}


def _scheme(headers: Headers) -> str:
    """The scheme that the client used: the edge says it."""
    return headers.get(b"x-forwarded-proto", b"http").decode("latin-1").lower()
