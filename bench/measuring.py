"""Puts a load on a stack and measures the CPU time of each process."""

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
    """The outcome of a job, the CPU seconds of each process, and the usage before the job."""

    outcome: Outcome
    cpu: dict[str, float]
    # At the start of recording.
    usage: dict[str, Usage]

    def cpu_per_request(self) -> dict[str, float]:
        """CPU microseconds an answer, by process, in descending order."""
        answered = max(self.outcome.answered, 1)
        costs = {name: seconds / answered * 1e6 for name, seconds in self.cpu.items()}
        return dict(sorted(costs.items(), key=lambda cost: -cost[1]))


async def put(stack: BenchStack, job: Job, *, also: Mapping[str, int] | None = None) -> Run:
    """Run a job and read the usage of every process when recording starts and stops.

    ``also`` are further processes, by name.
    """
    looks: list[dict[str, Usage]] = []

    async def look() -> None:
        looks.append(stack.usage(also))

    outcome = await jobs.run(job, began=look, ended=look)
    cpu = {**spent(*looks), GENERATOR: outcome.cpu_seconds}
    return Run(outcome, cpu, looks[0])
