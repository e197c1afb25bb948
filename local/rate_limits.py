"""Lifts token buckets for a while, as an operator.

Those of the edge, through Envoy's admin socket, and those of proofs of a password.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
from redis.asyncio import Redis

# Settings of a stack whose buckets nobody empties: for tests and benchmarks, which are one address
# and few people.
GENEROUS = {
    **{
        f"ROOST_RATE_{bucket}": "1000000"
        for bucket in ("READS", "WRITES", "LOGINS", "GUESSES", "STRANGERS", "COST")
    },
    "ROOST_ADDRESS_CONNECTIONS": "1000000",
}

# While this key is there, the User service finds no bucket of a network or a person empty.
LOGINS_LIFTED = "user:proofs:lifted"
LIFTED_SECONDS = 3600

ENFORCED = "edge_rate_limits_enforced"  # the runtime key in envoy/envoy.yaml, in percent


@contextlib.asynccontextmanager
async def lifted(socket: Path) -> AsyncIterator[None]:
    """Let requests pass whatever the buckets hold until the block is left.

    ``socket`` is that of Envoy's admin page. Everything else at the edge stays as it is. A process
    that dies inside the block leaves them lifted until Envoy restarts.
    """
    transport = httpx2.AsyncHTTPTransport(uds=str(socket))
    async with httpx2.AsyncClient(base_url="http://envoy", transport=transport) as client:
        (await client.post("/runtime_modify", params={ENFORCED: "0"})).raise_for_status()
        try:
            yield
        finally:
            # An empty value takes the override away.
            (await client.post("/runtime_modify", params={ENFORCED: ""})).raise_for_status()


@contextlib.asynccontextmanager
async def logins_lifted(redis_url: str) -> AsyncIterator[None]:
    """Let people sign up and in, however often from one address, until the block is left.

    A process that dies inside the block leaves it so for an hour.
    """
    async with Redis.from_url(redis_url) as valkey:
        await valkey.set(LOGINS_LIFTED, 1, ex=LIFTED_SECONDS)
        try:
            yield
        finally:
            await valkey.delete(LOGINS_LIFTED)
