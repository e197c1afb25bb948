"""An attacker at one address, and what a bystander at another has of it."""

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
    """Runs ``python -m MODULE WORD…`` until the block is left.

    It is a process of its own, so that it takes nothing from the event loop of who measures.
    """
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", module, *words)
    try:
        yield
    finally:
        process.kill()
        await process.wait()


async def p99(edge: Edge, who: Account, request: Request, *, count: int) -> float:
    """Makes requests one after another; the time in seconds that 99 of 100 took at most."""
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
    """The bystander waits no more than twice as long. Other work on the machine slows some rounds
    down, of either kind, so the best round beside is compared with the worst one alone."""
    assert min(beside) <= 2 * max(alone), (alone, beside)
