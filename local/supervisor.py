"""Starts parts in the order of their needs, in parallel, and stops them in reverse."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from local.part import Part
from local.process_runner import PartStatus, ProcessRunner

LOG_BYTES = 32 * 1024 * 1024  # of a log before it is rotated
LOGS_KEPT = 2  # rotated logs of each part
LOG_CHECK_SECONDS = 5.0


class UnknownPart(Exception):
    """The stack has no part of this name."""


class Supervisor:
    """Keeps a set of parts running; an async context manager that stops them when left.

    ``changed`` is called with the status of every part whenever one changes. A log of more than
    ``log_bytes`` is rotated, which is looked at every ``log_check_seconds``.
    """

    def __init__(
        self,
        parts: Sequence[Part],
        *,
        logs: Path,
        changed: Callable[[list[PartStatus]], None] = lambda _: None,
        log_bytes: int = LOG_BYTES,
        log_check_seconds: float = LOG_CHECK_SECONDS,
    ) -> None:
        logs.mkdir(parents=True, exist_ok=True)
        self._runners = {
            part.name: ProcessRunner(
                part, logs / f"{part.name}.log", lambda: changed(self.statuses())
            )
            for part in parts
        }
        self._log_bytes = log_bytes
        self._log_check_seconds = log_check_seconds
        self._starts: dict[str, asyncio.Task[None]] = {}
        self._rotation: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Supervisor:
        self._rotation = asyncio.create_task(self._rotate_logs(), name="rotate logs")
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()
        if self._rotation is not None:
            self._rotation.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._rotation

    def statuses(self) -> list[PartStatus]:
        """Return the status of every part, in the order given."""
        return [runner.status for runner in self._runners.values()]

    def part(self, name: str) -> Part:
        """Return the part of this name. Raises KeyError."""
        return self._runners[name].part

    async def start(self, names: Iterable[str] | None = None, *, with_needs: bool = True) -> None:
        """Start the named parts (all, without names) and what they need, and wait until ready.

        Running parts keep running. Without `with_needs`, what they need runs elsewhere. Raises
        PartFailed for the first part that fails, and UnknownPart before anything is started.
        """
        wanted = list(names) if names is not None else list(self._runners)
        for name in wanted:
            if name not in self._runners:
                known = ", ".join(self._runners)
                raise UnknownPart(f"There is no part named {name}; there are {known}")
        tasks = [self._starting(name, with_needs=with_needs) for name in wanted]
        await asyncio.gather(*tasks)

    async def stop(self, names: Iterable[str] | None = None) -> None:
        """Stop the named parts (all, without names), each after the parts that need it.

        Only the named parts are stopped: a running part that needs one of them sees an outage.
        """
        wanted = set(names) if names is not None else set(self._runners)
        stops: dict[str, asyncio.Task[None]] = {}

        async def stop_after_dependents(name: str) -> None:
            dependents = [
                stops[other] for other in wanted if name in self._runners[other].part.needs
            ]
            await asyncio.gather(*dependents)
            await self._stop_one(name)

        for name in self._dependents_first(wanted):
            stops[name] = asyncio.create_task(stop_after_dependents(name), name=f"stop {name}")
        await asyncio.gather(*stops.values())

    async def restart(self, name: str) -> None:
        """Stop one part and start it again; the parts that need it keep running."""
        await self.stop([name])
        await self.start([name])

    def kill(self) -> None:
        """Kill every process at once, without the wait of ``stop``."""
        for runner in self._runners.values():
            runner.kill()

    def _starting(self, name: str, *, with_needs: bool) -> asyncio.Task[None]:
        if name not in self._starts:
            start = self._start_one(name, with_needs=with_needs)
            self._starts[name] = asyncio.create_task(start, name=f"start {name}")
        return self._starts[name]

    async def _start_one(self, name: str, *, with_needs: bool) -> None:
        runner = self._runners[name]
        needs = runner.part.needs if with_needs else ()
        await asyncio.gather(*(self._starting(need, with_needs=True) for need in needs))
        await runner.start()

    async def _stop_one(self, name: str) -> None:
        start = self._starts.pop(name, None)
        if start is not None:
            start.cancel()
            await asyncio.gather(start, return_exceptions=True)
            await self._runners[name].stop()

    def _dependents_first(self, wanted: set[str]) -> list[str]:
        order: list[str] = []

        def visit(name: str) -> None:
            if name in wanted and name not in order:
                for other, runner in self._runners.items():
                    if name in runner.part.needs:
                        visit(other)
                order.append(name)

        for name in self._runners:
            visit(name)
        return order

    async def _rotate_logs(self) -> None:
        while True:
            for runner in self._runners.values():
                if runner.log.exists() and runner.log.stat().st_size > self._log_bytes:
                    await asyncio.to_thread(_rotate, runner.log)
            await asyncio.sleep(self._log_check_seconds)


def _rotate(log: Path) -> None:
    """Copy the log and truncate it: the part keeps its open file."""
    for number in range(LOGS_KEPT, 1, -1):
        older = log.with_name(f"{log.name}.{number - 1}")
        if older.exists():
            older.replace(log.with_name(f"{log.name}.{number}"))
    shutil.copyfile(log, log.with_name(f"{log.name}.1"))
    with log.open("r+b") as stream:
        stream.truncate()
