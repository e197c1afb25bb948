"""Answers of the edge with too many clients, without a gateway, and while it drains.

Each test has a separate Envoy with low limits.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
import pytest_asyncio

from tests.envoy.gateway import Answer, Gateway, Request, serving
from tests.envoy.issuer import Issuer, bearer
from tests.envoy.proxy import eventually, running
from tests.waiting import LIMIT

pytestmark = [pytest.mark.engines, pytest.mark.asyncio(loop_scope="session")]

fixture = pytest_asyncio.fixture(loop_scope="session")


@fixture
async def gateway(issuer: Issuer) -> AsyncIterator[Gateway]:
    async with serving(Gateway("only", jwks=issuer.jwks())) as gateway:
        yield gateway


class Holding:
    """An answer that is never sent, and the number of requests that wait for it."""

    def __init__(self) -> None:
        self.waiting = 0

    def __call__(self, _: Request) -> Answer | None:
        self.waiting += 1
        return None


def refused(answer: httpx2.Response) -> tuple[int, str, str, str]:
    return (
        answer.status_code,
        answer.headers["content-type"],
        answer.headers["retry-after"],
        answer.json()["reason"],
    )


async def test_connections_past_the_limit_are_closed_but_operators_get_in(
    tmp_path: Path, gateway: Gateway
) -> None:
    async with running(tmp_path, GATEWAY_ENDPOINTS=[gateway.address], MAX_CONNECTIONS="2") as proxy:
        host, _, port = proxy.edge.removeprefix("http://").partition(":")
        opened = [await asyncio.open_connection(host, int(port)) for _ in range(3)]

        closed = await asyncio.wait_for(opened[2][0].read(), LIMIT)

        assert closed == b""
        assert await proxy.is_ready()
        assert await proxy.count(f"listener.127.0.0.1_{port}.downstream_global_cx_overflow") == 1
        for _, writer in opened:
            writer.close()


@pytest.mark.parametrize(("proxies", "believed"), [("0", False), ("1", True)])
async def test_strangers_of_one_address_share_a_bucket(
    tmp_path: Path, gateway: Gateway, issuer: Issuer, proxies: str, believed: bool
) -> None:
    strangers = [{"x-forwarded-for": f"198.51.100.{i}"} for i in (1, 2)]
    settings = {"RATE_STRANGERS": "3", "TRUSTED_PROXIES": proxies}
    async with (
        running(tmp_path, GATEWAY_ENDPOINTS=[gateway.address], **settings) as proxy,
        httpx2.AsyncClient(base_url=proxy.edge, timeout=LIMIT) as client,
    ):
        taken = [(await client.get("/", headers=strangers[0])).status_code for _ in range(4)]
        other = await client.get("/", headers=strangers[1])
        user = await client.get("/", headers=bearer(issuer.token(7)))

    assert taken == [200, 200, 200, 429]
    assert other.status_code == (200 if believed else 429)
    assert user.status_code == 200


async def test_without_keys_a_token_is_not_called_bad(tmp_path: Path, issuer: Issuer) -> None:
    async with (
        serving(Gateway("keyless", jwks=None)) as keyless,
        running(tmp_path, GATEWAY_ENDPOINTS=[keyless.address]) as proxy,
        httpx2.AsyncClient(base_url=proxy.edge, timeout=LIMIT) as client,
    ):
        stranger = await client.get("/")
        user = await client.get("/", headers=bearer(issuer.token(7)))

    assert stranger.status_code == 200
    assert refused(user) == (503, "application/problem+json", "1", "DEPENDENCY_UNAVAILABLE")


async def test_without_a_gateway_every_answer_is_a_problem(tmp_path: Path) -> None:
    async with (
        running(tmp_path, GATEWAY_ENDPOINTS=[]) as proxy,
        httpx2.AsyncClient(base_url=proxy.edge, timeout=LIMIT) as client,
    ):
        answer = await client.post("/v1/posts")

    assert refused(answer) == (503, "application/problem+json", "1", "DEPENDENCY_UNAVAILABLE")


async def test_a_draining_edge_finishes_what_it_began_and_sends_clients_away(
    tmp_path: Path, gateway: Gateway
) -> None:
    holding = gateway.answers["/held"] = Holding()

    async with (
        running(tmp_path, GATEWAY_ENDPOINTS=[gateway.address], READ_SECONDS="1") as proxy,
        httpx2.AsyncClient(base_url=proxy.edge, timeout=LIMIT) as client,
    ):
        held = asyncio.ensure_future(client.get("/held"))
        await eventually(lambda: holding.waiting == 1)

        await proxy.post_admin("/drain_listeners?graceful&skip_exit")
        answer = await held

    assert answer.json()["reason"] == "DEADLINE_EXCEEDED"
    assert answer.headers["connection"] == "close"
