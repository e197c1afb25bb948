"""The process of the load generator: reads a job from its input and writes the outcome.

    python -m bench.generator < job > outcome

A separate process makes its CPU time measurable, and the rest of the bench cannot delay it.
"""

from __future__ import annotations

import asyncio
import random
import re
import resource
import sys
from collections.abc import Callable, Iterator
from time import perf_counter
from typing import Protocol

import msgspec
import uvloop

from bench.arrivals import Queue, poisson
from bench.audience import Audience
from bench.jobs import BEGIN, END, Job, Kind, Listen, Load, Measured, Once, Outcome, Probe
from bench.wire import KEY, Connection

# An open loop stops when the backlog of the server exceeds the arrivals of this time.
MAX_BEHIND_SECONDS = 3.0
# Statuses of a busy edge, and the pauses before a request of a list is repeated.
BUSY = (409, 429, 503, 504)
PAUSES = (0.2, 0.5, 1.0, 2.0)
# The wait for outstanding answers at the end.
DRAIN_SECONDS = 10.0

_POST_ID = re.compile(rb'"id":"(\d+)"')


class Generator(Protocol):
    """Generates load."""

    async def run(self) -> Outcome:
        """Generate the load and return the outcome."""
        ...


class Recorder:
    """Keeps what is measured between `begin` and `end`, and reports both moments to the bench."""

    def __init__(self, names: list[str]) -> None:
        self.measured = {name: Measured([], {}, 0) for name in names}
        self._began: float | None = None
        self._seconds = 0.0
        self._cpu = 0.0

    def begin(self) -> None:
        """Start to record."""
        _report(BEGIN)
        self._cpu = _cpu_seconds()
        self._began = perf_counter()

    def end(self) -> None:
        """Stop recording."""
        assert self._began is not None  # noqa: S101 - `begin` came before
        self._seconds = perf_counter() - self._began
        self._cpu = _cpu_seconds() - self._cpu
        self._began = None
        _report(END)

    @property
    def counting(self) -> bool:
        """Whether it records."""
        return self._began is not None

    def note(self, name: str, latency: float, status: int, size: int) -> None:
        """Record an answer, unless recording is off."""
        if self._began is None:
            return
        measured = self.measured[name]
        if status < 400:
            measured.latencies.append(latency)
            measured.body_bytes += size
        else:
            measured.refusals[status] = measured.refusals.get(status, 0) + 1

    def outcome(self, *, lateness: list[float] | None = None, unsent: int = 0) -> Outcome:
        """Return everything that was recorded."""
        return Outcome(self._seconds, self.measured, self._cpu, lateness or [], unsent)


class WeightedMix:
    """Draws requests at random by weight; the same seed gives the same sequence."""

    def __init__(self, kinds: list[Kind], *, seed: int) -> None:
        self._kinds = kinds
        self._weights = [kind.weight for kind in kinds]
        self._dice = random.Random(seed)
        # Idempotency keys differ between two runs against one stack.
        self._next_key = random.SystemRandom().randrange(10**15)

    def draw(self) -> tuple[str, bytes]:
        """Return the name of a kind and a request of it, with a fresh idempotency key if keyed."""
        kind = self._dice.choices(self._kinds, self._weights)[0]
        return kind.name, self.fresh(self._dice.choice(kind.requests))

    def fresh(self, request: bytes) -> bytes:
        """Return the request with a fresh idempotency key."""
        if KEY not in request:
            return request
        self._next_key += 1
        return request.replace(KEY, b"%016d" % self._next_key)


