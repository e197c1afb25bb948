"""The server process of a node of Citus on this machine: tests kill it and start it again."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg

from tests.waiting import eventually

_THIS_MACHINE = {"127.0.0.1", "::1", "localhost"}
_PROCESS = "SELECT pg_read_file('postmaster.pid')"
# A server waits until the sessions of its killed predecessor have ended.
_RETRY_SECONDS = 0.5
# Recovery of a server that wrote much, on a busy machine.
_RETURN_SECONDS = 120.0
# They outlive this process, on purpose.
_SERVERS: list[subprocess.Popen[bytes]] = []


@dataclass(frozen=True)
class NodeProcess:
    """What starts a server again: how it was started, by whom, and where it logs."""

    url: str
    pid: int
    command: list[str]
    environ: dict[str, str]
    user_id: int
    group_id: int
    folder: Path

    async def kill(self) -> None:
        """Ends the server by SIGKILL. Its sessions end by themselves."""
        os.kill(self.pid, signal.SIGKILL)
        await eventually(lambda: not _is_running(self.pid))

    async def start(self) -> float:
        """Starts the server again; returns the seconds until it answers."""
        began = time.monotonic()
        async with asyncio.timeout(_RETURN_SECONDS):
            while True:
                server = self._spawned()
                while server.poll() is None:
                    if await _answers(self.url):
                        return time.monotonic() - began
                    await asyncio.sleep(_RETRY_SECONDS)
                await asyncio.sleep(_RETRY_SECONDS)

    def _spawned(self) -> subprocess.Popen[bytes]:
        with (self.folder / "restarted.log").open("ab") as log:
            server = subprocess.Popen(
                self.command,
                cwd=self.folder,
                env=self.environ,
                user=self.user_id,
                group=self.group_id,
                extra_groups=[],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        _SERVERS.append(server)
        return server


async def process_at(url: str) -> NodeProcess | None:
    """The server of a superuser's URL; None where this process may not kill it and start it again,
    since it is on another machine or of another user."""
    if urlsplit(url).hostname not in _THIS_MACHINE:
        return None
    connection = await asyncpg.connect(url)
    try:
        text: str = await connection.fetchval(_PROCESS)
    finally:
        await connection.close()
    pid, folder = text.splitlines()[:2]
    process = Path("/proc") / pid
    try:
        command = [os.fsdecode(each) for each in _words(process / "cmdline")]
        environ = dict(os.fsdecode(each).split("=", 1) for each in _words(process / "environ"))
        owner = process.stat()
    except OSError:
        return None
    # A container on this machine has process ids of its own.
    if os.geteuid() not in (0, owner.st_uid) or Path(command[0]).name != "postgres":
        return None
    return NodeProcess(url, int(pid), command, environ, owner.st_uid, owner.st_gid, Path(folder))


def _words(file: Path) -> list[bytes]:
    return [each for each in file.read_bytes().split(b"\0") if each]


def _is_running(pid: int) -> bool:
    # Until one of ours is waited for, its id is taken, and the next server refuses to start.
    for each in _SERVERS:
        each.poll()
    return (Path("/proc") / str(pid)).exists()


async def _answers(url: str) -> bool:
    try:
        connection = await asyncpg.connect(url, timeout=5)
    except (OSError, TimeoutError, asyncpg.PostgresError):
        return False
    await connection.close()
    return True
