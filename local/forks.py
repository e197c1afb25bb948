"""Starts Roost's own processes as copies of one process: see `local.fork_server`."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from local import wheels
from local.part import CannotStart

STOP_SECONDS = 5.0


class ForkedProcess:
    """A process that is no child of this one, with the interface of asyncio's."""

    def __init__(self, pid: int, status: asyncio.StreamReader) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._ending = asyncio.create_task(self._read(status), name=f"wait for process {pid}")

    async def wait(self) -> int:
        """Wait for its end and return the exit code, negative for a signal."""
        return await asyncio.shield(self._ending)

    def send_signal(self, number: int) -> None:
        """Send a signal. Raises ProcessLookupError if it has ended."""
        os.kill(self.pid, number)

    async def _read(self, status: asyncio.StreamReader) -> int:
        line = await status.readline()
        # Without a line the fork server has died, and the kernel killed its copies.
        self.returncode = int(line) if line else -signal.SIGKILL
        return self.returncode


class Forks:
    """The fork server of a stack. It is started by the first process, and again if it has died.

    ``environment`` is that in which it imports the libraries.
    """

    def __init__(self, environment: Mapping[str, str], *, log: Path) -> None:
        self._environment = dict(environment)
        self._log = log
        self._server: asyncio.subprocess.Process | None = None
        self._control: socket.socket | None = None
        self._lock = asyncio.Lock()

    @property
    def pid(self) -> int | None:
        """The process id of the server; None before the first start."""
        return None if self._server is None else self._server.pid

    async def prepare(self) -> None:
        """Launch the server, which then imports the libraries while engines start."""
        await self._running()

    async def start(
        self,
        module: Sequence[str],
        *,
        environment: Mapping[str, str],
        log: BinaryIO,
        death_signal: signal.Signals,
    ) -> ForkedProcess:
        """Start ``python -m MODULE…``; its output goes to ``log``. Raises CannotStart."""
        request = json.dumps(
            {
                "module": list(module),
                "environment": dict(environment),
                "death_signal": int(death_signal),
            }
        ).encode()
        status = asyncio.StreamReader()
        reading, writing = os.pipe()
        await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(status), os.fdopen(reading, "rb")
        )
        try:
            control = await self._running()
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                socket.send_fds(control, [request], [log.fileno(), writing])
        finally:
            os.close(writing)
        pid = await status.readline()
        if not pid:
            raise CannotStart(f"its fork server ended; the log of that is {self._log}")
        return ForkedProcess(int(pid), status)

    async def stop(self) -> None:
        """Stop the server, and with it what was started and has not ended."""
        if self._control is not None:
            self._control.close()
            self._control = None
        if self._server is None:
            return
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await self._server.wait()
        except TimeoutError:
            self._server.kill()
            await self._server.wait()
        self._server = None

    async def _running(self) -> socket.socket:
        async with self._lock:
            if self._control is None or self._server is None or self._server.returncode is not None:
                await self.stop()
                self._control = await self._launch()
            return self._control

    async def _launch(self) -> socket.socket:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs, self._log.open("ab") as log:
            self._server = await asyncio.create_subprocess_exec(
                *wheels.launcher(signal.SIGKILL, None),
                *(sys.executable, "-m", "local.fork_server", str(theirs.fileno())),
                pass_fds=[theirs.fileno()],
                env=self._environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        return ours
