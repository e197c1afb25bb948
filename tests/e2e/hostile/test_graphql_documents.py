"""One address sends documents that are refused; it must not slow anybody else down."""

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

pytestmark = [pytest.mark.e2e, pytest.mark.soak]

ATTACKER, BYSTANDER = "127.0.0.2", "127.0.0.3"
CONNECTIONS = 16
ROUNDS, REQUESTS = 3, 400
# What an operator has who changes nothing.
DEFAULTS = {"ROOST_RATE_STRANGERS": "300", "ROOST_RATE_COST": "60000", "ROOST_RATE_READS": "100000"}


@contextlib.asynccontextmanager
async def attack(stack: TestStack) -> AsyncIterator[None]:
    """Documents that are refused, as many as the edge lets in, until the block is left."""
    host, _, port = stack.stack.envoy.address.rpartition(":")
    words = ("-m", "tests.e2e.hostile.documents", host, port, ATTACKER, str(CONNECTIONS))
    process = await asyncio.create_subprocess_exec(sys.executable, *words)
    try:
        yield
    finally:
        process.kill()
        await process.wait()


async def p99(edge: Edge, reader: Account) -> float:
    """Reads a home again and again; seconds."""
    taken = []
    async with httpx2.AsyncClient(
        base_url=edge.address,
        transport=httpx2.AsyncHTTPTransport(local_address=BYSTANDER),
        headers={"authorization": f"Bearer {reader.access_token}"},
        timeout=30,
    ) as client:
        for _ in range(REQUESTS):
            began = time.monotonic()
            answer = await client.get("/v2/timelines/home")
            taken.append(time.monotonic() - began)
            assert answer.status_code == 200
    return sorted(taken)[int(len(taken) * 0.99)]


async def test_refused_documents_of_one_address_slow_nobody_else_down(tmp_path: Path) -> None:
    alone, beside = [], []
    async with TestStack(tmp_path, DEFAULTS) as stack, stack.edge() as edge:
        reader = await edge.register("bystander", PASSWORD)
        for _ in range(ROUNDS):
            alone.append(await p99(edge, reader))
            async with attack(stack):
                beside.append(await p99(edge, reader))

    # Other work on the machine slows some rounds down, of either kind.
    assert min(beside) <= 2 * max(alone), (alone, beside)
