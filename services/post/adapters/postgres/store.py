"""The PostgreSQL store of the Post service."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from uuid import UUID

from services.chassis.events.records import new_event_id
from services.chassis.runtime import telemetry
from services.chassis.runtime.ids import MAX_ID, bucket_of
from services.chassis.runtime.shard_keys import ShardKey
from services.chassis.storage import idempotency, shard_key
from services.chassis.storage.idempotency import RequestInFlight, RequestKey
from services.chassis.storage.postgres import Database
from services.post.adapters.postgres import reads, rows
from services.post.adapters.postgres.transaction import PostgresPostTransaction
from services.post.domain.errors import PostNotFound
from services.post.domain.model import (
    AccountState,
    CountDrift,
    EngagementKind,
    Entry,
    ListPosition,
    Post,
    PostState,
    Revision,
    ViewerEngagement,
)
from services.post.domain.store import ChangedIds, ChangeListener, NewPost

_POSTS = f"""
SELECT {rows.POST_COLUMNS} FROM posts p
WHERE p.id = ANY ($1::bigint[]) AND p.bucket = ANY ($2::smallint[])
"""  # noqa: S608 - nothing but column names

# An index scan with a limit. A second bound would make the planner expect few rows, and sort all of
# them. On Citus a page has posts of every bucket: each shard returns up to $2 of its own, and the
# coordinator merges these.
SCAN = f"""
SELECT {rows.POST_COLUMNS} FROM posts p
WHERE p.id > $1 AND p.delete_time IS NULL ORDER BY p.id LIMIT $2
"""  # noqa: S608 - nothing but column names

# The statistics of the last ANALYZE, or those of writes where it has not run yet. On Citus 0: the
# coordinator has no rows of its own.
_ESTIMATE = """
SELECT greatest(c.reltuples, t.n_live_tup, 0) * coalesce(d.null_frac, 1)
FROM pg_class c
LEFT JOIN pg_stat_user_tables t ON t.relid = c.oid
LEFT JOIN pg_stats d
  ON d.schemaname = 'public' AND d.tablename = 'posts' AND d.attname = 'delete_time'
