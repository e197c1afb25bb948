"""Three times the peak load: the share that is answered, and its latency.

For homes, which are one family of routes at the edge, and for the mix, which takes two.
"""

from __future__ import annotations

from bench import sample_requests
from bench.bench import Bench
from bench.jobs import Kind
from bench.latency import Latency
from bench.report import Report, number
from bench.scenarios.mix import KINDS, mixed
from bench.scenarios.tables import LATENCY_COLUMNS, cost_rows, latency_row

PEOPLE = 200
# Enough to keep every process busy; 16 connections leave a third of two cores idle.
CONNECTIONS = 64
# So many that requests wait at the edge and not in the generator.
CROWD = 1000
TIMES = 3
SECONDS = 10.0


async def run(bench: Bench) -> Report:
    """Measure the peak with a closed loop, then an open loop at three times the peak."""
    users = await bench.users()
    homes = [Kind("home", sample_requests.homes(users[:PEOPLE]))]
    bench.say("the peak …")
    peak = await bench.closed(homes, connections=CONNECTIONS, seconds=SECONDS)
    bench.say(f"{TIMES} times as many …")
    flood = await bench.opened(
        homes, rate=TIMES * peak.outcome.rate, seconds=SECONDS, connections=CROWD
    )
    everything = mixed(users)
    bench.say("the peak of the mix …")
    mix_peak = await bench.closed(everything, connections=CONNECTIONS, seconds=SECONDS)
    bench.say(f"{TIMES} times as many …")
    mix_flood = await bench.opened(
        everything, rate=TIMES * mix_peak.outcome.rate, seconds=SECONDS, connections=CROWD
    )
    report = Report()
    report.table(
        "homes of 20 posts",
        ["", *LATENCY_COLUMNS],
        [
            [f"{CONNECTIONS} connections", *latency_row(peak.outcome, "home")],
            [f"{TIMES} times the peak", *latency_row(flood.outcome, "home")],
        ],
    )
    report.table(
        "CPU µs an answer", ["process", "peak", "flood"], cost_rows({"peak": peak, "flood": flood})
    )
    report.table(
        "the mix: 60 % homes, 30 % people's posts, 10 % new posts",
        ["", *LATENCY_COLUMNS],
        [
            [f"{kind}, {title}", *latency_row(each.outcome, kind)]
            for kind in KINDS
            for title, each in (("peak", mix_peak), ("flood", mix_flood))
        ],
    )
    share = flood.outcome.rate / peak.outcome.rate
    usual, admitted = (
        Latency.of(each.outcome.measured["home"].latencies) for each in (peak, flood)
    )
    report.higher("goodput, share of peak", share, "ratio")
    report.lower("p99 of the admitted ÷ p99 at the peak", admitted.p99 / usual.p99, "ratio")
    mix_share = mix_flood.outcome.rate / mix_peak.outcome.rate
    report.higher("goodput of the mix, share of its peak", mix_share, "ratio")
    for kind in KINDS:
        before, after = (
            Latency.of(each.outcome.measured[kind].latencies) for each in (mix_peak, mix_flood)
        )
        report.lower(f"{kind} in the mix, p99 ÷ p99 at its peak", after.p99 / before.p99, "ratio")
    report.notes.append(
        f"{number(100 * share)} % of the peak is answered; refusals by status: "
        f"{flood.outcome.measured['home'].refusals}, never sent: {flood.outcome.unsent}."
    )
    return report
