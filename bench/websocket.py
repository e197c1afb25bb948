"""A cheap WebSocket client for the frames of Roost's stream.

It reads unfragmented text messages and writes short ones; `roost.v1` needs no more. Payloads are
masked with zeros, which RFC 6455 (5.3) allows and which costs no computation.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

from bench.wire import ConnectionBroken

OnText = Callable[["WebSocket", bytes], None]
OnLost = Callable[["WebSocket", Exception], None]

_END = b"\r\n\r\n"
_TEXT, _CLOSE = 1, 8
_NO_MASK = bytes(4)


def upgrade(path: str, protocols: str) -> bytes:
    """Return the upgrade request with these subprotocols."""
    lines = (
        f"GET {path} HTTP/1.1",
        "host: bench",
        "upgrade: websocket",
        "connection: Upgrade",
        "sec-websocket-version: 13",
        "sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==",
        f"sec-websocket-protocol: {protocols}",
    )
    return "\r\n".join(lines).encode() + _END


class WebSocket(asyncio.Protocol):
    """A socket; ``on_text`` receives each message, ``on_lost`` the error that ended the socket."""

    def __init__(self, request: bytes, *, on_text: OnText, on_lost: OnLost) -> None:
        self._request = request
        self._on_text = on_text
        self._on_lost = on_lost
        self._transport: asyncio.Transport | None = None
        self._read = b""
        self._is_open = False

    @classmethod
    async def open(
        cls, host: str, port: int, request: bytes, *, on_text: OnText, on_lost: OnLost
    ) -> WebSocket:
        """Connect and request the upgrade. Raises OSError."""
        loop = asyncio.get_running_loop()
        _, socket = await loop.create_connection(
            lambda: cls(request, on_text=on_text, on_lost=on_lost), host, port
        )
        return socket

    def send(self, text: bytes) -> None:
        """Send a message of at most 125 bytes."""
        assert self._transport is not None  # noqa: S101 - `open` returns when it is made
        self._transport.write(bytes((0x80 | _TEXT, 0x80 | len(text))) + _NO_MASK + text)

    def close(self) -> None:
        """Close the socket."""
        self._on_lost = _ignore
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the upgrade request."""
        # uvloop's transports have the methods of asyncio.Transport, but not its name.
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(self._request)

    def connection_lost(self, exc: Exception | None) -> None:
        """Call ``on_lost``."""
        self._on_lost(self, exc or ConnectionBroken("the server closed a socket"))

    def data_received(self, data: bytes) -> None:
        """Parse the answer to the upgrade, then frames."""
        self._read = self._read + data if self._read else data
        if not self._is_open and not self._read_answer():
            return
        while self._read_frame():
            pass

    def _read_answer(self) -> bool:
        head, found, rest = self._read.partition(_END)
        if not found:
            return False
        if not head.startswith(b"HTTP/1.1 101 "):
            self._end(ConnectionBroken(f"no upgrade: {head[:60]!r} {rest[:200]!r}"))
            return False
        self._is_open, self._read = True, rest
        return True

    def _read_frame(self) -> bool:
        read = self._read
        if len(read) < 2:
            return False
        length, start = read[1] & 0x7F, 2
        if length >= 126:
            start = 4 if length == 126 else 10
            if len(read) < start:
                return False
            length = int.from_bytes(read[2:start], "big")
        end = start + length
        if len(read) < end:
            return False
        self._read = read[end:]
        opcode, payload = read[0] & 0x0F, read[start:end]
        if opcode == _TEXT:
            self._on_text(self, payload)
        elif opcode == _CLOSE:
            self._end(ConnectionBroken(f"closed by the server: {payload[:100]!r}"))
            return False
        return True

    def _end(self, why: Exception) -> None:
        on_lost = self._on_lost
        self.close()
        on_lost(self, why)


def _ignore(_: WebSocket, __: Exception) -> None:
    """Ignores errors after closing."""
