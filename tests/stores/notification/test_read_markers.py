"""Read markers, on every implementation of the store."""

from pathlib import Path

import pytest

import services.notification
from services.chassis.runtime.ids import MAX_ID
from services.notification.adapters.memory import MemoryNotificationStore
from services.notification.domain.model import Marker
from services.notification.domain.read_markers import mark_read
from services.notification.domain.store import NotificationStore
from tests.stores.notification.scenario import ALICE, BOB, Scenario, liked

HEALING = (
    Path(services.notification.__file__).parent / "migrations/20261129040100_notified_once.sql"
)


async def read(scenario: Scenario, last_read_id: int) -> Marker | None:
    async with scenario.store.transaction() as transaction:
        return await mark_read(transaction, ALICE, last_read_id, clock=scenario.clock)


async def two_likes(scenario: Scenario) -> tuple[int, int]:
    await scenario.handle(*(liked(BOB, scenario.post(ALICE)) for _ in range(2)))
    newer, older = await scenario.groups(ALICE)
    return newer.id, older.id


async def test_nobody_has_a_marker_at_first(store: NotificationStore) -> None:
    assert await store.marker(ALICE) is None


async def test_a_marker_moves_forward_and_never_back(scenario: Scenario) -> None:
    newer, older = await two_likes(scenario)

    first = await read(scenario, older)
    first_time = scenario.clock.now()
    scenario.clock.advance(60)
    back = await read(scenario, older - 1)
    same = await read(scenario, older)
    forward = await read(scenario, newer)

    assert first == back == same == Marker(older, first_time)
    assert forward == await scenario.store.marker(ALICE) == Marker(newer, scenario.clock.now())


async def test_a_marker_never_passes_the_newest_group(scenario: Scenario) -> None:
    nothing = await read(scenario, MAX_ID)
    newer, _ = await two_likes(scenario)

    moved = await read(scenario, MAX_ID)
    again = await read(scenario, MAX_ID)

    assert nothing is None
    assert moved is not None
    assert moved.last_read_id == newer
    assert again == moved


async def test_a_marker_of_the_future_goes_back_to_what_there_is(scenario: Scenario) -> None:
    if isinstance(scenario.store, MemoryNotificationStore):
        pytest.skip("what earlier versions left is in databases alone")
    newer, _ = await two_likes(scenario)
    async with scenario.store.transaction() as transaction:
        for person, last_read_id in ((ALICE, MAX_ID), (BOB, MAX_ID), (7, 100)):
            await transaction.set_marker(person, Marker(last_read_id, scenario.clock.now()))

    _, update = HEALING.read_text().split("UPDATE read_markers", 1)
    statement, *_ = update.split(";", 1)
    await scenario.store._database.execute(f"UPDATE read_markers{statement}")

    markers = [await scenario.store.marker(person) for person in (ALICE, BOB, 7)]
    assert [each.last_read_id if each else None for each in markers] == [newer, 0, 100]
