"""Jobs and outcomes that the bench and the process of the load generator exchange."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Awaitable, Callable

import msgspec

BEGIN, END = b"begin\n", b"end\n"
# The extra time of a job: to start, to connect, and to wait for the last answers.
GRACE_SECONDS = 60.0


class GeneratorFailed(Exception):
    """The load generator ended without a result; the message is its last output."""


class Kind(msgspec.Struct, frozen=True):
    """Requests of one kind, and the weight by which they are drawn."""

    name: str
    requests: list[bytes]
    weight: float = 1.0


class Load(msgspec.Struct, frozen=True, tag="load"):
    """Requests drawn at random by their weights, for ``seconds``.

    With a ``rate`` the loop is open: ``rate`` requests a second are due, independently of answers.
    Without, it is closed: each connection sends the next request when the previous is answered.
    """

    host: str
    port: int
    kinds: list[Kind]
    seconds: float
    connections: int
    rate: float | None = None
    warm_seconds: float = 1.0
    seed: int = 1


class Once(msgspec.Struct, frozen=True, tag="once"):
    """Each request of a list is sent once, in order.

    Requests that a busy edge refuses are repeated. All must be answered within ``seconds``.
    """

    host: str
    port: int
    requests: list[bytes]
    connections: int
    seconds: float = 300.0


class Probe(msgspec.Struct, frozen=True, tag="probe"):
    """Writes a post and reads a home until the post is there; pauses and repeats.

    A pair is a request that writes, and one that reads a home; pairs run side by side.
    """

    host: str
    port: int
    pairs: list[tuple[bytes, bytes]]
    seconds: float
    pause_seconds: float = 0.1
    poll_seconds: float = 0.005
    limit_seconds: float = 15.0
    # A pair writes at most one post in this time.
    every_seconds: float = 0.0


class Listen(msgspec.Struct, frozen=True, tag="listen"):
    """Opens a socket with each ticket, at the edges in turn, and then sends ``acts`` at ``rate``.

    ``tickets`` are requests that issue a ticket. Each request of ``acts`` writes a post or changes
    one, and causes ``each_to`` frames. Measured are "opened", "answered", "frames" and "last":
    the times from when a request was due to its answer, to each frame, and to the last frame.
    """

    edges: list[tuple[str, int]]
    tickets: list[bytes]
    topics: list[str]
    acts: list[bytes]
    each_to: int
    rate: float
    seconds: float
    # The limit for opening all sockets, in addition to ``seconds``.
    opening_seconds: float = 200.0


Job = Load | Once | Probe | Listen


class Measured(msgspec.Struct):
    """Results of one kind of request."""

    # In seconds; without refusals.
    latencies: list[float] = []
    refusals: dict[int, int] = {}
    body_bytes: int = 0


class Outcome(msgspec.Struct):
    """Results of a job."""

    seconds: float
    measured: dict[str, Measured]
    # CPU time of the generator itself.
    cpu_seconds: float
    # Delays of the generator itself in sending requests of an open loop.
    lateness: list[float] = []
    # Requests that were due and not sent, because the server was too far behind.
    unsent: int = 0

    @property
    def answered(self) -> int:
        """The number of answers that are no refusals."""
        return sum(len(each.latencies) for each in self.measured.values())

    @property
    def refused(self) -> int:
        """The number of refusals."""
        return sum(sum(each.refusals.values()) for each in self.measured.values())

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.answered / self.seconds


async def _nothing() -> None:
    """Ignores the call."""


async def run(
    job: Job,
    *,
    began: Callable[[], Awaitable[None]] = _nothing,
    ended: Callable[[], Awaitable[None]] = _nothing,
) -> Outcome:
    """Run a job in a separate process.

    ``began`` and ``ended`` are called when recording starts and stops. Raises GeneratorFailed.
    """
    async with _process() as process:
        assert process.stdin is not None  # noqa: S101 - both are pipes
        assert process.stdout is not None  # noqa: S101
        process.stdin.write(msgspec.msgpack.encode(job))
        process.stdin.close()
        async with asyncio.timeout(_limit(job)):
            while line := await process.stdout.readline():
                if line == BEGIN:
                    await began()
                elif line == END:
                    await ended()
                    break
            said = await process.stdout.read()
            await process.wait()
    if not said:
        raise GeneratorFailed("the load generator ended without a result")
    return msgspec.msgpack.decode(said, type=Outcome)


def _limit(job: Job) -> float:
    opening = job.opening_seconds if isinstance(job, Listen) else 0.0
    return job.seconds + opening + GRACE_SECONDS


@contextlib.asynccontextmanager
async def _process() -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bench.generator",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
