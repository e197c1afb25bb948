"""Migrations of a deployment: in order, once, by one run at a time, and with clear failures."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from services.chassis.deployment import migrations
from services.chassis.deployment.migrations import MigrationFailed
from services.chassis.runtime.manifest import deployed
from services.chassis.storage.connection import Connection
from tests.stores.chassis.deployment_command import run_deployment
from tests.waiting import LIMIT, eventually

TABLE = "-- migrate:up\nCREATE TABLE pages (id int, title text);\n-- migrate:down\n"
INDEX = (
    "-- migrate:up transaction:false\n"
    "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS pages_id ON pages (id);\n"
    "-- migrate:down\n"
)
BROKEN = (
    "-- migrate:up\nCREATE TABLE half (id int);\nSELECT nonsense FROM pages;\n-- migrate:down\n"
)
SLOW = "-- migrate:up\nSELECT pg_sleep(1);\n-- migrate:down\n"
NOUNS = [each.noun for each in deployed()]


@pytest.fixture
async def connection(empty_database: str) -> AsyncIterator[Connection]:
    made: Connection = await asyncpg.connect(empty_database)
    try:
        yield made
    finally:
        await made.close()


def write(folder: Path, *migrations_: str) -> list[Path]:
    """A folder with these migrations, numbered in this order."""
    for number, text in enumerate(migrations_, start=1):
        (folder / f"2026010100000{number}_step.sql").write_text(text)
    return [folder]


async def test_pending_migrations_are_applied_once(
    empty_database: str, connection: Connection, tmp_path: Path
) -> None:
    folders = write(tmp_path, TABLE, INDEX)

    first = await migrations.apply(empty_database, folders)
    second = await migrations.apply(empty_database, folders)

    assert first == ["20260101000001_step.sql", "20260101000002_step.sql"]
    assert second == []
    assert await connection.fetchval("SELECT count(*) FROM schema_migrations") == 2


async def test_runs_that_meet_wait_for_each_other_also_where_an_index_is_built_concurrently(
    empty_database: str, tmp_path: Path
) -> None:
    folders = write(tmp_path, TABLE, SLOW, INDEX)

    applied = await asyncio.gather(*(migrations.apply(empty_database, folders) for _ in range(3)))

    assert sorted(map(len, applied)) == [0, 0, 3]


async def test_run_that_waits_too_long_gives_up(
    empty_database: str, connection: Connection, tmp_path: Path
) -> None:
    await connection.fetchval("SELECT pg_advisory_lock($1, $2)", *migrations._LOCK)

    with pytest.raises(MigrationFailed, match="another run still migrates"):
        await migrations.apply(empty_database, write(tmp_path, TABLE), wait_seconds=0.3)

    assert await connection.fetchval("SELECT to_regclass('pages')") is None


async def test_failed_migration_is_named_and_leaves_nothing(
    empty_database: str, connection: Connection, tmp_path: Path
) -> None:
    folders = write(tmp_path, TABLE, BROKEN)

    with pytest.raises(MigrationFailed, match=r"20260101000002_step\.sql failed: .*nonsense"):
        await migrations.apply(empty_database, folders)

    assert await connection.fetchval("SELECT to_regclass('half')") is None
    assert await connection.fetch("SELECT version FROM schema_migrations") == [("20260101000001",)]


async def test_unfinished_index_of_a_failed_run_is_built_by_the_next(
    empty_database: str, connection: Connection, tmp_path: Path
) -> None:
    await migrations.apply(empty_database, write(tmp_path, TABLE))
    await connection.execute("INSERT INTO pages (id) VALUES (1), (1)")
    folders = write(tmp_path, TABLE, INDEX)
    valid = "SELECT indisvalid FROM pg_index WHERE indexrelid = 'pages_id'::regclass"
    with pytest.raises(MigrationFailed, match=r"20260101000002_step\.sql"):
        await migrations.apply(empty_database, folders)
    assert await connection.fetchval(valid) is False

    await connection.execute("DELETE FROM pages")
    await migrations.apply(empty_database, folders)

    assert await connection.fetchval(valid) is True


async def test_cancelled_run_leaves_the_lock_free(
    empty_database: str, connection: Connection, tmp_path: Path
) -> None:
    folders = write(tmp_path, SLOW)
    sleeping = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"

    async def sleeps() -> bool:
        return bool(await connection.fetchval(sleeping))

    cancelled = asyncio.create_task(migrations.apply(empty_database, folders))
    await eventually(sleeps)
    cancelled.cancel()
    await asyncio.wait({cancelled})

    assert await migrations.apply(empty_database, folders, wait_seconds=LIMIT) in (
        ["20260101000001_step.sql"],
        [],  # the server committed what it was executing
    )


async def test_database_that_is_away_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(MigrationFailed, match="the database cannot be used"):
        await migrations.apply("postgres://roost@127.0.0.1:1/roost", write(tmp_path, TABLE))


async def test_command_migrates_the_services_whose_url_is_set_and_names_the_others(
    empty_database: str, connection: Connection
) -> None:
    done = await asyncio.to_thread(
        run_deployment, "migrate", ROOST_DATABASE_URL_TIMELINE=empty_database
    )

    assert done.returncode == 0, done.stderr
    assert "timeline: applied 20250110000000_timeline.sql" in done.stdout
    for noun in set(NOUNS) - {"timeline"}:
        assert (
            f"{noun}: skipped, since ROOST_DATABASE_URL_{noun.upper()} is not set." in done.stdout
        )
    assert await connection.fetchval("SELECT to_regclass('outbox')") == "outbox"


async def test_command_migrates_the_database_of_every_noun_that_a_service_runs(
    empty_database: str, connection: Connection
) -> None:
    done = await asyncio.to_thread(
        run_deployment, "migrate", ROOST_DATABASE_URL_NOTIFICATION=empty_database
    )

    assert done.returncode == 0, done.stderr
    for file in ("notifications", "delivery", "event_log"):
        assert f"_{file}.sql" in done.stdout


async def test_command_that_fails_says_which_service_and_file(
    empty_database: str, connection: Connection
) -> None:
    await connection.execute("CREATE TABLE outbox (id int)")

    done = await asyncio.to_thread(
        run_deployment, "migrate", ROOST_DATABASE_URL_POST=empty_database
    )

    assert done.returncode == 1
    assert done.stderr.startswith("post: the migration 20250101000000_chassis.sql failed: ")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({}, "No database is named: set ROOST_DATABASE_URL_<SERVICE>"),
        (
            {"ROOST_DATABASE_URL_POST": "mysql://somewhere"},
            "ROOST_DATABASE_URL_POST is wrong: it must be a URL that starts with postgres://.",
        ),
        (
            {"ROOST_DATABASE_URL_POSTS": "postgres://somewhere"},
            "ROOST_DATABASE_URL_POSTS names no service with a database",
        ),
    ],
)
def test_command_with_a_wrong_setting_changes_nothing_and_says_so(
    environment: dict[str, str], sentence: str
) -> None:
    done = run_deployment("migrate", **environment)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(sentence)


def test_folders_of_a_name_without_a_service_are_those_of_the_chassis() -> None:
    folders = migrations.folders_of("chassis")

    assert [each.parts[-2:] for each in folders] == [
        ("chassis", "migrations"),
        ("chassis", "user_key_migrations"),
    ]