WHERE c.oid = 'public.posts'::regclass
"""

_CREATE = f"""
SELECT outcome, fingerprint, response
FROM create_limited_post({", ".join(f"${n}" for n in range(1, 32))})
"""  # noqa: S608 - nothing but parameters

_NO_KEY = RequestKey("", "", b"")

_MAX_REVISION = (1 << 31) - 1
_COUNTERS = ("likes", "reposts", "replies", "quotes")

_ENGAGEMENTS_OF_POST = {
    EngagementKind.LIKE: reads.LIKES_TO,
    EngagementKind.REPOST: reads.REPOSTS_TO,
}
_ENGAGEMENTS_BY_USER = {
    EngagementKind.LIKE: reads.LIKES_OF,
    EngagementKind.REPOST: reads.REPOSTS_OF,
    EngagementKind.BOOKMARK: reads.BOOKMARKS_OF,
}


class PostgresStore:
    """See `store.Store` for the promises."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._listeners: list[ChangeListener] = []

    def on_change(self, listener: ChangeListener) -> None:
        self._listeners.append(listener)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[PostgresPostTransaction]:
        changed = ChangedIds()
        try:
            async with self._database.transaction(PostgresPostTransaction) as transaction:
                changed = transaction.changed
                yield transaction
            changed.event_ids = tuple(transaction.event_ids)
        finally:
            # A commit that failed for its caller may have succeeded in the database, or still be
            # under way. Its events are not named, so they repeat this.
            await self._notify(changed)

    async def create(self, new: NewPost) -> bytes | None:
        changed = ChangedIds({new.post.reply_to_post_id, new.post.quoted_post_id} - {0})
        event_id = new_event_id()
        try:
            stored = await self._create(new, event_id)
            if stored is None:
                changed.event_ids = (event_id,)
            return stored
        finally:
            await self._notify(changed)

    async def _create(self, new: NewPost, event_id: UUID) -> bytes | None:
        post, message, key = new.post, new.message, new.key or _NO_KEY
        row = await self._database.write(
            _CREATE,
            post.id,
            bucket_of(post.id),
            post.author_id,
            post.text,
            rows.entities_to_json(post.entities),
            post.visibility,
            post.answers_others,
            post.reply_to_post_id,
            post.reply_to_author_id,
            post.conversation_id,
            bucket_of(post.conversation_id),
            post.quoted_post_id,
            post.media_ids,
            post.create_time,
            event_id,
            message.topic,
            message.type,
            message.payload,
            telemetry.traceparent(),
            key.caller_id,
            key.request_id,
            key.lock,
            key.fingerprint,
            new.response,
            new.account.protected,
            new.account.update_time,
            rows.limits_to_json(post.limits),
            rows.media_to_json(post.media),
            post.language,
            post.language_given,
            shard_key.of_name(ShardKey.BUCKET, key.caller_id),
        )
        assert row is not None  # noqa: S101 - a function with OUT parameters gives one row
        match row[0]:
            case "written":
                self._database.published()
                return None
            case "in_flight":
                raise RequestInFlight
            case "gone":
                raise PostNotFound
        return idempotency.stored_response(key, row[1], row[2])

    async def posts(self, post_ids: Sequence[int]) -> dict[int, Post]:
        found = await self._database.fetch(_POSTS, post_ids, rows.buckets_of(post_ids))
        return {row[0]: rows.post_from(row) for row in found}

    async def scan(self, *, after: int, limit: int) -> list[Post]:
        return [rows.post_from(row) for row in await self._database.fetch(SCAN, after, limit)]

    async def estimate_posts(self) -> int:
        estimate: float = await self._database.fetchval(_ESTIMATE)
        return round(estimate)

    async def states(self, post_ids: Sequence[int], viewer_id: int) -> dict[int, PostState]:
        buckets = rows.buckets_of(post_ids)
        if viewer_id == 0:
            found = await self._database.fetch(reads.BARE_STATES, post_ids, buckets)
        else:
            found = await self._database.fetch(
                reads.STATES, post_ids, buckets, viewer_id, bucket_of(viewer_id)
            )
        return {row[0]: PostState(*row) for row in found}

    async def engaged(self, user_id: int, limit: int) -> list[ViewerEngagement]:
        found = await self._database.fetch(reads.ENGAGED, user_id, limit, bucket_of(user_id))
        return [ViewerEngagement(*row) for row in found]

    async def revisions(self, post_id: int, *, before: int, limit: int) -> list[Revision]:
        found = await self._database.fetch(
            reads.REVISIONS, post_id, bucket_of(post_id), before or _MAX_REVISION, limit
        )
        return [
            Revision(
                revision,
                text,
                rows.entities_from_json(entities),
                create_time,
                rows.media_from_json(media),
            )
            for revision, text, entities, create_time, media in found
        ]

    async def media_of(self, post_ids: Sequence[int]) -> dict[int, set[int]]:
        found = await self._database.fetch(reads.MEDIA_OF, post_ids, rows.buckets_of(post_ids))
        media: dict[int, set[int]] = {}
        for post_id, medium_ids in found:
            media.setdefault(post_id, set()).update(medium_ids)
        return media

    async def ancestors(self, conversation_id: int, post_id: int, limit: int) -> list[int]:
        found = await self._database.fetch(
            reads.ANCESTORS, bucket_of(conversation_id), post_id, limit
        )
        return [row[0] for row in found]

    async def replies(
        self, conversation_id: int, post_id: int, *, after: int, limit: int
    ) -> list[int]:
        found = await self._database.fetch(
            reads.REPLIES, bucket_of(conversation_id), post_id, after, limit
        )
        return [row[0] for row in found]

    async def answered(self, conversation_id: int, post_ids: Sequence[int]) -> set[int]:
        found = await self._database.fetch(reads.ANSWERED, bucket_of(conversation_id), post_ids)
        return {row[0] for row in found}

    async def quotes(self, post_id: int, *, before: int, limit: int) -> list[int]:
        found = await self._database.fetch_list(
            post_id, reads.QUOTES, post_id, bucket_of(post_id), before or MAX_ID, limit
        )
        return [row[0] for row in found]

    async def entries(
        self, user_id: int, *, include_replies: bool, before: int, limit: int
    ) -> list[Entry]:
        found = await self._database.fetch_list(
            user_id,
            reads.ENTRIES[include_replies],
            user_id,
            bucket_of(user_id),
            before or MAX_ID,
            limit,
        )
        return [Entry(*row) for row in found]

    async def entries_with_media(self, user_id: int, *, before: int, limit: int) -> list[Entry]:
        found = await self._database.fetch_list(
            user_id, reads.ENTRIES_WITH_MEDIA, user_id, bucket_of(user_id), before or MAX_ID, limit
        )
        return [Entry(*row) for row in found]

    async def engagements_of_post(
        self, kind: EngagementKind, post_id: int, *, before: int, limit: int
    ) -> list[ListPosition]:
        found = await self._database.fetch_list(
            post_id,
            _ENGAGEMENTS_OF_POST[kind],
            post_id,
            bucket_of(post_id),
            before or MAX_ID,
            limit,
        )
        return [ListPosition(*row) for row in found]

    async def engagements_by_user(
        self, kind: EngagementKind, user_id: int, *, before: int, limit: int
    ) -> list[ListPosition]:
        found = await self._database.fetch_list(
            user_id,
            _ENGAGEMENTS_BY_USER[kind],
            user_id,
            before or MAX_ID,
            limit,
            bucket_of(user_id),
        )
        return [ListPosition(*row) for row in found]

    async def reposts_between(self, user_id: int, author_id: int, limit: int) -> list[int]:
        found = await self._database.fetch(
            reads.REPOSTS_BETWEEN, user_id, author_id, limit, bucket_of(user_id)
        )
        return [row[0] for row in found]

    async def timeline_entries(
        self, author_ids: Sequence[int], *, before: int, limit: int
    ) -> list[Entry]:
        each = limit // len(author_ids) + 1
        found = await self._database.fetch(
            reads.TIMELINE_ENTRIES,
            author_ids,
            before or MAX_ID,
            limit,
            each,
            rows.buckets_of(author_ids),
        )
        return [Entry(*row) for row in found]

    async def count_posts(self, author_ids: Sequence[int]) -> dict[int, int]:
        found = await self._database.fetch(
            reads.COUNT_POSTS, author_ids, rows.buckets_of(author_ids)
        )
        return {row[0]: row[1] for row in found}

    async def live_posts_of(self, author_id: int, limit: int) -> list[int]:
        found = await self._database.fetch(
            reads.LIVE_POSTS_OF, author_id, bucket_of(author_id), limit
        )
        return [row[0] for row in found]

    async def contributors(self, *, after: int, limit: int) -> list[int]:
        found = await self._database.fetch(reads.CONTRIBUTORS, after, limit)
        return [row[0] for row in found]

    async def unreconciled(self, accounts: Mapping[int, AccountState]) -> list[int]:
        protected = [each.protected for each in accounts.values()]
        found = await self._database.fetch(reads.UNRECONCILED, list(accounts), protected)
        return [row[0] for row in found]

    async def touched(
        self, since: datetime, until: datetime, *, after: int, limit: int
    ) -> list[int]:
        found = await self._database.fetch(reads.TOUCHED, since, until, after, limit)
        return [row[0] for row in found]

    async def recount(self, post_ids: Sequence[int]) -> list[CountDrift]:
        found = await self._database.fetch(reads.RECOUNT, post_ids)
        await self._notify(ChangedIds({row[0] for row in found}))
        return [
            CountDrift(row[0], counter, by)
            for row in found
            for counter, by in zip(_COUNTERS, row[1:], strict=True)
            if by
        ]

    async def _notify(self, changed: ChangedIds) -> None:
        for listener in self._listeners:
            await listener(changed)
