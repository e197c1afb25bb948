"""Writes posts with long runs of marks until it is killed: `marks HOST PORT FROM COUNT`.

COUNT connections, each with one request under way. The access token is in the environment, as
`TOKEN`. It has its own process, so that it does not delay the event loop that measures.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys

import httpx2

# Sorting such a run takes time that grows with the square of its length.
TEXT = "a" + "\u0315" * 4900 + "\u0300" * 4900
PAUSE_SECONDS = (
    0.1  # of each connection between two requests: it shares the machine with the bystander
)


async def flood(client: httpx2.AsyncClient) -> None:
    """One connection's requests, one after another."""
    while True:
        with contextlib.suppress(httpx2.HTTPError):
            await client.post("/v2/posts", json={"text": TEXT})
        await asyncio.sleep(PAUSE_SECONDS)


async def main(host: str, port: str, source: str, connections: str) -> None:
    """Sends from one address."""
    async with httpx2.AsyncClient(
        base_url=f"http://{host}:{port}",
        transport=httpx2.AsyncHTTPTransport(local_address=source),
        headers={"authorization": f"Bearer {os.environ['TOKEN']}"},
        timeout=30,
    ) as client:
        await asyncio.gather(*(flood(client) for _ in range(int(connections))))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
