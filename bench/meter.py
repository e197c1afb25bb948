"""The cost of one operation: CPU by process and database, and WAL, above an idle stack."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bench import databases, jobs
from bench.bench import FILLING_CONNECTIONS, Bench
from bench.databases import ServerUsage
from bench.jobs import Once, Outcome
from bench.processes import Usage, spent
from bench.report import Report, number

IDLE_SECONDS = 12.0
# The stack is quiet when it uses less than this share of a core above its idle share.
QUIET_SHARE = 0.15
QUIET_SECONDS = 1.0
QUIET_LIMIT_SECONDS = 60.0
LEAST_SHOWN = 1.0  # µs
MICROSECONDS = 1e6


@dataclass(frozen=True)
class Reading:
    """What all processes and databases have used so far, and when."""

    time: float
    processes: Mapping[str, Usage]
    server: ServerUsage


@dataclass(frozen=True)
class OperationCost:
    """Microseconds of CPU and bytes of WAL of one operation."""

    cpu: Mapping[str, float]
    database_cpu: Mapping[str, float]
    wal_bytes: Mapping[str, float]

    @property
    def total_cpu(self) -> float:
        """Microseconds of CPU of all processes, the databases' among them."""
        return sum(self.cpu.values())

    def figures(self, report: Report, operation: str) -> None:
        """Add a figure for each process and each database that the operation uses."""
        for process, cost in self.cpu.items():
            if cost >= LEAST_SHOWN:
                report.lower(f"{operation}, {process}", cost, "µs of CPU")
        for noun, cost in self.database_cpu.items():
            if cost >= LEAST_SHOWN:
                report.lower(f"{operation}, database of {noun}", cost, "µs of CPU")
        for noun, size in self.wal_bytes.items():
            if size >= 1:
                report.lower(f"{operation}, WAL of {noun}", size, "bytes")


class Meter:
    """Measures operations on a stack; made by `Meter.on`, while nothing uses the stack."""

    def __init__(
        self,
        bench: Bench,
        idle: Mapping[str, float],
        idle_databases: Mapping[str, float],
        idle_wal: Mapping[str, float],
    ) -> None:
        self._bench = bench
        # Seconds of CPU a second, by process.
        self.idle = idle
        self._idle_databases = idle_databases
        self._idle_wal = idle_wal

    @classmethod
    async def on(cls, bench: Bench) -> Meter:
        """Measure the idle stack first."""
        bench.say("the idle stack …")
        before = await _read(bench)
        await asyncio.sleep(IDLE_SECONDS)
        after = await _read(bench)
        seconds = after.time - before.time
        processes = spent(before.processes, after.processes)
        backends = databases.cpu_by_database(before.server, after.server)
        wal = databases.wal_by_database(before.server, after.server)

        def a_second(used: Mapping[str, float]) -> dict[str, float]:
            return {name: each / seconds for name, each in used.items()}

        return cls(bench, a_second(processes), a_second(backends), a_second(wal))

    async def requests(self, requests: Sequence[bytes]) -> tuple[OperationCost, Outcome]:
        """The cost of a request, with everything that follows from it, and the run.

        Each request is sent once. Raises GeneratorFailed if any was refused.
        """
        before = await self.read()
        connections = min(FILLING_CONNECTIONS, len(requests))
        outcome = await jobs.run(Once(*self._bench.stack.address, list(requests), connections))
        if outcome.refused:
            raise jobs.GeneratorFailed(f"refused: {outcome.measured['once'].refusals}")
        await self.quiet()
        return self.cost(before, await self.read(), len(requests)), outcome

    async def read(self) -> Reading:
        """What everything has used so far."""
        return await _read(self._bench)

    async def quiet(self) -> None:
        """Wait until consumers have caught up, as far as their CPU says. Raises TimeoutError."""
        idle = sum(self.idle.values())
        async with asyncio.timeout(QUIET_LIMIT_SECONDS):
            while True:
                before = await self.read()
                await asyncio.sleep(QUIET_SECONDS)
                after = await self.read()
                used = sum(spent(before.processes, after.processes).values())
                if used <= (idle + QUIET_SHARE) * (after.time - before.time):
                    return

    def cost(self, before: Reading, after: Reading, operations: int) -> OperationCost:
        """The cost of each of the operations between two readings."""
        seconds = after.time - before.time

        def each(used: Mapping[str, float], idle: Mapping[str, float]) -> dict[str, float]:
            above = {name: used[name] - idle.get(name, 0.0) * seconds for name in used}
            costs = {name: max(rest, 0.0) / operations for name, rest in above.items()}
            return dict(sorted(costs.items(), key=lambda cost: -cost[1]))

        def microseconds(seconds: Mapping[str, float]) -> dict[str, float]:
            return {name: cost * MICROSECONDS for name, cost in seconds.items()}

        processes = spent(before.processes, after.processes)
        backends = databases.cpu_by_database(before.server, after.server)
        wal = databases.wal_by_database(before.server, after.server)
        return OperationCost(
            microseconds(each(processes, self.idle)),
            microseconds(each(backends, self._idle_databases)),
            each(wal, self._idle_wal),
        )


def mean(costs: Sequence[OperationCost]) -> OperationCost:
    """The mean of several measurements of one operation."""

    def of(each: Sequence[Mapping[str, float]]) -> dict[str, float]:
        names = dict.fromkeys(name for one in each for name in one)
        return {name: sum(one.get(name, 0.0) for one in each) / len(each) for name in names}

    return OperationCost(
        of([each.cpu for each in costs]),
        of([each.database_cpu for each in costs]),
        of([each.wal_bytes for each in costs]),
    )


def table(report: Report, title: str, costs: Mapping[str, OperationCost]) -> None:
    """Add a table with a row for each process and database, and a column for each operation."""
    rows = [
        *_rows("", [each.cpu for each in costs.values()]),
        *_rows("database of ", [each.database_cpu for each in costs.values()]),
        *_rows("WAL, bytes, of ", [each.wal_bytes for each in costs.values()]),
    ]
    report.table(title, ["CPU µs", *costs], rows)


def _rows(prefix: str, columns: Sequence[Mapping[str, float]]) -> Iterable[list[str]]:
    names = dict.fromkeys(name for column in columns for name in column)
    heaviest = sorted(names, key=lambda name: -max(each.get(name, 0.0) for each in columns))
    for name in heaviest:
        if max(each.get(name, 0.0) for each in columns) >= LEAST_SHOWN:
            yield [prefix + name, *(number(each.get(name, 0.0)) for each in columns)]


async def _read(bench: Bench) -> Reading:
    server = await databases.usage(bench.stack)
    usage = bench.stack.usage(memory=False)
    return Reading(asyncio.get_running_loop().time(), usage, server)
