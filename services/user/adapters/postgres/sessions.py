"""Sessions, stream tickets and signing keys on PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime

import asyncpg

from services.chassis.storage.postgres import PostgresTransaction
from services.user.domain.model import Session, StoredKey, StreamTicket

SESSION_COLUMNS = """
id, user_id, device_name, create_time, last_used_time, expire_time, revoke_time, refresh_hash,
previous_hash, sealed_answer
"""

KEYS = "SELECT kid, sign_time, sealed_private, x, y FROM signing_keys ORDER BY sign_time, kid"

_ADD = f"""
INSERT INTO sessions ({SESSION_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
"""  # noqa: S608 - a constant

_LOCK = f"""
SELECT {SESSION_COLUMNS} FROM sessions WHERE user_id = $1 AND id = $2 FOR UPDATE
"""  # noqa: S608

_LOCK_LIVE = f"""
SELECT {SESSION_COLUMNS} FROM sessions
WHERE user_id = $1 AND revoke_time IS NULL AND expire_time > $2 ORDER BY id FOR UPDATE
"""  # noqa: S608

_SAVE = """
UPDATE sessions SET last_used_time = $3, expire_time = $4, revoke_time = $5, refresh_hash = $6,
                    previous_hash = $7, sealed_answer = $8, device_name = $9
WHERE user_id = $1 AND id = $2
"""

# One writer of signing keys at a time. The number has no other use.
_LOCK_KEYS = "SELECT pg_advisory_xact_lock(7305128840155423)"


def session_of(row: asyncpg.Record) -> Session:
    """The session in a row of SESSION_COLUMNS."""
    return Session(**dict(row))


def key_of(row: asyncpg.Record) -> StoredKey:
    """The key in a row of KEYS."""
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
        return None if row is None else session_of(row)

    async def lock_live_sessions(self, user_id: int, now: datetime) -> list[Session]:
        return [session_of(row) for row in await self.connection.fetch(_LOCK_LIVE, user_id, now)]

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
        return [key_of(row) for row in await self.connection.fetch(KEYS)]

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
