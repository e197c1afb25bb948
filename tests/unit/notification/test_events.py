"""Which event leads to what."""

from typing import Any

from roost.user.v1.user_events_pb2 import SessionRevoked, UserDeleted

from services.chassis.clock import ManualClock
from services.chassis.events import Event, OutboxMessage
from services.notification.model import Marker
from services.notification.store_memory import MemoryNotificationStore
from services.notification.subscriber import routes

ALICE, BOB = 1, 2


def event(body: Any, key: int = 1) -> Event:
    message = OutboxMessage.of(topic="test", key=key, body=body)
    return Event.from_message(message, time=ManualClock().now(), traceparent=None)


async def handle(store: MemoryNotificationStore, happened: Event) -> None:
    handler = routes(store)(happened.type)
    assert handler is not None
    await handler(happened)


async def test_nothing_is_left_of_a_deleted_person() -> None:
    clock = ManualClock()
    store = MemoryNotificationStore(clock=clock)
    async with store.transaction() as transaction:
        await transaction.set_marker(ALICE, Marker(1, clock.now()))
        await transaction.set_marker(BOB, Marker(1, clock.now()))

    await handle(store, event(UserDeleted(user_id=ALICE)))
    await handle(store, event(UserDeleted(user_id=ALICE)))

    assert await store.marker(ALICE) is None
    assert await store.marker(BOB) == Marker(1, clock.now())


async def test_an_ended_session_takes_its_devices_along() -> None:
    store = MemoryNotificationStore(clock=ManualClock())

    await handle(store, event(SessionRevoked(user_id=ALICE, session_id=7)))
    await handle(store, event(SessionRevoked(user_id=ALICE, session_id=7)))

    async with store.transaction() as transaction:
        assert await transaction.session_ended(ALICE, 7)
        assert not await transaction.session_ended(ALICE, 8)
