"""Redis protocol (Redis, Valkey): a bounded pool that steps aside at once when the server is away.

Nothing kept there is the only copy, so callers treat RedisAway as a miss. After a few failures in
a row a circuit opens: calls fail without being tried, until a probe in the background gets an
answer.
"""

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator, Awaitable, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import redis.asyncio as redis_asyncio
from prometheus_client import Counter
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, RedisError, ResponseError

from services.chassis import deadline
from services.chassis.errors import DeadlineExceeded, Unavailable
from services.chassis.logs import logger

T = TypeVar("T")
Argument = bytes | str | int | float
Command = tuple[Argument, ...]

CALL_SECONDS = 0.25
CONNECT_SECONDS = 0.25
MAX_CONNECTIONS = 32

# One slow answer is chance; three in a row, with no success between, are not.
_FAILURES_TO_OPEN = 3
_PROBE_SECONDS = 0.25
_CLUSTER_SCHEME = "redis+cluster://"

_failures = Counter(
    "roost_redis_failures_total", "Calls to Redis that failed or were not tried", ["outcome"]
)


class RedisAway(Unavailable):
    """Redis cannot be reached, or does not answer in time."""

    reason = "DEPENDENCY_UNAVAILABLE"


class Script:
    """A Lua script, called by its digest and sent whole only where the server lacks it."""

    def __init__(self, source: str) -> None:
        self.source = source
        # The digest is the protocol's name for a script, and guards nothing.
        self.sha = hashlib.sha1(source.encode(), usedforsecurity=False).hexdigest()


