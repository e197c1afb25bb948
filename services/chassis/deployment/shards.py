"""Distributes the tables of a service over the nodes of Citus, as its manifest says.

See docs/sharding.md.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

import asyncpg
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.chassis.deployment.database_urls import URL_PREFIX, given
from services.chassis.runtime.ids import BUCKETS
from services.chassis.runtime.manifest import Manifest, Sharding, deployed
from services.chassis.runtime.settings import PREFIX, load
from services.chassis.storage.connection import Connection

# Shards cannot be more than buckets, and a node cannot have less than one. 32 shards serve up to 32
# nodes.
SHARDS = 32
# create_distributed_table copies the rows of a table that has some.
_TIMEOUT_SECONDS = 3600.0
_CONNECT_SECONDS = 10.0

# Tables that every service has, beside those of SHARD_KEY_COLUMN.
_CHASSIS_LOCAL = {
    "worker_leases": "64 rows, which a process reads when it starts and every ten seconds",
    "outbox_refused": "empty unless the broker refuses an event for good",
    "schema_migrations": "dbmate's",
}
# Tables of the chassis that are distributed with those of the service, and their primary keys.
_CHASSIS_KEYS = {
    "outbox": "id, shard_key",
    "inbox": "consumer, event_id, shard_key",
    "idempotency_records": "caller_id, request_id, shard_key",
}
SHARD_KEY_COLUMN = "shard_key"

_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
_DISTRIBUTED = "SELECT table_name::text FROM citus_tables"
_HAS_CITUS = "SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'citus')"
# asyncpg reads the catalogue once a connection and type. Citus hides the tables of shards from such
# queries, which takes seconds.
_LET_CLIENTS_READ_THE_CATALOGUE = """
SELECT format('ALTER DATABASE %I SET citus.override_table_visibility = off', current_database())
"""
_FUNCTIONS = """
SELECT p.oid::regprocedure::text FROM pg_proc p
WHERE p.pronamespace = 'public'::regnamespace AND p.provolatile = 'i' AND p.prokind = 'f'
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
"""


class CannotDistribute(Exception):
    """The tables of a database cannot be distributed; the message is a sentence."""


class DistributeSettings(BaseSettings):
    """Settings of the command `distribute`, besides the URLs of databases."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", frozen=True)

    # Of each table, at least one a node. Cannot be changed later without copying all rows.
    shards: int = Field(default=SHARDS, ge=1, le=BUCKETS)


class Distribution(NamedTuple):
    """What was done."""

    distributed: list[str]
    reference: list[str]
    # Tables that were distributed before.
    unchanged: list[str]

    def lines(self) -> Iterator[str]:
        """One line a table."""
        for table in self.distributed:
            yield f"{table}: distributed"
        for table in self.reference:
            yield f"{table}: copied to every node"
        for table in self.unchanged:
            yield f"{table}: unchanged"


def run() -> int:
    """Distributes the database of every service whose URL is set, `ROOST_DATABASE_URL_<NOUN>`.

    Returns the exit code of the command.
    """
    urls = {noun: url for noun, url in given().items() if url is not None}
    shards = load(DistributeSettings).shards
    for noun, url in urls.items():
        sharding = sharding_of(noun)
        if sharding is None:
            print(
                f"{URL_PREFIX}{noun.upper()} is set, and the database of {noun} is never "
                "distributed: see docs/sharding.md.",
                file=sys.stderr,
            )
            return 2
        try:
            done = asyncio.run(distribute(url, sharding, shards=shards))
        except CannotDistribute as refused:
            print(f"{noun}: {refused}", file=sys.stderr)
            return 1
        for line in done.lines():
            print(f"{noun}: {line}")
        print(f"{noun}: up to date.", flush=True)
    return 0


def sharding_of(noun: str) -> Sharding | None:
    """How the tables of a service's database are distributed, those of the chassis included; None
    if they never are. Of a noun without a service, only those of the chassis."""
    own = next((each for each in deployed() if each.noun == noun), Manifest(noun)).sharding
    if own is None:
        return None
    chassis = dict.fromkeys(_CHASSIS_KEYS, SHARD_KEY_COLUMN)
    return replace(
        own,
        groups=({**chassis, **own.groups[0]}, *own.groups[1:]),
        primary_keys={**_CHASSIS_KEYS, **own.primary_keys},
        local={**_CHASSIS_LOCAL, **own.local},
    )


