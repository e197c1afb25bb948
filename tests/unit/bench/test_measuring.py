"""Runs that are taken together, and tables of them."""

from __future__ import annotations

from bench.jobs import Measured, Outcome
from bench.measuring import GENERATOR, Run, pooled
from bench.processes import Usage
from bench.scenarios.tables import share_rows


def run(seconds: float, latencies: list[float], **cpu: float) -> Run:
    measured = {"home": Measured(latencies, {503: 1}, 100 * len(latencies))}
    outcome = Outcome(seconds, measured, cpu_seconds=0.5, lateness=[0.1], unsent=2)
    return Run(outcome, {**cpu, GENERATOR: 0.5}, {"post": Usage(seconds, 1.0)})


def test_pooled_runs_count_as_one() -> None:
    both = pooled([run(1.0, [0.1, 0.2], post=2.0), run(3.0, [0.3], post=1.0, user=4.0)])

    assert both.outcome.seconds == 4.0
    assert both.outcome.measured == {"home": Measured([0.1, 0.2, 0.3], {503: 2}, 300)}
    assert both.outcome.rate == 0.75
    assert both.outcome.unsent == 4
    assert both.cpu == {"post": 3.0, "user": 4.0, GENERATOR: 1.0}
    assert both.usage == {"post": Usage(1.0, 1.0)}


def test_pooling_leaves_the_runs_as_they_are() -> None:
    one, other = run(1.0, [0.1], post=1.0), run(1.0, [0.2], post=1.0)

    pooled([one, other])

    assert one.outcome.measured["home"].latencies == [0.1]


def test_shares_of_a_core_have_the_heaviest_process_first_and_leave_out_what_rests() -> None:
    rows = share_rows([run(2.0, [0.1], post=0.2, user=0.0), run(4.0, [0.1], post=0.2, valkey=2.0)])

    assert rows == [
        ["valkey", "–", "50.0"],
        ["post", "10.0", "5.00"],
        ["together", "10.0", "55.0"],
        [GENERATOR, "25.0", "12.5"],
    ]
