"""Redis protocol (Redis, Valkey), stepping aside at once when the server is away.

Nothing kept there is the only copy, so callers treat RedisUnavailable as a miss. After a few
failures in
a row a circuit opens: calls fail without being tried, until a probe in the background gets an
answer.
"""

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from itertools import chain
from pathlib import Path
from time import perf_counter
from typing import Any, Protocol

from opentelemetry.trace import SpanKind
from prometheus_client import Counter, Gauge
from redis.exceptions import NoScriptError, RedisError

from services.chassis.cache.redis_cluster import Cluster
from services.chassis.cache.redis_connection import (
    Address,
    Argument,
    Command,
    SingleServer,
    tls_context,
)
from services.chassis.runtime import deadline, telemetry
from services.chassis.runtime.errors import DeadlineExceeded, Unavailable
from services.chassis.runtime.histograms import DurationHistogram
from services.chassis.runtime.logs import logger
from services.chassis.runtime.shares import SharedGauge

# Long beside an answer's millisecond, short beside what a reader waits for.
CALL_SECONDS = 0.5
# Within a call, so that one which finds no connection may still be answered.
CONNECT_SECONDS = 0.5

# One slow answer is chance; three in a row, with no success between, are not.
_FAILURES_TO_OPEN = 3
_PROBE_SECONDS = 0.25
# What a server says that is starting, full, a replica, or without its master: nothing is wrong with
# the command, and the same one may succeed soon.
_TRANSIENT_ERRORS = (
    "LOADING",
    "OOM",
    "READONLY",
    "MISCONF",
    "MASTERDOWN",
    "CLUSTERDOWN",
    "TRYAGAIN",
    "BUSY ",
    # The slot moved again after the command was redirected.
    "MOVED ",
    "ASK ",
)
_CLUSTER = "+cluster://"
_SPAN = {"db.system.name": "redis"}

_failures = Counter(
    "roost_redis_failures_total", "Calls to Redis that failed or were not tried", ["outcome"]
)
_trips = DurationHistogram(
    "roost_redis_trip_seconds",
    "Duration of the trips that were answered",
    buckets=(0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5),
)
_circuit_open = SharedGauge(
    Gauge("roost_redis_circuit_open", "1 while calls fail without a try"), max
)


class RedisUnavailable(Unavailable):
    """Redis cannot be reached, or does not answer in time."""

    reason = "DEPENDENCY_UNAVAILABLE"


class Script:
    """A Lua script, called by its digest and sent whole only where the server does not have it."""

    def __init__(self, source: str) -> None:
        self.source = source
        # The digest is the protocol's name for a script, and guards nothing.
        self.sha = hashlib.sha1(source.encode(), usedforsecurity=False).hexdigest()

    def by_digest(self, keys: Sequence[str], arguments: Sequence[Argument]) -> Command:
        """The command that runs it where it is known."""
        return ("EVALSHA", self.sha, len(keys), *keys, *arguments)

    def whole(self, keys: Sequence[str], arguments: Sequence[Argument]) -> Command:
        """The command that runs it anywhere, and makes it known."""
        return ("EVAL", self.source, len(keys), *keys, *arguments)


# A script of more commands would let others wait for too long.
_MAX_IN_SCRIPT = 500
# Executes commands up to the first that is refused, and returns that refusal. ARGV: of each command
# the number of its words, and these. The keys are not named, so it is not for clusters.
_IN_ORDER = Script("""
local at = 1
while at <= #ARGV do
  local count = tonumber(ARGV[at])
  local reply = redis.pcall(unpack(ARGV, at + 1, at + count))
  if type(reply) == 'table' and reply.err then return reply end
  at = at + count + 1
end
return redis.status_reply('OK')
""")


class _Server(Protocol):
    @property
    def response_received(self) -> float: ...

    @property
    def connections(self) -> int: ...

    async def send(self, commands: Sequence[Command]) -> list[Any]: ...

    async def ping(self) -> list[Any]: ...

    async def close(self) -> None: ...


