"""The life of a gateway process: start, serve, drain, stop."""

import asyncio
import contextlib
import os
import signal
import socket
import threading
from collections.abc import Iterator
from typing import Any

import uvicorn
import uvloop

from gateway import compose
from gateway.core.state import State
from gateway.protocols.stream.uvicorn_protocol import WebSocketProtocol
from gateway.settings import GatewaySettings
from services.chassis.runtime import build, event_loop, logs, telemetry
from services.chassis.runtime.admin import Admin
from services.chassis.runtime.logs import logger
from services.chassis.runtime.process import GRACE, HARD_LIMIT, freeze_gc
from services.chassis.runtime.settings import load, split_address

# Longer than the edge keeps an idle connection (an hour): only one side closes it.
_KEEP_ALIVE_SECONDS = 3660
_BACKLOG = 2048

# How uvicorn is to serve WebSockets.
WEBSOCKETS: dict[str, Any] = {
    "ws": WebSocketProtocol,
    # Of a frame from a client: a hundred topics, twice over.
    "ws_max_size": 8192,
    # Compression costs 40 KiB a client, and more CPU than all the rest.
    "ws_per_message_deflate": False,
    # The protocol has heartbeats of its own, which browsers see, too.
    "ws_ping_interval": None,
}


def main() -> int:
    """Runs the process to its end; returns the exit code.

    0: it was asked to stop, and did. 1: it could not start; the last line of the log says why.
    2: a setting is wrong.
    """
    settings = load(GatewaySettings)
    logs.configure(service="gateway", level=settings.log_level, form=settings.log_format)
    telemetry.configure(
        service="gateway", ratio=settings.trace_ratio, endpoint=settings.otlp_endpoint
    )
    build.publish(revision=settings.revision)
    try:
        return uvloop.run(_ProcessRun(settings).run())
    finally:
        telemetry.shutdown()


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers: they stop accepting at the first signal."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class _ProcessRun:
    """One run of the process."""

    def __init__(self, settings: GatewaySettings) -> None:
        self._settings = settings
        self._state: State = compose.state_of(settings)
        self._admin = Admin(self._state.registry)
        self._stopping = asyncio.Event()
        self._skip_drain = asyncio.Event()

    async def run(self) -> int:
        """Lives; returns the exit code."""
        loop = asyncio.get_running_loop()
        for each in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(each, self._on_signal)
        try:
            listening = _listen(self._settings.listen)
        except OSError as error:
            return _cannot_listen(self._settings.listen, error)
        try:
            admin = await self._admin.start(self._settings.admin_listen)
        except OSError as error:
            listening.close()
            return _cannot_listen(self._settings.admin_listen, error)
        tls = self._settings.tls
        with listening:
            async with compose.gateway(self._settings, self._state) as app:
                server = _Server(
                    uvicorn.Config(
                        app,
                        http="httptools",
                        **WEBSOCKETS,
                        lifespan="off",
                        log_config=None,
                        access_log=False,
                        server_header=False,
                        date_header=False,
                        proxy_headers=False,
                        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
                        timeout_graceful_shutdown=int(GRACE),
                        backlog=_BACKLOG,
                        ssl_context_factory=None
                        if tls is None
                        else lambda *_: tls.server_context(),
                    )
                )
                freeze_gc()
                measuring = asyncio.create_task(event_loop.measure_lag(), name="event loop lag")
                serving = asyncio.create_task(server.serve(sockets=[listening]))
                host, port = listening.getsockname()[:2]
                self._admin.ready = True
                logger().info("ready", listen=f"{host}:{port}", admin=admin)
                await self._until_stopped(serving)
                await app.stream.drain()
                server.should_exit = True
                await serving
                measuring.cancel()
        await self._admin.stop()
        logger().info("stopped")
        return 0

    async def _until_stopped(self, serving: "asyncio.Task[None]") -> None:
        """Waits for the signal, reports not ready, and serves until Envoy has noticed."""
        asked = asyncio.create_task(self._stopping.wait())
        await asyncio.wait({asked, serving}, return_when=asyncio.FIRST_COMPLETED)
        asked.cancel()
        self._state.stopping = True
        self._admin.ready = False
        logger().info("draining", seconds=self._settings.drain_seconds)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._settings.drain_seconds):
                await self._skip_drain.wait()

    def _on_signal(self) -> None:
        if self._stopping.is_set():
            # A second signal: stop without waiting for Envoy.
            self._skip_drain.set()
            return
        self._stopping.set()
        last_resort = threading.Timer(HARD_LIMIT, os._exit, (1,))
        last_resort.daemon = True
        last_resort.start()


def _cannot_listen(address: str, error: OSError) -> int:
    logger().error("cannot_start", error=f"cannot listen on {address}: {error}")
    return 1


def _listen(address: str) -> socket.socket:
    host, port = split_address(address)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Several processes may share the port: one process a core.
    return socket.create_server((host, port), family=family, backlog=_BACKLOG, reuse_port=True)
