"""One user sends texts that are expensive to normalize; requests of others are not slowed down."""

from __future__ import annotations

from pathlib import Path

import httpx2
import pytest

from tests.e2e.hostile.bystander import ATTACKER, attack, check, p99
from tests.e2e.hostile.conftest import PASSWORD
from tests.e2e.stacks import TestStack

pytestmark = [pytest.mark.e2e, pytest.mark.soak]

CONNECTIONS = 4
ROUNDS, REQUESTS = 3, 100


async def write(client: httpx2.AsyncClient, number: int) -> httpx2.Response:
    return await client.post("/v2/posts", json={"text": f"Good morning {number}"})


async def test_texts_that_are_expensive_to_normalize_do_not_slow_down_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone, beside = [], []
    async with TestStack(tmp_path) as stack, stack.edge() as edge:
        writer = await edge.register("bystander", PASSWORD)
        attacker = await edge.register("attacker", PASSWORD)
        monkeypatch.setenv("TOKEN", attacker.access_token)
        host, _, port = stack.stack.envoy.address.rpartition(":")
        words = (host, port, ATTACKER, str(CONNECTIONS))
        for _ in range(ROUNDS):
            alone.append(await p99(edge, writer, write, count=REQUESTS))
            async with attack("tests.e2e.hostile.marks", *words):
                beside.append(await p99(edge, writer, write, count=REQUESTS))

    check(alone, beside)
