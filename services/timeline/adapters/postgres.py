"""The Timeline service's tables in PostgreSQL.

Each statement stays within one shard key, the user, except those that change the follow of a
hashtag by both of its keys. Hashtags are distributed by themselves. The public timeline and the
celebrities are not distributed.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

from services.chassis.storage import idempotency
from services.chassis.storage.postgres import Database, PostgresTransaction
from services.timeline.domain.errors import TooManyHashtags
from services.timeline.domain.model import (
    MAX_ENTRY_ID,
    Entry,
    FollowedHashtag,
    HashtagEntry,
    Marker,
    PublicEntry,
    entry_by_hashtag,
)
from services.timeline.domain.store import MAX_HASHTAGS

_ADVANCE_MARKER = """
INSERT INTO read_markers AS m (user_id, last_read_entry_id, update_time) VALUES ($1, $2, $3)
ON CONFLICT (user_id) DO UPDATE SET
  update_time = excluded.update_time,
  last_read_entry_id = excluded.last_read_entry_id
WHERE excluded.last_read_entry_id > m.last_read_entry_id
RETURNING last_read_entry_id, update_time
"""

_MARKER = "SELECT last_read_entry_id, update_time FROM read_markers WHERE user_id = $1"

_PUBLIC = """
SELECT post_id, author_id FROM public_entries e
WHERE post_id <= $1
  AND NOT EXISTS (SELECT FROM closed_authors c WHERE c.user_id = e.author_id)
ORDER BY post_id DESC LIMIT $2
"""

_PRUNE_PUBLIC = """
DELETE FROM public_entries WHERE post_id <= (
  SELECT post_id FROM public_entries ORDER BY post_id DESC OFFSET $1 LIMIT 1
)
"""


# The lock keeps two follows of one user from passing the limit together.
_LOCK_USER = "SELECT pg_advisory_xact_lock(hashtextextended('hashtags of ' || $1::bigint, 0))"

_FOLLOWED_HASHTAG = "SELECT tag, follow_time FROM hashtag_follows WHERE user_id = $1 AND tag = $2"

_ADD_HASHTAG_FOLLOWER = """
INSERT INTO hashtag_followers (tag, user_id) VALUES ($1, $2) ON CONFLICT DO NOTHING
"""

_REMOVE_HASHTAG_FOLLOWER = """
DELETE FROM hashtag_followers WHERE tag = ANY ($1::text[]) AND user_id = $2
"""

_FOLLOWED_HASHTAGS = """
SELECT tag, follow_time FROM hashtag_follows
WHERE user_id = $1
  AND ($2::timestamptz IS NULL OR follow_time < $2 OR (follow_time = $2 AND tag > $3))
ORDER BY follow_time DESC, tag LIMIT $4
"""

# One probe for each hashtag, however many follow it.
_FOLLOWED_AMONG = """
SELECT tag FROM followed_hashtags_among($1)
"""

# Each hashtag gives at most a page, in the order of its index.
_HASHTAG_FOLLOWERS = """
SELECT DISTINCT user_id FROM followers_of_hashtags($1, $2, $3) ORDER BY user_id LIMIT $3
"""

_ADD_HASHTAG_ENTRIES = """
INSERT INTO hashtag_entries (tag, post_id, author_id)
SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[]) ON CONFLICT DO NOTHING
"""

_REMOVE_OTHER_HASHTAGS = """
DELETE FROM hashtag_entries WHERE post_id = $1 AND tag != ALL ($2::text[]) RETURNING tag
"""

_HASHTAG_ENTRIES = """
SELECT DISTINCT post_id, author_id FROM entries_of_hashtags($1, $2, $3)
ORDER BY post_id DESC LIMIT $3
"""

_PRUNE_HASHTAG_ENTRIES = """
DELETE FROM hashtag_entries e USING (
  SELECT tag, post_id, row_number() OVER (PARTITION BY tag ORDER BY post_id DESC) AS place
  FROM hashtag_entries
) AS placed
WHERE e.tag = placed.tag AND e.post_id = placed.post_id AND (
  placed.place > $1
  OR (e.post_id < $2 AND NOT EXISTS (SELECT FROM hashtag_followers f WHERE f.tag = e.tag))
)
"""

_DELETE_USER = """
WITH marker AS (DELETE FROM read_markers WHERE user_id = $1),
  tags AS (DELETE FROM hashtag_follows WHERE user_id = $1)
