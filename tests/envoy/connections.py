"""Many TCP connections of one address, to a listener of Envoy."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

from tests.envoy.proxy import eventually

ATTACKER, BYSTANDER = "127.0.0.2", "127.0.0.3"


class Connection:
    """A TCP connection from an address of the loopback; made by `connect`."""

    @classmethod
    async def connect(cls, origin: str, address: str) -> Connection:
        where = urlsplit(origin)
        return cls(
            *await asyncio.open_connection(where.hostname, where.port, local_addr=(address, 0))
        )

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.ended = asyncio.ensure_future(self._end())
        self.answers = 0

    async def _end(self) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await self.reader.read(65536):
                self.answers += data.count(b"HTTP/1.1 200 ")

    async def request(self) -> None:
        """Send a request and wait for its answer."""
        before = self.answers
        self.writer.write(b"GET /livez HTTP/1.1\r\nhost: roost\r\n\r\n")
        await eventually(lambda: self.answers > before)

    def close(self) -> None:
        self.ended.cancel()
        self.writer.close()


@contextlib.asynccontextmanager
async def connections(origin: str, address: str, count: int) -> AsyncIterator[list[Connection]]:
    """Open connections one after another; close all when the block is left."""
    opened: list[Connection] = []
    try:
        while len(opened) < count:
            opened.append(await Connection.connect(origin, address))
        yield opened
    finally:
        for each in opened:
            each.close()
        await asyncio.gather(*(each.ended for each in opened), return_exceptions=True)


def ended(opened: list[Connection]) -> int:
    return sum(each.ended.done() for each in opened)
