"""Sessions, stream tickets and signing keys on PostgreSQL.

Each statement stays within one shard key.
"""

from collections.abc import Sequence
from datetime import datetime

import asyncpg

from services.chassis.storage.postgres import Database, PostgresTransaction
from services.user.domain.model import Session, StoredKey, StreamTicket
from services.user.domain.store import ENDED_SESSIONS_KEPT, NETWORK_LIFETIME

_COLUMNS = """
id, user_id, device_name, create_time, last_used_time, expire_time, revoke_time, refresh_hash,
previous_hash, sealed_answer
"""

_KEYS = "SELECT kid, sign_time, sealed_private, x, y FROM signing_keys ORDER BY sign_time, kid"

_ADD = f"""
INSERT INTO sessions ({_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
"""  # noqa: S608 - a constant

_LOCK = f"""
SELECT {_COLUMNS} FROM sessions WHERE user_id = $1 AND id = $2 FOR UPDATE
"""  # noqa: S608

_LOCK_LIVE = f"""
SELECT {_COLUMNS} FROM sessions
WHERE user_id = $1 AND revoke_time IS NULL AND expire_time > $2 ORDER BY id FOR UPDATE
"""  # noqa: S608

_SAVE = """
UPDATE sessions SET last_used_time = $3, expire_time = $4, revoke_time = $5, refresh_hash = $6,
                    previous_hash = $7, sealed_answer = $8, device_name = $9
WHERE user_id = $1 AND id = $2
"""

_LIST_SESSIONS = f"""
SELECT {_COLUMNS} FROM sessions
WHERE user_id = $1 AND id < $2 AND revoke_time IS NULL AND expire_time > $4
ORDER BY id DESC LIMIT $3
"""  # noqa: S608

_ONE = f"""
SELECT {_COLUMNS} FROM sessions WHERE user_id = $1 AND id = $2
"""  # noqa: S608

_MAX_ID = (1 << 63) - 1

# One writer of signing keys at a time. The number has no other use.
_LOCK_KEYS = "SELECT pg_advisory_xact_lock(7305128840155423)"


def _session_of(row: asyncpg.Record) -> Session:
    """The session in a row of _COLUMNS."""
    return Session(**dict(row))


def _key_of(row: asyncpg.Record) -> StoredKey:
    """The key in a row of _KEYS."""
    return StoredKey(**dict(row))


class PostgresSessionTransaction(PostgresTransaction):
    """See `store.SessionTransaction` and `store.KeyTransaction`."""

    async def add_session(self, session: Session) -> None:
        await self.connection.execute(
            _ADD,
            session.id,
            session.user_id,
            session.device_name,
            session.create_time,
            session.last_used_time,
            session.expire_time,
            session.revoke_time,
            session.refresh_hash,
            session.previous_hash,
            session.sealed_answer,
        )

    async def lock_session(self, user_id: int, session_id: int) -> Session | None:
        row = await self.connection.fetchrow(_LOCK, user_id, session_id)
        return None if row is None else _session_of(row)

    async def lock_live_sessions(self, user_id: int, now: datetime) -> list[Session]:
        return [_session_of(row) for row in await self.connection.fetch(_LOCK_LIVE, user_id, now)]

    async def save_session(self, session: Session) -> None:
        await self.connection.execute(
            _SAVE,
            session.user_id,
            session.id,
            session.last_used_time,
            session.expire_time,
            session.revoke_time,
            session.refresh_hash,
            session.previous_hash,
            session.sealed_answer,
            session.device_name,
        )

    async def add_ticket(self, ticket_hash: bytes, ticket: StreamTicket) -> None:
        await self.connection.execute(
            "INSERT INTO stream_tickets (ticket_hash, user_id, session_id, expire_time) "
            "VALUES ($1, $2, $3, $4)",
            ticket_hash,
            ticket.user_id,
            ticket.session_id,
            ticket.expire_time,
        )

    async def take_ticket(self, ticket_hash: bytes) -> StreamTicket | None:
        row = await self.connection.fetchrow(
            "DELETE FROM stream_tickets WHERE ticket_hash = $1 "
            "RETURNING user_id, session_id, expire_time",
            ticket_hash,
        )
        return None if row is None else StreamTicket(**dict(row))

    async def lock_signing_keys(self) -> list[StoredKey]:
        await self.connection.execute(_LOCK_KEYS)
        return [_key_of(row) for row in await self.connection.fetch(_KEYS)]

    async def add_signing_key(self, key: StoredKey) -> None:
        await self.connection.execute(
            "INSERT INTO signing_keys (kid, sign_time, sealed_private, x, y) "
            "VALUES ($1, $2, $3, $4, $5)",
            key.kid,
            key.sign_time,
            key.sealed_private,
            key.x,
            key.y,
        )

    async def remove_signing_keys(self, kids: Sequence[str]) -> None:
        await self.connection.execute("DELETE FROM signing_keys WHERE kid = ANY($1)", kids)


class PostgresSessions:
    """The reads of sessions and signing keys; see `store.Store`."""

    _database: Database

    async def session(self, user_id: int, session_id: int) -> Session | None:
        row = await self._database.fetchrow(_ONE, user_id, session_id)
        return None if row is None else _session_of(row)

    async def list_sessions(
        self, user_id: int, *, before_id: int | None, limit: int, now: datetime
    ) -> list[Session]:
        newest = _MAX_ID if before_id is None else before_id
        rows = await self._database.fetch(_LIST_SESSIONS, user_id, newest, limit, now)
        return [_session_of(row) for row in rows]

    async def revoked_sessions(self, since: datetime) -> list[int]:
        rows = await self._database.fetch("SELECT id FROM sessions WHERE revoke_time > $1", since)
        return [row["id"] for row in rows]

    async def signing_keys(self) -> list[StoredKey]:
        return [_key_of(row) for row in await self._database.fetch(_KEYS)]

    async def prune(self, now: datetime) -> int:
        ended = 0
        for table, column, last in (
            ("sessions", "expire_time", now),
            ("stream_tickets", "expire_time", now),
            ("known_networks", "last_used_time", now - NETWORK_LIFETIME),
        ):
            status = await self._database.execute(
                f"DELETE FROM {table} WHERE {column} <= $1",  # noqa: S608 - constants
                last,
            )
            ended += int(status.rpartition(" ")[2])
        status = await self._database.execute(
            "DELETE FROM sessions WHERE revoke_time <= $1", now - ENDED_SESSIONS_KEPT
        )
        return ended + int(status.rpartition(" ")[2])
