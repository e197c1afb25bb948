"""The stores under test, and users to fill them."""

from collections.abc import AsyncIterator, Iterator

import pytest

from services.chassis.runtime.clock import ManualClock
from services.chassis.storage import postgres
from services.user.adapters.memory import MemoryUserStore
from services.user.adapters.postgres import PostgresUserStore
from services.user.rpc.events import describe
from tests.builders.users import Scenario
from tests.engines import Databases


@pytest.fixture(scope="module")
def database_url(postgres: Databases) -> Iterator[str]:
    """One database for a module: its tests use users of their own."""
    url = postgres.fresh("user")
    yield url
    postgres.drop(url)


@pytest.fixture(params=["memory", "postgres"])
async def scenario(request: pytest.FixtureRequest) -> AsyncIterator[Scenario]:
    clock = ManualClock()
    if request.param == "memory":
        yield Scenario(MemoryUserStore(clock=clock, describe=describe), clock)
        return
    url: str = request.getfixturevalue("database_url")
    async with postgres.connect(url, clock=clock) as connected:
        yield Scenario(PostgresUserStore(connected, describe=describe), clock)


@pytest.fixture
async def real(database_url: str) -> AsyncIterator[Scenario]:
    """For what only a database with many sessions can show."""
    clock = ManualClock()
    async with postgres.connect(database_url, clock=clock, max_size=20) as connected:
        yield Scenario(PostgresUserStore(connected, describe=describe), clock)