class OpenLoop:
    """Sends requests at moments that do not depend on the answers."""

    def __init__(self, job: Load) -> None:
        self._job = job
        self._rate = job.rate or 1.0
        self._recorder = Recorder([kind.name for kind in job.kinds])
        self._mix = WeightedMix(job.kinds, seed=job.seed)
        self._queue = Queue(job.connections)
        self._names = [""] * job.connections
        self._lateness: list[float] = []
        self._failure: Exception | None = None

    async def run(self) -> Outcome:
        job = self._job
        self._connections = await _connect(job.host, job.port, job.connections, self._fail)
        start = perf_counter()
        counts_from = start + job.warm_seconds
        for moment in poisson(self._rate, job.warm_seconds + job.seconds, seed=job.seed):
            due = start + moment
            if (wait := due - perf_counter()) > 0:
                await asyncio.sleep(wait)
            if not self._recorder.counting and due >= counts_from:
                self._recorder.begin()
            connection = self._queue.arrive(due)
            if connection is not None:
                self._lateness.append(perf_counter() - due)
                self._send(connection)
            if self._failure is not None:
                raise self._failure
            if self._queue.waiting > self._rate * MAX_BEHIND_SECONDS:
                break
        if not self._recorder.counting:
            self._recorder.begin()
        # Requests that wait now count as well, with the whole time until the answer.
        deadline = perf_counter() + DRAIN_SECONDS
        unsent = self._queue.waiting
        while self._queue.in_flight and perf_counter() < deadline:
            await asyncio.sleep(0.005)
        self._recorder.end()
        _close(self._connections)
        return self._recorder.outcome(lateness=self._lateness, unsent=unsent)

    def _send(self, connection: int) -> None:
        name, request = self._mix.draw()
        self._names[connection] = name
        self._connections[connection].send(
            request, lambda status, body: self._answered(connection, status, body)
        )

    def _answered(self, connection: int, status: int, body: bytes) -> None:
        latency, more = self._queue.answer(connection, perf_counter())
        self._recorder.note(self._names[connection], latency, status, len(body))
        if more:
            self._send(connection)

    def _fail(self, error: Exception) -> None:
        self._failure = error


class ClosedLoop:
    """Sends the next request of a connection when the previous one is answered."""

    def __init__(self, job: Load) -> None:
        self._job = job
        self._recorder = Recorder([kind.name for kind in job.kinds])
        self._mix = WeightedMix(job.kinds, seed=job.seed)
        self._stopping = False
        self._failure: Exception | None = None

    async def run(self) -> Outcome:
        job = self._job
        connections = await _connect(job.host, job.port, job.connections, self._fail)
        for connection in connections:
            self._send(connection)
        await asyncio.sleep(job.warm_seconds)
        self._recorder.begin()
        await asyncio.sleep(job.seconds)
        self._recorder.end()
        self._stopping = True
        _close(connections)
        if self._failure is not None:
            raise self._failure
        return self._recorder.outcome()

    def _send(self, connection: Connection) -> None:
        name, request = self._mix.draw()
        sent = perf_counter()

        def answered(status: int, body: bytes) -> None:
            self._recorder.note(name, perf_counter() - sent, status, len(body))
            if not self._stopping:
                self._send(connection)

        connection.send(request, answered)

    def _fail(self, error: Exception) -> None:
        self._failure = error


class OnceEach:
    """Sends each request of a list once; repeats it if the edge is too busy."""

    def __init__(self, job: Once) -> None:
        self._job = job
        self._recorder = Recorder(["once"])
        self._mix = WeightedMix([], seed=1)

    async def run(self) -> Outcome:
        job = self._job
        left = iter(job.requests)
        connections = await _connect(job.host, job.port, job.connections, _give_up)
        self._recorder.begin()
        async with asyncio.timeout(job.seconds), asyncio.TaskGroup() as group:
            for connection in connections:
                group.create_task(self._work(connection, left))
        self._recorder.end()
        _close(connections)
        return self._recorder.outcome()

    async def _work(self, connection: Connection, left: Iterator[bytes]) -> None:
        for request in left:
            # Each try has the same key, so a request takes effect once.
            content = self._mix.fresh(request)
            for pause in (*PAUSES, None):
                sent = perf_counter()
                status, body = await connection.exchange(content)
                if status not in BUSY or pause is None:
                    break
                await asyncio.sleep(pause)
            self._recorder.note("once", perf_counter() - sent, status, len(body))