DELETE FROM mutes WHERE muter_id = $1
"""


class PostgresTimelineTransaction(PostgresTransaction):
    """See `store.TimelineTransaction`."""

    async def advance_marker(
        self, user_id: int, entry_id: int, now: datetime
    ) -> tuple[Marker, bool]:
        moved = await self.connection.fetchrow(_ADVANCE_MARKER, user_id, entry_id, now)
        row = moved or await self.connection.fetchrow(_MARKER, user_id)
        assert row is not None  # noqa: S101 - what does not move is there
        return Marker(row["last_read_entry_id"], row["update_time"]), moved is not None

    async def follow_hashtag(
        self, user_id: int, tag: str, now: datetime
    ) -> tuple[FollowedHashtag, bool]:
        await self.connection.execute(_LOCK_USER, user_id)
        row = await self.connection.fetchrow(_FOLLOWED_HASHTAG, user_id, tag)
        if row is not None:
            return FollowedHashtag(row["tag"], row["follow_time"]), False
        count = await self.connection.fetchval(
            "SELECT count(*) FROM hashtag_follows WHERE user_id = $1", user_id
        )
        if count >= MAX_HASHTAGS:
            raise TooManyHashtags(metadata={"limit": str(MAX_HASHTAGS)})
        await self.connection.execute(
            "INSERT INTO hashtag_follows (user_id, tag, follow_time) VALUES ($1, $2, $3)",
            user_id,
            tag,
            now,
        )
        await self.connection.execute(_ADD_HASHTAG_FOLLOWER, tag, user_id)
        return FollowedHashtag(tag, now), True

    async def unfollow_hashtag(self, user_id: int, tag: str) -> bool:
        ended = await self.connection.execute(
            "DELETE FROM hashtag_follows WHERE user_id = $1 AND tag = $2", user_id, tag
        )
        await self.connection.execute(_REMOVE_HASHTAG_FOLLOWER, [tag], user_id)
        return ended != "DELETE 0"


class PostgresTimelineStore:
    """See `store.TimelineStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[PostgresTimelineTransaction]:
        async with self._database.transaction(PostgresTimelineTransaction) as transaction:
            yield transaction

    async def marker(self, user_id: int) -> Marker | None:
        row = await self._database.fetchrow(_MARKER, user_id)
        return Marker(row["last_read_entry_id"], row["update_time"]) if row else None

    async def add_celebrity(self, author_id: int, *, followers: int, now: datetime) -> None:
        await self._database.execute(
            "INSERT INTO celebrities (author_id, followers, create_time) VALUES ($1, $2, $3) "
            "ON CONFLICT DO NOTHING",
            author_id,
            followers,
            now,
        )

    async def is_celebrity(self, author_id: int) -> bool:
        found = await self._database.fetchval(
            "SELECT true FROM celebrities WHERE author_id = $1", author_id
        )
        return found is True

    async def celebrities(self) -> frozenset[int]:
        rows = await self._database.fetch("SELECT author_id FROM celebrities")
        return frozenset(row["author_id"] for row in rows)

    async def count_celebrities(self) -> int:
        count: int = await self._database.fetchval("SELECT count(*) FROM celebrities")
        return count

    async def add_mute(self, muter_id: int, muted_id: int) -> None:
        await self._database.execute(
            "INSERT INTO mutes (muter_id, muted_id) VALUES ($1, $2) ON CONFLICT DO NOTHING",
            muter_id,
            muted_id,
        )

    async def remove_mute(self, muter_id: int, muted_id: int) -> None:
        await self._database.execute(
            "DELETE FROM mutes WHERE muter_id = $1 AND muted_id = $2", muter_id, muted_id
        )

    async def muted_by(self, muter_id: int) -> list[int]:
        rows = await self._database.fetch(
            "SELECT muted_id FROM mutes WHERE muter_id = $1", muter_id
        )
        return [row["muted_id"] for row in rows]

    async def hashtags_of(self, user_id: int) -> list[str]:
        rows = await self._database.fetch(
            "SELECT tag FROM hashtag_follows WHERE user_id = $1", user_id
        )
        return [row["tag"] for row in rows]

    async def followed_hashtags(
        self, user_id: int, *, before: FollowedHashtag | None, limit: int
    ) -> list[FollowedHashtag]:
        after = (before.follow_time, before.tag) if before else (None, "")
        rows = await self._database.fetch(_FOLLOWED_HASHTAGS, user_id, *after, limit)
        return [FollowedHashtag(row["tag"], row["follow_time"]) for row in rows]

    async def hashtags_followed_by(self, user_id: int, tags: Sequence[str]) -> frozenset[str]:
        rows = await self._database.fetch(
            "SELECT tag FROM hashtag_follows WHERE user_id = $1 AND tag = ANY ($2::text[])",
            user_id,
            tags,
        )
        return frozenset(row["tag"] for row in rows)

    async def followed_among(self, tags: Sequence[str]) -> frozenset[str]:
        rows = await self._database.fetch(_FOLLOWED_AMONG, tags)
        return frozenset(row["tag"] for row in rows)

    async def hashtag_followers(self, tags: Sequence[str], *, after: int, limit: int) -> list[int]:
        rows = await self._database.fetch(_HASHTAG_FOLLOWERS, tags, after, limit)
        return [row["user_id"] for row in rows]

    async def add_hashtag_entries(self, entries: Sequence[HashtagEntry]) -> None:
        if entries:
            await self._database.execute(
                _ADD_HASHTAG_ENTRIES, *map(list, zip(*entries, strict=True))
            )

    async def replace_hashtags(
        self, post_id: int, author_id: int, tags: Sequence[str]
    ) -> list[str]:
        await self.add_hashtag_entries([HashtagEntry(tag, post_id, author_id) for tag in tags])
        rows = await self._database.fetch(_REMOVE_OTHER_HASHTAGS, post_id, tags)
        return [row["tag"] for row in rows]

    async def remove_hashtag_entries(self, post_ids: Sequence[int]) -> None:
        await self._database.execute(
            "DELETE FROM hashtag_entries WHERE post_id = ANY ($1::bigint[])", post_ids
        )

    async def hashtag_entries(self, tags: Sequence[str], *, before: int, limit: int) -> list[Entry]:
        rows = await self._database.fetch(
            _HASHTAG_ENTRIES, tags, min(before - 1, MAX_ENTRY_ID), limit
        )
        return [entry_by_hashtag(row["post_id"], row["author_id"]) for row in rows]

    async def prune_hashtag_entries(self, *, keep: int, below: int) -> int:
        status = await self._database.execute(_PRUNE_HASHTAG_ENTRIES, keep, below)
        return int(status.rpartition(" ")[2])

    async def delete_user(self, user_id: int) -> None:
        # By hashtag first: what is left of an interrupted deletion is found again by user.
        await self._database.execute(
            _REMOVE_HASHTAG_FOLLOWER, await self.hashtags_of(user_id), user_id
        )
        await self._database.execute(_DELETE_USER, user_id)
        async with self._database.connection() as connection:
            await idempotency.forget_callers(
                connection, [str(user_id)], key=PostgresTimelineTransaction.shard_key
            )

    async def add_public(self, entries: Sequence[PublicEntry]) -> None:
        await self._database.execute(
            "INSERT INTO public_entries (post_id, author_id) "
            "SELECT * FROM unnest($1::bigint[], $2::bigint[]) ON CONFLICT DO NOTHING",
            [entry.post_id for entry in entries],
            [entry.author_id for entry in entries],
        )

    async def remove_public(self, post_ids: Sequence[int]) -> None:
        await self._database.execute(
            "DELETE FROM public_entries WHERE post_id = ANY($1::bigint[])", post_ids
        )

    async def public(self, *, before: int, limit: int) -> list[PublicEntry]:
        rows = await self._database.fetch_list(None, _PUBLIC, min(before - 1, MAX_ENTRY_ID), limit)
        return [PublicEntry(row["post_id"], row["author_id"]) for row in rows]

    async def prune_public(self, *, keep: int) -> int:
        status = await self._database.execute(_PRUNE_PUBLIC, keep)
        return int(status.rpartition(" ")[2])

    async def set_protected(self, user_id: int, *, protected: bool) -> None:
        if protected:
            await self._database.execute(
                "INSERT INTO closed_authors (user_id, deleted) VALUES ($1, false) "
                "ON CONFLICT DO NOTHING",
                user_id,
            )
        else:
            await self._database.execute(
                "DELETE FROM closed_authors WHERE user_id = $1 AND NOT deleted", user_id
            )

    async def close_author(self, user_id: int) -> None:
        await self._database.execute(
            "WITH gone AS (DELETE FROM public_entries WHERE author_id = $1) "
            "INSERT INTO closed_authors (user_id, deleted) VALUES ($1, true) "
            "ON CONFLICT (user_id) DO UPDATE SET deleted = true",
            user_id,
        )
