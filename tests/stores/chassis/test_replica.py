"""Lists come from the standby, except where their reader could notice that it is behind."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import redis
from prometheus_client import REGISTRY

from services.chassis.auth import caller
from services.chassis.auth.caller import ANONYMOUS, Caller, ServiceCaller, UserCaller
from services.chassis.cache import redis_client
from services.chassis.runtime import deadline
from services.chassis.storage import positions, replica
from services.chassis.storage.postgres import Database, PostgresTransaction
from tests.engines import Engines
from tests.replication import Replicated, Replication, connected, outcome_of
from tests.waiting import LIMIT, eventually

# A bucket of their own, and so no list of each other.
ALICE, BOB = (UserCaller(bucket << 13, session_id=1) for bucket in (1, 2))
LIST = "SELECT text FROM notes WHERE id < $1 ORDER BY id DESC"
ALL = 1 << 30
NOWHERE = "redis://127.0.0.1:1"
# A standby refuses it.
ON_PRIMARY_ALONE = "SELECT pg_current_wal_lsn()::text AS text"


@pytest.fixture(scope="module")
def urls(running_replication: Replication) -> Replicated:
    return running_replication.fresh("chassis")


class Notes:
    """A list that users write to, in the database of a process."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def write(self, who: Caller, text: str) -> None:
        async def effect(transaction: PostgresTransaction) -> None:
            await transaction.connection.execute("INSERT INTO notes (text) VALUES ($1)", text)

        await _as(who, self.database.run(PostgresTransaction, effect))

    async def read(self, who: Caller, *, of: int | None = None, sql: str = LIST) -> list[str]:
        given = () if sql is ON_PRIMARY_ALONE else (ALL,)
        rows = await _as(who, self.database.fetch_list(of, sql, *given))
        return [row["text"] for row in rows]

    async def outcome(self, who: Caller, *, of: int | None = None, sql: str = LIST) -> str:
        """How a read is answered, according to the metrics."""
        return await outcome_of(lambda: self.read(who, of=of, sql=sql))

    async def comes_to(self, outcome: str, who: Caller) -> None:
        """Waits until reads are answered so."""

        async def holds() -> bool:
            return await self.outcome(who) == outcome

        await eventually(holds)


async def _as(who: Caller, work: object) -> object:
    """Runs a coroutine in a task with that caller."""

    async def run() -> object:
        caller.begin(who, None)
        return await work  # type: ignore[misc]

    return await asyncio.create_task(run())


@asynccontextmanager
async def a_process(urls: Replicated, redis_url: str) -> AsyncIterator[Notes]:
    """A process with a replica, and its jobs."""
    async with connected(urls, redis_url, service="test") as (database, _):
        yield Notes(database)


@pytest.fixture
async def notes(replication: Replication, urls: Replicated, valkey: str) -> AsyncIterator[Notes]:
    """A process whose standby has the note "old"."""
    async with a_process(urls, valkey) as process:
        await process.database.execute("DROP TABLE IF EXISTS notes")
        await process.database.execute(
            "CREATE TABLE notes (id int GENERATED ALWAYS AS IDENTITY, text text)"
        )
        await process.write(ANONYMOUS, "old")
        await asyncio.to_thread(replication.run, replication.catch_up())
        await process.comes_to("replica", ANONYMOUS)
        await process.comes_to("replica", BOB)
        yield process


async def _pause(replication: Replication) -> None:
    await asyncio.to_thread(replication.run, replication.pause())


async def test_strangers_read_from_the_standby(notes: Notes) -> None:
    assert await notes.read(BOB) == ["old"]
    assert await notes.outcome(BOB) == "replica"
    assert await notes.outcome(BOB, of=ALICE.user_id) == "replica"
    assert await notes.outcome(ANONYMOUS, of=ALICE.user_id) == "replica"


