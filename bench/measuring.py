"""Puts a load on a stack, and tells what it did to each process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bench import jobs
from bench.jobs import Job, Outcome
from bench.processes import Usage, spent
from bench.stack import BenchStack

GENERATOR = "(load generator)"


@dataclass(frozen=True)
class Run:
    """What a job gave, the CPU seconds that each process spent on it, and what it used before."""

    outcome: Outcome
    cpu: dict[str, float]
    # At the moment when the measurement began.
    usage: dict[str, Usage]

    def cpu_per_request(self) -> dict[str, float]:
        """CPU microseconds an answer, by process, most first."""
        answered = max(self.outcome.answered, 1)
        costs = {name: seconds / answered * 1e6 for name, seconds in self.cpu.items()}
        return dict(sorted(costs.items(), key=lambda cost: -cost[1]))


async def put(stack: BenchStack, job: Job, *, also: Mapping[str, int] | None = None) -> Run:
    """Run a job and look at every process when it begins to count, and when it ends.

    ``also`` names processes beside the stack's own.
    """
    looks: list[dict[str, Usage]] = []

    async def look() -> None:
        looks.append(stack.usage(also))

    outcome = await jobs.run(job, began=look, ended=look)
    cpu = {**spent(*looks), GENERATOR: outcome.cpu_seconds}
    return Run(outcome, cpu, looks[0])
