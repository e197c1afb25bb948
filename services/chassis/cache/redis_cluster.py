"""A Redis cluster: each command goes to the node that has its keys, over one connection a node.

(https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/)
"""

import asyncio
import random
import ssl
from collections.abc import Sequence
from typing import Any, NamedTuple

from redis.crc import key_slot
from redis.exceptions import ResponseError

from services.chassis.cache.redis_connection import Address, Argument, Command, SingleServer

SLOTS = 16_384
# How long the client may take to read which node has which slots. Callers wait as long as they can.
READ_SECONDS = 5.0

# Any node executes these. All other commands have their first key as their first argument, or the
# channel: messages of a channel pass one node, so they arrive in order.
_WITHOUT_KEY = frozenset({"CLUSTER", "ECHO", "PING", "PUBSUB", "SCRIPT"})
_SCRIPTS = frozenset({"EVAL", "EVALSHA"})


class Node(NamedTuple):
    """The address of a node."""

    host: str
    port: int


class _Redirection(NamedTuple):
    """A node that a command is to be sent to; `once` while its slot is still moving there."""

    place: int
    node: Node
    once: bool


class Cluster:
    """See `SingleServer`: the same promises, for all nodes that have slots.

    After a failure, and where a node says that a slot has moved, the client reads again which node
    has which slots: a replica may have replaced a node.
    """

    def __init__(
        self, address: Address, *, connect_seconds: float, tls: ssl.SSLContext | None = None
    ) -> None:
        self._address = address
        self._connect_seconds = connect_seconds
        self._tls = tls
        self._servers: dict[Node, SingleServer] = {}
        # By slot; empty before it was read.
        self._nodes: list[Node | None] = []
        # Where the slots can be read, besides the node of the address.
        self._known: set[Node] = set()
        self._reading: asyncio.Task[None] | None = None
        # How often all connections were dropped.
        self._closings = 0
        # The connections that were made to servers that are not used any more.
        self._former_connections = 0

    @property
    def response_received(self) -> float:
        """When the node that has been silent longest said something, by the loop's clock."""
        return min((each.response_received for each in self._servers.values()), default=0.0)

    @property
    def connections(self) -> int:
        """How many connections were made so far, to all nodes."""
        return self._former_connections + sum(each.connections for each in self._servers.values())

    async def send(self, commands: Sequence[Command]) -> list[Any]:
        """The replies in order. Commands of different nodes run side by side."""
        if not self._nodes:
            await self._read()
        closings = self._closings
        try:
            nodes = [self._node_of(each) for each in commands]
            replies = await self._send_to(nodes, commands)
            await self._follow(_redirections(replies, nodes), commands, replies)
        except BaseException:
            # Also where the caller's time is over: the node may be silent.
            if closings == self._closings:
                self._begin_reading()
            raise
        return replies

    async def ping(self) -> list[Any]:
        """The replies of all nodes that have slots."""
        if not self._nodes:
            await self._read()
        nodes = sorted({node for node in self._nodes if node is not None})
        return await self._send_to(nodes, [("PING",)] * len(nodes))

    async def close(self) -> None:
        """Drops all connections, and what is known of the slots."""
        self._closings += 1
        if self._reading is not None:
            self._reading.cancel()
        servers, self._servers = self._servers, {}
        self._nodes = []
        await self._leave(list(servers.values()))

    async def _send_to(
        self, nodes: Sequence[Node | None], commands: Sequence[Command]
    ) -> list[Any]:
        places: dict[Node, list[int]] = {}
        for place, node in enumerate(nodes):
            if node is None:
                raise ConnectionError("no node has the slot of a key")
            places.setdefault(node, []).append(place)
        if len(places) == 1:
            return await self._server(next(iter(places))).send(commands)
        results = await asyncio.gather(
            *(
                self._server(node).send([commands[place] for place in mine])
                for node, mine in places.items()
            ),
            return_exceptions=True,
        )
        replies: list[Any] = [None] * len(commands)
        for mine, result in zip(places.values(), results, strict=True):
            if isinstance(result, BaseException):
                raise result
            for place, reply in zip(mine, result, strict=True):
                replies[place] = reply
        return replies

    async def _follow(
        self, redirections: Sequence[_Redirection], commands: Sequence[Command], replies: list[Any]
    ) -> None:
        """Sends each command again to the node that was named, once: it was not executed before."""
        moved = [each for each in redirections if not each.once]
        if moved:
            self._begin_reading()
            again = [commands[each.place] for each in moved]
            answers = await self._send_to([each.node for each in moved], again)
            for each, answer in zip(moved, answers, strict=True):
                replies[each.place] = answer
        for place, node, once in redirections:
            if once:
                _, replies[place] = await self._server(node).send([("ASKING",), commands[place]])

    def _node_of(self, command: Command) -> Node | None:
        key = _key_of(command)
        if key is None:
            return random.choice(self._nodes)  # noqa: S311 - spreads load
        encoded = key if isinstance(key, bytes) else str(key).encode()
        return self._nodes[key_slot(encoded)]

    def _server(self, node: Node) -> SingleServer:
        server = self._servers.get(node)
        if server is None:
            address = self._address._replace(host=node.host, port=node.port, database=0)
            server = self._servers[node] = SingleServer(
                address, connect_seconds=self._connect_seconds, tls=self._tls
            )
        return server

    async def _read(self) -> None:
        reading = self._begin_reading()
        # A caller that stops waiting leaves it to the others.
        await asyncio.wait((reading,))
        if reading.cancelled():
            raise ConnectionAbortedError("the connections were dropped")
        reading.result()

    def _begin_reading(self) -> "asyncio.Task[None]":
        if self._reading is None:
            self._reading = asyncio.create_task(self._read_slots(), name="redis slots")
            self._reading.add_done_callback(self._is_read)
        return self._reading

    def _is_read(self, reading: "asyncio.Task[None]") -> None:
        self._reading = None
        # A failure that nobody waits for any more is no news.
        if not reading.cancelled():
            reading.exception()

    async def _read_slots(self) -> None:
        """Reads the slots from the first node that has them.

        In a random order: all nodes that were known may be gone, and the node of the address may
        be, too. A reading that is cut short begins with another node the next time.
        """
        candidates = [*self._known, Node(self._address.host, self._address.port)]
        random.shuffle(candidates)
        failure: Exception = ConnectionError("no node of the cluster has its slots")
        async with asyncio.timeout(READ_SECONDS):
            for node in dict.fromkeys(candidates):
                try:
                    async with asyncio.timeout(self._connect_seconds):
                        (reply,) = await self._server(node).send([("CLUSTER", "SLOTS")])
                except (OSError, TimeoutError) as away:
                    failure = away
                    continue
                if isinstance(reply, Exception):
                    failure = ConnectionError(f"the node {node.host} refuses: {reply}")
                elif reply:
                    await self._use(slots_of(reply, asked=node))
                    return
        raise failure

    async def _use(self, nodes: "list[Node | None]") -> None:
        self._nodes = nodes
        self._known = {node for node in nodes if node is not None}
        await self._leave([self._servers.pop(each) for each in set(self._servers) - self._known])

    async def _leave(self, servers: Sequence[SingleServer]) -> None:
        self._former_connections += sum(each.connections for each in servers)
        await asyncio.gather(*(each.close() for each in servers))


def slots_of(reply: Sequence[Any], *, asked: Node) -> list[Node | None]:
    """The node of each slot, of the reply to CLUSTER SLOTS. Replicas are not used."""
    nodes: list[Node | None] = [None] * SLOTS
    for first, last, primary, *_ in reply:
        node = Node((primary[0] or b"").decode() or asked.host, primary[1])
        nodes[first : last + 1] = [node] * (last + 1 - first)
    return nodes


def _redirections(replies: Sequence[Any], asked: Sequence[Node | None]) -> list[_Redirection]:
    found = []
    for place, (reply, sender) in enumerate(zip(replies, asked, strict=True)):
        if isinstance(reply, ResponseError) and sender is not None:
            kind, _, rest = str(reply).partition(" ")
            if kind in ("MOVED", "ASK"):
                host, _, port = rest.partition(" ")[2].rpartition(":")
                # A node that does not know its name gives none: it is the one that was asked.
                node = Node(host or sender.host, int(port))
                found.append(_Redirection(place, node, kind == "ASK"))
    return found


def _key_of(command: Command) -> Argument | None:
    name = command[0]
    if name in _SCRIPTS:
        return command[3] if command[2] else None
    return None if name in _WITHOUT_KEY else command[1]
