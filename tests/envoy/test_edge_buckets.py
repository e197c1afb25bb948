"""Token buckets at the edge: for each user and class of route, and for each anonymous address."""

from __future__ import annotations

import httpx2
import pytest

from local.rate_limits import lifted
from tests.envoy.conftest import RATE
from tests.envoy.issuer import Issuer, bearer
from tests.envoy.proxy import Proxy, eventually

pytestmark = [pytest.mark.engines, pytest.mark.asyncio(loop_scope="session")]


async def empty(edge: httpx2.AsyncClient, path: str, headers: dict[str, str]) -> httpx2.Response:
    """Post until refused, and return the refusal."""
    return await refused_within(2 * RATE, edge, path, headers)


async def refused_within(
    most: int, edge: httpx2.AsyncClient, path: str, headers: dict[str, str]
) -> httpx2.Response:
    """Post until refused, `times` times at most, and return the refusal.

    A bucket is refilled while a busy machine is slow, so an emptied one may accept a few.
    """
    for _ in range(most):
        answer = await edge.post(path, headers=headers)
        if answer.status_code == 429:
            return answer
    raise AssertionError(f"Not refused within {most} requests")


async def test_an_answer_says_what_is_left(edge: httpx2.AsyncClient, issuer: Issuer) -> None:
    headers = bearer(issuer.token(101))

    first = await edge.post("/v1/posts", headers=headers)
    second = await edge.post("/v1/posts", headers=headers)

    assert first.headers["ratelimit-policy"] == f'"writes";q={RATE};w=60'
    assert first.headers["ratelimit"] == f'"writes";r={RATE - 1}'
    assert second.headers["ratelimit"] == f'"writes";r={RATE - 2}'


async def test_an_emptied_bucket_refuses_and_fills_again(
    edge: httpx2.AsyncClient, issuer: Issuer
) -> None:
    headers = bearer(issuer.token(102))

    refused = await empty(edge, "/v1/posts", headers)

    assert refused.status_code == 429
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json()["reason"] == "RATE_LIMITED"
    assert refused.headers["retry-after"] in {"1", "2"}
    assert refused.headers["ratelimit"] == '"writes";r=0'

    async def passes() -> bool:
        return (await edge.post("/v1/posts", headers=headers)).status_code == 200

    assert await eventually(passes)


async def test_each_user_and_each_class_has_its_own_bucket(
    edge: httpx2.AsyncClient, issuer: Issuer
) -> None:
    full, other = bearer(issuer.token(103)), bearer(issuer.token(104))
    await empty(edge, "/v1/posts", full)

    others_write = await edge.post("/v1/posts", headers=other)
    own_read = await edge.get("/v1/posts/1", headers=full)

    assert others_write.status_code == 200
    assert own_read.status_code == 200
    assert own_read.headers["ratelimit"].startswith('"reads";')


async def test_a_new_token_is_not_a_new_bucket(edge: httpx2.AsyncClient, issuer: Issuer) -> None:
    await empty(edge, "/v1/posts", bearer(issuer.token(105)))

    renewed = bearer(issuer.token(105, sid="2"))

    assert await refused_within(RATE // 2, edge, "/v1/posts", renewed)


async def test_every_proof_of_a_password_is_a_login_of_its_address(
    edge: httpx2.AsyncClient, issuer: Issuer
) -> None:
    await empty(edge, "/v2/users/me/password", bearer(issuer.token(106)))

    changing = await edge.post("/v1/users/me/password", headers=bearer(issuer.token(107)))
    deleting = await edge.delete("/v2/users/me", headers=bearer(issuer.token(108)))
    signing_in = await edge.post("/v2/sessions")

    assert [each.status_code for each in (changing, deleting, signing_in)] == [429] * 3


async def test_logins_are_counted_by_address_with_or_without_a_token(
    edge: httpx2.AsyncClient, issuer: Issuer
) -> None:
    refused = await empty(edge, "/v1/sessions", {})
    signed_up = await refused_within(RATE // 2, edge, "/v1/users", bearer(issuer.token(106)))
    newer = await refused_within(RATE // 2, edge, "/v2/sessions", {})
    read = await edge.get("/v1/sessions")

    assert refused.status_code == 429
    assert refused.headers["ratelimit-policy"] == f'"login";q={RATE};w=60'
    assert signed_up.headers["ratelimit"] == newer.headers["ratelimit"] == '"login";r=0'
    assert read.status_code == 200


async def test_refreshes_are_no_logins(edge: httpx2.AsyncClient) -> None:
    await empty(edge, "/v1/sessions", {})

    refreshed = [await edge.post("/v2/sessions/refresh") for _ in range(2 * RATE)]

    assert {answer.status_code for answer in refreshed} == {200}
    assert refreshed[0].headers["ratelimit-policy"] == '"writes";q=100000;w=60'


async def test_health_takes_no_token(edge: httpx2.AsyncClient) -> None:
    answer = await edge.get("/livez")

    assert answer.status_code == 200
    assert "ratelimit" not in answer.headers


async def test_an_operator_can_lift_the_buckets_for_a_while(
    proxy: Proxy, edge: httpx2.AsyncClient, issuer: Issuer
) -> None:
    headers = bearer(issuer.token(107))
    await edge.post("/v1/posts", headers=headers)

    async with lifted(proxy.admin_socket):
        many = [await edge.post("/v1/posts", headers=headers) for _ in range(RATE + 10)]
    after = await edge.post("/v1/posts", headers=headers)

    assert {answer.status_code for answer in many} == {200}
    assert after.headers["ratelimit"].startswith('"writes";r=')
    assert after.status_code == 200


async def test_a_refusal_tells_no_name_of_envoy(edge: httpx2.AsyncClient, issuer: Issuer) -> None:
    refused = await empty(edge, "/v1/posts", bearer(issuer.token(108)))

    names = {name for name in refused.headers if name.startswith("x-")}
    assert names == {"x-content-type-options", "x-request-id"}


async def test_files_of_the_web_client_take_from_no_bucket(
    edge: httpx2.AsyncClient, issuer: Issuer
) -> None:
    headers = bearer(issuer.token(121))
    for _ in range(RATE + 2):
        answer = await edge.get("/assets/app-C0ffee42.js", headers=headers)
        assert answer.status_code == 200
        assert "ratelimit" not in answer.headers

    changed = await refused_within(2 * RATE, edge, "/assets/app-C0ffee42.js", headers)
    page = await edge.get("/@alice", headers=headers)

    assert changed.status_code == 429  # a write is no file
    assert page.headers["ratelimit"].startswith('"reads";')


async def test_a_cookie_session_is_a_login_of_its_address_and_its_refresh_is_none(
    edge: httpx2.AsyncClient, issuer: Issuer
) -> None:
    await empty(edge, "/v2/cookie-sessions", bearer(issuer.token(122)))

    joining = await edge.post("/v2/cookie-sessions/users", headers=bearer(issuer.token(123)))
    refresh = await edge.post("/v2/cookie-sessions/refresh", headers=bearer(issuer.token(124)))

    assert (joining.status_code, refresh.status_code) == (429, 200)