async def test_lists_of_ones_own_and_those_of_services_come_from_the_primary(notes: Notes) -> None:
    post_of_alice = (7 << 22) | ALICE.user_id | 3

    assert await notes.outcome(ALICE, of=ALICE.user_id) == "own"
    assert await notes.outcome(ALICE, of=post_of_alice) == "own"
    assert await notes.outcome(BOB, of=post_of_alice) == "replica"
    assert await notes.outcome(ServiceCaller("timeline"), of=ALICE.user_id) == "own"


async def test_writer_sees_the_own_write_at_once_and_strangers_see_it_after_the_replay(
    notes: Notes, replication: Replication
) -> None:
    await _pause(replication)

    await notes.write(ALICE, "new")

    assert await notes.read(ALICE) == ["new", "old"]
    assert await notes.outcome(ALICE) == "recent_write"
    assert await notes.read(BOB) == ["old"]
    assert await notes.read(ANONYMOUS) == ["old"]
    assert await notes.outcome(BOB) == "replica"

    await asyncio.to_thread(replication.run, replication.resume())

    await notes.comes_to("replica", ALICE)
    assert await notes.read(ALICE) == await notes.read(BOB) == ["new", "old"]


async def test_write_of_one_statement_is_seen_by_its_writer(
    notes: Notes, replication: Replication
) -> None:
    await _pause(replication)

    insert = "INSERT INTO notes (text) VALUES ('new') RETURNING text"
    assert await _as(ALICE, notes.database.write(insert)) is not None

    assert await notes.read(ALICE) == ["new", "old"]
    assert await notes.read(BOB) == ["old"]


async def test_every_process_knows_of_a_write(
    notes: Notes, replication: Replication, urls: Replicated, valkey: str
) -> None:
    async with a_process(urls, valkey) as other:
        await other.comes_to("replica", ALICE)
        await _pause(replication)

        await notes.write(ALICE, "new")

        assert await other.read(ALICE) == ["new", "old"]
        assert await other.read(BOB) == ["old"]


async def test_failed_write_changes_nothing(notes: Notes, replication: Replication) -> None:
    await _pause(replication)

    async def effect(transaction: PostgresTransaction) -> None:
        raise LookupError

    with pytest.raises(LookupError):
        await _as(ALICE, notes.database.run(PostgresTransaction, effect))

    assert await notes.outcome(ALICE) == "replica"


