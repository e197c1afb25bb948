"""The cache never gives what was forgotten, loads once, and steps aside when Redis is away."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from services.chassis.cache import batch_lookup, redis_client
from services.chassis.cache.cache_aside import Cache
from services.chassis.cache.redis_client import RedisClient, RedisUnavailable
from services.chassis.runtime import deadline
from services.chassis.runtime.clock import ManualClock
from services.chassis.runtime.errors import DeadlineExceeded
from tests.engines import Engines
from tests.waiting import LIMIT, eventually


class Rows:
    """The rows behind a cache, and who asked for them. `gate` holds loads back."""

    def __init__(self) -> None:
        self.rows: dict[int, str] = {}
        self.loads: list[list[int]] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.fails = False

    async def load(self, keys: Sequence[int]) -> Mapping[int, str]:
        self.loads.append(sorted(keys))
        if self.fails:
            raise KeyError("no rows")
        found = {key: self.rows[key] for key in keys if key in self.rows}
        await self.gate.wait()
        return found


@pytest.fixture
async def client(valkey_servers: str) -> AsyncIterator[RedisClient]:
    async with redis_client.connect(valkey_servers, call_seconds=LIMIT) as made:
        yield made


@pytest.fixture
def rows() -> Rows:
    return Rows()


@asynccontextmanager
async def caching(
    client: RedisClient, rows: Rows, clock: ManualClock | None = None, **times: float
) -> AsyncIterator[Cache[int, str]]:
    made = Cache[int, str](
        name="row",
        redis=client,
        clock=clock or ManualClock(),
        load=rows.load,
        encode=str.encode,
        decode=bytes.decode,
        **times,
    )
    try:
        yield made
    finally:
        await made.close()


def stored(client: RedisClient, *keys: int) -> Callable[[], "asyncio.Future[bool]"]:
    """A condition: Redis has an entry for the keys, and no lease."""

    async def look() -> bool:
        found = await client.mget([f"row:{{{key}}}" for key in keys])
        return all(entry is not None and entry[0] != 3 for entry in found)

    return lambda: asyncio.ensure_future(look())


async def test_what_is_stored_is_not_loaded_again(client: RedisClient, rows: Rows) -> None:
    rows.rows = {1: "one", 2: "two"}
    async with caching(client, rows) as cache:
        first = await cache.get_many([1, 2, 1])
        await eventually(stored(client, 1, 2))

        second = await cache.get_many([2, 1])

    assert first == second == {1: "one", 2: "two"}
    assert rows.loads == [[1, 2]]


async def test_only_what_is_missing_is_loaded(client: RedisClient, rows: Rows) -> None:
    rows.rows = {1: "one", 2: "two"}
    async with caching(client, rows) as cache:
        await cache.get(1)
        await eventually(stored(client, 1))

        assert await cache.get_many([1, 2]) == {1: "one", 2: "two"}

    assert rows.loads == [[1], [2]]


async def test_absence_is_remembered_too(client: RedisClient, rows: Rows) -> None:
    async with caching(client, rows) as cache:
        assert await cache.get(9) is None
        await eventually(stored(client, 9))

        assert await cache.get(9) is None

    assert rows.loads == [[9]]


async def test_no_keys_cost_nothing(client: RedisClient, rows: Rows) -> None:
    async with caching(client, rows) as cache:
        assert await cache.get_many([]) == {}

    assert rows.loads == []


async def test_forgotten_row_is_loaded_anew(client: RedisClient, rows: Rows) -> None:
    rows.rows = {1: "old"}
    async with caching(client, rows) as cache:
        await cache.get(1)
        await eventually(stored(client, 1))

        rows.rows[1] = "new"
        await cache.forget(1)

        assert await cache.get(1) == "new"


async def test_readers_at_once_share_one_load(client: RedisClient, rows: Rows) -> None:
    rows.rows = {number: str(number) for number in range(20)}
    async with caching(client, rows) as cache:
        readers = [cache.get_many(range(20)) for _ in range(50)]

        results = await asyncio.gather(*readers)

    assert all(result == rows.rows for result in results)
    assert len(rows.loads) == 1


async def test_slow_reader_cannot_store_what_a_write_has_changed(
    client: RedisClient, rows: Rows
) -> None:
    rows.rows = {1: "old"}
    rows.gate.clear()
    async with caching(client, rows) as cache:
        slow = asyncio.create_task(cache.get(1))
        await eventually(lambda: rows.loads == [[1]])

        rows.rows[1] = "new"
        await cache.forget(1)
        rows.gate.set()

        assert await slow == "old"  # it began before the write
        assert await cache.get(1) == "new"
        await eventually(stored(client, 1))
        assert await cache.get(1) == "new"


async def test_write_elsewhere_keeps_a_slow_reader_from_storing(
    client: RedisClient, rows: Rows
) -> None:
    rows.rows = {1: "old"}
    rows.gate.clear()
    async with caching(client, rows) as here, caching(client, rows) as there:
        slow = asyncio.create_task(here.get(1))
        await eventually(lambda: rows.loads == [[1]])

        rows.rows[1] = "new"
        await there.forget(1)
        late = asyncio.create_task(here.get(1))
        await eventually(lambda: len(rows.loads) == 2)
        rows.gate.set()

        assert await slow == "old"
        assert await late == "new"
        await eventually(stored(client, 1))
        assert await there.get(1) == "new"


async def test_a_load_without_a_lease_is_not_joined_by_a_later_reader(
    client: RedisClient, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows.rows = {1: "old"}
    pipeline = client.pipeline

    async def away(*_: object) -> list[object]:
        raise RedisUnavailable

    async with caching(client, rows) as cache, caching(client, rows) as elsewhere:
        rows.gate.clear()
        # Its trip for the lease fails, though it found Redis.
        monkeypatch.setattr(client, "pipeline", away)
        early = asyncio.create_task(cache.get(1))
        await eventually(lambda: rows.loads == [[1]])
        monkeypatch.setattr(client, "pipeline", pipeline)
        rows.rows = {1: "new"}
        await elsewhere.forget(1)

        late = asyncio.create_task(cache.get(1))
        await eventually(lambda: rows.loads == [[1], [1]])
        rows.gate.set()

        assert (await early, await late) == ("old", "new")


async def test_two_processes_that_load_at_once_agree(client: RedisClient, rows: Rows) -> None:
    rows.rows = {1: "one"}
    rows.gate.clear()
    async with caching(client, rows) as here, caching(client, rows) as there:
        first = asyncio.create_task(here.get(1))
        await eventually(lambda: len(rows.loads) == 1)
        others = [asyncio.create_task(there.get(1)) for _ in range(10)]
        await eventually(lambda: len(rows.loads) == 2)
        rows.gate.set()

        assert await asyncio.gather(first, *others) == ["one"] * 11
        await eventually(stored(client, 1))

    assert len(rows.loads) == 2


async def test_stale_row_is_served_while_one_reader_fetches_it_anew(
    client: RedisClient, rows: Rows
) -> None:
    clock = ManualClock()
    rows.rows = {1: "old"}
    async with caching(client, rows, clock, ttl=10.0, stale=30.0) as cache:
        await cache.get(1)
        await eventually(stored(client, 1))
        rows.rows[1] = "new"
        clock.advance(timedelta(seconds=12))

        served = await asyncio.gather(*(cache.get(1) for _ in range(10)))

        assert served == ["old"] * 10

        async def is_new() -> bool:
            return await cache.get(1) == "new"

        await eventually(is_new)

    assert len(rows.loads) == 2


async def test_stale_absence_is_told_while_one_reader_looks_again(
    client: RedisClient, rows: Rows
) -> None:
    clock = ManualClock()
    async with caching(client, rows, clock, absent_ttl=10.0, stale=30.0) as cache:
        assert await cache.get(1) is None
        await eventually(stored(client, 1))
        rows.rows = {1: "new"}
        clock.advance(timedelta(seconds=12))

        assert await cache.get(1) is None

        async def is_new() -> bool:
            return await cache.get(1) == "new"

        await eventually(is_new)


async def test_refresh_cannot_bring_back_what_was_forgotten(
    client: RedisClient, rows: Rows
) -> None:
    clock = ManualClock()
    rows.rows = {1: "old"}
    async with caching(client, rows, clock, ttl=10.0, stale=30.0) as cache:
        await cache.get(1)
        await eventually(stored(client, 1))
        clock.advance(timedelta(seconds=12))
        rows.gate.clear()
        await cache.get(1)
        await eventually(lambda: len(rows.loads) == 2)

        rows.rows[1] = "new"
        await cache.forget(1)
        rows.gate.set()

        assert await cache.get(1) == "new"
        await eventually(stored(client, 1))
        assert await cache.get(1) == "new"


async def test_failed_load_fails_its_readers_and_is_tried_again(
    client: RedisClient, rows: Rows
) -> None:
    rows.fails = True
    async with caching(client, rows) as cache:
        outcomes = await asyncio.gather(cache.get(1), cache.get(1), return_exceptions=True)
        rows.fails = False
        rows.rows = {1: "one"}

        assert [type(outcome) for outcome in outcomes] == [KeyError, KeyError]
        assert await cache.get(1) == "one"


async def test_reader_that_gives_up_leaves_the_load_to_the_others(
    client: RedisClient, rows: Rows
) -> None:
    rows.rows = {1: "one"}
    rows.gate.clear()
    async with caching(client, rows) as cache:

        async def hurry() -> str | None:
            with deadline.within(0.1):
                return await cache.get(1)

        hurried = asyncio.create_task(hurry())
        patient = asyncio.create_task(cache.get(1))

        with pytest.raises(DeadlineExceeded):
            await hurried
        rows.gate.set()

        assert await patient == "one"

    assert len(rows.loads) == 1


@pytest.mark.parametrize(
    "damage",
    [
        lambda raw: raw[:-1],
        lambda raw: raw + b"!",
        lambda raw: raw[:17] + b"\xff\xfe\xfd",
        lambda raw: raw[:5],
        lambda raw: b"",
        lambda raw: b"\x07" + raw[1:],
        lambda raw: b"{}" * 20,
        lambda raw: batch_lookup.pack(batch_lookup.VALUE, fresh_until=1 << 60, content=b"\xff"),
    ],
    ids=["cut", "longer", "other content", "no header", "empty", "kind", "JSON", "not decodable"],
)
async def test_entry_that_was_damaged_is_a_miss_and_is_replaced(
    client: RedisClient, rows: Rows, damage: Callable[[bytes], bytes]
) -> None:
    rows.rows = {1: "one", 2: "two"}
    async with caching(client, rows) as cache:
        await cache.get_many([1, 2])
        await eventually(stored(client, 1, 2))
        (raw,) = await client.mget(["row:{1}"])
        assert raw is not None
        damaged = damage(raw)
        await client.execute("SET", "row:{1}", damaged)

        assert await cache.get_many([1, 2]) == {1: "one", 2: "two"}

        async def replaced() -> bool:
            (there,) = await client.mget(["row:{1}"])
            return (
                there is not None
                and there[0] == batch_lookup.VALUE
                and batch_lookup.is_whole(there)
            )

        await eventually(replaced)
        loads = len(rows.loads)
        assert await cache.get_many([1, 2]) == {1: "one", 2: "two"}
        assert len(rows.loads) == loads


async def test_without_redis_every_read_goes_to_the_rows_and_nothing_fails(rows: Rows) -> None:
    rows.rows = {1: "one"}
    async with (
        redis_client.connect("redis://127.0.0.1:1/0") as client,
        caching(client, rows) as cache,
    ):
        for _ in range(10):
            assert await cache.get_many([1, 2]) == {1: "one"}
        await cache.forget(1)

    assert len(rows.loads) == 10


async def test_change_while_redis_was_away_shows_when_it_is_back(
    engines: Engines, valkey: str, rows: Rows
) -> None:
    rows.rows = {1: "old"}
    async with (
        redis_client.connect(valkey) as client,
        redis_client.connect("redis://127.0.0.1:1/0") as cut_off,
        caching(client, rows) as elsewhere,
        caching(cut_off, rows) as cache,
    ):
        await elsewhere.get(1)
        await eventually(stored(client, 1))
        rows.rows[1] = "new"
        await cache.forget(1)
        assert await elsewhere.get(1) == "old"  # this process cannot know; its time to live does

        # The way to Redis is open again.
        cut_off._server = client._server

        async def is_new() -> bool:
            return await elsewhere.get(1) == "new"

        assert await cache.get(1) == "new"
        await eventually(is_new)
        assert await cache.get(1) == "new"
