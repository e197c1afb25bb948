"""The stores under test, each empty, with two owners."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from services.chassis.runtime.clock import ManualClock
from services.chassis.storage import postgres
from services.media.adapters.memory import MemoryMediaStore
from services.media.adapters.postgres import PostgresMediaStore
from services.media.domain.model import Medium, Upload
from services.media.domain.store import Store
from services.media.rpc.events import describe
from tests.builders.media import START, a_medium, a_ready_medium, an_upload
from tests.builders.posts import Numbers
from tests.engines import Databases


class Scenario:
    """A store, two owners, and verbs for what is done to it."""

    def __init__(self, store: Store, clock: ManualClock) -> None:
        self.store = store
        self.clock = clock
        self.numbers = Numbers()
        self.alice = self.numbers.user(bucket=3)
        self.bob = self.numbers.user(bucket=511)

    async def add(self, owner_id: int, **given: Any) -> Medium:
        """Stores a medium that waits for its upload."""
        return await self.store_medium(a_medium(self.numbers.of(owner_id), owner_id, **given))

    async def ready(self, owner_id: int, **given: Any) -> Medium:
        """Stores a medium that was processed."""
        return await self.store_medium(a_ready_medium(self.numbers.of(owner_id), owner_id, **given))

    async def store_medium(self, medium: Medium) -> Medium:
        async with self.store.transaction() as transaction:
            await transaction.lock_owner(medium.owner_id)
            await transaction.add_medium(medium)
        return medium

    async def save(self, medium: Medium) -> Medium:
        async with self.store.transaction() as transaction:
            await transaction.lock_media(medium.owner_id, [medium.id])
            await transaction.save_medium(medium)
        return medium

    async def upload(self, medium: Medium, **given: Any) -> Upload:
        """Stores the upload of a medium."""
        upload = an_upload(medium, **given)
        async with self.store.transaction() as transaction:
            await transaction.lock_owner(medium.owner_id)
            await transaction.add_upload(upload)
        return upload

    async def current(self, medium: Medium) -> Medium:
        return (await self.store.media([medium.id]))[medium.id]


@pytest.fixture(scope="module")
def database_url(postgres: Databases) -> Iterator[str]:
    """One database for a module."""
    url = postgres.fresh("media")
    yield url
    postgres.drop(url)


@pytest.fixture
def empty_url(database_url: str, postgres: Databases) -> str:
    """The database of the module without rows: queues have no owner."""
    postgres.clear(database_url)
    return database_url


@pytest.fixture(params=["memory", "postgres"])
async def scenario(request: pytest.FixtureRequest) -> AsyncIterator[Scenario]:
    clock = ManualClock(START)
    if request.param == "memory":
        yield Scenario(MemoryMediaStore(clock=clock, describe=describe), clock)
        return
    url: str = request.getfixturevalue("empty_url")
    async with postgres.connect(url, clock=clock) as connected:
        yield Scenario(PostgresMediaStore(connected, describe=describe), clock)


@pytest.fixture
async def database(empty_url: str) -> AsyncIterator[postgres.Database]:
    """A database with many sessions, for concurrent tests."""
    async with postgres.connect(empty_url, max_size=20) as connected:
        yield connected