class RedisClient:
    """Commands, each trip within CALL_SECONDS and the caller's deadline. Made by `connect`.

    Replies are bytes, numbers, None or lists of them. Raises RedisUnavailable where the server is
    away or
    cannot work for now (full, starting, a replica), and redis.exceptions.ResponseError where it
    refuses a command. On a cluster the keys of one command share a slot (a hash tag), while the
    commands of one pipeline need not.
    """

    def __init__(self, server: _Server, *, cluster: bool, call_seconds: float) -> None:
        self._server = server
        self._cluster = cluster
        self._call_seconds = call_seconds
        self._failures_in_a_row = 0
        self._circuit_open = _circuit_open.share()
        self._probe: asyncio.Task[None] | None = None
        self._closed = False

    @property
    def away(self) -> bool:
        """Whether calls are failing without being tried."""
        return self._probe is not None

    @property
    def connections(self) -> int:
        """How many connections were made so far. While it is the same, so is the server."""
        return self._server.connections

    async def execute(self, *command: Argument) -> Any:
        (reply,) = await self.pipeline((command,))
        return reply

    async def mget(self, keys: Sequence[str]) -> list[bytes | None]:
        """The values of the keys, in order; None where there is none. One trip."""
        values: list[bytes | None]
        if self._cluster:
            values = await self.pipeline([("GET", key) for key in keys])
        else:
            values = await self.execute("MGET", *keys)
        return values

    async def pipeline(
        self, commands: Iterable[Command], *, raise_errors: bool = True
    ) -> list[Any]:
        """Many commands in one trip, in order but not atomic; their replies.

        With `raise_errors` the first refusal is raised after all have run; without, refusals
        are among the replies.
        """
        listed = list(commands)
        if not listed:
            return []
        replies = await self._call(partial(self._server.send, listed))
        return _accepted(replies) if raise_errors else replies

    async def in_order(self, *stages: Sequence[Command]) -> None:
        """Executes all commands of a stage after those of the stages before, and only if none of
        these was refused. One trip, and on a cluster one for each stage."""
        stages = tuple(filter(None, stages))
        if self._cluster or len(stages) == 1 or sum(map(len, stages)) > _MAX_IN_SCRIPT:
            for stage in stages:
                await self.pipeline(stage)
        else:
            arguments: list[Argument] = []
            for command in chain(*stages):
                arguments += (len(command), *command)
            await self.run(_IN_ORDER, (), arguments)

    async def run(
        self, script: Script, keys: Sequence[str], arguments: Sequence[Argument] = ()
    ) -> Any:
        (reply,) = await self.run_each(script, [(keys, arguments)])
        return reply

    async def run_each(
        self, script: Script, calls: Sequence[tuple[Sequence[str], Sequence[Argument]]]
    ) -> list[Any]:
        """Runs a script for each (keys, arguments), in one trip; the replies in order.

        Where the server does not know the script, a second trip brings it. Raises the first
        refusal, after all others have run.
        """
        replies = await self.pipeline(
            [script.by_digest(*call) for call in calls], raise_errors=False
        )
        unknown = [place for place, reply in enumerate(replies) if isinstance(reply, NoScriptError)]
        if unknown:
            # Whole each time: on a cluster they may go to different servers.
            again = await self.pipeline(
                [script.whole(*calls[place]) for place in unknown], raise_errors=False
            )
            for place, reply in zip(unknown, again, strict=True):
                replies[place] = reply
        return _accepted(replies)

    async def check(self) -> None:
        """Returns if the server answers, or all nodes of the cluster; for status pages, as nothing
        should need Redis."""
        _accepted(await self._call(self._server.ping))

    async def close(self) -> None:
        """Closes all connections. Later calls raise RedisUnavailable."""
        self._closed = True
        if self._probe is not None:
            self._probe.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._probe
            self._circuit_open.set(0)
        await self._server.close()

    async def _call(self, call: Callable[[], Awaitable[list[Any]]]) -> list[Any]:
        if self._closed or (self._probe is not None and asyncio.current_task() is not self._probe):
            _failures.labels("skipped").inc()
            raise RedisUnavailable
        limit = deadline.remaining()
        hurried = limit is not None and limit < self._call_seconds
        began = asyncio.get_running_loop().time()
        started = perf_counter()
        try:
            async with asyncio.timeout(limit if hurried else self._call_seconds):
                with telemetry.span("redis", kind=SpanKind.CLIENT, attributes=_SPAN):
                    replies = await call()
        except TimeoutError as late:
            # A caller without time says nothing about the server, nor does a process that is too
            # busy to read the answers; a circuit that opens then would add to its load.
            if hurried:
                raise DeadlineExceeded from late
            if self._server.response_received >= began:
                raise RedisUnavailable from late
            raise self._failed(late) from late
        except (RedisError, OSError) as error:
            raise self._failed(error) from error
        _trips.observe(perf_counter() - started)
        self._failures_in_a_row = 0
        return replies

    def _failed(self, error: Exception) -> RedisUnavailable:
        _failures.labels("failed").inc()
        self._failures_in_a_row += 1
        broken = self._failures_in_a_row >= _FAILURES_TO_OPEN
        if broken and self._probe is None and not self._closed:
            logger().warning("redis_unavailable", error=repr(error))
            self._probe = asyncio.create_task(self._wait_for_return(), name="redis probe")
            self._circuit_open.set(1)
        return RedisUnavailable()

    async def _wait_for_return(self) -> None:
        with deadline.none():
            while True:
                # A connection that does not answer is not used again.
                await self._server.close()
                try:
                    await self.check()
                    break
                except (RedisUnavailable, RedisError):
                    await asyncio.sleep(_PROBE_SECONDS)
        self._failures_in_a_row = 0
        self._probe = None
        self._circuit_open.set(0)
        logger().info("redis_recovered")


@asynccontextmanager
async def connect(
    url: str, *, ca_file: Path | None = None, call_seconds: float = CALL_SECONDS
) -> AsyncIterator[RedisClient]:
    """A client for the length of the block. It connects when it is used, so Redis may be away.

    The URL is `redis://…`, or `redis+cluster://…` with any node of a cluster; `rediss` for TLS.
    `ca_file` has authorities that certify servers, besides those of the system.
    """
    cluster = is_cluster(url)
    address = Address.parse(without_cluster(url))
    tls = tls_context(ca_file) if address.encrypted else None
    server: _Server
    if cluster:
        server = Cluster(address, connect_seconds=CONNECT_SECONDS, tls=tls)
    else:
        server = SingleServer(address, connect_seconds=CONNECT_SECONDS, tls=tls)
    client = RedisClient(server, cluster=cluster, call_seconds=call_seconds)
    try:
        yield client
    finally:
        await client.close()


def is_cluster(url: str) -> bool:
    """Whether the URL names a node of a cluster."""
    return _CLUSTER in url


def without_cluster(url: str) -> str:
    """The URL of the server that the URL names."""
    return url.replace(_CLUSTER, "://", 1)


def _accepted(replies: list[Any]) -> list[Any]:
    for reply in replies:
        if isinstance(reply, Exception):
            if str(reply).startswith(_TRANSIENT_ERRORS):
                raise RedisUnavailable from reply
            raise reply
    return replies
