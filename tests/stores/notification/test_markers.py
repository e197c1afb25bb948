"""Where somebody stopped reading, in every implementation of the store."""

from datetime import UTC, datetime

from services.chassis.clock import ManualClock
from services.notification.model import Marker
from services.notification.reading import mark_read
from services.notification.store import NotificationStore

ALICE = 1
NOON = datetime(2025, 6, 1, 12, tzinfo=UTC)


async def read(store: NotificationStore, last_read_id: int, clock: ManualClock) -> Marker:
    async with store.transaction() as transaction:
        return await mark_read(transaction, ALICE, last_read_id, clock=clock)


async def test_nobody_has_a_marker_at_first(store: NotificationStore) -> None:
    assert await store.marker(ALICE) is None


async def test_a_marker_moves_forward_and_never_back(store: NotificationStore) -> None:
    clock = ManualClock(NOON)

    first = await read(store, 10, clock)
    clock.advance(60)
    back = await read(store, 5, clock)
    same = await read(store, 10, clock)
    forward = await read(store, 11, clock)

    assert first == back == same == Marker(10, NOON)
    assert forward == await store.marker(ALICE) == Marker(11, clock.now())
