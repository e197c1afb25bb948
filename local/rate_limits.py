"""Lifts token buckets for a while: those of the edge by Envoy's admin socket, and those of
password checks by a key in Valkey.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
from redis.asyncio import Redis

# Settings of a stack without effective limits, for tests and benchmarks: they come from one address
# and few users.
GENEROUS = {
    **{
        f"ROOST_RATE_{bucket}": "1000000"
        for bucket in ("READS", "WRITES", "LOGINS", "GUESSES", "STRANGERS", "COST", "MEDIA")
    },
    "ROOST_ADDRESS_CONNECTIONS": "1000000",
}

# While this key exists, the User service limits no network and no user.
LOGINS_LIFTED = "user:proofs:lifted"
LIFTED_SECONDS = 3600

ENFORCED = "edge_rate_limits_enforced"  # the runtime key in envoy/envoy.yaml, in percent


@contextlib.asynccontextmanager
async def lifted(socket: Path) -> AsyncIterator[None]:
    """Lift the token buckets of the edge inside the block.

    ``socket`` is that of Envoy's admin page. Other limits of the edge stay. If the process dies
    inside the block, the buckets stay lifted until Envoy restarts.
    """
    transport = httpx2.AsyncHTTPTransport(uds=str(socket))
    async with httpx2.AsyncClient(base_url="http://envoy", transport=transport) as client:
        (await client.post("/runtime_modify", params={ENFORCED: "0"})).raise_for_status()
        try:
            yield
        finally:
            # An empty value removes the override.
            (await client.post("/runtime_modify", params={ENFORCED: ""})).raise_for_status()


@contextlib.asynccontextmanager
async def logins_lifted(redis_url: str) -> AsyncIterator[None]:
    """Lift the limits of sign-ups and sign-ins inside the block.

    If the process dies inside the block, they stay lifted for an hour.
    """
    async with Redis.from_url(redis_url) as valkey:
        await valkey.set(LOGINS_LIFTED, 1, ex=LIFTED_SECONDS)
        try:
            yield
        finally:
            await valkey.delete(LOGINS_LIFTED)
