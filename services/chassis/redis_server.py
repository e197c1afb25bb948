"""A Redis server or cluster behind glide, whose one connection to a node all calls share."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from glide import (
    AdvancedGlideClientConfiguration,
    AdvancedGlideClusterClientConfiguration,
    BackoffStrategy,
    Batch,
    BatchOptions,
    ClusterBatch,
    ClusterBatchOptions,
    GlideClient,
    GlideClientConfiguration,
    GlideClusterClient,
    GlideClusterClientConfiguration,
    Logger,
    LogLevel,
    NodeAddress,
    NodeDiscoveryMode,
    RequestError,
    ServerCredentials,
)

Argument = bytes | str | int | float
Command = tuple[Argument, ...]

# A restarted server is back soon, so the wait between attempts stays short; they never end.
_RECONNECT = BackoffStrategy(num_of_retries=1, factor=50, exponent_base=2)

# How the library begins what it tells of a refusal whose code it has a name of its own for.
_KNOWN_REFUSAL = "An error was signalled by the server: - "
# Refused by a server that is starting, full, a replica, or without its master.
_PASSING = {
    "BusyLoadingError",
    "OOM",
    "ReadOnly",
    "MISCONF",
    "MasterDown",
    "ClusterDown",
    "TryAgain",
    "BUSY",
}


class Address(NamedTuple):
    """Where a server is and who asks."""

    host: str
    port: int
    database: int
    username: str | None
    password: str | None
    encrypted: bool
    cluster: bool

    @classmethod
    def parse(cls, url: str) -> "Address":
        """Reads `redis://[user:password@]host[:port][/database]`.

        `rediss://` for TLS; `redis+cluster://` and `rediss+cluster://` with any node of a cluster.
        """
        parts = urlsplit(url)
        kind, _, cluster = parts.scheme.partition("+")
        if kind not in ("redis", "rediss") or cluster not in ("", "cluster") or not parts.hostname:
            raise ValueError("a Redis URL looks like redis://host:6379/0")
        return cls(
            host=parts.hostname,
            port=parts.port or 6379,
            database=int(parts.path.strip("/") or 0),
            username=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
            encrypted=kind == "rediss",
            cluster=bool(cluster),
        )


class Server:
    """Calls over a connection that is made when it is needed, and made anew when it was lost.

    Belongs to the event loop it is first used in. Never sends a command twice. Not for commands
    that wait (BLPOP) or subscribe.
    """

    def __init__(self, address: Address, *, call_seconds: float, connect_seconds: float) -> None:
        self.cluster = address.cluster
        self._address = address
        self._call_seconds = call_seconds
        self._connect_seconds = connect_seconds
        self._client: GlideClient | GlideClusterClient | None = None

    async def send(self, commands: Sequence[Command], *, seconds: float) -> list[Any]:
        """The replies in order, refusals (RequestError) among them, within `seconds`.

        Raises GlideError where the server is away. A caller that stops waiting leaves the
        connection whole. On a cluster each command goes to the node that has its keys.
        """
        client = self._client
        if client is None:
            client = self._client = await self._connect()
        limit = max(1, math.ceil(seconds * 1000))
        replies: list[Any] | None
        if isinstance(client, GlideClusterClient):
            spread = ClusterBatch(is_atomic=False)
            for command in commands:
                spread.custom_command(_encoded(command))
            replies = await client.exec(
                spread, raise_on_error=False, options=ClusterBatchOptions(timeout=limit)
            )
        else:
            batch = Batch(is_atomic=False)
            for command in commands:
                batch.custom_command(_encoded(command))
            replies = await client.exec(
                batch, raise_on_error=False, options=BatchOptions(timeout=limit)
            )
        return replies or []

    async def close(self) -> None:
        """Drops the connections, and with them every call that waits. The next call makes new."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    async def _connect(self) -> GlideClient | GlideClusterClient:
        # Its own log lines have another form than ours, and say what the circuit says.
        Logger.init(LogLevel.OFF)
        where = self._address
        connect_limit = round(self._connect_seconds * 1000)
        call_limit = round(self._call_seconds * 1000)
        addresses = [NodeAddress(where.host, where.port)]
        credentials = (
            None if where.password is None else ServerCredentials(where.password, where.username)
        )
        # Lazy: making the client blocks the loop, so it must not wait for a server.
        if where.cluster:
            return await GlideClusterClient.create(
                GlideClusterClientConfiguration(
                    addresses,
                    use_tls=where.encrypted,
                    credentials=credentials,
                    request_timeout=call_limit,
                    reconnect_strategy=_RECONNECT,
                    lazy_connect=True,
                    advanced_config=AdvancedGlideClusterClientConfiguration(connect_limit),
                )
            )
        return await GlideClient.create(
            GlideClientConfiguration(
                addresses,
                use_tls=where.encrypted,
                credentials=credentials,
                request_timeout=call_limit,
                reconnect_strategy=_RECONNECT,
                database_id=where.database,
                lazy_connect=True,
                node_discovery_mode=NodeDiscoveryMode.STATIC,
                advanced_config=AdvancedGlideClientConfiguration(connect_limit),
            )
        )


def lacks_script(reply: object) -> bool:
    """Whether the server refused a call because it does not know the script."""
    return isinstance(reply, RequestError) and _code(reply) == "NoScriptError"


def may_pass(refusal: Exception) -> bool:
    """Whether nothing is wrong with the command, and the same one may succeed soon."""
    return _code(refusal) in _PASSING


def _code(refusal: Exception) -> str:
    # The library tells refusals apart by their text only.
    return str(refusal).removeprefix(_KNOWN_REFUSAL).partition(":")[0]


def _encoded(command: Command) -> list[str | bytes]:
    return [part if isinstance(part, (bytes, str)) else str(part) for part in command]
