"""Lifts the edge's token buckets for a while, as an operator, through Envoy's admin page."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

import httpx2

# Settings of a stack whose buckets nobody empties: for tests and benchmarks, which are one address
# and few people.
GENEROUS = {
    f"ROOST_RATE_{bucket}": "1000000"
    for bucket in ("READS", "WRITES", "LOGINS", "GUESSES", "STRANGERS", "COST")
}

ENFORCED = "edge_rate_limits_enforced"  # the runtime key in envoy/envoy.yaml, in percent


@contextlib.asynccontextmanager
async def lifted(admin: str) -> AsyncIterator[None]:
    """Let requests pass whatever the buckets hold until the block is left.

    ``admin`` is the host:port of Envoy's admin page. Everything else at the edge stays as it is. A
    process that dies inside the block leaves them lifted until Envoy restarts.
    """
    async with httpx2.AsyncClient(base_url=f"http://{admin}", trust_env=False) as client:
        (await client.post("/runtime_modify", params={ENFORCED: "0"})).raise_for_status()
        try:
            yield
        finally:
            # An empty value takes the override away.
            (await client.post("/runtime_modify", params={ENFORCED: ""})).raise_for_status()
