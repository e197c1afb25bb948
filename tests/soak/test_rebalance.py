"""Shards move between nodes of Citus while users write, and nothing is lost or doubled."""

from __future__ import annotations

import asyncio
import os
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest

from tests.citus import CITUS_SETTING, Node, StackOnCitus
from tests.e2e.audit import POLL_SECONDS
from tests.e2e.audited_stack import AuditedStack, started_stack
from tests.e2e.streams import Streams, following
from tests.waiting import LIMIT

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.soak,
    pytest.mark.skipif(
        not os.environ.get(CITUS_SETTING),
        reason=f"{CITUS_SETTING} is not set: see docs/sharding.md",
    ),
]

BATCH, BACKLOG = 32, 64
_LAG = re.compile(r"^roost_consumer_lag_events\{.*\} (\S+)$", re.MULTILINE)


async def test_all_shards_of_a_worker_move_away_and_back_under_load(tmp_path: Path) -> None:
    async with started_stack(tmp_path, {}) as audited:
        citus = audited.stack.on_citus
        assert citus is not None
        if len(citus.nodes) < 3:
            pytest.skip("the cluster has one worker, so shards cannot move")
        async with streams_of(audited) as streams:
            await move_under_load(audited, citus)

            await audited.assert_all_caught_up()
            assert await streams.check() == []


async def move_under_load(audited: AuditedStack, citus: StackOnCitus) -> None:
    """Moves the shards of one service after another, and users write during each move."""
    clients, over = audited.clients, asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(perform_until(over, audited))
        for noun in citus.urls:
            before = clients.acknowledged.total()
            moved = await move_away_and_back(citus, noun, citus.nodes[-1])

            assert all(moved), f"{noun}: {moved}"
            assert clients.acknowledged.total() > before
        over.set()
    print(f"{dict(clients.acknowledged)}, slowest {clients.slowest:.1f} s")
    print(f"repeated: {dict(clients.refusals)}")


async def perform_until(over: asyncio.Event, audited: AuditedStack) -> None:
    """Writes as fast as consumers handle the events, until the event is set."""
    async with httpx2.AsyncClient(timeout=LIMIT) as client:
        while not over.is_set():
            if await is_nearly_caught_up(audited, client):
                await audited.clients.perform(BATCH)
            else:
                await asyncio.sleep(POLL_SECONDS)


async def is_nearly_caught_up(audited: AuditedStack, client: httpx2.AsyncClient) -> bool:
    """Whether each consumer group has at most BACKLOG events of a topic left."""
    for part in audited.stack.stack.supervisor.statuses():
        if part.name.endswith("-work"):
            metrics = await client.get(f"http://{part.admin}/metrics")
            if any(float(lag) > BACKLOG for lag in _LAG.findall(metrics.text)):
                return False
    return True


async def move_away_and_back(citus: StackOnCitus, noun: str, worker: Node) -> tuple[int, int]:
    """The numbers of shards that moved."""
    begun = time.monotonic()
    moved = await citus.drain(noun, worker), await citus.refill(noun, worker)
    print(f"{noun}: {moved} shards in {time.monotonic() - begun:.0f} s")  # shown by pytest -s
    return moved


@asynccontextmanager
async def streams_of(audited: AuditedStack) -> AsyncIterator[Streams]:
    stack = audited.stack
    async with following(
        stack.stack.envoy.mesh, stack.state.secrets, audited.edge, audited.clients, seed=11
    ) as streams:
        yield streams
