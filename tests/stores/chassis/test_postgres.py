"""The pool stays inside deadlines, names its failures, and recovers from a lost database."""

import asyncio
import time
import traceback
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack

import asyncpg
import pytest

from services.chassis.runtime import deadline
from services.chassis.runtime.errors import DeadlineExceeded
from services.chassis.storage import postgres
from services.chassis.storage.postgres import (
    Database,
    DatabaseUnavailable,
    OutcomeUnknown,
    PostgresTransaction,
)
from services.chassis.storage.transaction import TransactionAborted
from tests.engines import Engines
from tests.waiting import LIMIT, eventually

SLEEP = "SELECT pg_sleep(30)"


@pytest.fixture
async def connected(database: Callable[[str], str]) -> AsyncIterator[Database]:
    async with postgres.connect(database("chassis"), max_size=5) as made:
        await made.execute("CREATE TABLE numbers (id int PRIMARY KEY, value int)")
        await made.execute("INSERT INTO numbers VALUES (1, 0), (2, 0)")
        yield made


async def test_statement_ends_with_the_deadline_of_its_caller(connected: Database) -> None:
    started = time.monotonic()

    with deadline.within(0.2), pytest.raises(DeadlineExceeded):
        await connected.execute(SLEEP)

    assert time.monotonic() - started < 20.0  # of the 30 s that the statement takes


async def test_transaction_ends_with_the_deadline_and_leaves_nothing(connected: Database) -> None:
    async def work() -> None:
        async with connected.transaction(PostgresTransaction) as transaction:
            await transaction.connection.execute("UPDATE numbers SET value = 7")
            await transaction.connection.execute(SLEEP)

    with deadline.within(0.3), pytest.raises(DeadlineExceeded):
        await work()

    assert await connected.fetchval("SELECT max(value) FROM numbers") == 0


async def test_call_whose_time_is_over_is_not_made(connected: Database) -> None:
    with deadline.within(0.0), pytest.raises(DeadlineExceeded):
        await connected.fetchval("SELECT 1")


