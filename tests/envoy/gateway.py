"""A fake gateway: HTTP/1.1 whose answers a test defines."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

SWITCHED = b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n\r\n"


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Answer:
    body: bytes = b"{}"
    status: int = 200
    headers: dict[str, str] = field(default_factory=lambda: {"content-type": "application/json"})
    # Seconds before it is sent.
    delay: float = 0.0
    # It is sent when this is set.
    after: asyncio.Event | None = None


class CutOff(Exception):
    """Raised by an answer: the connection breaks instead."""


class Gateway:
    """Answers {"seen by": name} unless a test puts another answer under the path (no query).

    An answer may be a function of the request, may raise CutOff, or be None: then none is sent.
    """

    def __init__(self, name: str, *, jwks: bytes | None) -> None:
        self.name = name
        self.address = ""
        self.requests: list[Request] = []
        # Requests whose answer is delayed.
        self.in_flight = 0
        self.answers: dict[str, Callable[[Request], Answer | None]] = {}
        # Called when the head of a request to this path has arrived, before its body.
        self.on_head: dict[str, Callable[[], object]] = {}
        self._jwks = jwks

    def seen(self, path: str) -> list[Request]:
        """Return the requests of a path, in order."""
        return [each for each in self.requests if each.path.partition("?")[0] == path]

    def _answer(self, request: Request) -> Answer | None:
        path = request.path.partition("?")[0]
        if path == "/.well-known/jwks.json":
            return Answer(self._jwks) if self._jwks else Answer(status=503)
        if path in self.answers:
            return self.answers[path](request)
        return Answer(json.dumps({"seen by": self.name}).encode())

    async def _read(self, reader: asyncio.StreamReader) -> Request | None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        except asyncio.IncompleteReadError:
            return None
        method, path, _ = head[0].split(" ")
        if on_head := self.on_head.get(path.partition("?")[0]):
            on_head()
        fields = (line.partition(": ") for line in head[1:] if line)
        headers = {name.lower(): value for name, _, value in fields}
        return Request(method, path, headers, await _body(reader, headers))

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection until either side ends it."""
        try:
            while request := await self._read(reader):
                self.requests.append(request)
                if request.headers.get("upgrade") == "websocket":
                    writer.write(SWITCHED)
                    await _echo(reader, writer)
                    return
                if (answer := self._answer(request)) is None:
                    await reader.read()  # until Envoy gives up
                    return
                self.in_flight += 1
                await asyncio.sleep(answer.delay)
                if answer.after is not None:
                    await answer.after.wait()
                self.in_flight -= 1
                writer.write(_written(answer))
        except (CutOff, ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def serving(
    gateway: Gateway,
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[Gateway]:
    """Serve, on a free port if none is given, until the block ends."""
    connections: set[asyncio.Task[None]] = set()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(gateway.serve(reader, writer))
        connections.add(task)
        task.add_done_callback(connections.discard)

    server = await asyncio.start_server(connected, host, port, ssl=tls)
    gateway.address = f"{host}:{server.sockets[0].getsockname()[1]}"
    try:
        yield gateway
    finally:
        server.close()
        for task in connections:
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)


async def _body(reader: asyncio.StreamReader, headers: dict[str, str]) -> bytes:
    body = b""
    if length := headers.get("content-length"):
        body = await reader.readexactly(int(length))
    elif "chunked" in headers.get("transfer-encoding", ""):
        while size := int(await reader.readline(), 16):
            body += (await reader.readexactly(size + 2))[:-2]
        await reader.readline()
    return body


def _written(answer: Answer) -> bytes:
    headers = answer.headers | {"content-length": str(len(answer.body))}
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {answer.status} Said\r\n{head}\r\n".encode() + answer.body


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send every byte back, as a proxy of any frames."""
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
