"""Sessions of browsers: the refresh token is in a cookie, which only our own pages use."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from roost.user.v1.auth_service_pb2 import (
    AuthenticateResponse,
    ListSessionsResponse,
    RefreshSessionRequest,
    RefreshSessionResponse,
    RegisterResponse,
    RevokeSessionResponse,
)
from roost.user.v1.user_pb2 import TokenPair

from gateway.core.refresh_cookies import CrossSiteRequest, RefreshCookie, RefreshCookies
from services.chassis.runtime.errors import Unauthenticated, Unavailable
from tests.gateway.conftest import Client
from tests.gateway.fakes import FakeServices
from tests.gateway.samples import ALICE, person, session

END = datetime(2040, 1, 2, 3, 4, 5, tzinfo=UTC)
OUR_PAGE = {"x-csrf": "1", "origin": "http://gateway", "sec-fetch-site": "same-origin"}
COOKIE = {"cookie": "roost-refresh=current"}
CREDENTIALS = {"handle": "alice", "password": "correct horse"}
ROUTES = [
    ("POST", "/v2/cookie-sessions", CREDENTIALS),
    ("POST", "/v2/cookie-sessions/users", CREDENTIALS),
    ("POST", "/v2/cookie-sessions/refresh", None),
    ("DELETE", "/v2/cookie-sessions/current", None),
    ("DELETE", "/v2/cookie-sessions", None),
]
every_route = pytest.mark.parametrize(("method", "path", "body"), ROUTES)
REFUSED_ORIGINS = [
    pytest.param({}, id="no header"),
    pytest.param({"x-csrf": "1"}, id="neither origin nor site"),
    pytest.param({"origin": "http://gateway"}, id="no header of its own"),
    pytest.param({"x-csrf": "0", "origin": "http://gateway"}, id="another value"),
    pytest.param({"x-csrf": "1", "origin": "http://evil.example"}, id="another origin"),
    pytest.param({"x-csrf": "1", "origin": "https://gateway"}, id="another scheme"),
    pytest.param({"x-csrf": "1", "origin": "http://gateway:8080"}, id="another port"),
    pytest.param({"x-csrf": "1", "origin": "null"}, id="an opaque origin"),
    pytest.param({"x-csrf": "1", "origin": ""}, id="an empty origin"),
    pytest.param({"x-csrf": "1", "sec-fetch-site": "same-site"}, id="a neighbouring host"),
    pytest.param({"x-csrf": "1", "sec-fetch-site": "cross-site"}, id="another site"),
    pytest.param({"x-csrf": "1", "sec-fetch-site": "none"}, id="the user's own navigation"),
    pytest.param(OUR_PAGE | {"sec-fetch-site": "cross-site"}, id="only the origin is ours"),
    pytest.param(OUR_PAGE | {"origin": "http://evil.example"}, id="only the site is ours"),
]
ENDED = ["REFRESH_TOKEN_INVALID", "REFRESH_TOKEN_REUSED", "SESSION_REVOKED"]


def pair(refresh_token: str = "next") -> TokenPair:
    expires = Timestamp()
    expires.FromDatetime(END)
    return TokenPair(
        access_token="access", refresh_token=refresh_token, refresh_expire_time=expires
    )


@pytest.fixture(autouse=True)
def user_service(services: FakeServices) -> None:
    signed_in: dict[str, Any] = {"user": person(ALICE), "session": session(7), "tokens": pair()}
    services.answer("Authenticate", AuthenticateResponse(**signed_in))
    services.answer("Register", RegisterResponse(**signed_in))
    services.answer("RefreshSession", RefreshSessionResponse(session=session(7), tokens=pair()))
    services.answer("ListSessions", ListSessionsResponse(sessions=[session(501, current=True)]))
    services.answer("RevokeSession", RevokeSessionResponse())


def cookies(answer: httpx2.Response) -> list[str]:
    return answer.headers.get_list("set-cookie")


@pytest.mark.parametrize("version", ["v1", "v2"])
@pytest.mark.parametrize("route", ["", "/users", "/refresh"])
async def test_the_refresh_token_is_in_the_cookie_and_never_in_the_body(
    stranger: Client, version: str, route: str
) -> None:
    body = None if route == "/refresh" else CREDENTIALS
    path = f"/{version}/cookie-sessions{route}"

    answer = await stranger("POST", path, json=body, headers=OUR_PAGE | COOKIE)

    assert answer.is_success
    assert cookies(answer) == [
        f"roost-refresh=next; Path=/{version}/cookie-sessions; "
        "Expires=Mon, 02 Jan 2040 03:04:05 GMT; HttpOnly; SameSite=Strict"
    ]
    assert answer.json()["access_token"] == "access"
    assert "refresh_token" not in answer.json()
    assert "next" not in answer.text
    assert answer.headers["cache-control"] == "no-store"


async def test_refreshing_sends_the_token_of_the_cookie(
    stranger: Client, services: FakeServices
) -> None:
    headers = OUR_PAGE | {"cookie": "theme=dark; roost-refresh=current; roost-refreshed=no"}

    answer = await stranger("POST", "/v2/cookie-sessions/refresh", headers=headers)

    assert answer.status_code == 200
    assert services.last("RefreshSession") == RefreshSessionRequest(refresh_token="current")


@pytest.mark.parametrize("path", ["/v2/cookie-sessions", "/v2/cookie-sessions/current"])
async def test_signing_out_ends_the_session_and_clears_the_cookie(
    alice: Client, services: FakeServices, path: str
) -> None:
    answer = await alice("DELETE", path, headers=OUR_PAGE | COOKIE)

    assert answer.status_code == 204
    assert services.last("RevokeSession").session_id == 501
    assert cookies(answer) == [
        "roost-refresh=; Path=/v2/cookie-sessions; Expires=Thu, 01 Jan 1970 00:00:00 GMT; "
        "HttpOnly; SameSite=Strict"
    ]


@every_route
@pytest.mark.parametrize("headers", REFUSED_ORIGINS)
async def test_a_request_that_is_not_from_our_own_page_has_no_effect(
    alice: Client,
    services: FakeServices,
    method: str,
    path: str,
    body: dict[str, str] | None,
    headers: dict[str, str],
) -> None:
    answer = await alice(method, path, json=body, headers=COOKIE | headers)

    assert (answer.status_code, answer.json()["reason"]) == (403, "CROSS_SITE_REQUEST")
    assert cookies(answer) == []
    assert services.methods == []


@every_route
@pytest.mark.parametrize("header", ["origin", "sec-fetch-site"])
async def test_one_header_of_the_browser_is_enough(
    alice: Client, method: str, path: str, body: dict[str, str] | None, header: str
) -> None:
    headers = {name: value for name, value in OUR_PAGE.items() if name in {"x-csrf", header}}

    answer = await alice(method, path, json=body, headers=COOKIE | headers)

    assert answer.is_success


async def test_without_a_cookie_there_is_nothing_to_refresh(
    stranger: Client, services: FakeServices
) -> None:
    answer = await stranger("POST", "/v2/cookie-sessions/refresh", headers=OUR_PAGE)

    assert (answer.status_code, answer.json()["reason"]) == (401, "TOKEN_MISSING")
    assert services.methods == []


@pytest.mark.parametrize(
    "value",
    [
        "roost-refresh=current; roost-refresh=another",
        "roost-refresh=a b",
        "roost-refresh=",
        f"roost-refresh={'a' * 257}",
    ],
    ids=["two", "not a token", "empty", "too long"],
)
async def test_a_cookie_that_holds_no_token_is_refused_and_cleared(
    stranger: Client, services: FakeServices, value: str
) -> None:
    headers = OUR_PAGE | {"cookie": value}

    answer = await stranger("POST", "/v2/cookie-sessions/refresh", headers=headers)

    assert (answer.status_code, answer.json()["reason"]) == (401, "REFRESH_TOKEN_INVALID")
    assert cookies(answer)[0].startswith("roost-refresh=; ")
    assert services.methods == []


@pytest.mark.parametrize("reason", ENDED)
async def test_the_cookie_of_a_session_that_is_over_is_cleared(
    stranger: Client, services: FakeServices, reason: str
) -> None:
    services.answer("RefreshSession", Unauthenticated(reason=reason))

    answer = await stranger("POST", "/v2/cookie-sessions/refresh", headers=OUR_PAGE | COOKIE)

    assert (answer.status_code, answer.json()["reason"]) == (401, reason)
    assert cookies(answer)[0].startswith("roost-refresh=; ")


async def test_the_cookie_stays_while_the_service_is_away(
    stranger: Client, services: FakeServices
) -> None:
    services.answer("RefreshSession", Unavailable())

    answer = await stranger("POST", "/v2/cookie-sessions/refresh", headers=OUR_PAGE | COOKIE)

    assert answer.status_code == 503
    assert cookies(answer) == []


async def test_wrong_credentials_leave_the_cookie_of_another_session(
    stranger: Client, services: FakeServices
) -> None:
    services.answer("Authenticate", Unauthenticated(reason="CREDENTIALS_WRONG"))

    answer = await stranger(
        "POST", "/v2/cookie-sessions", json=CREDENTIALS, headers=OUR_PAGE | COOKIE
    )

    assert answer.status_code == 401
    assert cookies(answer) == []


async def test_refused_cookies_count_against_their_address(
    stranger: Client, services: FakeServices
) -> None:
    services.answer("RefreshSession", Unauthenticated(reason="REFRESH_TOKEN_INVALID"))
    answers = [
        await stranger("POST", "/v2/cookie-sessions/refresh", headers=OUR_PAGE | COOKIE)
        for _ in range(21)
    ]

    assert {each.status_code for each in answers[:20]} == {401}
    assert (answers[20].status_code, answers[20].json()["reason"]) == (429, "RATE_LIMITED")
    assert cookies(answers[20]) == []


@pytest.mark.parametrize("path", ["/v2/users/me", "/v2/sessions/refresh", "/v2/posts/1"])
async def test_a_cookie_signs_nobody_in_elsewhere(
    stranger: Client, services: FakeServices, path: str
) -> None:
    await stranger("GET", path, headers=OUR_PAGE | COOKIE)

    assert "RefreshSession" not in services.methods
    assert {asked.viewer_id for asked in services.asked} <= {None}


@pytest.mark.parametrize(
    ("public_url", "headers"),
    [
        pytest.param("", {b"host": b"roost.example", b"x-forwarded-proto": b"https"}, id="by edge"),
        pytest.param("https://roost.example", {b"host": b"10.0.0.1"}, id="by public address"),
    ],
)
def test_over_tls_the_cookie_is_secure_and_its_name_says_so(
    public_url: str, headers: dict[bytes, bytes]
) -> None:
    known = RefreshCookies(public_url)

    known.check_origin(headers | {b"x-csrf": b"1", b"origin": b"https://roost.example"})
    _, header = known.header(headers, "/v2", RefreshCookie("next", END))

    assert header.startswith(b"__Secure-roost-refresh=next; Path=/v2/cookie-sessions; ")
    assert header.endswith(b"; HttpOnly; SameSite=Strict; Secure")
    assert known.token(headers | {b"cookie": b"__Secure-roost-refresh=next"}) == "next"


def test_over_tls_a_cookie_that_was_set_without_is_not_read() -> None:
    headers = {b"x-forwarded-proto": b"https", b"cookie": b"roost-refresh=planted"}

    with pytest.raises(Unauthenticated):
        RefreshCookies("").token(headers)


def test_over_tls_a_page_without_is_another_origin() -> None:
    headers = {b"host": b"roost.example", b"x-forwarded-proto": b"https", b"x-csrf": b"1"}

    with pytest.raises(CrossSiteRequest):
        RefreshCookies("").check_origin(headers | {b"origin": b"http://roost.example"})
