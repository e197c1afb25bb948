"""Table rows that several scenarios share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bench.jobs import Outcome
from bench.latency import Latency
from bench.measuring import GENERATOR, Run
from bench.report import number

LATENCY_COLUMNS = ["answers/s", "p50 ms", "p90 ms", "p99 ms", "worst ms", "refused"]
LEAST_SHOWN = 1.0  # µs a request; processes below it share one row
LEAST_SHARE = 0.1  # % of a core


def latency_row(outcome: Outcome, kind: str) -> list[str]:
    """Return the cells of LATENCY_COLUMNS."""
    measured = outcome.measured[kind]
    took = Latency.of(measured.latencies)
    return [
        number(len(measured.latencies) / outcome.seconds),
        *map(number, (took.p50, took.p90, took.p99, took.worst)),
        str(sum(measured.refusals.values())),
    ]


def total(run: Run) -> float:
    """CPU microseconds a request of all processes without the generator."""
    return sum(cost for name, cost in run.cpu_per_request().items() if name != GENERATOR)


def frame_costs(run: Run) -> dict[str, float]:
    """CPU microseconds a frame, by process, in descending order."""
    frames = max(len(run.outcome.measured["frames"].latencies), 1)
    costs = {name: seconds / frames * 1e6 for name, seconds in run.cpu.items()}
    return dict(sorted(costs.items(), key=lambda cost: -cost[1]))


def frame_cost_rows(run: Run) -> list[list[str]]:
    """Return a row for each process that uses CPU."""
    costs = frame_costs(run)
    rows = [[name, number(cost)] for name, cost in costs.items() if cost >= LEAST_SHOWN]
    return [*rows, ["together, without the generator", number(frame_total(run))]]


def frame_total(run: Run) -> float:
    """CPU microseconds a frame of all processes without the generator."""
    return sum(cost for name, cost in frame_costs(run).items() if name != GENERATOR)


def cost_rows(runs: Mapping[str, Run]) -> list[list[str]]:
    """CPU microseconds a request, a row for each process and a column for each run."""
    costs = {title: run.cpu_per_request() for title, run in runs.items()}
    names = dict.fromkeys(name for each in costs.values() for name in each)
    heaviest = sorted(names, key=lambda name: -max(each.get(name, 0) for each in costs.values()))
    rows = [
        [name, *(number(each.get(name)) for each in costs.values())]
        for name in heaviest
        if max(each.get(name, 0) for each in costs.values()) >= LEAST_SHOWN and name != GENERATOR
    ]
    rows.append(["together", *(number(total(run)) for run in runs.values())])
    rows.append([GENERATOR, *(number(each[GENERATOR]) for each in costs.values())])
    return rows


def share_rows(runs: Sequence[Run]) -> list[list[str]]:
    """CPU in percent of a core, a row for each process and a column for each run."""
    shares = [
        {name: seconds / run.outcome.seconds * 100 for name, seconds in run.cpu.items()}
        for run in runs
    ]
    names = dict.fromkeys(name for each in shares for name in each if name != GENERATOR)
    highest = {name: max(each.get(name, 0.0) for each in shares) for name in names}
    rows = [
        [name, *(number(each.get(name)) for each in shares)]
        for name in sorted(highest, key=lambda name: -highest[name])
        if highest[name] >= LEAST_SHARE
    ]
    together = (sum(each.get(name, 0.0) for name in names) for each in shares)
    return [
        *rows,
        ["together", *map(number, together)],
        [GENERATOR, *(number(each[GENERATOR]) for each in shares)],
    ]
