"""Drains an Envoy beside which it runs, so that the end of the pod fails no request.

It waits for SIGTERM. Envoy's own container gets that signal later: Envoy ends at once at it.
"""

from __future__ import annotations

import http.client
import json
import signal
import socket
import sys
import threading
import time
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.chassis.runtime.settings import PREFIX, load

# Load balancers go on sending new connections until they have noticed that the pod ends.
NOTICE_SECONDS = 5.0
_POLL_SECONDS = 0.25
_TIMEOUT = 5.0
# Listeners of clients and of the mesh; probes and operators connect to others.
_CONNECTIONS = r"^http\.(edge|media|mesh|purges)\.downstream_cx_active$"


class DrainSettings(BaseSettings):
    """Where Envoy is, and how long it may take."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", frozen=True)

    # The socket of Envoy's admin page, which accepts changes.
    envoy_admin_socket: Path
    # The most seconds from the signal to the end. A slow request may take 41.
    drain_seconds: float = Field(default=20.0, ge=0.0, le=3600.0)


class EnvoyUnreachable(Exception):
    """Envoy's admin page does not answer; the message says why."""


class EnvoyAdmin:
    """Envoy's admin page, by its socket. The methods raise EnvoyUnreachable."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def begin_drain(self) -> None:
        """Makes Envoy not ready, and from now on ends each connection after its next answer. New
        connections are accepted."""
        self._call("POST", "/healthcheck/fail")
        self._call("POST", "/drain_listeners?graceful&skip_exit")

    def connections(self) -> int:
        """The number of open connections of clients and of the mesh."""
        stats = json.loads(self._call("GET", f"/stats?format=json&filter={_CONNECTIONS}"))["stats"]
        return sum(int(each.get("value", 0)) for each in stats)

    def _call(self, method: str, path: str) -> bytes:
        connection = _SocketConnection(self._file)
        try:
            connection.request(method, path)
            response = connection.getresponse()
            body = response.read()
        except (OSError, http.client.HTTPException) as error:
            raise EnvoyUnreachable(f"{self._file} does not answer: {error}") from error
        finally:
            connection.close()
        if response.status != 200:
            raise EnvoyUnreachable(f"{self._file} answers {path} with {response.status}")
        return body


class _SocketConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, file: Path) -> None:
        super().__init__("envoy", timeout=_TIMEOUT)
        self._file = file

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._file))


def run() -> int:
    """Waits for SIGTERM or SIGINT and drains; returns the exit code of the command.

    It ends when no connection is left, or when the time is over. Connections that remain are idle,
    or WebSockets: Envoy closes them at its end, and their clients resume elsewhere.
    """
    settings = load(DrainSettings)
    stopped = threading.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda *_: stopped.set())
    stopped.wait()
    try:
        left = drain(EnvoyAdmin(settings.envoy_admin_socket), settings.drain_seconds)
    except EnvoyUnreachable as failure:
        print(f"Envoy could not be drained: {failure}.", file=sys.stderr)
        return 1
    print(f"Drained; {left} connections are left.")
    return 0


def drain(envoy: EnvoyAdmin, seconds: float) -> int:
    """Drains Envoy for so many seconds at most; returns how many connections are left.

    Raises EnvoyUnreachable.
    """
    begun = time.monotonic()
    envoy.begin_drain()
    while (left := envoy.connections()) or time.monotonic() - begun < NOTICE_SECONDS:
        remaining = begun + seconds - time.monotonic()
        if remaining <= 0:
            break
        time.sleep(min(_POLL_SECONDS, remaining))
    return left
