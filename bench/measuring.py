"""Puts a load on a stack and measures the CPU time of each process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench import jobs
from bench.jobs import Job, Measured, Outcome
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


async def put(
    stack: BenchStack, job: Job, *, also: Mapping[str, int] | None = None, memory: bool = False
) -> Run:
    """Run a job and read the usage of every process when recording starts and stops.

    ``also`` are further processes, by name. The memory is read on request.
    """
    looks: list[dict[str, Usage]] = []

    async def look() -> None:
        looks.append(stack.usage(also, memory=memory))

    outcome = await jobs.run(job, began=look, ended=look)
    cpu = {**spent(*looks), GENERATOR: outcome.cpu_seconds}
    return Run(outcome, cpu, looks[0])


def pooled(runs: Sequence[Run]) -> Run:
    """Several runs of the same kinds of requests as one; its usage is that before the first."""
    measured: dict[str, Measured] = {}
    cpu: dict[str, float] = {}
    for run in runs:
        for name, seconds in run.cpu.items():
            cpu[name] = cpu.get(name, 0.0) + seconds
        for kind, each in run.outcome.measured.items():
            known = measured.setdefault(kind, Measured([], {}, 0))
            known.latencies += each.latencies
            known.body_bytes += each.body_bytes
            for status, number in each.refusals.items():
                known.refusals[status] = known.refusals.get(status, 0) + number
    outcome = Outcome(
        sum(each.outcome.seconds for each in runs),
        measured,
        sum(each.outcome.cpu_seconds for each in runs),
        [late for each in runs for late in each.outcome.lateness],
        sum(each.outcome.unsent for each in runs),
    )
    return Run(outcome, cpu, runs[0].usage)
