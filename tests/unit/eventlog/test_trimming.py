"""The deletion of expired events, in any number."""

from __future__ import annotations

from services.chassis.runtime.clock import ManualClock
from services.chassis.storage.memory import MemoryDatabase
from services.eventlog.adapters.memory import LogTables, MemoryLogStore
from services.eventlog.domain.model import KEPT, Change
from services.eventlog.worker import trimming

PEOPLE = range(1, 8)


async def test_everything_old_goes_and_everything_else_stays() -> None:
    clock = ManualClock()
    store = MemoryLogStore(MemoryDatabase(LogTables()), announce=lambda _: None)
    for moment in range(2):
        clock.advance(moment * KEPT.total_seconds() / 2)
        async with store.transaction() as transaction:
            await transaction.append_events(
                [Change(person, b"%d" % moment) for person in PEOPLE for _ in range(1_000)],
                clock.now(),
            )
    clock.advance(KEPT.total_seconds() / 2 + 1)

    found = await trimming.delete_expired(store, clock)

    left = await store.events(dict.fromkeys(PEOPLE, 0), limit=5_000)
    assert found == 7_000
    assert {entry.content for entry in left} == {b"1"}
    assert len(left) == 7_000
    assert await trimming.delete_expired(store, clock) == 0
