"""Audiences and accounts on PostgreSQL."""

from collections.abc import Collection, Sequence
from datetime import datetime

import asyncpg

from services.chassis.runtime.ids import bucket_of
from services.chassis.storage.postgres import Database, PostgresTransaction
from services.media.adapters.postgres.rows import affected
from services.media.domain.model import AccountState, Decider, PostAudience

# Returns a row if the audience was stored.
_SAVE = """
INSERT INTO post_audiences AS a (post_id, bucket, owner_id, revision, public)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (post_id, bucket)
  DO UPDATE SET revision = excluded.revision, public = excluded.public
  WHERE a.delete_time IS NULL AND a.revision <= excluded.revision
RETURNING post_id
"""

_FORGET_DECIDERS = "DELETE FROM deciders WHERE post_id = $1 AND bucket = $2"

_ADD_DECIDERS = """
INSERT INTO deciders (post_id, bucket, owner_id, user_id, was_protected)
SELECT $1::bigint, $2::smallint, $3::bigint, user_id, was_protected
FROM unnest($4::bigint[], $5::boolean[]) AS decider (user_id, was_protected)
"""

_DELETE = """
INSERT INTO post_audiences (post_id, bucket, owner_id, revision, public, delete_time)
VALUES ($1, $2, $3, 0, false, $4)
ON CONFLICT (post_id, bucket)
  DO UPDATE SET revision = 0, public = false, delete_time = excluded.delete_time
"""

_AUDIENCE = """
SELECT a.revision, a.public,
  array_agg(d.user_id ORDER BY d.user_id) FILTER (WHERE d.user_id IS NOT NULL),
  array_agg(d.was_protected ORDER BY d.user_id) FILTER (WHERE d.user_id IS NOT NULL)
FROM post_audiences a LEFT JOIN deciders d ON d.post_id = a.post_id AND d.bucket = a.bucket
WHERE a.post_id = $1 AND a.bucket = $2 AND a.owner_id = $3 AND a.delete_time IS NULL
GROUP BY a.revision, a.public
"""

# Advisory locks of owners have their ids; those of accounts, the negative ids.
_LOCK_ACCOUNT = "SELECT pg_advisory_xact_lock(-$1::bigint)"
_LOCK_ACCOUNTS = """
SELECT pg_advisory_xact_lock_shared(-user_id) FROM unnest($1::bigint[]) AS user_id
"""

_SAVE_ACCOUNT = """
INSERT INTO accounts AS a (user_id, protected, update_time, deleted) VALUES ($1, $2, $3, $4)
ON CONFLICT (user_id) DO UPDATE SET
  protected = CASE WHEN excluded.deleted THEN a.protected ELSE excluded.protected END,
  update_time = excluded.update_time, deleted = excluded.deleted
  WHERE NOT a.deleted AND (excluded.deleted OR a.update_time <= excluded.update_time)
RETURNING user_id
"""

_ACCOUNTS = """
SELECT user_id, protected, update_time, deleted FROM accounts WHERE user_id = ANY ($1::bigint[])
"""

_DECIDED_POSTS = """
SELECT post_id, owner_id FROM deciders WHERE user_id = $1 AND post_id > $2
ORDER BY post_id LIMIT $3
"""

_PRUNE = """
DELETE FROM post_audiences WHERE post_id IN (
  SELECT post_id FROM post_audiences WHERE delete_time < $1 ORDER BY delete_time LIMIT $2
)
"""


class PostgresAudienceTransaction(PostgresTransaction):
    """See `stores.audiences.AudienceTransaction`."""

    async def save_audience(self, audience: PostAudience) -> PostAudience | None:
        bucket = bucket_of(audience.post_id)
        stored = await self.connection.fetchrow(
            _SAVE, audience.post_id, bucket, audience.owner_id, audience.revision, audience.public
        )
        if stored is None:
            row = await self.connection.fetchrow(
                _AUDIENCE, audience.post_id, bucket, audience.owner_id
            )
            return _audience_from(row, audience.owner_id, audience.post_id)
        await self.connection.execute(_FORGET_DECIDERS, audience.post_id, bucket)
        await self.connection.execute(
            _ADD_DECIDERS,
            audience.post_id,
            bucket,
            audience.owner_id,
            [each.user_id for each in audience.deciders],
            [each.was_protected for each in audience.deciders],
        )
        return audience

    async def delete_audience(self, owner_id: int, post_id: int, now: datetime) -> None:
        bucket = bucket_of(post_id)
        await self.connection.execute(_DELETE, post_id, bucket, owner_id, now)
        await self.connection.execute(_FORGET_DECIDERS, post_id, bucket)

    async def save_account(self, user_id: int, account: AccountState) -> bool:
        await self.connection.execute(_LOCK_ACCOUNT, user_id)
        stored = await self.connection.fetchrow(
            _SAVE_ACCOUNT, user_id, account.protected, account.update_time, account.deleted
        )
        return stored is not None

    async def lock_accounts(self, user_ids: Collection[int]) -> dict[int, AccountState]:
        await self.connection.execute(_LOCK_ACCOUNTS, sorted(set(user_ids)))
        return _accounts_from(await self.connection.fetch(_ACCOUNTS, list(user_ids)))


class PostgresAudiences:
    """See `stores.audiences.AudienceStore`."""

    _database: Database

    async def audience(self, owner_id: int, post_id: int) -> PostAudience | None:
        row = await self._database.fetchrow(_AUDIENCE, post_id, bucket_of(post_id), owner_id)
        return _audience_from(row, owner_id, post_id)

    async def accounts(self, user_ids: Collection[int]) -> dict[int, AccountState]:
        return _accounts_from(await self._database.fetch(_ACCOUNTS, list(user_ids)))

    async def decided_posts(
        self, user_id: int, *, after: int, limit: int
    ) -> Sequence[tuple[int, int]]:
        rows = await self._database.fetch(_DECIDED_POSTS, user_id, after, limit)
        return [(row[0], row[1]) for row in rows]

    async def prune_audiences(self, before: datetime, limit: int) -> int:
        return affected(await self._database.execute(_PRUNE, before, limit))


def _audience_from(row: asyncpg.Record | None, owner_id: int, post_id: int) -> PostAudience | None:
    if row is None:
        return None
    revision, public, user_ids, were_protected = row
    return PostAudience(
        post_id=post_id,
        owner_id=owner_id,
        revision=revision,
        public=public,
        deciders=tuple(map(Decider, user_ids or (), were_protected or ())),
    )


def _accounts_from(rows: list[asyncpg.Record]) -> dict[int, AccountState]:
    return {row[0]: AccountState(*row[1:]) for row in rows}
