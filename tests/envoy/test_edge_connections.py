"""Connections at the edge: each address has a limit, and silent ones are closed."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
import pytest_asyncio

from tests.envoy.connections import ATTACKER, BYSTANDER, connections, ended
from tests.envoy.gateway import Gateway, serving
from tests.envoy.issuer import Issuer
from tests.envoy.proxy import Proxy, eventually, running
from tests.waiting import LIMIT

pytestmark = [pytest.mark.engines, pytest.mark.asyncio(loop_scope="session")]

fixture = pytest_asyncio.fixture(loop_scope="session")

NEVER = "3600"  # seconds, for tests that do not wait for it


async def counted(proxy: Proxy, what: str) -> int:
    return await proxy.count(f"wasmcustom.edge_connections.{what}")


@fixture
async def gateway(issuer: Issuer) -> AsyncIterator[Gateway]:
    async with serving(Gateway("only", jwks=issuer.jwks())) as gateway:
        yield gateway


@contextlib.asynccontextmanager
async def edge(
    folder: Path, gateway: Gateway, *, most: int, of_one: int, first_byte: str = NEVER
) -> AsyncIterator[Proxy]:
    async with running(
        folder,
        GATEWAY_ENDPOINTS=[gateway.address],
        MAX_CONNECTIONS=str(most),
        ADDRESS_CONNECTIONS=str(of_one),
        FIRST_BYTE_SECONDS=first_byte,
        RATE_STRANGERS="100000",
    ) as proxy:
        yield proxy


def client(proxy: Proxy, address: str) -> httpx2.AsyncClient:
    transport = httpx2.AsyncHTTPTransport(local_address=address)
    return httpx2.AsyncClient(base_url=proxy.edge, transport=transport)


async def test_silent_connections_of_one_address_leave_places_for_others(
    tmp_path: Path, gateway: Gateway
) -> None:
    async with (
        edge(tmp_path, gateway, most=40, of_one=10) as proxy,
        connections(proxy.edge, ATTACKER, 40) as silent,
        client(proxy, BYSTANDER) as bystander,
    ):
        await eventually(lambda: ended(silent) == 30)
        answers = [await bystander.get(path) for path in ("/livez", "/v1/posts/1")]
        refused = await counted(proxy, "refused")

    assert [answer.status_code for answer in answers] == [200, 200]
    assert refused == 30


async def test_a_share_is_free_again_when_its_connections_end(
    tmp_path: Path, gateway: Gateway
) -> None:
    async with edge(tmp_path, gateway, most=40, of_one=3) as proxy:
        async with connections(proxy.edge, ATTACKER, 5) as silent:
            await eventually(lambda: ended(silent) == 2)

        async def is_free() -> bool:
            return await proxy.count("http.edge.downstream_cx_active") == 0

        await eventually(is_free)
        async with connections(proxy.edge, ATTACKER, 3) as again:
            for each in again:
                await each.request()


async def test_a_connection_that_says_nothing_is_closed_and_one_that_spoke_stays(
    tmp_path: Path, gateway: Gateway
) -> None:
    async with (
        edge(tmp_path, gateway, most=40, of_one=40, first_byte="1") as proxy,
        connections(proxy.edge, BYSTANDER, 2) as spoken,
    ):
        for each in spoken:
            await each.request()
        async with connections(proxy.edge, ATTACKER, 10) as silent:
            await eventually(lambda: ended(silent) == 10)

        assert ended(spoken) == 0
        assert await counted(proxy, "silent") == 10


async def test_when_places_run_out_the_longest_silent_go_first(
    tmp_path: Path, gateway: Gateway
) -> None:
    async with (
        edge(tmp_path, gateway, most=32, of_one=32) as proxy,
        connections(proxy.edge, BYSTANDER, 2) as spoken,
    ):
        for each in spoken:
            await each.request()
        async with connections(proxy.edge, ATTACKER, 29) as silent:
            async with client(proxy, BYSTANDER) as newcomer:

                async def is_shed() -> bool:
                    answer = await newcomer.get("/livez", headers={"connection": "close"})
                    assert answer.status_code == 200
                    return ended(silent) > 0

                await eventually(is_shed)

            assert silent[0].ended.done()
            assert ended(spoken) == 0
            assert await counted(proxy, "shed") > 0
            assert await counted(proxy, "refused") == 0


async def test_probes_are_answered_when_every_place_is_taken(
    tmp_path: Path, gateway: Gateway
) -> None:
    async with (
        edge(tmp_path, gateway, most=4, of_one=4) as proxy,
        connections(proxy.edge, BYSTANDER, 4) as spoken,
        httpx2.AsyncClient(timeout=LIMIT) as prober,
    ):
        for each in spoken:
            await each.request()
        async with connections(proxy.edge, ATTACKER, 1) as late:
            await eventually(late[0].ended.done)

        live = await prober.get(f"{proxy.probes}/livez")
        ready = await prober.get(f"{proxy.probes}/readyz")
        other = await prober.get(f"{proxy.probes}/v1/posts/1")

    assert (live.status_code, ready.status_code, other.status_code) == (200, 200, 404)
