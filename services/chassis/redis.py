"""Redis protocol (Redis, Valkey), stepping aside at once when the server is away.

Nothing kept there is the only copy, so callers treat RedisAway as a miss. After a few failures in
a row a circuit opens: calls fail without being tried, until a probe in the background gets an
answer.
"""

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from glide import GlideError
from glide import TimeoutError as NoAnswer
from prometheus_client import Counter

from services.chassis import deadline
from services.chassis.errors import DeadlineExceeded, Unavailable
from services.chassis.logs import logger
from services.chassis.redis_server import Address, Argument, Command, Server, lacks_script, may_pass

# Long beside an answer's millisecond, short beside what a reader waits for.
CALL_SECONDS = 0.5
# Within a call, so that one which finds no connection may still be answered.
CONNECT_SECONDS = 0.5

# One slow answer is chance; three in a row, with no success between, are not.
_FAILURES_TO_OPEN = 3
_PROBE_SECONDS = 0.25
# The library's clock runs apart from the event loop, so a process that is too busy to read answers
# does not take its own lateness for the server's. Ours is for a library that keeps no time.
_PATIENCE = 2.0

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

    def by_digest(self, keys: Sequence[str], arguments: Sequence[Argument]) -> Command:
        """The command that runs it where it is known."""
        return ("EVALSHA", self.sha, len(keys), *keys, *arguments)

    def whole(self, keys: Sequence[str], arguments: Sequence[Argument]) -> Command:
        """The command that runs it anywhere, and makes it known."""
        return ("EVAL", self.source, len(keys), *keys, *arguments)


class RedisClient:
    """Commands, each trip within CALL_SECONDS and the caller's deadline. Made by `connect`.

    Replies are bytes, numbers, None, lists of them, or "OK". Raises RedisAway where the server is
    away or cannot work for now (full, starting, a replica), and glide.RequestError where it refuses
    a command. On a cluster the keys of one command share a slot (a hash tag), while the commands of
    one pipeline need not.
    """

    def __init__(self, server: Server, *, call_seconds: float) -> None:
        self._server = server
        self._call_seconds = call_seconds
        self._failures_in_a_row = 0
        self._probe: asyncio.Task[None] | None = None
        self._closed = False

    @property
    def away(self) -> bool:
        """Whether calls are failing without being tried."""
        return self._probe is not None

    async def execute(self, *command: Argument) -> Any:
        """One command."""
        (reply,) = await self.pipeline((command,))
        return reply

    async def mget(self, keys: Sequence[str]) -> list[bytes | None]:
        """The values of the keys, in order; None where there is none. One trip."""
        values: list[bytes | None]
        if self._server.cluster:
            values = await self.pipeline([("GET", key) for key in keys])
        else:
            values = await self.execute("MGET", *keys)
        return values

    async def pipeline(
        self, commands: Iterable[Command], *, raise_errors: bool = True
    ) -> list[Any]:
        """Many commands in one trip, in order but not atomic; their replies.

        With `raise_errors` the first refusal is raised after all have run; without, refusals
        stand among the replies.
        """
        listed = list(commands)
        if not listed:
            return []
        replies = await self._send(listed)
        return _accepted(replies) if raise_errors else replies

    async def run(
        self, script: Script, keys: Sequence[str], arguments: Sequence[Argument] = ()
    ) -> Any:
        """Runs a script."""
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
        unknown = [place for place, reply in enumerate(replies) if lacks_script(reply)]
        if unknown:
            # Whole each time: on a cluster they may go to different servers.
            again = await self.pipeline(
                [script.whole(*calls[place]) for place in unknown], raise_errors=False
            )
            for place, reply in zip(unknown, again, strict=True):
                replies[place] = reply
        return _accepted(replies)

    async def check(self) -> None:
        """Returns if the server answers; for status pages, as nothing should need Redis."""
        await self.execute("PING")

    async def close(self) -> None:
        """Closes all connections. Redis is away for whoever calls later."""
        self._closed = True
        if self._probe is not None:
            self._probe.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._probe
        await self._server.close()

    async def _send(self, commands: Sequence[Command]) -> list[Any]:
        if self._closed or self._probe not in (None, asyncio.current_task()):
            _failures.labels("skipped").inc()
            raise RedisAway
        limit = deadline.remaining()
        hurried = limit is not None and limit < self._call_seconds
        seconds = limit if limit is not None and hurried else self._call_seconds
        try:
            async with asyncio.timeout(seconds if hurried else seconds * _PATIENCE):
                replies = await self._server.send(commands, seconds=seconds)
        except (TimeoutError, NoAnswer) as late:
            # A caller without time says nothing about the server.
            if hurried:
                raise DeadlineExceeded from late
            raise self._failed(late) from late
        except GlideError as error:
            raise self._failed(error) from error
        self._failures_in_a_row = 0
        return replies

    def _failed(self, error: Exception) -> RedisAway:
        _failures.labels("failed").inc()
        self._failures_in_a_row += 1
        broken = self._failures_in_a_row >= _FAILURES_TO_OPEN
        if broken and self._probe is None and not self._closed:
            logger().warning("redis_away", error=repr(error))
            self._probe = asyncio.create_task(self._wait_for_return(), name="redis probe")
        return RedisAway()

    async def _wait_for_return(self) -> None:
        with deadline.none():
            while True:
                # A connection that does not answer is not asked again.
                await self._server.close()
                try:
                    await self.check()
                    break
                except (RedisAway, GlideError):
                    await asyncio.sleep(_PROBE_SECONDS)
        self._failures_in_a_row = 0
        self._probe = None
        logger().info("redis_back")


@asynccontextmanager
async def connect(url: str, *, call_seconds: float = CALL_SECONDS) -> AsyncIterator[RedisClient]:
    """A client for the length of the block. It connects when it is used, so Redis may be away.

    The URL is `redis://…` (`rediss://…` with TLS), or `redis+cluster://…` with any node of a
    cluster. One event loop of a process uses such clients, as they share what wakes it.
    """
    server = Server(Address.parse(url), call_seconds=call_seconds, connect_seconds=CONNECT_SECONDS)
    client = RedisClient(server, call_seconds=call_seconds)
    try:
        yield client
    finally:
        await client.close()


def _accepted(replies: list[Any]) -> list[Any]:
    for reply in replies:
        if isinstance(reply, Exception):
            if may_pass(reply):
                raise RedisAway from reply
            raise reply
    return replies
