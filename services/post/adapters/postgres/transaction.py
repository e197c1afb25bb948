"""The transaction of the PostgreSQL store.

A change that needs one round trip, or locks several rows in order, is a function in the database
(see the migrations): its locks are held for one statement and the commit.
"""

from collections.abc import Sequence
from datetime import datetime

from services.chassis.runtime.clock import Clock
from services.chassis.runtime.ids import bucket_of
from services.chassis.runtime.shard_keys import ShardKey
from services.chassis.storage.connection import Connection
from services.chassis.storage.postgres import PostgresTransaction
from services.post.adapters.postgres import rows
from services.post.domain.model import (
    AccountState,
    AlignedBatch,
    EngagementKind,
    EngagementResult,
    Medium,
    Post,
    Tombstone,
    Visibility,
    Withdrawn,
)
from services.post.domain.store import ChangedIds

_LOCK_USERS = """
SELECT pg_advisory_xact_lock(user_id) FROM unnest($1::bigint[]) AS user_id
"""

# Both rows are locked: after a wait for one of them, PostgreSQL reads only locked rows again.
_LOCK_POST = f"""
SELECT {rows.POST_COLUMNS}
FROM post_states s JOIN posts p ON p.id = s.id AND p.bucket = s.bucket
WHERE s.id = $1 AND s.bucket = $2
FOR UPDATE OF s, p
"""  # noqa: S608 - nothing but column names

_KEEP_REVISION = """
INSERT INTO post_revisions (post_id, revision, bucket, text, entities, create_time, media)
VALUES ($1, $2, $3, $4, $5, $6, $7)
"""

_EDIT = """
UPDATE posts
SET text = $3, entities = $4, edit_time = $5, revision = $6, media_ids = $7, media = $8,
  language = $9, language_given = $10
WHERE id = $1 AND bucket = $2
"""

_EDIT_STATE = "UPDATE post_states SET revision = $3 WHERE id = $1 AND bucket = $2"

_REPLACE_MEDIUM = "SELECT replace_medium($1, $2, $3)"
_REMOVE_MEDIUM = "SELECT remove_medium($1, $2, $3)"

_DELETE = """
SELECT id, author_id, reply_to_post_id, quoted_post_id, visibility FROM make_tombstones($1, $2)
"""

_ENGAGE = f"SELECT {rows.ENGAGED_COLUMNS} FROM respond($1, $2, $3, $4, $5, $6, $7, $8)"  # noqa: S608
_WITHDRAW = f"SELECT {rows.ENGAGED_COLUMNS} FROM withdraw($1, $2, $3, $4)"  # noqa: S608

_WITHDRAW_ALL = """
SELECT post_id, post_author_id, user_id, like_id, repost_id FROM withdraw_all_of($1, $2)
"""

_RECORD_PROTECTION = "SELECT record_protection($1, $2, $3)"
_ALIGN_ENGAGEMENTS = "SELECT last_id, changed FROM align_responses($1, $2, $3)"
_ALIGN_POSTS = "SELECT last_id, changed FROM align_posts($1, $2, $3)"
_FINISH_PROTECTION = """
UPDATE account_protections SET settled = true WHERE user_id = $1 AND update_time <= $2
"""
_DELETE_PROTECTION = "DELETE FROM account_protections WHERE user_id = $1"


