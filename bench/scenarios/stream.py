"""The time from a like to the frame at the author's socket, without and with other load."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from bench.bench import Bench
from bench.jobs import Listen
from bench.latency import Latency
from bench.measuring import Run
from bench.prewarmed_users import PrewarmedUser
from bench.report import Report, number
from bench.scenarios.mix import mixed, saturation
from bench.scenarios.tables import frame_cost_rows, frame_total
from bench.wire import request

SHARE = 0.5
AUTHORS = 250
# Likes a second. Each is the first like of a post and causes one frame.
RATE = 20.0
ALONE_SECONDS, BESIDE_SECONDS = 12.0, 20.0
# The load starts before the sockets are open and ends after the last like.
OPENING_SECONDS = 8.0
GOAL_MS = 250.0


async def run(bench: Bench) -> Report:
    """Measure likes of posts whose authors are connected."""
    users = await bench.users()
    authors = users[:AUTHORS]
    likes = await _likes(bench, authors, users)
    first = int(RATE * ALONE_SECONDS * 1.5)
    bench.say("alone …")
    alone = await bench.listen(_job(bench, authors, likes[:first], ALONE_SECONDS))
    rate = await saturation(bench, users) * SHARE
    bench.say(f"beside {rate:.0f} requests/s of the mix …")
    async with asyncio.TaskGroup() as group:
        load = group.create_task(
            bench.opened(mixed(users), rate=rate, seconds=BESIDE_SECONDS + OPENING_SECONDS)
        )
        listening = group.create_task(
            bench.listen(_job(bench, authors, likes[first:], BESIDE_SECONDS))
        )
    return _report(alone, listening.result(), load.result(), rate)


async def _likes(
    bench: Bench, authors: Sequence[PrewarmedUser], users: Sequence[PrewarmedUser]
) -> list[bytes]:
    """Return a like of each post of the authors, by different users in turn."""
    posts: list[tuple[int, str]] = []
    async with bench.stack.edge() as edge:
        for place, author in enumerate(authors):
            path = f"/v1/users/{author.id}/posts"
            page = await edge.call("GET", path, by=author.account)
            posts += [(place, item["id"]) for item in page["items"]]
    return [
        request(
            "PUT",
            f"/v1/posts/{post_id}/like",
            token=users[(place + 1 + number) % len(users)].token,
            keyed=True,
        )
        for number, (place, post_id) in enumerate(posts)
        if (1 + number) % len(users)
    ]


def _job(
    bench: Bench, authors: Sequence[PrewarmedUser], likes: list[bytes], seconds: float
) -> Listen:
    return Listen(
        edges=[bench.stack.address],
        tickets=[request("POST", "/v1/stream/tickets", token=each.token) for each in authors],
        topics=["notifications"],
        acts=likes,
        each_to=1,
        rate=RATE,
        seconds=seconds,
    )


def _report(alone: Run, beside: Run, load: Run, rate: float) -> Report:
    report = Report()
    rows = []
    for name, title, each in (
        ("alone", "alone", alone),
        ("beside", f"beside {number(rate)}/s of the mix", beside),
    ):
        measured = each.outcome.measured
        answered, frames = (Latency.of(measured[kind].latencies) for kind in ("answered", "frames"))
        report.lower(f"like to frame {name}, p50", frames.p50, "ms")
        report.lower(f"like to frame {name}, p99", frames.p99, "ms")
        missing = sum(measured["frames"].refusals.values())
        refused = sum(measured["answered"].refusals.values())
        rows.append(
            [
                title,
                str(frames.count),
                *map(number, (answered.p50, frames.p50, frames.p90, frames.p99, frames.worst)),
                str(missing),
                str(refused),
            ]
        )
    report.table(
        f"from when a like was due, {number(RATE)} a second, to its frame at the author's socket",
        [
            "",
            "likes",
            "answer p50 ms",
            "frame p50 ms",
            "p90 ms",
            "p99 ms",
            "worst ms",
            "missing",
            "refused",
        ],
        rows,
    )
    report.table(
        "CPU µs a like, answered and frames, alone", ["process", "µs"], frame_cost_rows(alone)
    )
    report.lower("CPU a like alone", frame_total(alone), "µs")
    report.neither("rate beside it", load.outcome.rate, "requests/s")
    report.notes.append(f"The goal is a p99 of {GOAL_MS:.0f} ms at half of saturation.")
    return report
