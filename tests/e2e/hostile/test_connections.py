"""One address holds as many connections as it can; requests from others are not slowed down."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from tests.e2e.hostile.bystander import ATTACKER, attack, check, p99
from tests.e2e.hostile.conftest import PASSWORD
from tests.e2e.stacks import TestStack
from tests.envoy.proxy import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.soak, pytest.mark.asyncio(loop_scope="module")]

PLACES, SHARE = 400, 40
ROUNDS, REQUESTS = 3, 300


async def stat(prober: httpx2.AsyncClient, stack: TestStack, name: str) -> int:
    answer = await prober.get(
        f"http://{stack.stack.envoy.admin}/stats", params={"filter": f"^{name}$"}
    )
    return int(answer.text.partition(": ")[2] or 0)


@contextlib.asynccontextmanager
async def silent_connections(prober: httpx2.AsyncClient, stack: TestStack) -> AsyncIterator[None]:
    """As many silent connections as the edge permits, within the context."""
    host, _, port = stack.stack.envoy.address.rpartition(":")
    refused = "wasmcustom.edge_connections.refused"
    before = await stat(prober, stack, refused)
    async with attack("tests.e2e.hostile.silent", host, port, ATTACKER, str(PLACES)):

        async def is_on() -> bool:
            return await stat(prober, stack, refused) >= before + PLACES - SHARE

        await eventually(is_on, within=60)
        yield


async def read_home(client: httpx2.AsyncClient, number: int) -> httpx2.Response:
    """Sometimes over a new connection."""
    headers = {"connection": "close"} if number % 10 == 0 else {}
    return await client.get("/v2/timelines/home", headers=headers)


async def test_silent_connections_of_one_address_do_not_slow_down_others(tmp_path: Path) -> None:
    settings = {"ROOST_MAX_CONNECTIONS": str(PLACES), "ROOST_ADDRESS_CONNECTIONS": str(SHARE)}
    alone, beside = [], []
    async with (
        TestStack(tmp_path, settings) as stack,
        stack.edge() as edge,
        httpx2.AsyncClient() as prober,
    ):
        reader = await edge.register("bystander", PASSWORD)
        for _ in range(ROUNDS):
            alone.append(await p99(edge, reader, read_home, count=REQUESTS))
            async with silent_connections(prober, stack):
                beside.append(await p99(edge, reader, read_home, count=REQUESTS))
                live = await prober.get(f"{stack.stack.edge}/livez")
                probed = await prober.get(f"http://{stack.stack.envoy.probes}/livez")
            assert (live.status_code, probed.status_code) == (200, 200)

    check(alone, beside)
