"""The reads of the User service's store on PostgreSQL, and its transactions."""

from collections.abc import Collection, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from functools import partial

from services.chassis.runtime.clock import Clock
from services.chassis.storage.connection import Connection
from services.chassis.storage.postgres import Database
from services.user.adapters.postgres.accounts import (
    USER_COLUMNS,
    PostgresAccountTransaction,
    user_of,
)
from services.user.adapters.postgres.graph import (
    RELATIONSHIPS,
    RELATIONSHIPS_OF_PAIRS,
    PostgresGraphTransaction,
    relationships_of,
    relationships_of_pairs,
)
from services.user.adapters.postgres.sessions import (
    KEYS,
    SESSION_COLUMNS,
    PostgresSessionTransaction,
    key_of,
    session_of,
)
from services.user.domain.domain_events import Describe, DomainEvent
from services.user.domain.model import (
    BackgroundTask,
    Counts,
    Direction,
    IdPage,
    ListedRelationship,
    Relationship,
    RelationshipKind,
    Session,
    StoredKey,
    User,
)
from services.user.domain.store import ENDED_SESSIONS_KEPT, NETWORK_LIFETIME, UserTransaction

_USERS = f"""
SELECT {USER_COLUMNS} FROM users u JOIN user_counts c ON c.user_id = u.id
WHERE u.id = ANY($1::bigint[]) AND u.delete_time IS NULL
"""  # noqa: S608 - a constant

_LIST_SESSIONS = f"""
SELECT {SESSION_COLUMNS} FROM sessions
WHERE user_id = $1 AND id < $2 AND revoke_time IS NULL AND expire_time > $4
ORDER BY id DESC LIMIT $3
"""  # noqa: S608

# table, near end, far end
_ENDS = {
    Direction.OUT: ("edges_out", "source_id", "target_id"),
    Direction.IN: ("edges_in", "target_id", "source_id"),
}
_LIST = {
    direction: f"""
SELECT edge_id, {far} FROM {table}
WHERE {near} = $1 AND kind = $2 AND edge_id < $3 ORDER BY edge_id DESC LIMIT $4
"""  # noqa: S608
    for direction, (table, near, far) in _ENDS.items()
}
_COUNTED = {Direction.IN: "followers", Direction.OUT: "following"}
# One id more than the page has shows whether more follow.
_LIST_IDS = {
    direction: f"""
SELECT asked.id, coalesce(counted.{_COUNTED[direction]}, 0), ARRAY(
  SELECT {far} FROM {table}
  WHERE {near} = asked.id AND {far} > $2 AND kind = {RelationshipKind.FOLLOW:d}
  ORDER BY {far} LIMIT $3 + 1
)
FROM unnest($1::bigint[]) AS asked (id) LEFT JOIN user_counts AS counted ON user_id = asked.id
"""  # noqa: S608
    for direction, (table, near, far) in _ENDS.items()
}

_COMPARED = """
SELECT c.user_id, c.followers, c.following, c.posts,
  (SELECT count(*) FROM edges_in i WHERE i.target_id = c.user_id AND i.kind = 1),
  (SELECT count(*) FROM edges_out o WHERE o.source_id = c.user_id AND o.kind = 1)
FROM user_counts c WHERE c.user_id > $1 ORDER BY c.user_id LIMIT $2
"""

_MAX_ID = (1 << 63) - 1


class PostgresUserTransaction(
    PostgresAccountTransaction, PostgresSessionTransaction, PostgresGraphTransaction
):
    """See `store.UserTransaction`."""

    def __init__(self, connection: Connection, clock: Clock, *, describe: Describe) -> None:
        super().__init__(connection, clock)
        self._describe = describe

    async def emit(self, event: DomainEvent) -> None:
        await self.publish(self._describe(event))