class RedisClient:
    """Commands over a pool, each within CALL_SECONDS and the caller's deadline. Made by `connect`.

    Replies are bytes. Raises RedisAway where the server is away, and redis.ResponseError where it
    refuses a command. A command whose connection broke is sent once more, so use none that must
    not be repeated. In a cluster the keys of one command share a slot (a hash tag), but commands
    of one pipeline need not.
    """

    def __init__(self, server: Any, *, cluster: bool, call_seconds: float) -> None:
        self._server = server
        self._cluster = cluster
        self._call_seconds = call_seconds
        self._failures_in_a_row = 0
        self._probe: asyncio.Task[None] | None = None

    @property
    def away(self) -> bool:
        """Whether calls are failing without being tried."""
        return self._probe is not None

    async def execute(self, *command: Argument) -> Any:
        """One command."""
        return await self._guarded(self._server.execute_command(*command))

    async def mget(self, keys: Sequence[str]) -> list[bytes | None]:
        """The values of the keys, in order; None where there is none."""
        many = self._server.mget_nonatomic if self._cluster else self._server.mget
        values: list[bytes | None] = await self._guarded(many(list(keys)))
        return values

    async def pipeline(
        self, commands: Iterable[Command], *, raise_errors: bool = True
    ) -> list[Any]:
        """Many commands in one trip, in order but not atomic; their replies.

        With `raise_errors` the first refusal is raised after all have run; without, refusals
        stand among the replies.
        """
        pipe = self._server.pipeline(**({} if self._cluster else {"transaction": False}))
        for command in commands:
            pipe.execute_command(*command)
        replies: list[Any] = await self._guarded(pipe.execute(raise_on_error=raise_errors))
        return replies

    async def run(
        self, script: Script, keys: Sequence[str], arguments: Sequence[Argument] = ()
    ) -> Any:
        """Runs a script; loads it first where the server does not know it."""
        try:
            return await self.execute("EVALSHA", script.sha, len(keys), *keys, *arguments)
        except NoScriptError:
            return await self.execute("EVAL", script.source, len(keys), *keys, *arguments)

    async def run_each(
        self, script: Script, calls: Sequence[tuple[Sequence[str], Sequence[Argument]]]
    ) -> list[Any]:
        """Runs a script for each (keys, arguments), in one trip; the replies in order.

        Raises the first refusal, after all others have run.
        """
        replies = await self.pipeline(
            (("EVALSHA", script.sha, len(keys), *keys, *arguments) for keys, arguments in calls),
            raise_errors=False,
        )
        unknown = [place for place, reply in enumerate(replies) if isinstance(reply, NoScriptError)]
        if unknown:
            # Sent whole each time: on a cluster they may go to different servers.
            again = await self.pipeline(
                (
                    (
                        "EVAL",
                        script.source,
                        len(calls[place][0]),
                        *calls[place][0],
                        *calls[place][1],
                    )
                    for place in unknown
                ),
                raise_errors=False,
            )
            for place, reply in zip(unknown, again, strict=True):
                replies[place] = reply
        for reply in replies:
            if isinstance(reply, Exception):
                raise reply
        return replies

    async def check(self) -> None:
        """Returns if the server answers; for status pages, as nothing should need Redis."""
        await self.execute("PING")

    async def close(self) -> None:
        """Closes all connections."""
        if self._probe is not None:
            self._probe.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._probe
        await self._server.aclose()

    async def _guarded(self, reply: Awaitable[T]) -> T:
        if self._probe is not None and asyncio.current_task() is not self._probe:
            _discard(reply)
            _failures.labels("skipped").inc()
            raise RedisAway
        limit = deadline.remaining()
        hurried = limit is not None and limit < self._call_seconds
        try:
            async with asyncio.timeout(limit if hurried else self._call_seconds):
                result = await reply
        except ResponseError:
            self._failures_in_a_row = 0
            raise
        except TimeoutError as late:
            if hurried:
                # It says nothing about the server that this caller had no time left.
                raise DeadlineExceeded from late
            raise self._failed(late) from late
        except (RedisError, OSError) as error:
            raise self._failed(error) from error
        self._failures_in_a_row = 0
        return result

    def _failed(self, error: Exception) -> RedisAway:
        _failures.labels("failed").inc()
        self._failures_in_a_row += 1
        if self._failures_in_a_row >= _FAILURES_TO_OPEN and self._probe is None:
            logger().warning("redis_away", error=type(error).__name__)
            self._probe = asyncio.create_task(self._wait_for_return(), name="redis probe")
        return RedisAway(metadata={"error": type(error).__name__})

    async def _wait_for_return(self) -> None:
        with deadline.none():
            while True:
                try:
                    await self.check()
                    break
                except (RedisAway, ResponseError):
                    await asyncio.sleep(_PROBE_SECONDS)
        self._failures_in_a_row = 0
        self._probe = None
        logger().info("redis_back")


@asynccontextmanager
async def connect(
    url: str, *, max_connections: int = MAX_CONNECTIONS, call_seconds: float = CALL_SECONDS
) -> AsyncIterator[RedisClient]:
    """A client for the length of the block. It opens nothing yet, so Redis may be away.

    The URL is `redis://…`, or `redis+cluster://…` with any node of a cluster.
    """
    cluster = url.startswith(_CLUSTER_SCHEME)
    options: dict[str, Any] = {
        "socket_connect_timeout": CONNECT_SECONDS,
        "socket_timeout": None,  # the call as a whole has a time limit
        "protocol": 2,
        # A pooled connection may have died while it was idle: one more try, at once.
        "retry": Retry(NoBackoff(), 1),
    }
    if cluster:
        server: Any = redis_asyncio.RedisCluster.from_url(
            "redis://" + url.removeprefix(_CLUSTER_SCHEME),
            max_connections=max_connections,
            **options,
        )
    else:
        pool = redis_asyncio.BlockingConnectionPool.from_url(
            url, max_connections=max_connections, timeout=call_seconds, **options
        )
        server = redis_asyncio.Redis.from_pool(pool)
    client = RedisClient(server, cluster=cluster, call_seconds=call_seconds)
    try:
        yield client
    finally:
        await client.close()


def _discard(reply: Awaitable[Any]) -> None:
    """A coroutine that nobody awaits would complain."""
    if asyncio.iscoroutine(reply):
        reply.close()
