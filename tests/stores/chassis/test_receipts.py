"""The event of a change repeats an invalidation unless a receipt proves that it was done."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence

import pytest
from redis.crc import key_slot

from services.chassis.cache import cache_aside, redis_client
from services.chassis.cache.cache_aside import Cache, forget_from, forget_unless_done
from services.chassis.cache.change_log import ChangeLog, Position, dependency
from services.chassis.cache.redis_client import RedisClient, RedisUnavailable
from services.chassis.events.records import new_event_id
from services.chassis.runtime.clock import ManualClock
from tests.waiting import LIMIT, eventually


class Process:
    """A process with two caches and a reader of their change log."""

    def __init__(self, client: RedisClient) -> None:
        self.client = client
        self.log = ChangeLog(client, "test")
        self.rows, self.others = self._cache("row"), self._cache("other")
        self._position: Position | None = None

    async def store(self, *keys: int) -> None:
        """Reads the keys until Redis has an entry for each."""

        async def is_stored() -> bool:
            await self.rows.get_many(keys)
            return await self.has(*keys)

        await eventually(is_stored)

    async def has(self, *keys: int) -> bool:
        found = await self.client.mget([f"row:{{{key}}}" for key in keys])
        return all(raw is not None and raw[0] == 1 for raw in found)

    async def reported(self) -> bytes:
        """What the log has since the last call; nothing at the first one."""
        found = await self.log.read_after(self._position)
        self._position = found.position
        return found.ids

    async def receipts(self) -> list[str]:
        """The receipts of the rows 1 and 2 and the other row 1 by the events of the test."""
        places = [
            f"{place}:{each.hex}" for place in ("row:{1}", "row:{2}", "other:{1}") for each in IDS
        ]
        found = await self.client.mget(places)
        return [place for place, raw in zip(places, found, strict=True) if raw is not None]

    async def close(self) -> None:
        await self.rows.close()
        await self.others.close()

    def _cache(self, name: str) -> Cache[int, str]:
        async def load(keys: Sequence[int]) -> Mapping[int, str]:
            return {key: str(key) for key in keys}

        return Cache(
            name=name,
            redis=self.client,
            clock=ManualClock(),
            load=load,
            encode=str.encode,
            decode=bytes.decode,
            changes=self.log,
        )


ONE, TWO = IDS = (new_event_id(), new_event_id())
ROW = dependency("row:{1}")


@pytest.fixture
async def process(valkey_servers: str) -> AsyncIterator[Process]:
    async with redis_client.connect(valkey_servers, call_seconds=LIMIT) as client:
        # A connection that is made later resets readers: here all nodes of a cluster have one.
        await client.mget([f"key {number}" for number in range(100)])
        made = Process(client)
        await made.reported()
        yield made
        await made.close()


async def test_an_event_repeats_nothing_that_its_write_did(process: Process) -> None:
    await process.rows.forget(1, event_ids=[ONE])
    assert await process.reported() == ROW
    await process.store(1)

    first = await process.rows.forget_unless_done([(1, ONE)])
    relayed_twice = await process.rows.forget_unless_done([(1, ONE)])

    assert (first, relayed_twice) == ([], [])
    assert await process.has(1)
    assert await process.reported() == b""


async def test_an_event_does_what_a_process_that_died_did_not(process: Process) -> None:
    await process.store(1)

    assert await process.rows.forget_unless_done([(1, ONE)]) == [1]

    assert not await process.has(1)
    assert await process.reported() == ROW


async def test_a_receipt_of_another_change_of_the_entry_counts_for_nothing(
    process: Process,
) -> None:
    await process.rows.forget(1, event_ids=[ONE])
    await process.reported()

    assert await process.rows.forget_unless_done([(1, ONE), (1, TWO)]) == [1]

    assert await process.reported() == ROW


async def test_what_the_write_did_not_name_is_repeated(process: Process) -> None:
    await process.rows.forget(1, event_ids=[ONE])
    await process.reported()

    assert await process.rows.forget_unless_done([(1, ONE), (2, ONE)]) == [2]

    assert await process.reported() == dependency("row:{2}")


async def test_an_event_whose_receipt_is_lost_repeats(process: Process) -> None:
    await process.rows.forget(1, event_ids=[ONE])
    await process.reported()
    await process.client.execute("DEL", *await process.receipts())

    assert await process.rows.forget_unless_done([(1, ONE)]) == [1]

    assert await process.reported() == ROW


async def test_an_event_that_comes_after_the_time_of_its_receipt_repeats(
    process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    await process.rows.forget(2, event_ids=[TWO])
    (lasting,) = await process.receipts()
    assert 0 < await process.client.execute("PTTL", lasting) <= cache_aside.RECEIPT_SECONDS * 1000
    monkeypatch.setattr(cache_aside, "RECEIPT_SECONDS", 0.001)
    await process.rows.forget(1, event_ids=[ONE])
    await process.reported()

    async def is_over() -> bool:
        return await process.receipts() == [lasting]

    await eventually(is_over)

    assert await process.rows.forget_unless_done([(1, ONE)]) == [1]
    assert await process.reported() == ROW


async def test_a_write_without_redis_leaves_no_receipt(
    process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> None:
        raise RedisUnavailable

    with monkeypatch.context() as outage:
        outage.setattr(process.client, "in_order", away)
        await process.rows.forget(1, event_ids=[ONE])

    # Once Redis is back this process does what it could not do.
    assert await process.reported() == ROW
    assert await process.receipts() == []
    assert await process.rows.forget_unless_done([(1, ONE)]) == [1]


async def test_a_repetition_that_cannot_read_receipts_is_done(
    process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(_: object) -> list[bytes | None]:
        raise RedisUnavailable

    await process.rows.forget(1, event_ids=[ONE])
    await process.reported()
    with monkeypatch.context() as outage:
        outage.setattr(process.client, "mget", away)

        assert await process.rows.forget_unless_done([(1, ONE)]) == [1]

    assert await process.reported() == ROW


async def test_a_report_that_was_refused_leaves_no_receipt(
    process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    await process.store(1)
    # No append succeeds: the log is another kind of key.
    await process.client.execute("DEL", "changes:test")
    await process.client.execute("SET", "changes:test", "no log")

    with pytest.raises(Exception, match="WRONGTYPE"):
        await process.rows.forget(1, event_ids=[ONE])

    assert not await process.has(1)
    assert await process.receipts() == []


def test_a_receipt_is_on_the_server_of_its_entry_and_what_is_due_on_that_of_the_log() -> None:
    of_entry = [f"row:{{1}}:{each.hex}" for each in IDS]

    assert {key_slot(each.encode()) for each in of_entry} == {key_slot(b"row:{1}")}
    assert key_slot(b"due:{changes:test}") == key_slot(b"changes:test")


async def test_a_change_of_many_entries_and_events_leaves_no_receipts(process: Process) -> None:
    many = [ONE, TWO, *(new_event_id() for _ in range(40))]

    await process.rows.forget(1, 2, event_ids=many)

    assert await process.receipts() == []


async def test_caches_that_share_a_log_are_invalidated_by_one_entry_in_one_trip(
    process: Process, valkey_servers: str
) -> None:
    before = await process.client.execute("XLEN", "changes:test")

    await forget_from((process.rows, [1]), (process.others, [1]), event_ids=[ONE])

    assert await process.client.execute("XLEN", "changes:test") == before + 1
    assert await process.reported() == ROW + dependency("other:{1}")
    assert len(await process.receipts()) == 2
    repeated = ((process.rows, [(1, ONE)]), (process.others, [(1, ONE), (2, ONE)]))
    assert await forget_unless_done(*repeated) == [[], [2]]
    assert await process.reported() == dependency("other:{2}")


async def test_no_keys_cost_nothing(process: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: object) -> None:
        raise AssertionError("a trip")

    monkeypatch.setattr(process.client, "pipeline", fail)

    await process.rows.forget(event_ids=[ONE])
    await forget_from((process.rows, ()), (process.others, ()), event_ids=[ONE])
    assert await forget_unless_done((process.rows, ()), (process.others, ())) == [[], []]


async def test_counts_are_forgotten_at_once_and_reported_together_later(process: Process) -> None:
    await process.store(1, 2)

    await process.rows.forget_counts(1)
    await process.rows.forget_counts(2, 1)

    assert not await process.has(1)
    assert await process.reported() == b""
    before = await process.client.execute("XLEN", "changes:test")
    await process.log.append_due()
    await process.log.append_due()
    assert await process.client.execute("XLEN", "changes:test") == before + 1
    found = await process.reported()
    assert {found[:8], found[8:]} == {ROW, dependency("row:{2}")}
    assert len(found) == 16


async def test_counts_that_one_process_collects_are_reported_by_another(
    process: Process, valkey_servers: str
) -> None:
    await process.rows.forget_counts(1)

    async with redis_client.connect(valkey_servers, call_seconds=LIMIT) as elsewhere:
        await ChangeLog(elsewhere, "test").append_due()

    assert await process.reported() == ROW


async def test_counts_that_redis_did_not_get_are_reported_once_it_is_back(
    process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> None:
        raise RedisUnavailable

    with monkeypatch.context() as outage:
        outage.setattr(process.client, "in_order", away)
        await process.rows.forget_counts(1)

    assert await process.reported() == ROW


async def test_more_commands_than_a_script_takes_are_executed_in_order(process: Process) -> None:
    keys = range(3, 700)

    await process.rows.forget(*keys, event_ids=[ONE])

    assert len(await process.reported()) == 8 * len(keys)
