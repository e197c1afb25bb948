"""Concurrent transactions on PostgreSQL: of one owner one after another; a lease has one worker."""

import asyncio
import itertools
from datetime import date, timedelta

import pytest

from services.chassis.runtime.clock import ManualClock
from services.chassis.storage import postgres
from services.media.adapters.postgres import PostgresMediaStore
from services.media.domain.model import AccountState, Usage
from services.media.domain.processing import Kind
from services.media.rpc.events import describe
from tests.builders.media import START
from tests.stores.media.conftest import Scenario
from tests.waiting import LIMIT, eventually

DAY = date(2025, 6, 1)
LEASE_END = START + timedelta(minutes=1)


@pytest.fixture
def crowd(database: postgres.Database) -> Scenario:
    """A store with many sessions."""
    return Scenario(PostgresMediaStore(database, describe=describe), ManualClock(START))


async def test_concurrent_uploads_are_all_counted(crowd: Scenario) -> None:
    async def add() -> Usage:
        async with crowd.store.transaction() as transaction:
            await transaction.lock_owner(crowd.alice)
            return await transaction.add_usage(crowd.alice, DAY, 10)

    sums = await asyncio.gather(*(add() for _ in range(20)))

    assert sorted(each.uploads for each in sums) == list(range(1, 21))
    assert await crowd.store.usage(crowd.alice, DAY) == Usage(200, 20)


async def test_concurrent_edits_are_all_kept(crowd: Scenario) -> None:
    medium = await crowd.ready(crowd.alice)

    async def edit() -> None:
        async with crowd.store.transaction() as transaction:
            found = await transaction.lock_media(crowd.alice, [medium.id])
            current = found[medium.id]
            await transaction.save_medium(current.changed(alt_text=current.alt_text + "x"))

    await asyncio.gather(*(edit() for _ in range(10)))

    current = await crowd.current(medium)
    assert (current.alt_text, current.version) == ("x" * 10, 11)


async def test_concurrent_workers_get_different_jobs(crowd: Scenario) -> None:
    media = [await crowd.add(crowd.alice) for _ in range(10)]
    async with crowd.store.transaction() as transaction:
        await transaction.lock_owner(crowd.alice)
        for medium in media:
            await transaction.add_job(
                crowd.alice, medium.id, Kind.PICTURE, now=START, deadline=START
            )

    async def lease(number: int) -> list[int]:
        mine = []
        while job := await crowd.store.lease_job(
            f"worker-{number}", kinds=[Kind.PICTURE], now=START, lease_end=LEASE_END
        ):
            mine.append(job.medium_id)
        return mine

    leased = await asyncio.gather(*(lease(number) for number in range(5)))

    assert sorted(itertools.chain.from_iterable(leased)) == sorted(each.id for each in media)


async def test_account_changes_after_transactions_that_read_it(
    crowd: Scenario, database: postgres.Database
) -> None:
    reading, may_end = asyncio.Event(), asyncio.Event()
    order = []

    async def read() -> None:
        async with crowd.store.transaction() as transaction:
            await transaction.lock_owner(crowd.alice)
            assert await transaction.lock_accounts([crowd.bob]) == {}
            reading.set()
            await may_end.wait()
            order.append("read")

    async def change() -> None:
        async with crowd.store.transaction() as transaction:
            await transaction.save_account(
                crowd.bob, AccountState(protected=True, update_time=START)
            )
            order.append("changed")

    async def waits() -> bool:
        waiting = await database.fetchval(
            "SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database "
            "WHERE d.datname = current_database() AND l.locktype = 'advisory' AND NOT l.granted"
        )
        return bool(waiting)

    async with asyncio.timeout(LIMIT), asyncio.TaskGroup() as group:
        group.create_task(read())
        await reading.wait()
        group.create_task(change())
        await eventually(waits)
        may_end.set()

    assert order == ["read", "changed"]
