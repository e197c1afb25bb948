"""Real engines for tests: the parts of the local stack, started when a test needs one.

An engine starts once per session and ends with it. Each test has its own database or topic, or an
empty Valkey.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
import threading
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
import pytest
import redis

from local import brokers
from local.parts import opensearch as opensearch_part
from local.parts.broker import Broker
from local.parts.opensearch import OpenSearch
from local.parts.postgres import Postgres
from local.parts.seaweedfs import S3, SeaweedFS
from local.parts.valkey import Valkey
from local.ports import Ports
from local.secret_store import SecretStore
from local.supervisor import Supervisor
from services.chassis.deployment import migrations, topics
from services.chassis.events.bus import KafkaConnection
from tests.citus import CITUS_SETTING, CitusCluster, name_of
from tests.secured_kafka import SecuredKafka
from tests.valkey_cluster import ValkeyCluster

T = TypeVar("T")

# Set with that of Apache Kafka's jars: tests connect to it by TLS, with a password.
SECURED_SETTING = "ROOST_TEST_KAFKA_SECURED"


class Engines:
    """The engines of a session. They run in a thread with a loop of its own, so that they outlive
    the loops of the tests; every method blocks until done and may be called from any loop.
    """

    def __init__(self, folder: Path) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="engines", daemon=True)
        self._thread.start()
        self._ports = Ports(folder / "ports.json")
        secrets = SecretStore(folder / "secrets")
        self.postgres = Postgres(folder / "pg", ports=self._ports, secrets=secrets, trial=True)
        self.valkey = Valkey(folder / "valkey", ports=self._ports, secrets=secrets)
        self.seaweedfs = SeaweedFS(folder / "s3", ports=self._ports, secrets=secrets)
        self.broker = self._broker(folder / "kafka")
        self.opensearch = OpenSearch(
            folder / "opensearch",
            ports=self._ports,
            libraries=Path(os.environ.get(opensearch_part.SETTING, "")).resolve(),
        )
        self._logs = folder / "logs"
        self._supervisor = Supervisor(
            [self.postgres, self.valkey, self.seaweedfs, self.broker, self.opensearch],
            logs=self._logs,
        )
        self.run(self._supervisor.__aenter__())

    def _broker(self, folder: Path) -> Broker:
        libraries = os.environ.get(brokers.SETTING)
        if libraries and os.environ.get(SECURED_SETTING):
            return SecuredKafka(folder, ports=self._ports, libraries=Path(libraries).resolve())
        return brokers.choose(os.environ, folder=folder, ports=self._ports, storage=self.seaweedfs)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Runs a coroutine in the loop of the engines."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def start(self, name: str) -> None:
        """Starts postgres, valkey, seaweedfs, broker or opensearch, with its dependencies."""
        self.run(self._supervisor.start([name]))

    def log(self, name: str) -> Path:
        """The file that an engine writes its log to."""
        return self._logs / f"{name}.log"

    def stop(self, name: str) -> None:
        """Stops an engine."""
        self.run(self._supervisor.stop([name]))

    def kill(self, name: str) -> None:
        """Kills an engine by SIGKILL. The supervisor starts it again."""
        (pid,) = (part.pid for part in self._supervisor.statuses() if part.name == name)
        assert pid is not None
        os.kill(pid, signal.SIGKILL)

    def close(self) -> None:
        """Stops every engine and the thread."""
        self.run(self._supervisor.__aexit__())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._ports.release()


class Databases:
    """Creates databases on the test server."""

    def __init__(self, engines: Engines) -> None:
        self._engines = engines
        self._templates: set[str] = set()
        self._numbers = itertools.count(1)

    def fresh(self, noun: str) -> str:
        """Returns the URL of a new database with the schema of the service `noun`.

        Its role owns it. It is a copy of one that was migrated once. "chassis" means the tables of
        the chassis.
        """
        server = self._engines.postgres
        owner, template = f"roost_{noun}", f"template_{noun}"
        if noun not in self._templates:
            self._engines.run(server.create_database(template, owner=owner))
            url = server.url(template, role=owner)
            self._engines.run(migrations.apply(url, migrations.folders_of(noun)))
            self._templates.add(noun)
        name = f"{owner}_{next(self._numbers)}"
        self._engines.run(server.create_database(name, owner=owner, template=template))
        return server.url(name, role=owner)

    def clear(self, url: str) -> None:
        """Deletes all rows that were added since `fresh`, ten times faster than a new database.
        Rows that migrations add must not have changed.
        """
        self._engines.run(_clear(url))

    def empty(self) -> str:
        """Returns the URL of a new database without a schema."""
        name = f"empty_{next(self._numbers)}"
        self._engines.run(self._engines.postgres.create_database(name))
        return self._engines.postgres.url(name)

    def drop(self, url: str) -> None:
        """Drops a database of `fresh` or `empty`, and ends its sessions."""
        self._engines.run(self._engines.postgres.drop_database(name_of(url)))


class CitusDatabases(Databases):
    """Creates distributed databases on a Citus cluster.

    To distribute the tables of one takes many seconds, so those of services are emptied and used
    again.
    """

    def __init__(self, engines: Engines, url: str) -> None:
        super().__init__(engines)
        self._cluster = CitusCluster(url)
        self._nouns: dict[str, str] = {}
        self._free: dict[str, list[str]] = {}

    def fresh(self, noun: str) -> str:
        if free := self._free.get(noun):
            return free.pop()
        name = f"roost_{noun}_{os.getpid()}_{next(self._numbers)}"
        url = self._engines.run(self._cluster.create_of(noun, name))
        self._nouns[url] = noun
        return url

    def empty(self) -> str:
        name = f"empty_{os.getpid()}_{next(self._numbers)}"
        return self._engines.run(self._cluster.create(name))

    def drop(self, url: str) -> None:
        noun = self._nouns.get(url)
        # Tests of the chassis add tables of their own.
        if noun in {None, "chassis"}:
            self._nouns.pop(url, None)
            self._engines.run(self._cluster.drop(name_of(url)))
            return
        self.clear(url)
        self._free.setdefault(noun, []).append(url)

    def close(self) -> None:
        """Drops the databases that were used again."""
        for url in self._nouns:
            self._engines.run(self._cluster.drop(name_of(url)))


# Tables to which migrations add rows.
_FILLED = (
    "schema_migrations",
    "buckets",
    "worker_leases",
    "post_generations",
    "post_segments",
    "opensearch_generations",
)
_TABLES = """
SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public' AND tablename != ALL ($1)
"""


async def _clear(url: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        # On Citus, without the shards of these tables.
        await connection.execute("SET citus.override_table_visibility = on")
        tables = await connection.fetch(_TABLES, _FILLED)
        await connection.execute(";".join(f"DELETE FROM {table}" for (table,) in tables))
    finally:
        await connection.close()


@pytest.fixture(scope="session")
def engines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engines]:
    """The engines, not started; for tests that stop and start one."""
    running = Engines(tmp_path_factory.mktemp("engines"))
    try:
        yield running
    finally:
        running.close()


@pytest.fixture(scope="session")
def postgres(engines: Engines) -> Iterator[Databases]:
    """PostgreSQL, for fixtures that keep a database longer than a test."""
    citus = os.environ.get(CITUS_SETTING)
    if citus:
        distributed = CitusDatabases(engines, citus)
        yield distributed
        distributed.close()
        return
    engines.start("postgres")
    yield Databases(engines)


@pytest.fixture
def database(postgres: Databases) -> Iterator[Callable[[str], str]]:
    """Returns the URL of a migrated database of a service, dropped after the test."""
    made: list[str] = []

    def fresh(noun: str) -> str:
        made.append(postgres.fresh(noun))
        return made[-1]

    yield fresh
    for url in made:
        postgres.drop(url)


@pytest.fixture
def empty_database(postgres: Databases) -> Iterator[str]:
    """The URL of a database without a schema, dropped after the test."""
    url = postgres.empty()
    yield url
    postgres.drop(url)


@pytest.fixture
def valkey(engines: Engines) -> str:
    """The URL of Valkey, emptied for this test."""
    engines.start("valkey")
    with redis.Redis.from_url(engines.valkey.url) as client:
        client.flushall()
    return engines.valkey.url


@pytest.fixture(scope="session")
def running_cluster(
    engines: Engines, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ValkeyCluster]:
    """A Valkey cluster, for tests that stop a node and start it again."""
    cluster = ValkeyCluster(engines.valkey.command()[0], tmp_path_factory.mktemp("cluster"))
    cluster.start()
    try:
        yield cluster
    finally:
        cluster.close()


@pytest.fixture
def valkey_cluster(running_cluster: ValkeyCluster) -> str:
    """The URL of a Valkey cluster of three nodes, emptied for this test."""
    running_cluster.clear()
    return running_cluster.url


@pytest.fixture(params=["valkey", "valkey_cluster"])
def valkey_servers(request: pytest.FixtureRequest) -> str:
    """The URL of Valkey, emptied for this test: once of one server, once of a cluster."""
    url: str = request.getfixturevalue(request.param)
    return url


@pytest.fixture(scope="session")
def s3(engines: Engines) -> S3:
    """The address of the object store, with the buckets of the stack."""
    engines.start("seaweedfs")
    return engines.seaweedfs.media


@pytest.fixture(scope="session")
def opensearch(engines: Engines) -> str:
    """The URL of OpenSearch. Skips where its jars are not set."""
    if not os.environ.get(opensearch_part.SETTING):
        pytest.skip(f"{opensearch_part.SETTING} is not set: see `make test-opensearch`")
    engines.start("opensearch")
    return engines.opensearch.url


@pytest.fixture(scope="session")
def kafka(engines: Engines) -> KafkaConnection:
    """How clients connect to the broker."""
    engines.start("broker")
    return engines.broker.connection


@pytest.fixture(scope="session")
def _topic_numbers() -> Iterator[int]:
    return itertools.count(1)


@pytest.fixture
def topic(kafka: KafkaConnection, _topic_numbers: Iterator[int]) -> Callable[..., str]:
    """Creates a topic for one test, `topic("posts", partitions=2)`, and returns its name."""

    def create(purpose: str = "events", *, partitions: int = 2) -> str:
        name = f"test.{purpose}.{next(_topic_numbers)}"
        topics.create(kafka, [name], partitions=partitions)
        return name

    return create
