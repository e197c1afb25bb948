"""A world with its worker on each of the stores."""

from collections.abc import AsyncIterator, Iterator

import pytest

from services.chassis.runtime.clock import ManualClock
from services.chassis.storage import postgres
from services.search.adapters.memory import MemoryPostIndex, MemorySearchStore
from services.search.adapters.memory.hashtags import MemoryHashtags
from services.search.adapters.memory.refreshes import MemoryRefreshes
from services.search.adapters.memory.reindexes import MemoryReindexes
from services.search.adapters.memory.trends import MemoryTrends
from services.search.adapters.memory.users import MemoryUserIndex
from services.search.adapters.postgres import PostgresPostIndex, PostgresSearchStore
from services.search.adapters.postgres.hashtags import PostgresHashtags
from services.search.adapters.postgres.refreshes import PostgresRefreshes
from services.search.adapters.postgres.reindexes import PostgresReindexes
from services.search.adapters.postgres.trends import PostgresTrends
from services.search.adapters.postgres.users import PostgresUserIndex
from tests.builders.search_worker import START, Stores, World
from tests.engines import Databases


def memory_stores(clock: ManualClock) -> Stores:
    store = MemorySearchStore(clock=clock)
    return Stores(
        store=store,
        posts=MemoryPostIndex(store),
        users=MemoryUserIndex(store),
        hashtags=MemoryHashtags(store),
        trend_store=MemoryTrends(store),
        refreshes=MemoryRefreshes(store),
        reindexes=MemoryReindexes(store),
    )


def postgres_stores(database: postgres.Database) -> Stores:
    return Stores(
        store=PostgresSearchStore(database),
        posts=PostgresPostIndex(database),
        users=PostgresUserIndex(database),
        hashtags=PostgresHashtags(database),
        trend_store=PostgresTrends(database),
        refreshes=PostgresRefreshes(database),
        reindexes=PostgresReindexes(database),
    )


@pytest.fixture
def search_url(postgres: Databases) -> Iterator[str]:
    """A database for one test: rebuilds create tables."""
    url = postgres.fresh("search")
    yield url
    postgres.drop(url)


@pytest.fixture(params=["memory", "postgres"])
async def world(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    clock = ManualClock(START)
    if request.param == "memory":
        yield World(memory_stores(clock), clock)
        return
    url: str = request.getfixturevalue("search_url")
    async with postgres.connect(url, clock=clock) as database:
        yield World(postgres_stores(database), clock)
