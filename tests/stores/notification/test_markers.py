"""Where somebody stopped reading, in every implementation of the store."""

from pathlib import Path

import pytest

import services.notification
from services.chassis.runtime.ids import MAX_ID
from services.notification.adapters.memory import MemoryNotificationStore
from services.notification.domain.model import Marker
from services.notification.domain.read_markers import mark_read
from services.notification.domain.store import NotificationStore
from tests.stores.notification.world import ALICE, BOB, World, liked

HEALING = (
    Path(services.notification.__file__).parent / "migrations/20261129040100_notified_once.sql"
)


async def read(world: World, last_read_id: int) -> Marker | None:
    async with world.store.transaction() as transaction:
        return await mark_read(transaction, ALICE, last_read_id, clock=world.clock)


async def two_likes(world: World) -> tuple[int, int]:
    await world.hear(*(liked(BOB, world.post(ALICE)) for _ in range(2)))
    newer, older = await world.groups(ALICE)
    return newer.id, older.id


async def test_nobody_has_a_marker_at_first(store: NotificationStore) -> None:
    assert await store.marker(ALICE) is None


async def test_a_marker_moves_forward_and_never_back(world: World) -> None:
    newer, older = await two_likes(world)

    first = await read(world, older)
    first_time = world.clock.now()
    world.clock.advance(60)
    back = await read(world, older - 1)
    same = await read(world, older)
    forward = await read(world, newer)

    assert first == back == same == Marker(older, first_time)
    assert forward == await world.store.marker(ALICE) == Marker(newer, world.clock.now())


async def test_a_marker_never_passes_the_newest_group(world: World) -> None:
    nothing = await read(world, MAX_ID)
    newer, _ = await two_likes(world)

    moved = await read(world, MAX_ID)
    again = await read(world, MAX_ID)

    assert nothing is None
    assert moved is not None
    assert moved.last_read_id == newer
    assert again == moved


async def test_a_marker_of_the_future_goes_back_to_what_there_is(world: World) -> None:
    if isinstance(world.store, MemoryNotificationStore):
        pytest.skip("what earlier versions left is in databases alone")
    newer, _ = await two_likes(world)
    async with world.store.transaction() as transaction:
        for person, last_read_id in ((ALICE, MAX_ID), (BOB, MAX_ID), (7, 100)):
            await transaction.set_marker(person, Marker(last_read_id, world.clock.now()))

    _, update = HEALING.read_text().split("UPDATE read_markers", 1)
    statement, *_ = update.split(";", 1)
    await world.store._database.execute(f"UPDATE read_markers{statement}")

    markers = [await world.store.marker(person) for person in (ALICE, BOB, 7)]
    assert [each.last_read_id if each else None for each in markers] == [newer, 0, 100]
