"""A world with its worker on each of the stores."""

from collections.abc import AsyncIterator, Iterator

import pytest

from services.chassis.runtime.clock import ManualClock
from services.chassis.storage import postgres
from tests.builders.search_worker import START, World, memory_stores, postgres_stores
from tests.engines import Databases


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