async def test_write_whose_position_is_unknown_succeeds_and_is_seen(
    notes: Notes, replication: Replication, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _pause(replication)
    monkeypatch.setattr(replica, "_WRITTEN", "SELECT 1 / 0")

    await notes.write(ALICE, "new")

    assert await notes.read(ALICE) == ["new", "old"]
    assert await notes.outcome(ALICE) == "recent_write"


async def test_nobody_reads_from_a_standby_that_is_too_far_behind(
    notes: Notes, replication: Replication, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _pause(replication)
    monkeypatch.setattr(replica, "MAX_LAG_SECONDS", 0.5)

    await notes.write(ALICE, "new")

    await notes.comes_to("behind", ANONYMOUS)
    assert await notes.read(ANONYMOUS) == await notes.read(BOB) == ["new", "old"]


async def test_lag_is_measured(notes: Notes, replication: Replication) -> None:
    def lag() -> float:
        return REGISTRY.get_sample_value("roost_replica_lag_seconds") or 0.0

    await eventually(lambda: 0.0 < lag() < 10.0)
    await _pause(replication)
    await notes.write(ALICE, "new")
    before = lag()

    await eventually(lambda: lag() > before + 0.5)


async def test_bytes_that_the_standby_has_not_replayed_are_measured(
    notes: Notes, replication: Replication
) -> None:
    def lag() -> float:
        return REGISTRY.get_sample_value("roost_replica_lag_bytes") or 0.0

    await _pause(replication)
    await notes.write(ALICE, "new" * 100_000)

    await eventually(lambda: lag() > 1000)

    await asyncio.to_thread(replication.run, replication.resume())
    await eventually(lambda: lag() < 1000)


async def test_server_that_is_no_standby_is_not_read(
    notes: Notes, urls: Replicated, valkey: str
) -> None:
    async with a_process(Replicated(urls.primary, urls.primary), valkey) as process:
        await process.comes_to("behind", ANONYMOUS)

        assert await process.read(ANONYMOUS) == ["old"]
        assert await process.outcome(ANONYMOUS) == "behind"


async def test_primary_answers_what_the_standby_refuses(notes: Notes) -> None:
    assert await notes.outcome(BOB, sql=ON_PRIMARY_ALONE) == "failed"
    assert len(await notes.read(BOB, sql=ON_PRIMARY_ALONE)) == 1


async def test_standby_that_stops_is_not_tried_until_it_is_back(
    notes: Notes, replication: Replication
) -> None:
    await asyncio.to_thread(replication.stop)

    await notes.comes_to("circuit_open", ANONYMOUS)
    assert await notes.read(ANONYMOUS) == ["old"]
    assert REGISTRY.get_sample_value("roost_replica_circuit_open") == 1

    await asyncio.to_thread(replication.start)

    await notes.comes_to("replica", ANONYMOUS)
    assert REGISTRY.get_sample_value("roost_replica_circuit_open") == 0


async def test_standby_that_does_not_answer_is_given_up(
    notes: Notes, replication: Replication, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replica, "READ_SECONDS", 0.2)
    replication.freeze()

    assert await notes.read(ANONYMOUS) == ["old"]
    await notes.comes_to("circuit_open", ANONYMOUS)

    replication.thaw()
    await notes.comes_to("replica", ANONYMOUS)


async def test_caller_without_time_does_not_open_the_circuit(
    notes: Notes, replication: Replication, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replica, "_PROBE_SECONDS", (LIMIT, LIMIT))
    for _ in range(5):
        with deadline.within(LIMIT):
            assert await notes.outcome(BOB, sql=ON_PRIMARY_ALONE) == "failed"

    assert await notes.outcome(BOB) == "replica"


async def test_without_redis_users_read_from_the_primary_and_others_from_the_standby(
    notes: Notes, urls: Replicated
) -> None:
    async with a_process(urls, NOWHERE) as process:
        await process.comes_to("replica", ANONYMOUS)
        await process.write(ALICE, "new")

        assert (await process.read(ALICE))[0] == "new"
        assert await process.outcome(ALICE) == "unknown_position"
        assert await process.outcome(BOB) == "unknown_position"
        assert await process.outcome(ANONYMOUS) == "replica"


async def test_after_redis_lost_its_keys_users_read_from_the_primary_for_a_while(
    notes: Notes, valkey: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(positions, "REPLAY_SECONDS", 0.5)
    with redis.Redis.from_url(valkey) as server:
        server.flushall()

    await notes.comes_to("unknown_position", ALICE)
    assert await notes.outcome(ANONYMOUS) == "replica"
    await notes.comes_to("replica", ALICE)


async def test_position_that_redis_did_not_take_is_stored_when_it_is_back(
    notes: Notes, replication: Replication, engines: Engines, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _pause(replication)
    monkeypatch.setattr(positions, "REPLAY_SECONDS", LIMIT)
    await asyncio.to_thread(engines.stop, "valkey")
    await notes.write(ALICE, "new")
    await asyncio.to_thread(engines.start, "valkey")
    monkeypatch.setattr(positions, "REPLAY_SECONDS", 0.0)

    async with redis_client.connect(engines.valkey.url) as server:

        async def kept() -> bool:
            kept = positions.Positions(server, service="test")
            return (await kept.of(ALICE.user_id)) not in {None, 0}

        await eventually(kept)


async def test_later_position_of_two_writes_is_kept(valkey_servers: str) -> None:
    async with redis_client.connect(valkey_servers) as server:
        kept = positions.Positions(server, service="test")
        for position in (9, 10, positions.UNKNOWN, 11):
            await kept.keep(ALICE.user_id, position)

        assert await kept.of(ALICE.user_id) == positions.UNKNOWN
        assert await kept.of(BOB.user_id) == 0
