"""What the load generator is frames and what it tells, between its process and the bench's."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Awaitable, Callable

import msgspec

BEGIN, END = b"begin\n", b"end\n"
# Beyond its own time: to start, to connect, and to wait for the last answers.
GRACE_SECONDS = 60.0


class GeneratorFailed(Exception):
    """The load generator ended without a result; the message is its last words."""


class Kind(msgspec.Struct, frozen=True):
    """Requests of one kind, and how often they are drawn beside the others."""

    name: str
    requests: list[bytes]
    weight: float = 1.0


class Load(msgspec.Struct, frozen=True, tag="load"):
    """Requests drawn at random by their weights, for a while.

    With a ``rate`` the loop is open: so many a second are due, independently of the answers.
    Without, it is closed: each connection sends its next request when it has its answer.
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
    """Each request of a list is answered once, in order, on so many connections.

    Those that a busy edge puts off are made again; all are to be done within ``seconds``.
    """

    host: str
    port: int
    requests: list[bytes]
    connections: int
    seconds: float = 300.0


class Probe(msgspec.Struct, frozen=True, tag="probe"):
    """Writes a post and reads a home until the post is there; then waits and does it again.

    Each pair is a write, and the reads of a home in which it must appear; pairs run side by side.
    """

    host: str
    port: int
    pairs: list[tuple[bytes, bytes]]
    seconds: float
    pause_seconds: float = 0.1
    poll_seconds: float = 0.005
    limit_seconds: float = 15.0


class Listen(msgspec.Struct, frozen=True, tag="listen"):
    """Opens a socket with each ticket, in turns at the edges, and then does the acts at ``rate``.

    A ticket is the request that gives one. An act writes a post, or is done to one; ``each_to``
    sockets are frames of each. Measured are "opened", "answered", "frames" and "last": from when an
    act was due to its answer, to each frame about its post, and to the last of them.
    """

    edges: list[tuple[str, int]]
    tickets: list[bytes]
    topics: list[str]
    acts: list[bytes]
    each_to: int
    rate: float
    seconds: float
    # For opening all sockets, beside the seconds of the acts.
    opening_seconds: float = 200.0


Job = Load | Once | Probe | Listen


class Measured(msgspec.Struct):
    """What became of one kind of request."""

    # In seconds, of answers that were not refusals.
    latencies: list[float] = []
    refusals: dict[int, int] = {}
    body_bytes: int = 0


class Outcome(msgspec.Struct):
    """What a job gave."""

    seconds: float
    measured: dict[str, Measured]
    # The generator's own CPU meanwhile.
    cpu_seconds: float
    # How late requests of an open loop were written, beyond waiting for a connection.
    lateness: list[float] = []
    # Requests that were due and never sent, as the server was too far behind.
    unsent: int = 0

    @property
    def answered(self) -> int:
        """Answers that were not refusals."""
        return sum(len(each.latencies) for each in self.measured.values())

    @property
    def refused(self) -> int:
        """Refusals."""
        return sum(sum(each.refusals.values()) for each in self.measured.values())

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.answered / self.seconds


async def _nothing() -> None:
    """Nobody wants to know."""


async def run(
    job: Job,
    *,
    began: Callable[[], Awaitable[None]] = _nothing,
    ended: Callable[[], Awaitable[None]] = _nothing,
) -> Outcome:
    """Run a job in a process of its own; ``began`` and ``ended`` are called around what counts.

    Raises GeneratorFailed.
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
