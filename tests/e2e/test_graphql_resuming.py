"""Subscriptions to the log through Envoy and every service: whatever dies, no event is lost."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from pathlib import Path

import httpx2
import pytest
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from local.edge import Account, Edge, Json, Refused
from local.graphql import subscribed
from tests.e2e.stacks import TestStack
from tests.waiting import eventually

pytestmark = pytest.mark.e2e

PATIENCE = 60.0
# What a client meets while a part is away.
AWAY = (Refused, httpx2.TransportError, ConnectionClosed, InvalidHandshake, OSError)
LOG = """
subscription($after: Sequence) {
  events(topics: [HOME], after: $after) {
    sequence
    change { __typename ... on Arrival { item { restId } } }
  }
}
"""


async def test_what_dies_loses_no_event(tmp_path: Path) -> None:
    async with TestStack(tmp_path) as stack, stack.edge() as edge:
        alice, bob = [await edge.register(name, "a long pass phrase") for name in ("alice", "bob")]
        await edge.follow(alice, bob.user_id)
        written: list[str] = []
        told: list[Json] = []
        following = asyncio.create_task(follow(edge, alice, told))
        try:
            await eventually(lambda: bool(told), limit=PATIENCE)
            for part in ("gateway", "notification"):
                await write(edge, bob, written, f"before {part} dies")
                await eventually(lambda: arrivals(told) == written, limit=PATIENCE)
                kill(stack, part)
                for number in range(3):
                    await write(edge, bob, written, f"while {part} is away {number}")
                await eventually(lambda: arrivals(told) == written, limit=PATIENCE)
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)

    sequences = [each["sequence"] for each in told if each["change"]]
    assert sequences == sorted(set(sequences))


def arrivals(told: list[Json]) -> list[str]:
    """What came to the home, in the order in which it was told; a gap would be among it."""
    return [
        each["change"].get("item", {}).get("restId", "a gap") for each in told if each["change"]
    ]


async def follow(edge: Edge, by: Account, told: list[Json]) -> None:
    """Notes all events from now on, over as many connections as it takes."""
    while True:
        # Each goes on after the last event of the one before.
        after = told[-1]["sequence"] if told else None
        with contextlib.suppress(*AWAY):
            async with subscribed(edge, by, LOG, after=after) as log:
                while True:
                    told.append((await log.next())["events"])
        await asyncio.sleep(0.1)


async def write(edge: Edge, by: Account, written: list[str], text: str) -> None:
    """Posts, with the same key again for as long as a part is away."""

    async def done() -> bool:
        with contextlib.suppress(*AWAY):
            post = await edge.post(by, text, key=text.replace(" ", "-"))
            written.append(post["id"])
            return True
        return False

    await eventually(done, limit=PATIENCE)


def kill(stack: TestStack, part: str) -> None:
    """By SIGKILL; its supervisor starts it again."""
    (pid,) = [each.pid for each in stack.stack.status().parts if each.name == part]
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