class PostgresPostTransaction(PostgresTransaction):
    """The promises are in `store.PostTransaction`."""

    shard_key = ShardKey.BUCKET

    def __init__(self, connection: Connection, clock: Clock) -> None:
        super().__init__(connection, clock)
        self.changed = ChangedIds()

    async def lock_users(self, user_ids: Sequence[int]) -> None:
        await self.connection.execute(_LOCK_USERS, sorted(user_ids))

    async def lock_post(self, post_id: int) -> Post | None:
        row = await self.connection.fetchrow(_LOCK_POST, post_id, bucket_of(post_id))
        return None if row is None else rows.post_from(row)

    async def edit(self, before: Post, after: Post) -> None:
        bucket = bucket_of(before.id)
        self.changed.post_ids.add(before.id)
        await self.connection.execute(
            _KEEP_REVISION,
            before.id,
            before.revision,
            bucket,
            before.text,
            rows.entities_to_json(before.entities),
            before.edit_time or before.create_time,
            rows.media_to_json(before.media),
        )
        await self.connection.execute(
            _EDIT,
            after.id,
            bucket,
            after.text,
            rows.entities_to_json(after.entities),
            after.edit_time,
            after.revision,
            after.media_ids,
            rows.media_to_json(after.media),
            after.language,
            after.language_given,
        )
        await self.connection.execute(_EDIT_STATE, after.id, bucket, after.revision)

    async def replace_medium(self, post_id: int, medium: Medium) -> None:
        self.changed.post_ids.add(post_id)
        await self.connection.execute(
            _REPLACE_MEDIUM, post_id, bucket_of(post_id), rows.medium_to_json(medium)
        )

    async def remove_medium(self, post_id: int, medium_id: int) -> None:
        self.changed.post_ids.add(post_id)
        await self.connection.execute(_REMOVE_MEDIUM, post_id, bucket_of(post_id), medium_id)

    async def delete(self, post_ids: Sequence[int], now: datetime) -> list[Tombstone]:
        found = await self.connection.fetch(_DELETE, post_ids, now)
        tombstones = [
            Tombstone(row[0], row[1], row[2], row[3], Visibility(row[4])) for row in found
        ]
        for each in tombstones:
            related = {each.id, each.reply_to_post_id, each.quoted_post_id}
            self.changed.post_ids |= related - {0}
        return tombstones

    async def engage(
        self,
        kind: EngagementKind,
        *,
        user_id: int,
        account: AccountState,
        post_id: int,
        author_id: int,
        engagement_id: int,
    ) -> EngagementResult:
        self._note_engagement(kind, user_id, post_id)
        row = await self.connection.fetchrow(
            _ENGAGE, kind, user_id, post_id, bucket_of(post_id), author_id, engagement_id, *account
        )
        assert row is not None  # noqa: S101 - a function with OUT parameters gives one row
        return rows.engagement_from(row, post_id)

    async def withdraw(
        self, kind: EngagementKind, *, user_id: int, post_id: int
    ) -> EngagementResult:
        self._note_engagement(kind, user_id, post_id)
        row = await self.connection.fetchrow(_WITHDRAW, kind, user_id, post_id, bucket_of(post_id))
        assert row is not None  # noqa: S101 - a function with OUT parameters gives one row
        return rows.engagement_from(row, post_id)

    async def withdraw_all(self, user_id: int, limit: int) -> list[Withdrawn]:
        found = await self.connection.fetch(_WITHDRAW_ALL, user_id, limit)
        withdrawn = [Withdrawn(*row) for row in found]
        self.changed.engaged_user_ids.add(user_id)
        self.changed.post_ids |= {
            each.post_id for each in withdrawn if each.like_id or each.repost_id
        }
        return withdrawn

    async def delete_likes(self, post_id: int, limit: int) -> int:
        deleted: int = await self.connection.fetchval(
            "SELECT forget_likes($1, $2, $3)", post_id, bucket_of(post_id), limit
        )
        return deleted

    async def record_protection(self, user_id: int, account: AccountState) -> None:
        await self.connection.execute(_RECORD_PROTECTION, user_id, *account)

    async def align_engagements(self, user_id: int, *, after: int, limit: int) -> AlignedBatch:
        return await self._align(_ALIGN_ENGAGEMENTS, user_id, after, limit)

    async def align_posts(self, user_id: int, *, after: int, limit: int) -> AlignedBatch:
        return await self._align(_ALIGN_POSTS, user_id, after, limit)

    async def finish_protection(self, user_id: int, account: AccountState) -> None:
        await self.connection.execute(_FINISH_PROTECTION, user_id, account.update_time)

    async def delete_protection(self, user_id: int) -> None:
        await self.connection.execute(_DELETE_PROTECTION, user_id)

    async def _align(self, sql: str, user_id: int, after: int, limit: int) -> AlignedBatch:
        row = await self.connection.fetchrow(sql, user_id, after, limit)
        assert row is not None  # noqa: S101 - a function with OUT parameters gives one row
        aligned = AlignedBatch(*row)
        self.changed.post_ids.update(aligned.changed)
        return aligned

    def _note_engagement(self, kind: EngagementKind, user_id: int, post_id: int) -> None:
        self.changed.engaged_user_ids.add(user_id)
        # Bookmarks are not counted.
        if kind is not EngagementKind.BOOKMARK:
            self.changed.post_ids.add(post_id)
