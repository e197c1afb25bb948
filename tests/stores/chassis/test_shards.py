"""`shards.distribute`: what it refuses on one PostgreSQL, and what it does on Citus."""

import contextlib
import os
from collections.abc import Callable, Iterable
from dataclasses import replace
from uuid import uuid4

import asyncpg
import pytest
from typer.testing import CliRunner

from local.cli import app
from services.chassis.deployment import shards
from services.chassis.deployment.shards import CannotDistribute
from services.chassis.runtime.manifest import Engine, Sharding, deployed
from services.chassis.storage.connection import Connection
from services.chassis.storage.postgres import Database, DatabaseUnavailable, connect
from tests.citus import CITUS_SETTING, CitusCluster, name_of
from tests.stores.chassis.deployment_command import run_deployment
from tests.waiting import eventually

DISTRIBUTED = [
    each.noun
    for each in deployed()
    if Engine.POSTGRES in each.engines and each.sharding is not None
]


def sharding_of(noun: str) -> Sharding:
    found = shards.sharding_of(noun)
    assert found is not None
    return found


async def tables_of(url: str) -> set[str]:
    connection = await asyncpg.connect(url)
    try:
        # On Citus, without the shards of these tables.
        await connection.execute("SET citus.override_table_visibility = on")
        rows = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    finally:
        await connection.close()
    return {row[0] for row in rows}


@pytest.mark.parametrize("noun", DISTRIBUTED)
async def test_the_manifest_names_each_table_once(
    database: Callable[[str], str], noun: str
) -> None:
    sharding = sharding_of(noun)
    named = [
        *sharding.reference,
        *sharding.local,
        *(table for group in sharding.groups for table in group),
    ]

    assert sorted(named) == sorted(await tables_of(database(noun)))


@pytest.mark.one_postgres("it is one")
async def test_a_database_without_citus_is_refused(database: Callable[[str], str]) -> None:
    with pytest.raises(CannotDistribute, match="no extension citus"):
        await shards.distribute(database("post"), sharding_of("post"))


async def test_a_database_that_cannot_be_reached_is_refused() -> None:
    with pytest.raises(CannotDistribute, match="cannot be used"):
        await shards.distribute("postgres://nobody@127.0.0.1:1/none", sharding_of("post"))


citus = pytest.mark.skipif(
    not os.environ.get(CITUS_SETTING), reason=f"{CITUS_SETTING} is not set: see docs/sharding.md"
)


@citus
async def test_it_may_be_repeated(database: Callable[[str], str]) -> None:
    done = await shards.distribute(database("timeline"), sharding_of("timeline"))

    assert (done.distributed, done.reference) == ([], [])
    assert {"read_markers", "outbox", "closed_authors"} <= set(done.unchanged)


@citus
async def test_the_tables_of_a_group_are_co_located(database: Callable[[str], str]) -> None:
    connection = await asyncpg.connect(database("post"))
    try:
        rows = await connection.fetch(
            "SELECT table_name::text, colocation_id, distribution_column FROM citus_tables"
        )
    finally:
        await connection.close()

    group = sharding_of("post").groups[0]
    found = {row[0]: row[1:] for row in rows if row[0] in group}
    assert {table: each[1] for table, each in found.items()} == dict(group)
    assert len({each[0] for each in found.values()}) == 1


@citus
async def test_it_goes_on_where_it_was_interrupted(empty_database: str) -> None:
    sharding = Sharding(
        groups=({"likes": "user_id", "posts": "user_id"},),
        primary_keys={"likes": "id, user_id", "posts": "id, user_id"},
    )
    connection = await asyncpg.connect(empty_database)
    try:
        for table in ("likes", "posts"):
            await connection.execute(
                f"CREATE TABLE {table} (id bigint PRIMARY KEY, user_id bigint)"
            )
        # The keys of both were replaced, and one of the tables was distributed.
        for table in ("likes", "posts"):
            await connection.execute(
                f"ALTER TABLE {table} DROP CONSTRAINT {table}_pkey, ADD PRIMARY KEY (id, user_id)"
            )
        await connection.execute(
            "SELECT create_distributed_table('posts', 'user_id', shard_count := 4)"
        )

        done = await shards.distribute(empty_database, sharding)

        assert (done.distributed, done.unchanged) == (["likes"], ["posts"])
        groups = await connection.fetch("SELECT DISTINCT colocation_id FROM citus_tables")
        assert len(groups) == 1
    finally:
        await connection.close()