async def distribute(
    database_url: str, sharding: Sharding, *, shards: int = SHARDS
) -> Distribution:
    """Distributes the tables that are not distributed yet; it may be repeated.

    Rows stay readable, and writes to a table wait while its rows are copied. Raises
    CannotDistribute before anything was changed.
    """
    try:
        connection: Connection = await asyncpg.connect(
            database_url, timeout=_CONNECT_SECONDS, command_timeout=_TIMEOUT_SECONDS
        )
    except (OSError, TimeoutError, asyncpg.PostgresError) as error:
        raise CannotDistribute(f"The database cannot be used: {error}.") from error
    try:
        return await _distribute(connection, sharding, shards)
    finally:
        await connection.close()


async def _distribute(connection: Connection, sharding: Sharding, shards: int) -> Distribution:
    if not await connection.fetchval(_HAS_CITUS):
        raise CannotDistribute("The database has no extension citus.")
    # The list of tables must not contain their shards.
    await connection.execute("SET citus.override_table_visibility = on")
    tables = {row[0] for row in await connection.fetch(_TABLES)}
    done = {row[0] for row in await connection.fetch(_DISTRIBUTED)}
    _check_complete(tables, sharding)
    columns = shard_key_columns(sharding)
    changed = {each: key for each, key in sharding.primary_keys.items() if each not in done}
    for table in changed:
        await _check_filled(connection, table, columns[table])
    await connection.execute(await connection.fetchval(_LET_CLIENTS_READ_THE_CATALOGUE))
    for table, key in changed.items():
        await _replace_primary_key(connection, table, key)
    for row in await connection.fetch(_FUNCTIONS):
        await connection.execute(
            "SELECT create_distributed_function($1::text::regprocedure)", row[0]
        )
    made = []
    for group in sharding.groups:
        beside = next((each for each in group if each in done), None)
        for table, column in group.items():
            if table not in done:
                await _distribute_table(connection, table, column, beside, shards)
                made.append(table)
                beside = beside or table
    reference = [each for each in sharding.reference if each not in done]
    for table in reference:
        await connection.execute("SELECT create_reference_table($1::text::regclass)", table)
    return Distribution(made, reference, sorted(done))


def _check_complete(tables: Iterable[str], sharding: Sharding) -> None:
    named = {*sharding.reference, *sharding.local, *(t for group in sharding.groups for t in group)}
    unknown, missing = sorted(set(tables) - named), sorted(named - set(tables))
    if unknown:
        raise CannotDistribute(f"The manifest does not name the tables {', '.join(unknown)}.")
    if missing:
        raise CannotDistribute(
            f"The database has no tables {', '.join(missing)}: apply the migrations first."
        )


async def _check_filled(connection: Connection, table: str, column: str) -> None:
    if await connection.fetchval(
        f"SELECT EXISTS (SELECT FROM {table} WHERE {column} = -1)"  # noqa: S608 - of the manifest
    ):
        raise CannotDistribute(
            f"The table {table} has rows of the previous release, without {column}. The last of the"
            " inbox are gone a week after the last process of that release."
        )


async def _replace_primary_key(connection: Connection, table: str, columns: str) -> None:
    """Gives a table a primary key with the column that it is distributed by. Citus has no triggers:
    those that complete the rows of processes of the previous release go too."""
    async with connection.transaction():
        await connection.execute(
            f"ALTER TABLE {table} DROP CONSTRAINT {table}_pkey, ADD PRIMARY KEY ({columns})"
        )
        await connection.execute(f"DROP TRIGGER IF EXISTS complete_shard_key ON {table}")


async def _distribute_table(
    connection: Connection, table: str, column: str, beside: str | None, shards: int
) -> None:
    if beside is None:
        await connection.execute(
            "SELECT create_distributed_table("
            "$1::text::regclass, $2, colocate_with := 'none', shard_count := $3)",
            table,
            column,
            shards,
        )
        return
    await connection.execute(
        "SELECT create_distributed_table($1::text::regclass, $2, colocate_with := $3)",
        table,
        column,
        beside,
    )


def shard_key_columns(sharding: Sharding) -> Mapping[str, str]:
    """The distributed tables, with the column that each is distributed by."""
    return {table: column for group in sharding.groups for table, column in group.items()}
