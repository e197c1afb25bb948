"""The cost of an idle stack: after its start, and after a load."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from bench.bench import Bench
from bench.processes import Usage, spent
from bench.report import Report, number
from bench.scenarios.mix import mixed

SETTLE_SECONDS = 15.0
SECONDS = 20.0
CONNECTIONS, LOAD_SECONDS = 16, 20.0


@dataclass(frozen=True)
class Idle:
    """The share of a core of each process, in percent, and its usage at the end."""

    shares: dict[str, float]
    usage: dict[str, Usage]

    @property
    def memory_mib(self) -> float:
        """The memory of all processes."""
        return sum(each.memory_mib for each in self.usage.values())


async def run(bench: Bench) -> Report:
    """Measure CPU and memory of every process without load, then the same after the mix."""
    before = await _idle(bench)
    bench.say("the mix …")
    users = await bench.users()
    await bench.closed(mixed(users), connections=CONNECTIONS, seconds=LOAD_SECONDS)
    after = await _idle(bench)
    report = Report()
    heaviest = sorted(after.shares, key=lambda name: -before.shares.get(name, 0.0))
    report.table(
        "CPU and memory without load",
        ["process", "% of a core", "MiB", "after load, % of a core", "MiB"],
        [
            *([name, *_cells(before, name), *_cells(after, name)] for name in heaviest),
            ["together", *_together(before), *_together(after)],
        ],
    )
    for suffix, idle in (("", before), (" after load", after)):
        for name, share in idle.shares.items():
            report.lower(f"{name} CPU{suffix}", share, "% of a core")
        for name, each in idle.usage.items():
            report.lower(f"{name} memory{suffix}", each.memory_mib, "MiB")
        report.lower(f"CPU together{suffix}", sum(idle.shares.values()), "% of a core")
        report.lower(f"memory together{suffix}", idle.memory_mib, "MiB")
    return report


async def _idle(bench: Bench) -> Idle:
    bench.say("without load …")
    await asyncio.sleep(SETTLE_SECONDS)
    before = bench.stack.usage(memory=False)
    await asyncio.sleep(SECONDS)
    after = bench.stack.usage()
    used = spent(before, after)
    return Idle({name: seconds / SECONDS * 100 for name, seconds in used.items()}, after)


def _cells(idle: Idle, name: str) -> list[str]:
    used = idle.usage.get(name)
    return [number(idle.shares.get(name)), number(used.memory_mib if used else None)]


def _together(idle: Idle) -> list[str]:
    return [number(sum(idle.shares.values())), number(idle.memory_mib)]
