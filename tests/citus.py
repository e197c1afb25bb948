"""A Citus cluster for tests: makes distributed databases on it, and ends their sessions."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
from collections.abc import AsyncIterator, Collection
from functools import partial
from typing import NamedTuple
from urllib.parse import urlsplit

import asyncpg

from services.chassis.deployment import migrations, shards
from services.chassis.deployment.database_urls import URL_PREFIX
from services.chassis.runtime.manifest import Engine, deployed
from tests.citus_node import NodeProcess, process_at
from tests.waiting import eventually

# The URL of a database on the coordinator of a Citus cluster, with the extension and all nodes, for
# a superuser on each of them. Tests then use it. See docs/sharding.md.
CITUS_SETTING = "ROOST_TEST_CITUS"
# Enough to be on both sides of a shard's border; more make each test slower.
SHARDS = 4

_LOCK = 0x726F6F73_74657374  # "roostest", among the advisory locks of the coordinator
_END_SESSIONS = """
SELECT count(*) FILTER (WHERE pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE datname = ANY ($1) AND backend_type = 'client backend' AND pid <> pg_backend_pid()
"""


_STATES = "SELECT state::text FROM citus_rebalance_status()"
_SHARDS = """
SELECT count(*) FROM citus_shards
WHERE citus_table_type = 'distributed' AND (nodename, nodeport) = ($1, $2)
"""
# More than a move of small tables takes on a busy machine.
_REBALANCE_SECONDS = 300.0


class Node(NamedTuple):
    """The address of a server."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


class CitusCluster:
    """The cluster of a coordinator's URL."""

    def __init__(self, url: str) -> None:
        self._coordinator = url

    async def create(self, name: str) -> str:
        """Creates a database without tables on each node, as Citus creates databases and extensions
        on one node alone. Returns its URL."""
        nodes = await self.nodes()
        coordinator, *workers = nodes
        url = _database_in(self._coordinator, name)
        # citus_add_node writes the roles of the coordinator to the worker, and two at once fail.
        async with self._locked():
            for node in nodes:
                await _execute(_at(self._coordinator, node), f"CREATE DATABASE {name}")
                await _execute(_at(url, node), "CREATE EXTENSION citus")
            await _execute(
                url, f"SELECT citus_set_coordinator_host('{coordinator.host}', {coordinator.port})"
            )
            for worker in workers:
                await _execute(url, f"SELECT citus_add_node('{worker.host}', {worker.port})")
        return url

    async def create_of(self, noun: str, name: str) -> str:
        """Creates a database with the distributed tables of a service. Returns its URL."""
        url = await self.create(name)
        await migrations.apply(url, migrations.folders_of(noun))
        sharding = shards.sharding_of(noun)
        if sharding is not None:
            await shards.distribute(url, sharding, shards=SHARDS)
        return url

    async def drop(self, name: str) -> None:
        """Drops a database, and ends its sessions."""
        for node in await self.nodes():
            await eventually(partial(_is_dropped, _at(self._coordinator, node), name))

    async def nodes(self) -> list[Node]:
        """The nodes, the coordinator first."""
        connection = await asyncpg.connect(self._coordinator)
        try:
            rows = await connection.fetch(
                "SELECT nodename, nodeport FROM pg_dist_node WHERE isactive ORDER BY groupid"
            )
        finally:
            await connection.close()
        return [Node(row[0], row[1]) for row in rows]

    @contextlib.asynccontextmanager
    async def _locked(self) -> AsyncIterator[None]:
        connection = await asyncpg.connect(self._coordinator)
        try:
            await connection.execute("SELECT pg_advisory_lock($1)", _LOCK)
            yield
        finally:
            connection.terminate()

    async def process_of(self, node: Node) -> NodeProcess | None:
        """The server of a node; None where it is not one that this process may kill."""
        return await process_at(_at(self._coordinator, node))

    async def end_sessions(self, node: Node, databases: Collection[str]) -> int:
        """Ends the sessions of some databases on a node: those of clients on the coordinator, those
        of the coordinator on a worker. Returns their number."""
        connection = await asyncpg.connect(_at(self._coordinator, node))
        try:
            ended: int = await connection.fetchval(_END_SESSIONS, list(databases))
        finally:
            await connection.close()
        return ended


class StackOnCitus:
    """The databases of a stack that are on a cluster. Made by `databases_of_a_stack`."""

    def __init__(self, cluster: CitusCluster, nodes: list[Node], urls: dict[str, str]) -> None:
        self.cluster = cluster
        self.nodes = nodes
        # By the service.
        self.urls = urls

    @property
    def settings(self) -> dict[str, str]:
        """What a stack needs to use them."""
        return {f"{URL_PREFIX}{noun.upper()}": url for noun, url in self.urls.items()}

    async def end_sessions(self, node: Node) -> int:
        """Ends all sessions of these databases on a node. Returns their number."""
        return await self.cluster.end_sessions(node, [name_of(url) for url in self.urls.values()])

    async def drain(self, noun: str, worker: Node) -> int:
        """Moves all shards of a service away from a worker. Returns their number."""
        before = await self._shards(noun, worker)
        await self._rebalance(noun, worker, used=False)
        return before - await self._shards(noun, worker)

    async def refill(self, noun: str, worker: Node) -> int:
        """Moves shards of a service back to a worker. Returns their number."""
        await self._rebalance(noun, worker, used=True)
        return await self._shards(noun, worker)

    async def _shards(self, noun: str, worker: Node) -> int:
        connection = await asyncpg.connect(self.urls[noun])
        try:
            count: int = await connection.fetchval(_SHARDS, worker.host, worker.port)
        finally:
            await connection.close()
        return count

    async def _rebalance(self, noun: str, worker: Node, *, used: bool) -> None:
        connection = await asyncpg.connect(self.urls[noun])

        async def is_over() -> bool:
            states = {row[0] for row in await connection.fetch(_STATES)}
            assert states <= {"scheduled", "running", "finished"}, states
            return states <= {"finished"}

        try:
            await connection.execute(
                f"SELECT citus_set_node_property("
                f"'{worker.host}', {worker.port}, 'shouldhaveshards', {used})"
            )
            await connection.execute("SELECT citus_rebalance_start()")
            await eventually(is_over, limit=_REBALANCE_SECONDS)
        finally:
            await connection.close()


_numbers = itertools.count(1)


@contextlib.asynccontextmanager
async def databases_of_a_stack(url: str) -> AsyncIterator[StackOnCitus]:
    """Creates a database for each service that is distributed, and drops them at the end."""
    cluster = CitusCluster(url)
    number = next(_numbers)
    names = {
        each.noun: f"roost_{each.noun}_{os.getpid()}_stack_{number}"
        for each in deployed()
        if Engine.POSTGRES in each.engines and each.sharding is not None
    }
    try:
        async with asyncio.TaskGroup() as group:
            made = {
                noun: group.create_task(cluster.create_of(noun, name))
                for noun, name in names.items()
            }
        urls = {noun: task.result() for noun, task in made.items()}
        yield StackOnCitus(cluster, await cluster.nodes(), urls)
    finally:
        for name in names.values():
            await cluster.drop(name)


def name_of(url: str) -> str:
    """The name of the database of a URL."""
    return urlsplit(url).path.removeprefix("/")


def _database_in(url: str, name: str) -> str:
    return urlsplit(url)._replace(path=f"/{name}").geturl()


def _at(url: str, node: Node) -> str:
    parts = urlsplit(url)
    credentials = parts.netloc.rpartition("@")[0]
    return parts._replace(netloc=f"{credentials}@{node}").geturl()


async def _is_dropped(url: str, name: str) -> bool:
    """Whether a database could be dropped. Its sessions may take seconds to end."""
    try:
        await _execute(url, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    except asyncpg.ObjectInUseError:
        return False
    return True


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
