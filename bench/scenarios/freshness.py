"""The time until a new post is in a follower's home, without and with other load."""

from __future__ import annotations

import asyncio

from bench import jobs
from bench.bench import Bench
from bench.latency import Latency
from bench.measuring import Run
from bench.prewarmed_users import PrewarmedUser
from bench.report import Report, number
from bench.scenarios.mix import mixed, saturation

SHARE = 0.5
PROBES = 4
SECONDS = 25.0
GOAL_MS = 500.0


async def run(bench: Bench) -> Report:
    """Measure it for a few authors, without load and at half of saturation."""
    users = await bench.users()
    pairs = _pairs(bench, users)
    bench.say("alone …")
    alone = await bench.probe(pairs[:1], seconds=SECONDS / 2)
    rate = await saturation(bench, users) * SHARE
    bench.say(f"beside {rate:.0f} requests/s of the mix …")
    loaded, measured = await _beside(bench, pairs, mixed(users), rate)
    report = Report()
    rows = []
    for title, outcome in (("alone", alone), (f"beside {number(rate)}/s of the mix", loaded)):
        took, written = (
            Latency.of(outcome.measured[kind].latencies) for kind in ("visible", "written")
        )
        name = title.split()[0]
        report.lower(f"{name} p50", took.p50, "ms")
        report.lower(f"{name} p99", took.p99, "ms")
        rows.append(
            [
                title,
                *map(number, (took.count, written.p50, took.p50, took.p90, took.p99, took.worst)),
            ]
        )
    report.table(
        "from sending a post to reading it in a follower's home",
        ["", "posts", "answer p50 ms", "visible p50 ms", "p90 ms", "p99 ms", "worst ms"],
        rows,
    )
    report.neither("rate beside it", measured.outcome.rate, "requests/s")
    report.notes.append(f"The goal is a p99 of {GOAL_MS:.0f} ms at half of saturation.")
    return report


async def _beside(
    bench: Bench,
    pairs: list[tuple[PrewarmedUser, PrewarmedUser]],
    kinds: list[jobs.Kind],
    rate: float,
) -> tuple[jobs.Outcome, Run]:
    async with asyncio.TaskGroup() as group:
        load = group.create_task(bench.opened(kinds, rate=rate, seconds=SECONDS + 2))
        probing = group.create_task(bench.probe(pairs, seconds=SECONDS))
    return probing.result(), load.result()


def _pairs(bench: Bench, users: list[PrewarmedUser]) -> list[tuple[PrewarmedUser, PrewarmedUser]]:
    """Return pairs of an author who follows few users and one of their followers."""
    followers = bench.graph.followers()
    authors = [person for person in range(bench.graph.people) if followers[person]]
    step = max(len(authors) // PROBES, 1)
    return [(users[one], users[min(followers[one])]) for one in authors[::step][:PROBES]]
