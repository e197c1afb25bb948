"""Posts of an author with 10,000 followers, and the delay of other posts during the burst."""

from __future__ import annotations

import asyncio
import time

from bench import jobs
from bench.bench import Bench
from bench.latency import Latency
from bench.prewarmed_users import PrewarmedUser
from bench.processes import spent
from bench.report import Report, number
from local.graph import Graph

FOLLOWERS = 10_000
POSTS = 10
PROBES = 4
ALONE_SECONDS = 10.0
LIMIT_SECONDS = 120.0
POLL_SECONDS = 0.02
DELIVERERS = ("timeline-work", "valkey", "user", "envoy", "broker", "seaweedfs", "postgres")


async def run(bench: Bench) -> Report:
    """Measure deliveries a second, and the delay of other authors without and with the burst."""
    # User 0 has 10,000 followers; the last users are pairs of an author and a follower.
    ordinary = range(FOLLOWERS + 1, FOLLOWERS + 1 + 2 * PROBES, 2)
    follows = [(person, 0) for person in range(1, FOLLOWERS + 1)]
    follows += [(author + 1, author) for author in ordinary]
    graph = Graph(FOLLOWERS + 1 + 2 * PROBES, tuple(sorted(follows)))
    bench.say(f"an author with {FOLLOWERS:,} followers …")
    people = await bench.prewarmed_users.create("fan", graph)
    await bench.prewarmed_users.create_homes(people)
    star, followers = people[0], sorted(people[1 : FOLLOWERS + 1], key=lambda person: person.id)
    pairs = [(people[author], people[author + 1]) for author in ordinary]

    bench.say("ordinary authors alone …")
    alone = await bench.probe(pairs, seconds=ALONE_SECONDS)
    bench.say(f"{POSTS} posts of the famous one …")
    before = bench.stack.usage()
    seconds = await _burst(bench, star, followers)
    cpu = spent(before, bench.stack.usage())
    bench.say("the same, and ordinary authors beside it …")
    async with asyncio.TaskGroup() as group:
        burst = group.create_task(_burst(bench, star, followers))
        probing = group.create_task(bench.probe(pairs, seconds=max(seconds * 0.9, 2.0)))
    return _report(seconds, cpu, alone=alone, beside=probing.result(), again=burst.result())


async def _burst(bench: Bench, star: PrewarmedUser, followers: list[PrewarmedUser]) -> float:
    """Return the seconds until the last post of the burst is in every follower's home."""
    async with bench.stack.edge() as edge, asyncio.timeout(LIMIT_SECONDS):
        since = time.monotonic()
        posts = [await edge.post(star.account, f"Hello all, {count}") for count in range(POSTS)]
        ids = [int(post["id"]) for post in posts]
        # Fan-out goes by ascending user id, so the last follower receives it last.
        while not await bench.prewarmed_users.arrived(ids[-1], followers[-1:]):
            await asyncio.sleep(POLL_SECONDS)
        seconds = time.monotonic() - since
        for post_id in ids:
            if await bench.prewarmed_users.arrived(post_id, followers) != len(followers):
                raise jobs.GeneratorFailed("a post is missing in a follower's home")
    return seconds


def _report(
    seconds: float,
    cpu: dict[str, float],
    *,
    alone: jobs.Outcome,
    beside: jobs.Outcome,
    again: float,
) -> Report:
    deliveries = POSTS * FOLLOWERS
    report = Report()
    report.higher("deliveries", deliveries / seconds, "deliveries/s")
    report.table(
        f"{POSTS} posts to {FOLLOWERS:,} followers each",
        ["", "seconds", "deliveries/s"],
        [
            ["alone", number(seconds), number(deliveries / seconds)],
            ["beside ordinary authors", number(again), number(deliveries / again)],
        ],
    )
    costs = {name: cpu[name] / deliveries * 1e6 for name in DELIVERERS if name in cpu}
    report.table(
        "CPU µs a delivery",
        ["process", "µs"],
        [[name, number(cost)] for name, cost in sorted(costs.items(), key=lambda cost: -cost[1])],
    )
    report.lower("CPU a delivery", sum(costs.values()), "µs")
    rows = []
    for title, outcome in (("without it", alone), ("beside it", beside)):
        took = Latency.of(outcome.measured["visible"].latencies)
        report.lower(f"ordinary author {title}, p50", took.p50, "ms")
        report.lower(f"ordinary author {title}, p99", took.p99, "ms")
        rows.append(
            [title, str(took.count), *map(number, (took.p50, took.p90, took.p99, took.worst))]
        )
    report.table(
        "an ordinary author's post, from being sent to being read",
        ["", "posts", "p50 ms", "p90 ms", "p99 ms", "worst ms"],
        rows,
    )
    return report
