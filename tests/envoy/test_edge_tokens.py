"""Who may pass the edge: token optional, a bad one refused, and nobody poses as one of ours."""

from __future__ import annotations

from collections.abc import Callable

import httpx2
import jwt
import pytest

from tests.envoy.gateway import Gateway
from tests.envoy.issuer import Issuer, bearer

pytestmark = [pytest.mark.engines, pytest.mark.asyncio(loop_scope="session")]

Make = Callable[[Issuer], str]


def last(gateways: list[Gateway], path: str) -> dict[str, str]:
    """Return the headers with which a request reached a gateway."""
    (request,) = [each for gateway in gateways for each in gateway.seen(path)]
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
    }

    await edge.get("/tokens/headers", headers=forged)

    seen = last(gateways, "/tokens/headers")
    assert not any(name.startswith("x-roost-") for name in seen)
    assert {name for name in seen if name.startswith("x-envoy-")} == {
        "x-envoy-external-address",
        "x-envoy-expected-rq-timeout-ms",
    }
    assert seen["x-envoy-expected-rq-timeout-ms"] == "1000"
    assert "x-forwarded-client-cert" not in seen
    assert seen["x-request-id"] != "mine"
