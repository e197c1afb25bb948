"""The stores under test, each empty."""

from collections.abc import AsyncIterator

import pytest

from services.chassis import postgres
from services.chassis.clock import ManualClock
from services.notification.store import NotificationStore
from services.notification.store_memory import MemoryNotificationStore
from services.notification.store_postgres import PostgresNotificationStore


@pytest.fixture(params=["memory", "postgres"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[NotificationStore]:
    clock = ManualClock()
    if request.param == "memory":
        yield MemoryNotificationStore(clock=clock)
        return
    url = request.getfixturevalue("database")("notification")
    async with postgres.connect(url, clock=clock) as database:
        yield PostgresNotificationStore(database)
