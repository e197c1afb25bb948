"""One suite for every implementation of the event log's store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from services.chassis.storage import postgres
from services.chassis.storage.memory import MemoryDatabase
from services.eventlog.adapters.memory import LogTables, MemoryLogStore
from services.eventlog.adapters.postgres import PostgresLogStore
from services.eventlog.domain.model import (
    DELETED_LOG_KEPT,
    KEPT,
    MAX_EVENTS,
    PRESENCE_GRACE,
    TRIM_EVERY,
    Arrival,
    Change,
    LogEntry,
    Suppression,
    SuppressionReason,
)
from services.eventlog.domain.store import LogStore

NOW = datetime(2025, 6, 1, 12, tzinfo=UTC)
ALICE, BOB, CAROL = 1, 2, 3
# The content of the entry about missing arrivals.
MISSED = b"missed"


@dataclass
class Scenario:
    """A store, and what it announced."""

    store: LogStore
    announced: list[LogEntry] = field(default_factory=list)

    async def append(self, *changes: tuple[int, bytes], now: datetime = NOW) -> None:
        async with self.store.transaction() as transaction:
            await transaction.append_events([Change(*each) for each in changes], now)

    async def read(self, user_id: int, *, after: int = 0, limit: int = 5_000) -> list[bytes]:
        found = await self.store.events({user_id: after}, limit=limit)
        assert [each.sequence for each in found] == list(
            range(found[0].sequence, found[0].sequence + len(found)) if found else []
        )
        return [each.content for each in found]

    async def attach_users(self, user_id: int, now: datetime = NOW) -> tuple[int, int]:
        head = (await self.store.attach_users([user_id], now, missed=MISSED))[user_id]
        return head.first, head.last

    async def ends(self, user_id: int) -> tuple[int, int]:
        head = (await self.store.newer_than({user_id: -1}))[user_id]
        return head.first, head.last

    async def receiving_users(self, *arrivals: Arrival, now: datetime = NOW) -> list[list[int]]:
        async with self.store.transaction() as transaction:
            receiving = await transaction.receiving_users(arrivals, now)
        return [sorted(each) for each in receiving]


@pytest.fixture(params=["memory", "postgres"])
async def scenario(request: pytest.FixtureRequest) -> AsyncIterator[Scenario]:
    announced: list[LogEntry] = []
    if request.param == "memory":
        database = MemoryDatabase(LogTables())
        yield Scenario(MemoryLogStore(database, announce=announced.extend), announced)
        return
    url = request.getfixturevalue("database")("notification")
    async with postgres.connect(url) as pool:
        yield Scenario(PostgresLogStore(pool, announce=announced.extend), announced)


def arrival(*user_ids: int, author: int = 8, reposter: int = 0) -> Arrival:
    return Arrival(100, 100, author, reposter, user_ids)


async def test_everybody_has_a_sequence_of_their_own(scenario: Scenario) -> None:
    await scenario.append((ALICE, b"a1"), (BOB, b"b1"), (ALICE, b"a2"))
    await scenario.append((ALICE, b"a3"))

    found = await scenario.store.events({ALICE: 0, BOB: 0, CAROL: 0}, limit=10)

    assert found == [
        LogEntry(ALICE, 1, NOW, b"a1"),
        LogEntry(ALICE, 2, NOW, b"a2"),
        LogEntry(ALICE, 3, NOW, b"a3"),
        LogEntry(BOB, 1, NOW, b"b1"),
    ]


async def test_what_is_committed_is_announced(scenario: Scenario) -> None:
    await scenario.append((ALICE, b"a1"), (BOB, b"b1"))

    with suppress(ZeroDivisionError):
        async with scenario.store.transaction() as transaction:
            await transaction.append_events([Change(ALICE, b"a2")], NOW)
            raise ZeroDivisionError
    await scenario.append((ALICE, b"a3"))

    assert scenario.announced == [
        LogEntry(ALICE, 1, NOW, b"a1"),
        LogEntry(BOB, 1, NOW, b"b1"),
        LogEntry(ALICE, 2, NOW, b"a3"),
    ]
    assert await scenario.read(ALICE) == [b"a1", b"a3"]


async def test_appending_nothing_is_nothing(scenario: Scenario) -> None:
    await scenario.append()

    assert scenario.announced == []


async def test_reading_begins_after_a_sequence_and_ends_at_a_limit(scenario: Scenario) -> None:
    await scenario.append(*((ALICE, b"%d" % number) for number in range(1, 8)))

    assert await scenario.read(ALICE, after=2, limit=3) == [b"3", b"4", b"5"]
    assert await scenario.read(ALICE, after=7) == []


async def test_logs_that_went_on_are_found(scenario: Scenario) -> None:
    await scenario.append((ALICE, b"a1"), (ALICE, b"a2"), (BOB, b"b1"))

    newer_than = await scenario.store.newer_than({ALICE: 1, BOB: 1, CAROL: 0})

    assert {user_id: (head.first, head.last) for user_id, head in newer_than.items()} == {
        ALICE: (1, 2)
    }


async def test_a_log_is_cut_by_count(scenario: Scenario) -> None:
    most = MAX_EVENTS + TRIM_EVERY
    await scenario.append((BOB, b"b1"), *((ALICE, b"%d" % number) for number in range(1, most)))
    whole = await scenario.ends(ALICE)

    await scenario.append((ALICE, b"%d" % most))

    assert whole == (1, most - 1)
    assert await scenario.ends(ALICE) == (most - MAX_EVENTS + 1, most)
    assert len(await scenario.read(ALICE)) == MAX_EVENTS
    assert await scenario.read(BOB) == [b"b1"]


async def test_a_log_is_cut_by_age(scenario: Scenario) -> None:
    await scenario.append((ALICE, b"a1"), (ALICE, b"a2"), (BOB, b"b1"))
    await scenario.append((ALICE, b"a3"), now=NOW + timedelta(hours=1))

    found = await scenario.store.trim(NOW + timedelta(minutes=1), limit=10)

    assert found == 3
    assert await scenario.read(ALICE) == [b"a3"]
    assert await scenario.ends(ALICE) == (3, 3)
    assert await scenario.ends(BOB) == (2, 1)
    await scenario.append((BOB, b"b2"))
    assert (await scenario.store.events({BOB: 0}, limit=5))[0].sequence == 2


async def test_cutting_stops_at_a_limit_and_goes_on(scenario: Scenario) -> None:
    await scenario.append(*((ALICE, b"%d" % number) for number in range(1, 6)))
    later = NOW + timedelta(minutes=1)

    assert [await scenario.store.trim(later, limit=3) for _ in range(3)] == [3, 2, 0]


async def test_the_log_of_somebody_who_left_goes_after_an_hour(scenario: Scenario) -> None:
    await scenario.append((ALICE, b"a1"), (BOB, b"b1"))
    async with scenario.store.transaction() as transaction:
        await transaction.record_deleted_log(ALICE, NOW)

    await scenario.store.drop_deleted_logs(NOW + DELETED_LOG_KEPT - timedelta(seconds=1))
    before = await scenario.read(ALICE)
    await scenario.store.drop_deleted_logs(NOW + DELETED_LOG_KEPT)
    after = await scenario.read(ALICE)
    await scenario.append((ALICE, b"late"))
    await scenario.store.drop_deleted_logs(NOW + DELETED_LOG_KEPT * 2)

    assert (before, after, await scenario.read(ALICE)) == ([b"a1"], [], [])
    assert await scenario.store.newer_than({ALICE: 0}) == {}
    assert await scenario.read(BOB) == [b"b1"]


async def test_what_comes_a_week_after_somebody_left_is_a_log_like_others(
    scenario: Scenario,
) -> None:
    async with scenario.store.transaction() as transaction:
        await transaction.record_deleted_log(ALICE, NOW)
    await scenario.store.drop_deleted_logs(NOW + KEPT)
    await scenario.append((ALICE, b"a1"))

    await scenario.store.drop_deleted_logs(NOW + KEPT * 2)

    assert await scenario.read(ALICE) == [b"a1"]


class TestPresence:
    async def test_a_new_user_has_an_empty_log(self, scenario: Scenario) -> None:
        assert await scenario.attach_users(ALICE) == (1, 0)

    async def test_a_user_who_returns_soon_finds_everything(self, scenario: Scenario) -> None:
        await scenario.attach_users(ALICE)
        await scenario.append((ALICE, b"a1"))

        assert await scenario.attach_users(ALICE, NOW + PRESENCE_GRACE) == (1, 1)
        assert await scenario.read(ALICE) == [b"a1"]

    async def test_a_user_who_was_absent_for_longer_finds_that_arrivals_are_missing(
        self, scenario: Scenario
    ) -> None:
        await scenario.attach_users(ALICE)
        await scenario.append((ALICE, b"a1"), (BOB, b"b1"))

        again = await scenario.attach_users(ALICE, NOW + PRESENCE_GRACE + timedelta(seconds=1))
        never = await scenario.attach_users(BOB)

        assert again == never == (1, 2)
        await scenario.append((ALICE, b"a2"))
        assert await scenario.read(ALICE) == [b"a1", MISSED, b"a2"]
        assert await scenario.ends(ALICE) == (1, 3)
        assert [each.content for each in scenario.announced if each.user_id == BOB] == [
            b"b1",
            MISSED,
        ]

    async def test_two_devices_that_come_back_at_once_miss_arrivals_once(
        self, scenario: Scenario
    ) -> None:
        await scenario.append((ALICE, b"a1"), (BOB, b"b1"))

        await asyncio.gather(
            *(scenario.store.attach_users(pair, NOW, missed=MISSED) for pair in [[ALICE, BOB]] * 4)
        )

        assert await scenario.read(ALICE) == [b"a1", MISSED]
        assert await scenario.read(BOB) == [b"b1", MISSED]

    async def test_many_come_at_once(self, scenario: Scenario) -> None:
        await scenario.append((ALICE, b"a1"), (BOB, b"b1"), (BOB, b"b2"))

        heads = await scenario.store.attach_users([CAROL, BOB, ALICE, BOB], NOW, missed=MISSED)

        ends = {user_id: (head.first, head.last) for user_id, head in heads.items()}
        assert ends == {ALICE: (1, 2), BOB: (1, 3), CAROL: (1, 0)}

    async def test_a_user_who_stays_attached_is_present(self, scenario: Scenario) -> None:
        for user_id in (ALICE, BOB):
            await scenario.attach_users(user_id)
        later = NOW + PRESENCE_GRACE + timedelta(minutes=2)

        await scenario.store.renew_presence([ALICE, CAROL], NOW + PRESENCE_GRACE)

        assert await scenario.store.present_users(after=0, limit=9, now=NOW) == [ALICE, BOB]
        assert await scenario.store.present_users(after=0, limit=9, now=later) == [ALICE]
        assert await scenario.store.present_users(after=0, limit=1, now=NOW) == [ALICE]
        assert await scenario.store.present_users(after=ALICE, limit=9, now=NOW) == [BOB]

    async def test_staying_never_shortens_a_presence(self, scenario: Scenario) -> None:
        await scenario.attach_users(ALICE, NOW + PRESENCE_GRACE)

        await scenario.store.renew_presence([ALICE], NOW)
        await scenario.attach_users(ALICE)

        later = NOW + PRESENCE_GRACE + timedelta(minutes=2)
        assert await scenario.store.present_users(after=0, limit=9, now=later) == [ALICE]


class TestReceivingUsers:
    async def test_present_users_receive_arrivals(self, scenario: Scenario) -> None:
        await scenario.attach_users(ALICE)
        await scenario.attach_users(BOB)
        await scenario.append((CAROL, b"c1"))

        receiving = await scenario.receiving_users(
            arrival(ALICE, CAROL), arrival(BOB, ALICE), arrival(9)
        )

        assert receiving == [[ALICE], [ALICE, BOB], []]

    async def test_for_a_while_after_they_left(self, scenario: Scenario) -> None:
        await scenario.attach_users(ALICE)

        assert await scenario.receiving_users(arrival(ALICE), now=NOW + PRESENCE_GRACE) == [[ALICE]]
        long_after = NOW + PRESENCE_GRACE + timedelta(minutes=2)
        assert await scenario.receiving_users(arrival(ALICE), now=long_after) == [[]]

    @pytest.mark.parametrize("who", [{"author": 5}, {"author": 8, "reposter": 5}])
    async def test_but_not_those_of_suppressed_users(
        self, scenario: Scenario, who: dict[str, int]
    ) -> None:
        for user_id in (ALICE, BOB):
            await scenario.attach_users(user_id)
        mute, block = (
            Suppression(ALICE, 5, SuppressionReason.MUTES),
            Suppression(ALICE, 5, SuppressionReason.BLOCKS),
        )
        seen = []

        for act, add_suppressions in (
            ("add_suppressions", mute),
            ("add_suppressions", block),
            ("remove_suppressions", mute),
            ("remove_suppressions", block),
        ):
            async with scenario.store.transaction() as transaction:
                await getattr(transaction, act)([add_suppressions, add_suppressions])
            seen += await scenario.receiving_users(arrival(ALICE, BOB, **who))

        assert seen == [[BOB], [BOB], [BOB], [ALICE, BOB]]

    async def test_silences_of_deleted_people_are_forgotten(self, scenario: Scenario) -> None:
        await scenario.attach_users(ALICE)
        async with scenario.store.transaction() as transaction:
            await transaction.add_suppressions(
                [
                    Suppression(ALICE, 5, SuppressionReason.MUTES),
                    Suppression(5, ALICE, SuppressionReason.IS_BLOCKED),
                ]
            )
            await transaction.remove_all_suppressions(5)

        assert await scenario.receiving_users(arrival(ALICE, author=5)) == [[ALICE]]

    async def test_of_many_at_once(self, scenario: Scenario) -> None:
        await scenario.attach_users(ALICE)
        crowd: Sequence[int] = range(10, 1_010)

        receiving = await scenario.receiving_users(*[arrival(*crowd, ALICE)] * 45)

        assert receiving == [[ALICE]] * 45
