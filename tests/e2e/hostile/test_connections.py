"""One address holds all the connections that it can; it must not slow anybody else down."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from local.edge import Account, Edge
from tests.e2e.hostile.conftest import PASSWORD
from tests.e2e.stacks import TestStack
from tests.envoy.proxy import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.soak, pytest.mark.asyncio(loop_scope="module")]

ATTACKER, BYSTANDER = "127.0.0.2", "127.0.0.3"
PLACES, SHARE = 400, 40
ROUNDS, REQUESTS = 3, 300


async def stat(prober: httpx2.AsyncClient, stack: TestStack, name: str) -> int:
    answer = await prober.get(
        f"http://{stack.stack.envoy.admin}/stats", params={"filter": f"^{name}$"}
    )
    return int(answer.text.partition(": ")[2] or 0)


@contextlib.asynccontextmanager
async def attack(prober: httpx2.AsyncClient, stack: TestStack) -> AsyncIterator[None]:
    """As many silent connections as there are places, until the block is left."""
    host, _, port = stack.stack.envoy.address.rpartition(":")
    words = ("-m", "tests.e2e.hostile.silent", host, port, ATTACKER, str(PLACES))
    refused = "wasmcustom.edge_connections.refused"
    before = await stat(prober, stack, refused)
    process = await asyncio.create_subprocess_exec(sys.executable, *words)
    try:

        async def is_on() -> bool:
            return await stat(prober, stack, refused) >= before + PLACES - SHARE

        await eventually(is_on, within=60)
        yield
    finally:
        process.kill()
        await process.wait()


async def p99(edge: Edge, reader: Account) -> float:
    """Read a home again and again, sometimes over a new connection; return seconds."""
    taken = []
    async with httpx2.AsyncClient(
        base_url=edge.address,
        transport=httpx2.AsyncHTTPTransport(local_address=BYSTANDER),
        headers={"authorization": f"Bearer {reader.access_token}"},
        timeout=30,
    ) as client:
        for number in range(REQUESTS):
            headers = {"connection": "close"} if number % 10 == 0 else {}
            began = time.monotonic()
            answer = await client.get("/v2/timelines/home", headers=headers)
            taken.append(time.monotonic() - began)
            assert answer.status_code == 200
    return sorted(taken)[int(len(taken) * 0.99)]


async def test_silent_connections_of_one_address_slow_nobody_else_down(tmp_path: Path) -> None:
    settings = {"ROOST_MAX_CONNECTIONS": str(PLACES), "ROOST_ADDRESS_CONNECTIONS": str(SHARE)}
    alone, beside = [], []
    async with (
        TestStack(tmp_path, settings) as stack,
        stack.edge() as edge,
        httpx2.AsyncClient() as prober,
    ):
        reader = await edge.register("bystander", PASSWORD)
        for _ in range(ROUNDS):
            alone.append(await p99(edge, reader))
            async with attack(prober, stack):
                beside.append(await p99(edge, reader))
                live = await prober.get(f"{stack.stack.edge}/livez")
                probed = await prober.get(f"http://{stack.stack.envoy.probes}/livez")
            assert (live.status_code, probed.status_code) == (200, 200)

    # Other work on the machine slows some rounds down, of either kind.
    assert min(beside) <= 2 * max(alone), (alone, beside)