class Prober:
    """Measures the time from sending a post to reading it in a follower's home."""

    def __init__(self, job: Probe) -> None:
        self._job = job
        self._recorder = Recorder(["written", "visible"])
        self._mix = WeightedMix([], seed=1)

    async def run(self) -> Outcome:
        job = self._job
        connections = await _connect(job.host, job.port, 2 * len(job.pairs), _give_up)
        self._recorder.begin()
        end = perf_counter() + job.seconds
        async with asyncio.TaskGroup() as group:
            for place, pair in enumerate(job.pairs):
                writer, reader = connections[2 * place : 2 * place + 2]
                # Pairs that write at intervals do so in turn.
                delay = job.every_seconds * place / len(job.pairs)
                group.create_task(self._work(*pair, writer, reader, end=end, delay=delay))
        self._recorder.end()
        _close(connections)
        return self._recorder.outcome()

    async def _work(
        self,
        write: bytes,
        read: bytes,
        writer: Connection,
        reader: Connection,
        *,
        end: float,
        delay: float,
    ) -> None:
        job = self._job
        await asyncio.sleep(delay)
        while perf_counter() < end:
            sent = perf_counter()
            status, body = await writer.exchange(self._mix.fresh(write))
            self._recorder.note("written", perf_counter() - sent, status, len(body))
            found = _POST_ID.search(body)
            if status < 400 and found is not None:
                await self._until_visible(found.group(0), read, reader, sent)
            rest = sent + job.every_seconds - perf_counter()
            await asyncio.sleep(max(rest, job.pause_seconds))

    async def _until_visible(
        self, needle: bytes, read: bytes, reader: Connection, sent: float
    ) -> None:
        while True:
            status, body = await reader.exchange(read)
            waited = perf_counter() - sent
            if status < 400 and needle in body:
                self._recorder.note("visible", waited, status, len(body))
                return
            if waited > self._job.limit_seconds:
                self._recorder.note("visible", waited, 504, 0)
                return
            await asyncio.sleep(self._job.poll_seconds)


class Listeners:
    """Measures frames of activities; opening the sockets is not recorded."""

    def __init__(self, job: Listen) -> None:
        self._job = job
        self._mix = WeightedMix([], seed=1)

    async def run(self) -> Outcome:
        job = self._job
        acts = [self._mix.fresh(act) for act in job.acts]
        audience = Audience(msgspec.structs.replace(job, acts=acts))
        await audience.gather()
        recorder = Recorder([])
        recorder.begin()
        answered, frames, last = await audience.act(job.seconds)
        recorder.end()
        audience.close()
        recorder.measured = {
            "opened": audience.opened,
            "answered": answered,
            "frames": frames,
            "last": last,
        }
        return recorder.outcome()


async def _connect(
    host: str, port: int, number: int, on_lost: Callable[[Exception], None]
) -> list[Connection]:
    return [await Connection.open(host, port, on_lost=on_lost) for _ in range(number)]


def _close(connections: list[Connection]) -> None:
    for connection in connections:
        connection.close()


def _give_up(error: Exception) -> None:
    sys.exit(f"The load generator lost a connection: {error}")


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _report(content: bytes) -> None:
    # With PYTHONUNBUFFERED, sys.stdout.buffer may write only a part of the content.
    with open(sys.stdout.fileno(), "wb", closefd=False) as output:
        output.write(content)


def _generator(job: Job) -> Generator:
    match job:
        case Load():
            return ClosedLoop(job) if job.rate is None else OpenLoop(job)
        case Once():
            return OnceEach(job)
        case Probe():
            return Prober(job)
        case Listen():
            return Listeners(job)


def main() -> None:
    """Run the job of the standard input."""
    job = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=Job)
    outcome = uvloop.run(_generator(job).run())
    _report(msgspec.msgpack.encode(outcome))


if __name__ == "__main__":
    main()
