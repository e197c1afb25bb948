"""Subscriptions to the event log through Envoy and every service lose no event."""

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
# The errors of a client while a part is unavailable.
AWAY = (Refused, httpx2.TransportError, ConnectionClosed, InvalidHandshake, OSError)
LOG = """
subscription($after: Sequence) {
  events(topics: [HOME], after: $after) {
    sequence
    change { __typename ... on Arrival { item { restId } } }
  }
}
"""


async def test_no_event_is_lost_when_a_process_dies(tmp_path: Path) -> None:
    async with TestStack(tmp_path, durable=False) as stack, stack.edge() as edge:
        alice, bob = [await edge.register(name, "a long pass phrase") for name in ("alice", "bob")]
        await edge.follow(alice, bob.user_id)
        written: list[str] = []
        events: list[Json] = []
        following = asyncio.create_task(follow(edge, alice, events))
        try:
            await eventually(lambda: bool(events), limit=PATIENCE)
            for part in ("gateway", "notification"):
                await write(edge, bob, written, f"before {part} dies")
                await eventually(lambda: arrivals(events) == written, limit=PATIENCE)
                kill(stack, part)
                for number in range(3):
                    await write(edge, bob, written, f"while {part} is away {number}")
                await eventually(lambda: arrivals(events) == written, limit=PATIENCE)
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)

    sequences = [each["sequence"] for each in events if each["change"]]
    assert sequences == sorted(set(sequences))


def arrivals(events: list[Json]) -> list[str]:
    """The arrivals and gaps of the home, in the order of the events."""
    return [
        each["change"].get("item", {}).get("restId", "a gap") for each in events if each["change"]
    ]


async def follow(edge: Edge, by: Account, events: list[Json]) -> None:
    """Records all events from now on, and reconnects after errors."""
    while True:
        # Each connection resumes after the last event.
        after = events[-1]["sequence"] if events else None
        with contextlib.suppress(*AWAY):
            async with subscribed(edge, by, LOG, after=after) as log:
                while True:
                    events.append((await log.next())["events"])
        await asyncio.sleep(0.1)


async def write(edge: Edge, by: Account, written: list[str], text: str) -> None:
    """Posts, and repeats the request with the same key until it succeeds."""

    async def done() -> bool:
        with contextlib.suppress(*AWAY):
            post = await edge.post(by, text, key=text.replace(" ", "-"))
            written.append(post["id"])
            return True
        return False

    await eventually(done, limit=PATIENCE)


def kill(stack: TestStack, part: str) -> None:
    """Kills a part by SIGKILL; its supervisor starts it again."""
    (pid,) = [each.pid for each in stack.stack.status().parts if each.name == part]
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
