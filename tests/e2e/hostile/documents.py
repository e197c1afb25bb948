"""Sends GraphQL documents that are refused until it is killed: `documents HOST PORT FROM COUNT`.

COUNT connections, each with one request under way. Every document is different, so that none
is cached. It has its own process, so that it does not delay the event loop that measures.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from itertools import count

import httpx2

PAUSE_SECONDS = (
    0.5  # of each connection between two requests: it shares the machine with the bystander
)

# Near the limits of anonymous clients, and refused by the last check: an unused variable.
_NAMES = ("text", "revision", "deleted", "etag", "visibility", "mediaIds", "createdAt", "id")
_SPREADS = " ".join(f"...F{each}" for each in range(15))
_FRAGMENTS = " ".join(f"fragment F{each} on Post {{ {_NAMES[each % 8]} }}" for each in range(15))


def document(number: int) -> bytes:
    """A document within the limits that does not fit the schema."""
    text = f'query($v: Int) {{ post(id: "{number}") {{ {_SPREADS} }} }} {_FRAGMENTS}'
    return json.dumps({"query": text}).encode()


async def flood(client: httpx2.AsyncClient, numbers: count[int]) -> None:
    """One connection's requests, one after another."""
    while True:
        with contextlib.suppress(httpx2.HTTPError):
            await client.post(
                "/graphql",
                content=document(next(numbers)),
                headers={"content-type": "application/json"},
            )
        await asyncio.sleep(PAUSE_SECONDS)


async def main(host: str, port: str, source: str, connections: str) -> None:
    """Sends from one address."""
    numbers = count()
    async with httpx2.AsyncClient(
        base_url=f"http://{host}:{port}",
        transport=httpx2.AsyncHTTPTransport(local_address=source),
        timeout=30,
    ) as client:
        await asyncio.gather(*(flood(client, numbers) for _ in range(int(connections))))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
