"""The stores under test, and users with devices."""

from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import count

import pytest

from services.chassis.runtime.clock import ManualClock
from services.chassis.storage import postgres
from services.delivery.adapters.memory import MemoryDeliveryStore
from services.delivery.adapters.postgres import PostgresDeliveryStore
from services.delivery.domain.model import (
    Channel,
    Delivery,
    DeliveryUpdate,
    Due,
    MailAddress,
    PushSubscription,
    State,
)
from services.delivery.domain.store import DeliveryStore
from services.notification.adapters.memory import MemoryNotificationStore
from services.notification.adapters.postgres import PostgresNotificationStore
from services.notification.domain.store import NotificationStore
from tests.engines import Databases

_numbers = count(1_000)
_EMPTY = "TRUNCATE deliveries, push_subscriptions, mail_addresses, mailed_codes, ended_sessions"


@dataclass
class Scenario:
    """A store, the time, and acts on it in transactions of their own."""

    store: DeliveryStore
    notifications: NotificationStore
    clock: ManualClock

    def number(self) -> int:
        """A unique id."""
        return next(_numbers)

    async def device(
        self, user_id: int, *, session_id: int = 1, days: int = 60
    ) -> PushSubscription:
        number = self.number()
        added = PushSubscription(
            id=number,
            user_id=user_id,
            session_id=session_id,
            endpoint=f"https://push.example/{number}",
            key=b"k" * 65,
            secret=b"s" * 16,
            create_time=self.clock.now(),
            expire_time=self.clock.now() + timedelta(days=days),
        )
        async with self.notifications.transaction() as transaction:
            await transaction.save_subscription(added)
        return added

    async def address(self, user_id: int, *, confirmed: bool) -> MailAddress:
        added = MailAddress(user_id=user_id, address=f"{user_id}@mail.example", confirmed=confirmed)
        async with self.notifications.transaction() as transaction:
            await transaction.save_address(added)
        return added

    def due(
        self,
        user_id: int,
        *,
        channel: Channel = Channel.PUSH,
        topic: str = "LIKE:7",
        version: int = 1,
        seconds: float = 2,
    ) -> Due:
        return Due(
            user_id=user_id,
            channel=channel,
            topic=topic,
            version=version,
            due_time=self.clock.now() + timedelta(seconds=seconds),
        )

    async def add(self, *due: Due) -> None:
        async with self.notifications.transaction() as transaction:
            await transaction.add_due(due, self.clock.now())

    async def claim(
        self,
        *channels: Channel,
        limit: int = 1_000,
        share: int = 1_000,
        taken: Mapping[int, int] | None = None,
    ) -> list[Delivery]:
        """What is due now, on these channels or all, for 30 s."""
        now = self.clock.now()
        claimed = []
        for channel in channels or tuple(Channel):
            claimed += await self.store.claim(
                channel,
                now=now,
                until=now + timedelta(seconds=30),
                limit=limit,
                share=share,
                taken=taken or {},
            )
        return claimed

    async def record(
        self, delivery: Delivery, state: State, *, seconds: float = 0, counted: bool = True
    ) -> None:
        now = self.clock.now()
        outcome = DeliveryUpdate(state, "201", now + timedelta(seconds=seconds), counted)
        await self.store.record(delivery, outcome, now)


@pytest.fixture(scope="module")
def database_url(postgres: Databases) -> Iterator[str]:
    """One database for a module: each test uses its own users."""
    url = postgres.fresh("notification")
    yield url
    postgres.drop(url)


@pytest.fixture(params=["memory", "postgres"])
async def scenario(request: pytest.FixtureRequest) -> AsyncIterator[Scenario]:
    clock = ManualClock()
    if request.param == "memory":
        store = MemoryNotificationStore(clock=clock)
        yield Scenario(MemoryDeliveryStore(store.database), store, clock)
        return
    url: str = request.getfixturevalue("database_url")
    async with postgres.connect(url, clock=clock, max_size=20) as connected:
        await connected.execute(_EMPTY)
        yield Scenario(
            PostgresDeliveryStore(connected),
            PostgresNotificationStore(connected, announce=lambda _: None),
            clock,
        )


@pytest.fixture
async def real(database_url: str) -> AsyncIterator[Scenario]:
    """On PostgreSQL, for tests with concurrent sessions."""
    clock = ManualClock()
    async with postgres.connect(database_url, clock=clock, max_size=20) as connected:
        await connected.execute(_EMPTY)
        yield Scenario(
            PostgresDeliveryStore(connected),
            PostgresNotificationStore(connected, announce=lambda _: None),
            clock,
        )
