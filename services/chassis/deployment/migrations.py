"""Applies the migrations of services to their databases. See docs/migrations.md.

dbmate applies the files, each transactional one with its row of `schema_migrations`. The lock that
keeps two runs apart is taken here: dbmate waits for its own in a statement, which holds a snapshot,
and CREATE INDEX CONCURRENTLY of the run that has the lock waits for all snapshots.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import sys
import sysconfig
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import asyncpg

from services.chassis.deployment.database_urls import URL_PREFIX, given
from services.chassis.runtime.manifest import (
    CHASSIS_MIGRATIONS,
    SERVICES,
    SHARD_KEY_MIGRATIONS,
    Manifest,
    deployed,
)
from services.chassis.storage.connection import Connection

# How long a run waits for another one: less than a job has in the chart, so that it says why.
WAIT_SECONDS = 540.0
_POLL_SECONDS = 0.2
_CONNECT_SECONDS = 10.0
# Names the lock among this database's advisory locks of two numbers: "roost", "migr".
_LOCK = (0x726F6F73, 0x6D696772)

_CONCURRENT_INDEX = re.compile(
    r"CREATE\s+(?:UNIQUE\s+)?INDEX\s+CONCURRENTLY\s+(?:IF\s+NOT\s+EXISTS\s+)?(\w+)", re.IGNORECASE
)
_UNFINISHED = """
SELECT format('%I.%I', n.nspname, c.relname)
FROM pg_index i
JOIN pg_class c ON c.oid = i.indexrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE NOT i.indisvalid AND c.relname = ANY($1)
"""
_APPLYING, _APPLIED = "Applying: ", "Applied: "


class MigrationFailed(Exception):
    """A migration could not be applied; the message names the file where one failed."""


class _Output(NamedTuple):
    """What dbmate printed."""

    applied: list[str]
    # The file that it was applying when it ended.
    unfinished: str | None


def folders_of(noun: str) -> list[Path]:
    """The folders of migrations of a service's database: the chassis's, and those of the nouns
    that the service runs. Of a noun without a service, only the chassis's."""
    own = next((each for each in deployed() if each.noun == noun), Manifest(noun))
    keys = SHARD_KEY_MIGRATIONS[own.shard_key]
    return [SERVICES / folder for folder in (CHASSIS_MIGRATIONS, keys, *own.migrations)]


async def apply(
    database_url: str, folders: Sequence[Path], *, wait_seconds: float = WAIT_SECONDS
) -> list[str]:
    """Applies the pending migrations in order; returns their files.

    Runs that meet on one database wait for each other. A transactional migration that fails leaves
    nothing; of CREATE INDEX CONCURRENTLY an unfinished index is left, which the next run drops
    first. Raises MigrationFailed.
    """
    try:
        async with _locked(database_url, wait_seconds) as connection:
            await _drop_unfinished_indexes(connection, folders)
            return await _run_dbmate(database_url, folders)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise MigrationFailed(f"the database cannot be used: {_sentence(error)}") from error


def run() -> int:
    """Applies the migrations of every service whose URL is set, `ROOST_DATABASE_URL_<NOUN>`.

    Returns the exit code of the command.
    """
    for noun, url in given().items():
        if url is None:
            print(f"{noun}: skipped, since {URL_PREFIX}{noun.upper()} is not set.")
            continue
        try:
            applied = asyncio.run(apply(url, folders_of(noun)))
        except MigrationFailed as failure:
            print(f"{noun}: {failure}", file=sys.stderr)
            return 1
        for file in applied:
            print(f"{noun}: applied {file}")
        print(f"{noun}: up to date.", flush=True)
    return 0


@asynccontextmanager
async def _locked(database_url: str, seconds: float) -> AsyncIterator[Connection]:
    """A connection that holds the lock of migrations of its database."""
    connection: Connection = await asyncpg.connect(database_url, timeout=_CONNECT_SECONDS)
    try:
        try:
            async with asyncio.timeout(seconds):
                while not await connection.fetchval(  # noqa: ASYNC110 - see the module
                    "SELECT pg_try_advisory_lock($1, $2)", *_LOCK
                ):
                    await asyncio.sleep(_POLL_SECONDS)
        except TimeoutError:
            raise MigrationFailed(
                f"another run still migrates this database after {seconds:.0f} s"
            ) from None
        yield connection
    finally:
        connection.terminate()


async def _drop_unfinished_indexes(connection: Connection, folders: Sequence[Path]) -> None:
    names = [
        name
        for folder in folders
        for file in folder.glob("*.sql")
        for name in _CONCURRENT_INDEX.findall(file.read_text())
    ]
    for index in await connection.fetch(_UNFINISHED, names):
        await connection.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {index[0]}")


async def _run_dbmate(database_url: str, folders: Sequence[Path]) -> list[str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    process = await asyncio.create_subprocess_exec(
        _dbmate(),
        "--no-dump-schema",
        # A file named .env in the working directory is not ours.
        f"--env-file={os.devnull}",
        *(f"--migrations-dir={folder}" for folder in folders),
        "migrate",
        env=kept | {"DATABASE_URL": database_url},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        stdout, stderr = await process.communicate()
    except asyncio.CancelledError:
        process.kill()
        await process.communicate()
        raise
    output = _read(stdout.decode(errors="replace"))
    if process.returncode != 0:
        said = " ".join(stderr.decode(errors="replace").split()).removeprefix("Error: ")
        where = "dbmate" if output.unfinished is None else f"the migration {output.unfinished}"
        raise MigrationFailed(f"{where} failed: {said}")
    return output.applied


def _dbmate() -> str:
    """The program that the wheel installs beside the interpreter, or that is on the PATH."""
    folders = os.pathsep.join((sysconfig.get_path("scripts"), os.environ.get("PATH", os.defpath)))
    found = shutil.which("dbmate", path=folders)
    if found is None:
        raise MigrationFailed("the program dbmate is not installed")
    return found


def _read(stdout: str) -> _Output:
    applied: list[str] = []
    unfinished = None
    for line in stdout.splitlines():
        if line.startswith(_APPLYING):
            unfinished = line.removeprefix(_APPLYING)
        elif line.startswith(_APPLIED):
            applied.append(line.removeprefix(_APPLIED).partition(" ")[0])
            unfinished = None
    return _Output(applied, unfinished)


def _sentence(error: Exception) -> str:
    return str(error) or type(error).__name__
