"""The cost of an idle stack."""

from __future__ import annotations

import asyncio

from bench.bench import Bench
from bench.processes import spent
from bench.report import Report, number

SETTLE_SECONDS = 5.0
SECONDS = 20.0


async def run(bench: Bench) -> Report:
    """Measure CPU and memory of every process without load."""
    await asyncio.sleep(SETTLE_SECONDS)
    before = bench.stack.usage()
    await asyncio.sleep(SECONDS)
    after = bench.stack.usage()
    shares = {name: used / SECONDS * 100 for name, used in spent(before, after).items()}
    report = Report()
    heaviest = sorted(shares, key=lambda name: -shares[name])
    report.table(
        "CPU and memory without load",
        ["process", "% of a core", "MiB"],
        [[name, number(shares[name]), number(after[name].memory_mib)] for name in heaviest],
    )
    for name in heaviest:
        report.lower(f"{name} CPU", shares[name], "% of a core")
    report.lower("CPU together", sum(shares.values()), "% of a core")
    report.lower("memory together", sum(each.memory_mib for each in after.values()), "MiB")
    return report
