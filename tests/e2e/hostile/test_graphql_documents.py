"""One address sends documents that are refused; requests of others are not slowed down."""

from __future__ import annotations

from pathlib import Path

import httpx2
import pytest

from tests.e2e.hostile.bystander import ATTACKER, attack, check, p99
from tests.e2e.hostile.conftest import PASSWORD
from tests.e2e.stacks import TestStack

pytestmark = [pytest.mark.e2e, pytest.mark.soak]

CONNECTIONS = 16
ROUNDS, REQUESTS = 3, 400
# The default limits of an installation, except the one that the bystander exceeds.
DEFAULTS = {"ROOST_RATE_STRANGERS": "300", "ROOST_RATE_COST": "60000"}


async def read_home(client: httpx2.AsyncClient, _: int) -> httpx2.Response:
    return await client.get("/v2/timelines/home")


async def test_refused_documents_of_one_address_do_not_slow_down_others(tmp_path: Path) -> None:
    alone, beside = [], []
    async with TestStack(tmp_path, DEFAULTS) as stack, stack.edge() as edge:
        reader = await edge.register("bystander", PASSWORD)
        host, _, port = stack.stack.envoy.address.rpartition(":")
        words = (host, port, ATTACKER, str(CONNECTIONS))
        for _ in range(ROUNDS):
            alone.append(await p99(edge, reader, read_home, count=REQUESTS))
            async with attack("tests.e2e.hostile.documents", *words):
                beside.append(await p99(edge, reader, read_home, count=REQUESTS))

    check(alone, beside)
