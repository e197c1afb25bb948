"""Holds silent connections until it is killed: `silent HOST PORT FROM COUNT`.

It has its own process, so that it does not delay the event loop that measures.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys

PAUSE_SECONDS = 1.0  # before a connection that was closed is opened again


async def hold(host: str, port: int, source: str) -> None:
    """Keeps one connection without a byte; opens it again when it is closed."""
    while True:
        with contextlib.suppress(OSError):
            reader, writer = await asyncio.open_connection(host, port, local_addr=(source, 0))
            await reader.read()
            writer.close()
        await asyncio.sleep(PAUSE_SECONDS)


async def main(host: str, port: str, source: str, count: str) -> None:
    """Holds that many connections."""
    await asyncio.gather(*(hold(host, int(port), source) for _ in range(int(count))))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
