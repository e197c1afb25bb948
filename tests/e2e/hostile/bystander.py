"""An attacker at one address, and the latency of a bystander at another."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

import httpx2

from local.edge import Account, Edge

ATTACKER, BYSTANDER = "127.0.0.2", "127.0.0.3"

Request = Callable[[httpx2.AsyncClient, int], Awaitable[httpx2.Response]]


@contextlib.asynccontextmanager
async def attack(module: str, *words: str) -> AsyncIterator[None]:
    """Runs `python -m MODULE WORD…` within the context.

    The attack has its own process, so that it does not delay the event loop that measures.
    """
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", module, *words)
    try:
        yield
    finally:
        process.kill()
        await process.wait()


async def p99(edge: Edge, who: Account, request: Request, *, count: int) -> float:
    """Sends requests one after another. Returns the 99th percentile of their time in seconds."""
    taken = []
    async with httpx2.AsyncClient(
        base_url=edge.address,
        transport=httpx2.AsyncHTTPTransport(local_address=BYSTANDER),
        headers={"authorization": f"Bearer {who.access_token}"},
        timeout=30,
    ) as client:
        for number in range(count):
            began = time.monotonic()
            answer = await request(client, number)
            taken.append(time.monotonic() - began)
            assert answer.is_success, answer.text
    return sorted(taken)[int(len(taken) * 0.99)]


def check(alone: Sequence[float], beside: Sequence[float]) -> None:
    """The bystander waits at most twice as long. Other work on the machine slows some rounds, so
    the best round beside the attack is compared with the worst one alone."""
    assert min(beside) <= 2 * max(alone), (alone, beside)
