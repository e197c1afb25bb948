"""The HTTP port for operators: /livez, /readyz and /metrics, on asyncio alone.

It speaks just enough HTTP/1.1 for probes and Prometheus: one GET or HEAD a connection.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest

from services.chassis.runtime.settings import split_address

_MAX_REQUEST = 8192
_TIMEOUT = 5.0

Answer = tuple[int, str, bytes]

_REASONS = {200: "OK", 404: "Not Found", 405: "Method Not Allowed", 503: "Service Unavailable"}
_TEXT = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """How a running process is: each entry a sentence, without an end."""

    # What it is there for and does not do.
    unready: Sequence[str] = ()
    # What it does not do beside that.
    degraded: Sequence[str] = ()


class Admin:
    """The operators' port of one process.

    /livez answers 200 as long as the event loop turns. /readyz answers 200 while `ready` is set
    and `condition` names nothing as unready; else 503, and says why, a sentence a line. What is
    degraded is said with 200. A dependency that is away makes no process that serves unready: all
    its twins would be so too, and there would be nobody left to answer.
    """

    def __init__(
        self,
        registry: CollectorRegistry = REGISTRY,
        *,
        condition: Callable[[], Condition] = Condition,
    ) -> None:
        self.ready = False
        self._condition = condition
        self._registry = registry
        self._server: asyncio.Server | None = None

    async def start(self, address: str) -> str:
        """Listens on `host:port`; returns the address with the port that it got. Raises OSError."""
        host, port = split_address(address)
        self._server = await asyncio.start_server(
            self._serve, host, port, limit=_MAX_REQUEST, reuse_port=False
        )
        return f"{host}:{self._server.sockets[0].getsockname()[1]}"

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_TIMEOUT):
                head = await reader.readuntil(b"\r\n\r\n")
                method, _, rest = head.partition(b" ")
                path = rest.partition(b" ")[0].partition(b"?")[0].decode("ascii", "replace")
                status, kind, body = self._answer(method, path)
                length = len(body)
                writer.write(
                    f"HTTP/1.1 {status} {_REASONS[status]}\r\ncontent-type: {kind}\r\n"
                    f"content-length: {length}\r\nconnection: close\r\n\r\n".encode()
                )
                if method == b"GET":
                    writer.write(body)
                await writer.drain()
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            # The probe disconnected or was malformed; no response is possible.
            pass
        finally:
            writer.close()

    def _answer(self, method: bytes, path: str) -> Answer:
        if method not in {b"GET", b"HEAD"}:
            return 405, _TEXT, b"only GET and HEAD\n"
        if path == "/livez":
            return 200, _TEXT, b"ok\n"
        if path == "/readyz":
            return self._readiness()
        if path == "/metrics":
            return 200, CONTENT_TYPE_LATEST, generate_latest(self._registry)
        return 404, _TEXT, b"try /livez, /readyz or /metrics\n"

    def _readiness(self) -> Answer:
        if not self.ready:
            return 503, _TEXT, b"not serving\n"
        condition = self._condition()
        if condition.unready:
            said = [f"not ready: {each}\n" for each in condition.unready]
            return 503, _TEXT, "".join(said).encode()
        said = ["ok\n", *(f"degraded: {each}\n" for each in condition.degraded)]
        return 200, _TEXT, "".join(said).encode()