async def test_pool_that_is_used_up_says_so_instead_of_queueing_for_ever(
    connected: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with AsyncExitStack() as held:
        for _ in range(5):
            await held.enter_async_context(connected.connection(seconds=LIMIT))
        monkeypatch.setattr(postgres, "ACQUIRE_SECONDS", 0.1)

        with pytest.raises(DatabaseUnavailable):
            await connected.fetchval("SELECT 1")


async def test_connections_are_whole_again_after_a_time_out(connected: Database) -> None:
    for _ in range(10):
        with deadline.within(0.05), pytest.raises(DeadlineExceeded):
            await connected.execute(SLEEP)

    assert await connected.fetchval("SELECT 42") == 42


async def test_killed_session_is_a_database_that_is_away(connected: Database) -> None:
    async def work() -> None:
        async with connected.transaction(PostgresTransaction) as transaction:
            pid = await transaction.connection.fetchval("SELECT pg_backend_pid()")
            await connected.execute("SELECT pg_terminate_backend($1::integer, 2000::bigint)", pid)
            await transaction.connection.execute("SELECT 1")

    with pytest.raises(DatabaseUnavailable):
        await work()

    assert await connected.fetchval("SELECT 1") == 1


async def test_a_statement_that_writes_and_has_no_answer_may_have_happened(
    connected: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "STATEMENT_SECONDS", 0.2)

    with pytest.raises(OutcomeUnknown):
        await connected.write(SLEEP)
    with deadline.within(0.1), pytest.raises(DeadlineExceeded):
        await connected.write(SLEEP)


async def test_a_statement_that_was_not_sent_has_not_happened(
    connected: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "ACQUIRE_SECONDS", 0.1)
    async with AsyncExitStack() as held:
        for _ in range(5):
            await held.enter_async_context(connected.connection(seconds=LIMIT))

        with pytest.raises(DatabaseUnavailable) as failure:
            await connected.write("UPDATE numbers SET value = 7")

    assert failure.type is DatabaseUnavailable


async def test_only_a_commit_without_an_answer_may_have_happened(connected: Database) -> None:
    await connected.execute(
        """
        CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS
          $$ BEGIN PERFORM pg_sleep(30); RETURN NULL; END $$;
        CREATE CONSTRAINT TRIGGER at_commit AFTER UPDATE ON numbers
          DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION wait()
        """
    )

    async def work(statement: str) -> None:
        async with connected.transaction(PostgresTransaction, seconds=0.5) as transaction:
            await transaction.connection.execute(statement)

    with pytest.raises(DatabaseUnavailable) as before:
        await work(SLEEP)
    with pytest.raises(DatabaseUnavailable) as within:
        await work("UPDATE numbers SET value = 7")

    assert (before.type, within.type) == (DatabaseUnavailable, OutcomeUnknown)


async def test_errors_about_the_data_pass_through(connected: Database) -> None:
    with pytest.raises(asyncpg.UniqueViolationError):
        await connected.execute("INSERT INTO numbers VALUES (1, 1)")


async def test_an_error_about_the_data_repeats_no_value_of_a_row(connected: Database) -> None:
    await connected.execute("CREATE TABLE texts (text text PRIMARY KEY CHECK (length(text) < 9))")
    insert = "INSERT INTO texts VALUES ($1)"
    await connected.execute(insert, "quokka")

    async def add(text: str) -> None:
        async with connected.transaction(PostgresTransaction) as transaction:
            await transaction.connection.execute(insert, text)

    with pytest.raises(asyncpg.UniqueViolationError) as alone:
        await connected.execute(insert, "quokka")
    with pytest.raises(asyncpg.CheckViolationError) as in_transaction:
        await add("quokka quokka")

    for error in (alone.value, in_transaction.value):
        logged = "".join(traceback.format_exception_only(error))
        assert "texts" in logged
        assert "quokka" not in logged


async def test_deadlock_is_resolved_by_running_again(connected: Database) -> None:
    both_began = asyncio.Barrier(2)
    attempts = 0

    async def add(first: int, second: int) -> None:
        async def effect(transaction: PostgresTransaction) -> None:
            nonlocal attempts
            attempts += 1
            update = "UPDATE numbers SET value = value + 1 WHERE id = $1"
            await transaction.connection.execute(update, first)
            if attempts <= 2:
                await both_began.wait()
            await transaction.connection.execute(update, second)

        await connected.run(PostgresTransaction, effect)

    await asyncio.gather(add(1, 2), add(2, 1))

    assert attempts == 3
    assert await connected.fetchval("SELECT array_agg(value) FROM numbers") == [2, 2]


async def test_serialization_failure_is_named(connected: Database) -> None:
    async def conflict() -> None:
        async with connected.transaction(
            PostgresTransaction, isolation="repeatable_read"
        ) as transaction:
            await transaction.connection.fetchval("SELECT value FROM numbers WHERE id = 1")
            await connected.execute("UPDATE numbers SET value = 1 WHERE id = 1")
            await transaction.connection.execute("UPDATE numbers SET value = 2 WHERE id = 1")

    with pytest.raises(TransactionAborted):
        await conflict()


async def test_listener_is_woken_by_a_notification(connected: Database) -> None:
    async with postgres.listening(connected.url, "news") as woken:
        await asyncio.wait_for(woken.wait(), LIMIT)
        woken.clear()

        await connected.execute("NOTIFY news")

        await asyncio.wait_for(woken.wait(), LIMIT)


async def test_listener_comes_back_and_wakes_when_its_connection_was_lost(
    connected: Database,
) -> None:
    async with postgres.listening(connected.url, "news", name="ears") as woken:
        await asyncio.wait_for(woken.wait(), LIMIT)
        woken.clear()

        await connected.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'ears'"
        )

        await asyncio.wait_for(woken.wait(), LIMIT)
        woken.clear()
        await connected.execute("NOTIFY news")
        await asyncio.wait_for(woken.wait(), LIMIT)


@pytest.mark.one_postgres("it stops the server")
async def test_pool_serves_again_when_the_database_is_back(
    engines: Engines, connected: Database
) -> None:
    engines.stop("postgres")
    try:
        with pytest.raises(DatabaseUnavailable):
            await connected.check()
    finally:
        engines.start("postgres")

    async def serves() -> bool:
        try:
            await connected.check()
        except DatabaseUnavailable:
            return False
        return True

    await eventually(serves)


async def test_database_that_is_away_at_the_start_is_named() -> None:
    with pytest.raises(DatabaseUnavailable):
        async with postgres.connect("postgres://nobody@127.0.0.1:1/none"):
            pass


async def test_role_that_may_not_log_in_is_a_database_that_is_away(
    database: Callable[[str], str],
) -> None:
    address = database("chassis").rpartition("@")[2]

    with pytest.raises(DatabaseUnavailable):
        async with postgres.connect(f"postgresql://nobody:unused@{address}"):
            pass
