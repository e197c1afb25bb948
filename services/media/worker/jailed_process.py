"""Runs the jailed program once, in a process of its own, and reads what it reports.

The program may be under the control of the file that it decodes. So its output is bounded and
checked, and its whole process group is killed when its time is over.
"""

import asyncio
import contextlib
import os
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec

from services.chassis.runtime.logs import logger
from services.media.domain.processing import Processed, Rejected
from services.media.worker.jail import protocol

_LAUNCHER = Path(__file__).with_name("launch.py")

# A result with all files and a waveform has about 2,000 bytes.
MAX_LINE_BYTES = 16_384
# Progress is reported by the percent, and the last line is the result.
MAX_LINES = 200
# Of what the program writes to stderr, the end is logged.
MAX_STDERR_BYTES = 2_000
# How long a process may take to end after its last line, and after it was killed.
_END_SECONDS = 5.0

# The program gets these of the worker's environment: no address, no key.
_PASSED_ON = ("PATH", "LD_LIBRARY_PATH", "LANG", protocol.MODE)


class TryFailed(Exception):
    """The program ended without a result. `cause` is a word for logs and metrics."""

    def __init__(self, cause: str, details: str = "") -> None:
        super().__init__(f"{cause}: {details}" if details else cause)
        self.cause = cause
        self.details = details


class JailedProcess:
    """Starts the program for one job after another, or for several at once."""

    def __init__(self, program: Sequence[str] = protocol.COMMAND) -> None:
        self._program = program
        # Of the last job.
        self._layers: tuple[str, ...] | None = None

    async def run(
        self, folder: Path, *, seconds: float, report: Callable[[int], None]
    ) -> Processed:
        """Runs the program in the job's folder for up to so many seconds.

        `report` is called with the progress, 0 to 100. Raises Rejected for a file that the program
        refuses, and TryFailed if it ends without a result. The program is killed after the line
        with its result. When this returns, raises or is cancelled, none of its processes exists.
        """
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-I",
            "-S",
            str(_LAUNCHER),
            str(os.getpid()),
            *self._program,
            cwd=folder,
            env=_environment(),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=MAX_LINE_BYTES,
            start_new_session=True,
        )
        stderr = _LastBytes()
        pipes = asyncio.create_task(stderr.read(_stream(process.stderr)))
        try:
            async with asyncio.timeout(seconds):
                result = await self._result(_stream(process.stdout), report)
            if result is None:
                await _exited(process)
        except TimeoutError:
            raise TryFailed("deadline", f"after {seconds:.0f} s") from None
        finally:
            await _end(process, pipes)
        if result is None:
            raise TryFailed(_cause(process.returncode), str(stderr))
        if isinstance(result, Rejected):
            raise result
        return result

    async def _result(
        self, lines: asyncio.StreamReader, report: Callable[[int], None]
    ) -> Processed | Rejected | None:
        """The last line as a result; None if the program closed its output without one."""
        for _ in range(MAX_LINES):
            raw = await _line(lines)
            if not raw:
                return None
            try:
                line = protocol.decode(raw)
            except msgspec.MsgspecError as error:
                raise TryFailed("protocol", str(error)) from error
            if line.processed is not None:
                return line.processed
            if line.rejected is not None:
                return Rejected(line.rejected.reason, line.rejected.metadata)
            if line.progress is not None:
                report(min(max(line.progress, 0), 100))
            elif line.jail is not None:
                self._note(line.jail)
        raise TryFailed("protocol", "too many lines")

    def _note(self, layers: tuple[str, ...]) -> None:
        """Logs which layers of the jail are active, where that changes."""
        if layers != self._layers:
            self._layers = layers
            logger().info("media_jail", layers=layers)


def _stream(pipe: asyncio.StreamReader | None) -> asyncio.StreamReader:
    if pipe is None:
        raise TypeError("the process has no pipe")
    return pipe


async def _line(lines: asyncio.StreamReader) -> bytes:
    try:
        return await lines.readline()
    except ValueError as error:
        raise TryFailed("protocol", "a line is too long") from error


class _LastBytes:
    """Reads a stream, and keeps its end for the log."""

    def __init__(self) -> None:
        self._kept = b""

    async def read(self, stream: asyncio.StreamReader) -> None:
        while chunk := await stream.read(65_536):
            self._kept = (self._kept + chunk)[-MAX_STDERR_BYTES:]

    def __str__(self) -> str:
        return self._kept.decode("ascii", "backslashreplace")


async def _exited(process: Process) -> None:
    """Gives a program that closed its output the time to exit by itself: its code says why."""
    exiting = asyncio.create_task(process.wait())
    await asyncio.wait([exiting], timeout=_END_SECONDS)
    exiting.cancel()


async def _end(process: Process, pipes: "asyncio.Task[None]") -> None:
    """Kills what is left of the process group, and reaps the process."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    # asyncio reports the end of a process after its pipes were read to their ends. A process that
    # left the group could keep them open.
    rest = asyncio.create_task(_LastBytes().read(_stream(process.stdout)))
    ended = asyncio.create_task(process.wait())
    await asyncio.wait([rest, ended, pipes], timeout=_END_SECONDS)
    for task in (rest, ended, pipes):
        task.cancel()


def _cause(returncode: int | None) -> str:
    if returncode is None or returncode >= 0:
        return f"exit_{returncode}"
    return signal.Signals(-returncode).name.lower()


def _environment() -> Mapping[str, str]:
    return {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