class PostgresUserStore:
    """See `store.Store`. `describe` converts domain events to messages of the outbox."""

    def __init__(self, database: Database, *, describe: Describe) -> None:
        self._database = database
        self._kind = partial(PostgresUserTransaction, describe=describe)

    def transaction(self) -> AbstractAsyncContextManager[UserTransaction]:
        return self._database.transaction(self._kind)

    async def users(self, user_ids: Sequence[int]) -> list[User]:
        return [user_of(row) for row in await self._database.fetch(_USERS, user_ids)]

    async def ids_of_handles(self, keys: Sequence[str]) -> dict[str, int]:
        rows = await self._database.fetch(
            "SELECT handle_key, user_id FROM handles WHERE handle_key = ANY($1::text[])", keys
        )
        return {row[0]: row[1] for row in rows}

    async def password_of(self, user_id: int) -> str | None:
        found: str | None = await self._database.fetchval(
            "SELECT password_hash FROM credentials WHERE user_id = $1", user_id
        )
        return found

    async def is_known_network(self, user_id: int, network_hash: bytes) -> bool:
        found: bool = await self._database.fetchval(
            "SELECT EXISTS (SELECT FROM known_networks WHERE user_id = $1 AND network_hash = $2)",
            user_id,
            network_hash,
        )
        return found

    async def relationships_with(
        self, viewer_id: int, other_ids: Sequence[int]
    ) -> dict[int, Relationship]:
        return relationships_of(await self._database.fetch(RELATIONSHIPS, viewer_id, other_ids))

    async def relationships_of_pairs(
        self, pairs: Collection[tuple[int, int]]
    ) -> dict[tuple[int, int], Relationship]:
        distinct = set(pairs)
        ones = [one_id for one_id, _ in distinct]
        others = [other_id for _, other_id in distinct]
        return relationships_of_pairs(
            await self._database.fetch(RELATIONSHIPS_OF_PAIRS, ones, others)
        )

    async def list_relationships(
        self,
        kind: RelationshipKind,
        direction: Direction,
        user_id: int,
        *,
        before: int | None,
        limit: int,
    ) -> list[ListedRelationship]:
        newest = _MAX_ID if before is None else before
        rows = await self._database.fetch(_LIST[direction], user_id, kind, newest, limit)
        return [ListedRelationship(row[0], row[1]) for row in rows]

    async def list_ids(
        self, direction: Direction, user_ids: Collection[int], *, limit: int, after_id: int = 0
    ) -> dict[int, IdPage]:
        rows = await self._database.fetch(_LIST_IDS[direction], list(user_ids), after_id, limit)
        return {
            user_id: IdPage(ids[:limit], len(ids) > limit, total) for user_id, total, ids in rows
        }

    async def counts(self, user_id: int) -> Counts:
        row = await self._database.fetchrow(
            "SELECT followers, following, posts FROM user_counts WHERE user_id = $1", user_id
        )
        return Counts() if row is None else Counts(*row)

    async def session(self, user_id: int, session_id: int) -> Session | None:
        row = await self._database.fetchrow(
            f"SELECT {SESSION_COLUMNS} FROM sessions WHERE user_id = $1 AND id = $2",  # noqa: S608
            user_id,
            session_id,
        )
        return None if row is None else session_of(row)

    async def list_sessions(
        self, user_id: int, *, before_id: int | None, limit: int, now: datetime
    ) -> list[Session]:
        newest = _MAX_ID if before_id is None else before_id
        rows = await self._database.fetch(_LIST_SESSIONS, user_id, newest, limit, now)
        return [session_of(row) for row in rows]

    async def revoked_sessions(self, since: datetime) -> list[int]:
        rows = await self._database.fetch("SELECT id FROM sessions WHERE revoke_time > $1", since)
        return [row["id"] for row in rows]

    async def signing_keys(self) -> list[StoredKey]:
        return [key_of(row) for row in await self._database.fetch(KEYS)]

    async def next_background_task(self, background_task: BackgroundTask) -> int | None:
        found: int | None = await self._database.fetchval(
            "SELECT user_id FROM chores WHERE chore = $1 ORDER BY create_time, user_id LIMIT 1",
            background_task.value,
        )
        return found

    async def compared_counts(
        self, *, after_id: int, limit: int
    ) -> tuple[dict[int, Counts], dict[int, Counts]]:
        rows = await self._database.fetch(_COMPARED, after_id, limit)
        seen = {row[0]: Counts(row[1], row[2], row[3]) for row in rows}
        return seen, {row[0]: Counts(row[4], row[5], row[3]) for row in rows}

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
