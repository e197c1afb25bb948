"""A cheap HTTP/1.1 client over persistent connections.

It reads the answers of Roost's edge: with a Content-Length, or without a body. Requests are bytes
that are made beforehand, so that the generator takes little CPU.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any, cast

OnAnswer = Callable[[int, bytes], None]

# A placeholder for the idempotency key; 16 digits replace it in each request.
KEY = b"@@KEY-16-DIGITS@"

_END = b"\r\n\r\n"
_LENGTH = b"\r\ncontent-length: "


class ConnectionBroken(Exception):
    """The server ended a connection, or sent an answer that this client cannot parse."""


def request(
    method: str,
    path: str,
    *,
    token: str | None = None,
    body: Mapping[str, Any] | None = None,
    keyed: bool = False,
) -> bytes:
    """Return a request as bytes; ``keyed`` adds KEY as its Idempotency-Key."""
    lines = [f"{method} {path} HTTP/1.1", "host: bench"]
    if token is not None:
        lines.append(f"authorization: Bearer {token}")
    if keyed:
        lines.append(f"idempotency-key: {KEY.decode()}")
    content = b""
    if body is not None:
        content = json.dumps(body, separators=(",", ":")).encode()
        lines += ["content-type: application/json", f"content-length: {len(content)}"]
    return "\r\n".join(lines).encode() + _END + content


class Connection(asyncio.Protocol):
    """A connection with at most one request in flight."""

    def __init__(self, on_lost: Callable[[Exception], None]) -> None:
        self._on_lost = on_lost
        self._on_answer: OnAnswer | None = None
        self._transport: asyncio.Transport | None = None
        self._read = b""
        self._end = 0  # of the answer in the read bytes, once its head is complete
        self._status = 0
        self._body = 0

    @classmethod
    async def open(
        cls, host: str, port: int, *, on_lost: Callable[[Exception], None]
    ) -> Connection:
        """Connect. Raises OSError."""
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(lambda: cls(on_lost), host, port)
        return connection

    def send(self, content: bytes, on_answer: OnAnswer) -> None:
        """Send a request; ``on_answer`` receives the status and the body of the answer."""
        assert self._transport is not None  # noqa: S101 - `open` returns when it is made
        self._on_answer = on_answer
        self._transport.write(content)

    async def exchange(self, content: bytes) -> tuple[int, bytes]:
        """Send a request and return the status and the body of its answer."""
        answer: asyncio.Future[tuple[int, bytes]] = asyncio.get_running_loop().create_future()

        def resolve(status: int, body: bytes) -> None:
            if not answer.done():
                answer.set_result((status, body))

        self.send(content, resolve)
        return await answer

    def close(self) -> None:
        """Close the connection."""
        if self._transport is not None:
            self._on_lost = _ignore
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        # uvloop's transports have the methods of asyncio.Transport, but not its name.
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Call ``on_lost``."""
        self._on_lost(exc or ConnectionBroken("the server closed the connection"))

    def data_received(self, data: bytes) -> None:
        """Collect an answer; requests are not pipelined, so one answer is expected at a time."""
        self._read = self._read + data if self._read else data
        if not self._end and not self._read_head():
            return
        if len(self._read) < self._end:
            return
        body = self._read[self._body : self._end]
        status, on_answer = self._status, self._on_answer
        self._read, self._end, self._on_answer = b"", 0, None
        if on_answer is not None:
            on_answer(status, body)

    def _read_head(self) -> bool:
        end = self._read.find(_END)
        if end < 0:
            return False
        self._status = int(self._read[9:12])
        self._body = end + len(_END)
        at = self._read.find(_LENGTH, 0, end)
        if at < 0:
            if self._status not in {204, 304}:
                self._on_lost(ConnectionBroken("an answer has no Content-Length"))
                return False
            length = 0
        else:
            start = at + len(_LENGTH)
            length = int(self._read[start : self._read.index(b"\r\n", start)])
        self._end = self._body + length
        return True


def _ignore(_: Exception) -> None:
    """Ignores errors after closing."""
