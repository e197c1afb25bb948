"""Runs one part: starts it, waits until it is ready, restarts it when it exits."""

from __future__ import annotations

import asyncio
import contextlib
import re
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from local import wheels
from local.part import CannotStart, Part, RunningProcess

State = Literal["stopped", "starting", "ready", "restarting", "stopping"]

PROBE_SECONDS = 0.05
FIRST_BACKOFF_SECONDS = 0.2
LAST_BACKOFF_SECONDS = 10.0
SETTLED_SECONDS = 30.0  # a part that ran for this time restarts without a pause


class PartFailed(Exception):
    """A part could not be started; the message is one sentence with the reason and the log."""

    def __init__(self, part: str, reason: str, log: Path) -> None:
        self.part = part
        self.reason = reason
        self.log = log
        super().__init__(f"{part} could not start because {reason}; its log is {log}")


@dataclass(frozen=True)
class PartStatus:
    """The status of a part at one moment."""

    name: str
    state: State
    pid: int | None
    address: str
    restarts: int
    log: str
    stop_signal: int
    admin: str | None


class ProcessRunner:
    """Runs one part; ``changed`` is called whenever its status changes."""

    def __init__(self, part: Part, log: Path, changed: Callable[[], None]) -> None:
        self.part = part
        self.log = log
        self._changed = changed
        self._state: State = "stopped"
        self._process: RunningProcess | None = None
        self._watch: asyncio.Task[None] | None = None
        self._maintenance: asyncio.Task[None] | None = None
        self._restarts = 0

    @property
    def status(self) -> PartStatus:
        """The current status."""
        running = self._process is not None and self._process.returncode is None
        return PartStatus(
            name=self.part.name,
            state=self._state,
            pid=self._process.pid if self._process and running else None,
            address=self.part.address,
            restarts=self._restarts,
            log=str(self.log),
            stop_signal=int(self.part.stop_signal),
            admin=self.part.admin,
        )

    async def start(self) -> None:
        """Start the part and return when it is ready; it is restarted when it exits.

        Raises PartFailed if it exits first or takes too long; its process is then stopped.
        """
        self._enter("starting")
        try:
            await self._start_process()
        except BaseException:
            await self._stop_process()
            self._enter("stopped")
            raise
        self._watch = asyncio.create_task(self._restart_when_dead(), name=f"keep {self.part.name}")

    async def stop(self) -> None:
        """Stop the part by its stop signal, or by SIGKILL after its limit."""
        if self._watch is not None:
            self._watch.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watch
            self._watch = None
        self._enter("stopping")
        await self._stop_process()
        self._enter("stopped")

    def kill(self) -> None:
        """Kill the process at once and do not restart it."""
        if self._watch is not None:
            self._watch.cancel()
        if self._maintenance is not None:
            self._maintenance.cancel()
        self._signal(signal.SIGKILL)
        self._enter("stopping")

    async def _restart_when_dead(self) -> None:
        backoff = 0.0
        while True:
            since = time.monotonic()
            if self._process is not None:
                await self._process.wait()
            await self._stop_maintenance()
            if time.monotonic() - since >= SETTLED_SECONDS:
                backoff = 0.0
            self._restarts += 1
            self._enter("restarting")
            await asyncio.sleep(backoff)
            backoff = min(max(backoff * 2, FIRST_BACKOFF_SECONDS), LAST_BACKOFF_SECONDS)
            try:
                await self._start_process()
            except PartFailed as failure:
                self._note(str(failure))
                await self._stop_process()

    async def _start_process(self) -> None:
        log_start = self.log.stat().st_size if self.log.exists() else 0
        try:
            await self.part.prepare()
            self._process = await self._spawn()
            self._changed()
            await self._wait_until_ready(self._process, log_start)
            await self.part.after_start()
        except CannotStart as reason:
            raise PartFailed(self.part.name, str(reason), self.log) from reason
        except OSError as error:
            refusal = f"the system refused: {error.strerror or error}"
            raise PartFailed(self.part.name, refusal, self.log) from error
        self._maintenance = asyncio.create_task(
            self.part.maintain(), name=f"maintain {self.part.name}"
        )
        self._enter("ready")

    async def _stop_maintenance(self) -> None:
        if self._maintenance is None:
            return
        self._maintenance.cancel()
        (outcome,) = await asyncio.gather(self._maintenance, return_exceptions=True)
        if isinstance(outcome, Exception):
            self._note(f"Its maintenance failed: {outcome!r}")
        self._maintenance = None

    async def _spawn(self) -> RunningProcess:
        # Append mode, so that rotation can truncate the file while the part writes to it.
        with self.log.open("ab") as log:
            forked = await self.part.fork(log)
            if forked is not None:
                return forked
            return await asyncio.create_subprocess_exec(
                *wheels.launcher(self.part.orphan_signal, self.part.run_as),
                *self.part.command(),
                env=dict(self.part.environment()),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # so that Ctrl-C reaches only the supervisor
            )

    async def _wait_until_ready(self, process: RunningProcess, log_start: int) -> None:
        deadline = time.monotonic() + self.part.ready_seconds
        while not await self.part.is_ready():
            if process.returncode is not None:
                reason = f"it {_ending(process.returncode)}{_log_tail(self.log, log_start)}"
                raise CannotStart(reason)
            if time.monotonic() > deadline:
                raise CannotStart(f"it was not ready within {self.part.ready_seconds:.0f} s")
            await asyncio.sleep(PROBE_SECONDS)

    async def _stop_process(self) -> None:
        await self._stop_maintenance()
        process = self._process
        if process is None:
            return
        self._signal(self.part.stop_signal)
        try:
            async with asyncio.timeout(self.part.stop_seconds):
                await process.wait()
        except TimeoutError:
            self._note(f"It did not stop within {self.part.stop_seconds:.0f} s and was killed.")
            self._signal(signal.SIGKILL)
            await process.wait()
        self._process = None

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(number)

    def _note(self, sentence: str) -> None:
        with self.log.open("a") as log:
            log.write(f"[supervisor] {sentence}\n")

    def _enter(self, state: State) -> None:
        self._state = state
        self._changed()


def _ending(returncode: int) -> str:
    if returncode < 0:
        return f"was ended by {signal.Signals(-returncode).name}"
    return f"exited with status {returncode}"


def _log_tail(log: Path, start: int) -> str:
    """Return the last error line of the log, as the end of a sentence."""
    with log.open("rb") as stream:
        stream.seek(start)
        text = stream.read().decode(errors="replace")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines:
        return " without a word"
    serious = re.compile(r"fatal|critical|panic|error|cannot|could not|refused", re.IGNORECASE)
    relevant = [line for line in lines if serious.search(line)] or lines
    return f", saying “{relevant[-1][:300]}”"
