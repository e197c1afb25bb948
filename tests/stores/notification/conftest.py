"""The stores under test, each empty, and a scenario."""

from collections.abc import AsyncIterator, Iterator

import pytest

from services.chassis.runtime.clock import ManualClock
from services.chassis.storage import postgres
from services.eventlog.domain.model import LogEntry
from services.notification.adapters.memory import MemoryNotificationStore
from services.notification.adapters.postgres import PostgresNotificationStore
from services.notification.domain.store import NotificationStore
from tests.engines import Databases
from tests.stores.notification.scenario import Scenario


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def logged() -> list[LogEntry]:
    """What every commit of the store added to logs, in order."""
    return []


@pytest.fixture(scope="module")
def database_url(postgres: Databases) -> Iterator[str]:
    """One database for a module, emptied for each of its tests."""
    url = postgres.fresh("notification")
    yield url
    postgres.drop(url)


@pytest.fixture(params=["memory", "postgres"])
async def store(
    request: pytest.FixtureRequest, clock: ManualClock, logged: list[LogEntry]
) -> AsyncIterator[NotificationStore]:
    if request.param == "memory":
        yield MemoryNotificationStore(clock=clock, announce=logged.extend)
        return
    url: str = request.getfixturevalue("database_url")
    request.getfixturevalue("postgres").clear(url)
    async with postgres.connect(url, clock=clock) as database:
        yield PostgresNotificationStore(database, announce=logged.extend)


@pytest.fixture
def scenario(store: NotificationStore, clock: ManualClock) -> Scenario:
    return Scenario(store, clock)
