"""Events through the event log: posts of an author with 5,000 attached followers."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING

import asyncpg
from roost.notification.v1.event_service_pb2 import AttachRequest, AttachResponse, AttachUser
from roost.notification.v1.event_service_pb2_grpc import EventServiceStub

from bench import jobs
from bench.bench import Bench
from bench.latency import Latency
from bench.prewarmed_users import PrewarmedUser
from bench.processes import spent
from bench.report import Report, number
from local.graph import Graph
from services.chassis.auth.tokens import ServiceIdentity, SigningKey
from services.chassis.rpc.clients import Mesh
from services.chassis.runtime.clock import SystemClock

if TYPE_CHECKING:
    from roost.notification.v1.event_service_pb2_grpc import EventServiceAsyncStub

FOLLOWERS = 5_000
POSTS = 10
# Each stands for a gateway with its share of the users.
STREAMS = 2
# Any service may attach users.
CALLER = "gateway"
PROBES = 40
PROBE_SECONDS = 0.25
LIMIT_SECONDS = 120.0
POLL_SECONDS = 0.02
CARRIERS = ("timeline-work", "notification-work", "notification", "postgres", "valkey", "envoy")

_APPENDED = "SELECT coalesce(sum(last_sequence), 0)::bigint FROM log_heads WHERE user_id = ANY ($1)"


class Listener:
    """A stream of a gateway, with the arrival times of events by post."""

    def __init__(self, events: EventServiceAsyncStub, people: Sequence[PrewarmedUser]) -> None:
        self._events = events
        self._people = people
        self._attached = asyncio.Event()
        self._waiting = len(people)
        self.arrivals: dict[int, list[float]] = {}

    async def run(self) -> None:
        """Read events until cancelled."""
        async for response in self._events.Attach(self._requests()):
            self._note(response, time.monotonic())

    async def attached(self) -> None:
        """Wait until all users are attached."""
        async with asyncio.timeout(LIMIT_SECONDS):
            await self._attached.wait()

    async def _requests(self) -> AsyncIterator[AttachRequest]:
        for person in self._people:
            yield AttachRequest(attach=AttachUser(user_id=person.id, after_sequence=-1))
        await asyncio.Event().wait()

    def _note(self, response: AttachResponse, now: float) -> None:
        step = response.WhichOneof("step")
        if step == "attached":
            self._waiting -= 1
            if not self._waiting:
                self._attached.set()
        elif step in ("event", "events"):
            for event in response.events.events or [response.event]:
                self.arrivals.setdefault(event.home.post_id, []).append(now)


async def run(bench: Bench) -> Report:
    """Measure events a second into and out of the log, and the delay of an ordinary post."""
    # User 0 has 5,000 followers; the last two users are an author and a follower.
    author = FOLLOWERS + 1
    follows = [(person, 0) for person in range(1, author)] + [(author + 1, author)]
    bench.say(f"an author with {FOLLOWERS:,} followers, who are all attached …")
    people = await bench.prewarmed_users.create("log", Graph(author + 2, tuple(sorted(follows))))
    crowd = people[1:author]
    async with _listening(bench, [*crowd, people[author + 1]]) as listeners:
        bench.say("ordinary posts …")
        ordinary = await _probe(bench, people[author], listeners)
        bench.say(f"{POSTS} posts of the author with many followers …")
        before = bench.stack.usage()
        appended, delivered = await _burst(bench, people[0], crowd, listeners)
        cpu = spent(before, bench.stack.usage())
    return _report(appended, delivered, cpu, ordinary)


@contextlib.asynccontextmanager
async def _listening(
    bench: Bench, people: Sequence[PrewarmedUser]
) -> AsyncIterator[list[Listener]]:
    secrets = bench.stack.secrets
    key = SigningKey.from_pem(CALLER, secrets.identity(CALLER).read_bytes())
    identity = ServiceIdentity(key, clock=SystemClock())
    async with Mesh(bench.stack.stack.envoy.mesh, identity=identity) as mesh:
        events = mesh.as_service(EventServiceStub)
        listeners = [Listener(events, people[number::STREAMS]) for number in range(STREAMS)]
        reading = [asyncio.create_task(each.run()) for each in listeners]
        try:
            for listener, stream in zip(listeners, reading, strict=True):
                attaching = asyncio.create_task(listener.attached())
                await asyncio.wait({attaching, stream}, return_when=asyncio.FIRST_COMPLETED)
                await (stream if stream.done() else attaching)
            yield listeners
        finally:
            for each in reading:
                each.cancel()
            await asyncio.wait(reading)


async def _probe(bench: Bench, author: PrewarmedUser, listeners: list[Listener]) -> Latency:
    """Measure the time from sending a post to its event on a stream."""
    latencies: list[float] = []
    async with bench.stack.edge() as edge:
        for count in range(PROBES):
            since = time.monotonic()
            post = await edge.post(author.account, f"Probe {count}")
            (arrived,) = await _arrivals(listeners, [int(post["id"])], 1)
            latencies.append(arrived - since)
            await asyncio.sleep(PROBE_SECONDS)
    return Latency.of(latencies)


async def _burst(
    bench: Bench, star: PrewarmedUser, crowd: Sequence[PrewarmedUser], listeners: list[Listener]
) -> tuple[float, float]:
    """Return the seconds until all events are in the log, and until all have arrived."""
    ids = [person.id for person in crowd]
    connection = await asyncpg.connect(bench.stack.stack.postgres.url("roost_notification"))
    try:
        async with bench.stack.edge() as edge, asyncio.timeout(LIMIT_SECONDS):
            already = await connection.fetchval(_APPENDED, ids)
            since = time.monotonic()
            posts = [await edge.post(star.account, f"Hello all, {count}") for count in range(POSTS)]
            while await connection.fetchval(_APPENDED, ids) < already + POSTS * len(ids):
                await asyncio.sleep(POLL_SECONDS)
            appended = time.monotonic() - since
            arrived = await _arrivals(listeners, [int(post["id"]) for post in posts], len(ids))
            return appended, max(arrived) - since
    finally:
        await connection.close()


async def _arrivals(
    listeners: Sequence[Listener], post_ids: Sequence[int], each: int
) -> list[float]:
    """Wait for ``each`` events of every post and return their arrival times."""
    async with asyncio.timeout(LIMIT_SECONDS):
        while True:
            found = [
                moment
                for post_id in post_ids
                for listener in listeners
                for moment in listener.arrivals.get(post_id, ())
            ]
            if len(found) > each * len(post_ids):
                raise jobs.GeneratorFailed("an event came twice")
            if len(found) == each * len(post_ids):
                return found
            await asyncio.sleep(POLL_SECONDS / 4)


def _report(appended: float, delivered: float, cpu: dict[str, float], ordinary: Latency) -> Report:
    count = POSTS * FOLLOWERS
    report = Report()
    report.higher("events into the log", count / appended, "events/s")
    report.higher("events delivered", count / delivered, "events/s")
    report.table(
        f"{POSTS} posts to {FOLLOWERS:,} attached followers each",
        ["until all events are", "seconds", "events/s"],
        [
            ["in the log", number(appended), number(count / appended)],
            ["on a stream", number(delivered), number(count / delivered)],
        ],
    )
    costs = {name: cpu[name] / count * 1e6 for name in CARRIERS if name in cpu}
    report.table(
        "CPU µs an event",
        ["process", "µs"],
        [[name, number(cost)] for name, cost in sorted(costs.items(), key=lambda cost: -cost[1])],
    )
    report.lower("CPU an event", sum(costs.values()), "µs")
    report.lower("ordinary post on a stream, p50", ordinary.p50, "ms")
    report.lower("ordinary post on a stream, p99", ordinary.p99, "ms")
    report.table(
        "an ordinary author's post, from being sent to its event on a stream",
        ["posts", "p50 ms", "p90 ms", "p99 ms", "worst ms"],
        [
            [
                str(ordinary.count),
                *map(number, (ordinary.p50, ordinary.p90, ordinary.p99, ordinary.worst)),
            ]
        ],
    )
    return report
