"""Asks a part whether it is ready, over the loopback."""

from __future__ import annotations

import asyncio

LIMIT_SECONDS = 2.0


async def accepts(address: str) -> bool:
    """Tell whether something accepts connections at ``host:port``."""
    try:
        async with asyncio.timeout(LIMIT_SECONDS):
            _, writer = await asyncio.open_connection(*_split(address))
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True


async def answers(address: str, path: str) -> bool:
    """Tell whether an HTTP GET of ``path`` at ``host:port`` is answered with 200."""
    try:
        async with asyncio.timeout(LIMIT_SECONDS):
            reader, writer = await asyncio.open_connection(*_split(address))
            try:
                request = f"GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
                writer.write(request.encode())
                status_line = await reader.readline()
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return False
    return status_line.split()[1:2] == [b"200"]


def _split(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    return host, int(port)
