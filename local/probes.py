"""Checks over the loopback whether a part is ready."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping

LIMIT_SECONDS = 2.0


async def accepts(address: str) -> bool:
    """Return whether a process accepts connections at ``host:port``."""
    try:
        async with asyncio.timeout(LIMIT_SECONDS):
            _, writer = await asyncio.open_connection(*_split(address))
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True


async def answers(
    address: str,
    path: str,
    *,
    headers: Mapping[str, str] | None = None,
    tls: ssl.SSLContext | None = None,
) -> bool:
    """Return whether an HTTP GET of ``path`` at ``host:port`` is answered with 200, over TLS if
    ``tls`` is given."""
    sent = {"Host": address, "Connection": "close", **(headers or {})}
    lines = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in sent.items())]
    try:
        async with asyncio.timeout(LIMIT_SECONDS):
            reader, writer = await asyncio.open_connection(*_split(address), ssl=tls)
            try:
                writer.write("\r\n".join([*lines, "", ""]).encode())
                status_line = await reader.readline()
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return False
    return status_line.split()[1:2] == [b"200"]


def _split(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    return host, int(port)
