"""Rebuilds on PostgreSQL."""

from dataclasses import fields
from datetime import datetime
from typing import TYPE_CHECKING

import asyncpg

from services.chassis.storage.postgres import Database
from services.chassis.storage.transaction import Transaction
from services.search.adapters.postgres.store import connection_of
from services.search.domain.reindexing import Reindex, ReindexState, ReindexStore

_NAMES = [each.name for each in fields(Reindex)]
_COLUMNS = ", ".join(_NAMES)
_PARAMETERS = ", ".join(f"${place}" for place, _ in enumerate(_NAMES, start=1))
_RUNNING = f"state IN ({ReindexState.COPYING:d}, {ReindexState.VERIFYING:d})"

# Constants and column names alone.
_ADD = f"""
INSERT INTO reindexes ({_COLUMNS}) VALUES ({_PARAMETERS}) ON CONFLICT DO NOTHING RETURNING true
"""  # noqa: S608
_GET = f"SELECT {_COLUMNS} FROM reindexes WHERE id = $1"  # noqa: S608
_LATEST = f"SELECT {_COLUMNS} FROM reindexes ORDER BY id DESC LIMIT 1"  # noqa: S608
_LOCK = f"{_GET} FOR UPDATE"
_SAVE = f"UPDATE reindexes SET ({_COLUMNS}) = ROW ({_PARAMETERS}) WHERE id = $1"  # noqa: S608
_LEASE = f"""
UPDATE reindexes SET holder = $1, run_after = $3 WHERE {_RUNNING} AND run_after <= $2
RETURNING {_COLUMNS}
"""  # noqa: S608
_RENEW = f"""
UPDATE reindexes SET run_after = $3 WHERE id = $1 AND holder = $2 AND {_RUNNING} RETURNING true
"""  # noqa: S608
_WAS_STARTED = "SELECT EXISTS (SELECT FROM reindexes WHERE analyzer = $1)"
_USERS_WERE_READ = "SELECT EXISTS (SELECT FROM reindexes WHERE users_read)"


class PostgresReindexes:
    """See `reindexing.ReindexStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def reindex(self, reindex_id: int) -> Reindex | None:
        if reindex_id:
            row = await self._database.fetchrow(_GET, reindex_id)
        else:
            row = await self._database.fetchrow(_LATEST)
        return None if row is None else _reindex_from(row)

    async def add_reindex(self, transaction: Transaction, reindex: Reindex) -> bool:
        added = await connection_of(transaction).fetchval(_ADD, *_values(reindex))
        return added is not None

    async def lock_reindex(self, transaction: Transaction, reindex_id: int) -> Reindex | None:
        row = await connection_of(transaction).fetchrow(_LOCK, reindex_id)
        return None if row is None else _reindex_from(row)

    async def save_reindex(self, transaction: Transaction, reindex: Reindex) -> None:
        await connection_of(transaction).execute(_SAVE, *_values(reindex))

    async def lease_reindex(
        self, holder: str, *, now: datetime, lease_end: datetime
    ) -> Reindex | None:
        row = await self._database.fetchrow(_LEASE, holder, now, lease_end)
        return None if row is None else _reindex_from(row)

    async def renew_reindex(self, reindex_id: int, holder: str, lease_end: datetime) -> bool:
        return (await self._database.fetchval(_RENEW, reindex_id, holder, lease_end)) is not None

    async def was_started(self, analyzer: int) -> bool:
        return bool(await self._database.fetchval(_WAS_STARTED, analyzer))

    async def users_were_read(self) -> bool:
        return bool(await self._database.fetchval(_USERS_WERE_READ))


def _reindex_from(row: asyncpg.Record) -> Reindex:
    return Reindex(**{**dict(row), "state": ReindexState(row["state"])})


def _values(reindex: Reindex) -> list[object]:
    return [getattr(reindex, name) for name in _NAMES]


if TYPE_CHECKING:

    def _store(store: PostgresReindexes) -> ReindexStore:
        return store
