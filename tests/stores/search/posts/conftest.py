"""The indexes of posts under test, each empty."""

import secrets
from collections.abc import AsyncIterator
from functools import partial

import pytest

from services.chassis.storage.postgres import Database, connect
from services.search.adapters.memory import MemoryPostIndex, MemorySearchStore
from services.search.adapters.opensearch import OpenSearchPostIndex
from services.search.adapters.opensearch import connect as connect_to_opensearch
from services.search.adapters.postgres import PostgresPostIndex, PostgresSearchStore
from tests.engines import Databases
from tests.stores.search.posts.engine import Engine

# Small, so that a few hundred posts have many segments, and few of them are in the first window.
SEGMENT_SIZE, WINDOW = 40, 15


@pytest.fixture
def reference() -> Engine:
    """An index in memory beside the one under test: what must be found."""
    return in_memory()


@pytest.fixture
async def database(postgres: Databases) -> AsyncIterator[Database]:
    """A database with many sessions."""
    url = postgres.fresh("search")
    async with connect(url, max_size=12) as connected:
        yield connected
    postgres.drop(url)


@pytest.fixture
def on_postgres(database: Database) -> Engine:
    """For tests of PostgreSQL alone."""
    index = PostgresPostIndex(database, segment_size=SEGMENT_SIZE, window=WINDOW)
    return Engine(PostgresSearchStore(database), index)


@pytest.fixture
async def on_opensearch(opensearch: str, database: Database) -> AsyncIterator[Engine]:
    """For tests of OpenSearch alone. Its indexes are deleted after the test."""
    name = f"test-{secrets.token_hex(8)}"
    async with connect_to_opensearch(opensearch) as cluster:
        index = OpenSearchPostIndex(database, cluster, name=name, segment_size=SEGMENT_SIZE)
        await index.maintain()
        yield Engine(
            PostgresSearchStore(database),
            index,
            refresh=partial(cluster.refresh, f"{name}-*"),
            transactional=False,
        )
        await cluster.delete(f"{name}-*")


@pytest.fixture(params=["in_memory", "on_postgres", "on_opensearch"])
def engine(request: pytest.FixtureRequest) -> Engine:
    found: Engine = request.getfixturevalue(request.param)
    return found


@pytest.fixture(name="in_memory")
def in_memory_fixture() -> Engine:
    return in_memory()


def in_memory() -> Engine:
    store = MemorySearchStore()
    return Engine(store, MemoryPostIndex(store))