@citus
async def test_a_table_that_the_manifest_does_not_name_is_refused(
    database: Callable[[str], str],
) -> None:
    sharding = replace(sharding_of("timeline"), reference=())

    with pytest.raises(CannotDistribute, match="does not name the tables closed_authors"):
        await shards.distribute(database("timeline"), sharding)


@citus
async def test_a_transaction_whose_nodes_are_lost_says_that_the_database_is_unavailable(
    database: Callable[[str], str],
) -> None:
    url = database("timeline")
    cluster = CitusCluster(os.environ[CITUS_SETTING])
    _, *workers = await cluster.nodes()

    async def insert(connection: Connection, users: Iterable[int]) -> None:
        for user in users:
            await connection.execute("INSERT INTO read_markers VALUES ($1, 1, now())", user)

    async def lose(store: Database) -> None:
        async with store.transaction(lambda connection, _: connection) as connection:
            # Enough to reach all nodes.
            await insert(connection, range(20))
            for worker in workers:
                await cluster.end_sessions(worker, [name_of(url)])
            await insert(connection, range(20, 40))

    async with connect(url) as store:
        with pytest.raises(DatabaseUnavailable):
            await lose(store)

        await eventually(lambda: is_available(store))
        assert await store.fetch("SELECT user_id FROM read_markers") == []


async def is_available(store: Database) -> bool:
    """Whether a statement reaches all nodes."""
    with contextlib.suppress(DatabaseUnavailable):
        await store.fetch("SELECT count(*) FROM read_markers")
        return True
    return False


@citus
async def test_rows_of_an_earlier_release_are_refused(empty_database: str) -> None:
    connection = await asyncpg.connect(empty_database)
    try:
        await connection.execute(
            "CREATE TABLE inbox (consumer text, event_id uuid, shard_key bigint DEFAULT '-1',"
            " PRIMARY KEY (consumer, event_id))"
        )
        await connection.execute("INSERT INTO inbox VALUES ('c', $1)", uuid4())
    finally:
        await connection.close()
    sharding = Sharding(
        groups=({"inbox": "shard_key"},), primary_keys={"inbox": "consumer, event_id, shard_key"}
    )

    with pytest.raises(CannotDistribute, match="rows of the previous release"):
        await shards.distribute(empty_database, sharding)


@pytest.mark.parametrize(
    ("arguments", "environment", "sentence"),
    [
        (["nobody"], {}, "nobody is no service with a database"),
        (["post"], {}, "ROOST_DATABASE_URL_POST is not set."),
        (["search"], {"ROOST_DATABASE_URL_SEARCH": "postgres://x/y"}, "is never distributed"),
        (
            ["post"],
            {"ROOST_DATABASE_URL_POST": "postgres://nobody@127.0.0.1:1/none"},
            "The database cannot be used",
        ),
    ],
)
def test_the_command_says_what_is_wrong(
    arguments: list[str], environment: dict[str, str], sentence: str
) -> None:
    done = CliRunner().invoke(app, ["shards", "distribute", *arguments], env=environment)

    assert done.exit_code == 1
    assert sentence in done.stderr


@pytest.mark.parametrize(
    ("environment", "code", "sentence"),
    [
        ({}, 2, "No database is named"),
        ({"ROOST_DATABASE_URL_LIKES": "postgres://x/y"}, 2, "LIKES names no service"),
        ({"ROOST_DATABASE_URL_SEARCH": "postgres://x/y"}, 2, "search is never distributed"),
        (
            {"ROOST_DATABASE_URL_POST": "postgres://x/y", "ROOST_SHARDS": "0"},
            2,
            "ROOST_SHARDS is wrong",
        ),
        (
            {"ROOST_DATABASE_URL_POST": "postgres://nobody@127.0.0.1:1/none"},
            1,
            "post: The database cannot be used",
        ),
    ],
)
def test_the_job_says_what_is_wrong(environment: dict[str, str], code: int, sentence: str) -> None:
    done = run_deployment("distribute", **environment)

    assert (done.returncode, done.stdout) == (code, "")
    assert sentence in done.stderr


@citus
def test_the_job_distributes_the_databases_that_are_named(database: Callable[[str], str]) -> None:
    done = run_deployment(
        "distribute", ROOST_DATABASE_URL_TIMELINE=database("timeline"), ROOST_SHARDS="4"
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("timeline: up to date.\n")
    assert "timeline: outbox: unchanged\n" in done.stdout
