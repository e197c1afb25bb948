"""Homes beside writes: how much of the rate without writes is left, and how fresh they are."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from itertools import pairwise

from bench import sample_requests
from bench.bench import Bench
from bench.jobs import Kind, Outcome
from bench.latency import Latency
from bench.measuring import GENERATOR, Run
from bench.meter import Meter
from bench.prewarmed_users import PrewarmedUser
from bench.report import Report, number
from bench.scenarios.tables import LATENCY_COLUMNS, latency_row, share_rows
from bench.scenarios.writes import ring

ACCOUNTS, FOLLOWS = 100, 20
CONNECTIONS = 16
# Posts a second.
RATES = (5, 15, 50)
ALONE_SECONDS, BESIDE_SECONDS, WARM_SECONDS = 8.0, 20.0, 2.0
# Pairs of an author and a follower. Each measures one of the posts a second.
PROBES, PROBE_EVERY_SECONDS = 4, 1.0


@dataclass(frozen=True)
class Beside:
    """Homes beside writes, the posts of the open loop and those of the probes."""

    homes: Run
    posts: Outcome
    probes: Outcome

    @property
    def answers(self) -> Latency:
        """The time from sending a post to its answer."""
        return Latency.of(
            self.posts.measured["post"].latencies + self.probes.measured["written"].latencies
        )

    @property
    def freshness(self) -> Latency:
        """The time from sending a post to reading it in a follower's home."""
        return Latency.of(self.probes.measured["visible"].latencies)


async def run(bench: Bench) -> Report:
    """Measure homes without writes and beside each rate of posts, in turns."""
    measured = await Meter.on(bench)
    people = await bench.prewarmed_users.create("reader", ring(ACCOUNTS, FOLLOWS))
    await bench.once(sample_requests.posts_by(people, each=1))
    await bench.once(sample_requests.homes(people))
    await measured.quiet()
    alone = [await _alone(bench, people)]
    beside = []
    for rate in RATES:
        bench.say(f"beside {rate} posts/s …")
        beside.append(await _beside(bench, people, rate))
        await measured.quiet()
        alone.append(await _alone(bench, people))
    return _report(alone, beside)


async def _alone(bench: Bench, people: list[PrewarmedUser]) -> Run:
    kinds = [Kind("home", sample_requests.homes(people))]
    return await bench.closed(
        kinds, connections=CONNECTIONS, seconds=ALONE_SECONDS, warm_seconds=WARM_SECONDS
    )


async def _beside(bench: Bench, people: list[PrewarmedUser], rate: int) -> Beside:
    homes = [Kind("home", sample_requests.homes(people))]
    posts = [Kind("post", sample_requests.posts_by(people, each=1))]
    # The follower of an author is the next one.
    step = ACCOUNTS // PROBES
    pairs = [(people[place], people[place + 1]) for place in range(0, ACCOUNTS, step)]
    probed = PROBES / PROBE_EVERY_SECONDS
    # Writes begin before the homes are counted and end after that.
    seconds = WARM_SECONDS + BESIDE_SECONDS + 1.0
    async with asyncio.TaskGroup() as group:
        writing = group.create_task(
            bench.opened(posts, rate=rate - probed, seconds=seconds, warm_seconds=0.0)
        )
        probing = group.create_task(
            bench.probe(pairs, seconds=seconds, every_seconds=PROBE_EVERY_SECONDS)
        )
        reading = group.create_task(
            bench.closed(
                homes,
                connections=CONNECTIONS,
                seconds=BESIDE_SECONDS,
                warm_seconds=WARM_SECONDS,
            )
        )
    return Beside(reading.result(), writing.result().outcome, probing.result())


def shares(alone: list[float], beside: list[float]) -> list[float]:
    """Each rate beside writes ÷ the mean of those before and after it, without writes."""
    return [
        each / ((before + after) / 2)
        for each, (before, after) in zip(beside, pairwise(alone), strict=True)
    ]


def _report(alone: list[Run], beside: list[Beside]) -> Report:
    report = Report()
    titles = [f"beside {rate} posts/s" for rate in RATES]
    kept = shares(
        [each.outcome.rate for each in alone], [each.homes.outcome.rate for each in beside]
    )
    report.table(
        f"homes of 20 posts on {CONNECTIONS} connections, {ACCOUNTS} accounts, {FOLLOWS} follows",
        ["", *LATENCY_COLUMNS, "÷ without writes"],
        [
            *(["without writes", *latency_row(each.outcome, "home"), ""] for each in alone),
            *(
                [title, *latency_row(each.homes.outcome, "home"), number(share)]
                for title, each, share in zip(titles, beside, kept, strict=True)
            ),
        ],
    )
    report.table(
        "posts, and from sending one to reading it in a follower's home",
        ["", "posts", "answer p50 ms", "p99 ms", "probes", "fresh p50 ms", "p99 ms", "refused"],
        [_written_row(title, each) for title, each in zip(titles, beside, strict=True)],
    )
    report.table(
        "CPU, % of a core",
        ["process", "without", *titles],
        share_rows([alone[0], *(each.homes for each in beside)]),
    )
    report.higher(
        "homes without writes", sum(each.outcome.rate for each in alone) / len(alone), "requests/s"
    )
    for title, each, share in zip(titles, beside, kept, strict=True):
        report.higher(f"homes {title}", each.homes.outcome.rate, "requests/s")
        report.higher(f"homes {title} ÷ without writes", share, "")
        report.lower(f"answer {title}, p50", each.answers.p50, "ms")
        report.lower(f"answer {title}, p99", each.answers.p99, "ms")
        report.lower(f"freshness {title}, p50", each.freshness.p50, "ms")
        report.lower(f"freshness {title}, p99", each.freshness.p99, "ms")
        for process, seconds in each.homes.cpu.items():
            if process != GENERATOR:
                share_of_core = seconds / each.homes.outcome.seconds * 100
                report.neither(f"{process} {title}", share_of_core, "% of a core")
    return report


def _written_row(title: str, each: Beside) -> list[str]:
    answers, freshness = each.answers, each.freshness
    refused = each.posts.refused + each.posts.unsent + each.probes.refused
    return [
        title,
        str(answers.count),
        *map(number, (answers.p50, answers.p99)),
        str(freshness.count),
        *map(number, (freshness.p50, freshness.p99)),
        str(refused),
    ]
