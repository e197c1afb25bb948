"""Tokens at the edge: optional, a bad one is refused, and clients cannot set internal headers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from urllib.parse import urlsplit

import httpx2
import jwt
import pytest

from tests.envoy.conftest import RATE, SECONDS
from tests.envoy.gateway import Gateway, Request
from tests.envoy.issuer import Issuer, bearer
from tests.envoy.proxy import Proxy, eventually
from tests.envoy.test_edge_buckets import empty, refused_within

pytestmark = [pytest.mark.engines, pytest.mark.asyncio(loop_scope="session")]

Make = Callable[[Issuer], str]


def requests_of(gateways: list[Gateway], path: str) -> list[Request]:
    """Return the requests of a path that reached a gateway."""
    return [each for gateway in gateways for each in gateway.seen(path)]


def last(gateways: list[Gateway], path: str) -> dict[str, str]:
    """Return the headers with which a request reached a gateway."""
    (request,) = requests_of(gateways, path)
    return request.headers


async def test_a_good_token_passes_and_reaches_the_gateway(
    edge: httpx2.AsyncClient, gateways: list[Gateway], issuer: Issuer
) -> None:
    headers = bearer(issuer.token(7))

    answer = await edge.get("/tokens/good", headers=headers)

    assert answer.status_code == 200
    assert last(gateways, "/tokens/good")["authorization"] == headers["authorization"]


async def test_a_stranger_passes(edge: httpx2.AsyncClient, gateways: list[Gateway]) -> None:
    answer = await edge.get("/tokens/none")

    assert answer.status_code == 200
    assert "authorization" not in last(gateways, "/tokens/none")


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        pytest.param(lambda _: Issuer().token(7), "TOKEN_INVALID", id="forged"),
        pytest.param(lambda issuer: issuer.token(7, exp=1), "TOKEN_EXPIRED", id="expired"),
        pytest.param(lambda issuer: issuer.token(7, exp=None), "TOKEN_INVALID", id="endless"),
        pytest.param(lambda issuer: issuer.token(7, aud="x"), "TOKEN_INVALID", id="for others"),
        pytest.param(lambda issuer: issuer.token(7, aud=None), "TOKEN_INVALID", id="for nobody"),
        pytest.param(
            lambda issuer: issuer.token(7, iss="roost:services"), "TOKEN_INVALID", id="of a service"
        ),
        pytest.param(
            lambda _: jwt.encode({"iss": "https://roost.local", "aud": "roost"}, None, "none"),
            "TOKEN_INVALID",
            id="unsigned",
        ),
        pytest.param(
            lambda _: jwt.encode({"iss": "https://roost.local", "aud": "roost"}, "s" * 32, "HS256"),
            "TOKEN_INVALID",
            id="signed with a secret",
        ),
        pytest.param(
            lambda _: jwt.encode(
                {"iss": "https://roost.local", "aud": "roost"},
                "s" * 32,
                "HS256",
                headers={"kid": "key"},
            ),
            "TOKEN_INVALID",
            id="signed with a secret in the name of a key",
        ),
        pytest.param(lambda _: "not.a.token", "TOKEN_INVALID", id="garbage"),
    ],
)
async def test_a_bad_token_is_refused_as_a_problem(
    edge: httpx2.AsyncClient, gateways: list[Gateway], issuer: Issuer, make: Make, reason: str
) -> None:
    answer = await edge.get("/tokens/bad?q=1", headers=bearer(make(issuer)))

    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["www-authenticate"] == 'Bearer realm="roost", error="invalid_token"'
    assert {"type", "title", "detail"} <= set(answer.json())
    assert answer.json()["status"] == 401
    assert answer.json()["instance"] == "/tokens/bad"
    assert answer.json()["reason"] == reason
    assert "ratelimit" not in answer.headers
    assert not any(gateway.seen("/tokens/bad") for gateway in gateways)


@pytest.mark.parametrize(
    ("user", "scheme"),
    [
        (1001, "bearer "),
        (1002, "BEARER "),
        (1003, "bEaReR "),
        (1004, "Bearer  "),
        (1005, "bearer      "),
    ],
)
async def test_a_token_is_one_person_however_the_scheme_is_written(
    proxy: Proxy,
    edge: httpx2.AsyncClient,
    gateways: list[Gateway],
    issuer: Issuer,
    user: int,
    scheme: str,
) -> None:
    token = issuer.token(user)
    path = f"/tokens/scheme/{user}"
    usual = await edge.post(path, headers=bearer(token))
    await empty(edge, path, bearer(token))

    refused = await refused_within(RATE // 2, edge, path, {"authorization": scheme + token})
    read = await edge.get(path, headers={"authorization": scheme + token})
    line = await eventually(lambda: proxy.logged(read.headers["x-request-id"]))

    assert usual.status_code == 200
    assert refused.headers["ratelimit"] == '"writes";r=0'
    assert read.status_code == 200
    assert line["user"] == str(user)
    seen = [each.headers["authorization"] for each in requests_of(gateways, path)]
    assert set(seen) == {f"Bearer {token}"}


@pytest.mark.parametrize(
    "write",
    [
        pytest.param(lambda _: ["Bearer"], id="no token"),
        pytest.param(lambda token: [f"Bearer\t{token}"], id="tab"),
        pytest.param(lambda token: [f"Bearer \t{token}"], id="space and tab"),
        pytest.param(lambda token: [token], id="no scheme"),
        pytest.param(lambda token: [f"Basic {token}"], id="another scheme"),
        pytest.param(lambda token: [f"Basic x Bearer {token}"], id="another scheme first"),
        pytest.param(lambda token: [f"Bearer {token},"], id="comma"),
        pytest.param(lambda token: [f"Bearer {token}, Basic x"], id="two in one header"),
        pytest.param(lambda token: [f"Bearer {token}", f"Bearer {token}"], id="twice"),
        pytest.param(lambda token: ["Basic x", f"Bearer {token}"], id="another header first"),
        pytest.param(lambda token: [f"Bearer {token} x"], id="something after it"),
        pytest.param(lambda token: [f'Bearer "{token}"'], id="quotes"),
        pytest.param(lambda _: [""], id="empty"),
    ],
)
@pytest.mark.parametrize("upgrade", [False, True], ids=["request", "websocket"])
async def test_a_credential_of_another_form_is_refused(
    edge: httpx2.AsyncClient,
    gateways: list[Gateway],
    issuer: Issuer,
    write: Callable[[str], list[str]],
    upgrade: bool,
) -> None:
    path = "/graphql" if upgrade else "/tokens/form"
    before = len(requests_of(gateways, path))
    headers = [("authorization", value) for value in write(issuer.token(7))]
    if upgrade:
        headers += [("connection", "Upgrade"), ("upgrade", "websocket")]

    answer = await edge.get(path, headers=headers)

    assert answer.status_code == 401
    assert answer.json()["reason"] == "TOKEN_INVALID"
    assert answer.headers["www-authenticate"] == 'Bearer realm="roost", error="invalid_token"'
    assert len(requests_of(gateways, path)) == before


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param("authorization:  \t bearer {} \t", id="spaces around it"),
        pytest.param("authorization:Bearer {}", id="no space before it"),
        pytest.param("authorization: Bearer {}\r\nauthorization:", id="an empty one after it"),
        pytest.param("authorization:\r\nAUTHORIZATION: Bearer {}", id="an empty one before it"),
    ],
)
async def test_what_does_not_belong_to_the_value_does_not_reach_the_gateway(
    proxy: Proxy, gateways: list[Gateway], issuer: Issuer, lines: str
) -> None:
    token = issuer.token(7)
    path = f"/tokens/raw/{sum(lines.encode())}"
    where = urlsplit(proxy.edge)
    reader, writer = await asyncio.open_connection(where.hostname, where.port)

    head = f"GET {path} HTTP/1.1\r\nhost: roost\r\n{lines.format(token)}\r\n\r\n"
    writer.write(head.encode())
    answer = await reader.readuntil(b"\r\n\r\n")
    writer.close()

    assert answer.startswith(b"HTTP/1.1 200 ")
    assert last(gateways, path)["authorization"] == f"Bearer {token}"


async def test_a_token_in_the_url_counts_for_nothing(
    edge: httpx2.AsyncClient, issuer: Issuer, gateways: list[Gateway]
) -> None:
    answer = await edge.get("/tokens/url", params={"access_token": Issuer().token(7)})

    assert answer.status_code == 200
    assert "authorization" not in last(gateways, "/tokens/url")


async def test_headers_that_only_we_may_set_are_dropped(
    edge: httpx2.AsyncClient, gateways: list[Gateway]
) -> None:
    forged = {
        "x-roost-user": "7",
        "x-envoy-max-retries": "9",
        "x-envoy-upstream-rq-timeout-ms": "0",
        "x-forwarded-client-cert": "By=me",
        "x-request-id": "mine",
        "x-forwarded-proto": "https",
    }

    await edge.get("/tokens/headers", headers=forged)

    seen = last(gateways, "/tokens/headers")
    assert not any(name.startswith("x-roost-") for name in seen)
    assert {name for name in seen if name.startswith("x-envoy-")} == {
        "x-envoy-external-address",
        "x-envoy-expected-rq-timeout-ms",
    }
    assert seen["x-envoy-expected-rq-timeout-ms"] == f"{SECONDS}000"
    assert "x-forwarded-client-cert" not in seen
    assert seen["x-request-id"] != "mine"
    assert seen["x-forwarded-proto"] == "http"
