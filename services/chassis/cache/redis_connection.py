"""One connection to a Redis server, shared by all calls of a process.

Commands are written as they come and replies arrive in the same order, so calls that run side by
side share trips (https://redis.io/docs/latest/develop/using-commands/pipelining/). That costs a
tenth of what a pool of connections does, each with one call at a time.
"""

import asyncio
import ssl
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, cast
from urllib.parse import unquote, urlsplit

import hiredis
from redis.exceptions import NoScriptError, ResponseError

Argument = bytes | str | int | float
Command = tuple[Argument, ...]

# A server that lets so many calls wait does not answer; holding more would only use up memory.
MAX_WAITING = 5_000
_NOTHING = object()


class Address(NamedTuple):
    """The address of a server, and the credentials."""

    host: str
    port: int
    database: int
    username: str | None
    password: str | None
    encrypted: bool

    @classmethod
    def parse(cls, url: str) -> "Address":
        """Reads `redis://[user:password@]host[:port][/database]`; `rediss://` for TLS."""
        parts = urlsplit(url)
        if parts.scheme not in ("redis", "rediss") or not parts.hostname:
            raise ValueError("a Redis URL looks like redis://host:6379/0")
        return cls(
            host=parts.hostname,
            port=parts.port or 6379,
            database=int(parts.path.strip("/") or 0),
            username=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
            encrypted=parts.scheme == "rediss",
        )


def tls_context(ca_file: Path | None) -> ssl.SSLContext:
    """Verifies the name and the certificate of a server, by the authorities of the system and
    those of the file. Raises OSError for a file that has none."""
    context = ssl.create_default_context()
    if ca_file is not None:
        context.load_verify_locations(ca_file)
    return context


class SingleServer:
    """Calls over one connection, made when it is needed and again after it was lost.

    Never sends a command twice. Not for commands that wait (BLPOP) or subscribe.
    """

    def __init__(
        self, address: Address, *, connect_seconds: float, tls: ssl.SSLContext | None = None
    ) -> None:
        self._address = address
        self._connect_seconds = connect_seconds
        self._tls = tls
        self._connection: _Connection | None = None
        self._connecting: asyncio.Task[_Connection] | None = None
        # How many connections were made so far.
        self.connections = 0

    @property
    def response_received(self) -> float:
        """When the server last said something, by the loop's clock."""
        return 0.0 if self._connection is None else self._connection.response_received

    async def send(self, commands: Sequence[Command]) -> list[Any]:
        """The replies in order, refusals (ResponseError) among them.

        Raises OSError or TimeoutError where the server is away. A caller that stops waiting
        leaves the connection whole.
        """
        connection = self._connection
        if connection is None or connection.closed:
            connection = await self._connected()
        return await connection.send(commands)

    async def ping(self) -> list[Any]:
        """The reply, if the server answers."""
        return await self.send((("PING",),))

    async def close(self) -> None:
        """Drops the connection, and with it every call that waits. The next call makes another."""
        if self._connecting is not None:
            self._connecting.cancel()
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.abort()
            await connection.ended.wait()

    async def _connected(self) -> "_Connection":
        """One connection for all who wait for it, and who go on together once it is there."""
        connecting = self._connecting
        if connecting is None:
            connecting = self._connecting = asyncio.create_task(self._connect())
            connecting.add_done_callback(self._is_settled)
        # A caller that stops waiting leaves the connection to the others.
        await asyncio.wait((connecting,))
        if connecting.cancelled():
            raise ConnectionAbortedError("the connection was dropped")
        return connecting.result()

    def _is_settled(self, connecting: "asyncio.Task[_Connection]") -> None:
        self._connecting = None
        # A failure that nobody waits for any more is no news.
        if not connecting.cancelled():
            connecting.exception()

    async def _connect(self) -> "_Connection":
        where = self._address
        async with asyncio.timeout(self._connect_seconds):
            _, connection = await asyncio.get_running_loop().create_connection(
                _Connection,
                where.host,
                where.port,
                ssl=self._tls,
            )
            try:
                await self._greet(connection)
            except BaseException:
                connection.abort()
                raise
        self._connection = connection
        self.connections += 1
        return connection

    async def _greet(self, connection: "_Connection") -> None:
        where = self._address
        greeting: list[Command] = []
        if where.password is not None:
            user = () if where.username is None else (where.username,)
            greeting.append(("AUTH", *user, where.password))
        if where.database:
            greeting.append(("SELECT", where.database))
        for reply in await connection.send(greeting) if greeting else ():
            if isinstance(reply, Exception):
                raise ConnectionError(f"the server refuses the session: {reply}")


class _Call:
    """Replies that are still to come for one call."""

    __slots__ = ("expected", "replies", "result")

    def __init__(self, expected: int, result: "asyncio.Future[list[Any]]") -> None:
        self.expected = expected
        self.replies: list[Any] = []
        self.result = result


class _Connection(asyncio.Protocol):
    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._reader = hiredis.Reader(replyError=_refusal, notEnoughData=_NOTHING)
        self._waiting: deque[_Call] = deque()
        self._transport: asyncio.Transport | None = None
        self.closed = False
        self.ended = asyncio.Event()
        self.response_received = 0.0

    async def send(self, commands: Sequence[Command]) -> list[Any]:
        if self._transport is None or self.closed or len(self._waiting) >= MAX_WAITING:
            raise ConnectionError("the connection takes no more calls")
        call = _Call(len(commands), self._loop.create_future())
        self._waiting.append(call)
        # The stub of hiredis knows tuples of one only.
        packed = [hiredis.pack_command(command) for command in commands]  # type: ignore[arg-type]
        self._transport.write(b"".join(packed))
        return await call.result

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()
        self._fail(ConnectionError("the connection was dropped"))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports have the methods of asyncio.Transport, but not its name.
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self.response_received = self._loop.time()
        try:
            self._reader.feed(data)
            while (reply := self._reader.gets()) is not _NOTHING:
                self._take(reply)
        except (hiredis.ProtocolError, IndexError):
            self.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(exc or ConnectionResetError("the server closed the connection"))
        self.ended.set()

    def _take(self, reply: Any) -> None:
        call = self._waiting[0]
        call.replies.append(reply)
        if len(call.replies) == call.expected:
            self._waiting.popleft()
            if not call.result.done():
                call.result.set_result(call.replies)

    def _fail(self, error: Exception) -> None:
        self.closed = True
        waiting, self._waiting = self._waiting, deque()
        for call in waiting:
            if not call.result.done():
                call.result.set_exception(error)


def _refusal(message: str) -> ResponseError:
    return NoScriptError(message) if message.startswith("NOSCRIPT") else ResponseError(message)
