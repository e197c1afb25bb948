"""The usage of hashtags in PostgreSQL."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import asyncpg
import msgspec

from services.chassis.storage.connection import Connection
from services.chassis.storage.postgres import Database
from services.chassis.storage.transaction import Transaction
from services.search.adapters.postgres.store import connection_of
from services.search.domain.hashtags.model import (
    ALL_LANGUAGES,
    EXACT_HOURS,
    HISTORY_HOURS,
    AccountChanged,
    HashtagHour,
    HashtagUse,
    LimitAuthor,
    Position,
    TaggedPost,
    Trend,
    TrendList,
    Use,
    first_id_of,
    hour_at,
    start_of,
)
from services.search.domain.hashtags.store import HashtagStore, HashtagTransaction

# One lock for all usage.
_LOCK = "SELECT pg_advisory_xact_lock(2608411897365521)"

_ACCOUNTS = """
SELECT user_id, protected, deleted, update_time FROM hashtag_accounts
WHERE user_id = ANY ($1::bigint[])"""
_SAVE_ACCOUNTS = """
INSERT INTO hashtag_accounts (user_id, protected, deleted, update_time)
SELECT * FROM unnest($1::bigint[], $2::boolean[], $3::boolean[], $4::timestamptz[])
ON CONFLICT (user_id) DO UPDATE SET protected = excluded.protected, deleted = excluded.deleted,
  update_time = excluded.update_time"""

_POSTS = """
SELECT post_id, author_id, revision, tags, language, public, deleted, limit_author_ids,
  limits_protected
FROM hashtag_posts WHERE post_id = ANY ($1::bigint[])"""
_DECIDED_BY = """
SELECT post_id FROM hashtag_posts WHERE author_id = ANY ($1::bigint[])
UNION
SELECT post_id FROM hashtag_posts
WHERE limit_author_ids <> '{}' AND limit_author_ids && $1::bigint[]"""
_SAVE_POST = """
INSERT INTO hashtag_posts (post_id, author_id, revision, tags, language, public, deleted,
  limit_author_ids, limits_protected)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (post_id) DO UPDATE SET author_id = excluded.author_id, revision = excluded.revision,
  tags = excluded.tags, language = excluded.language, public = excluded.public,
  deleted = excluded.deleted, limit_author_ids = excluded.limit_author_ids,
  limits_protected = excluded.limits_protected"""

_USES = "SELECT tag, author_id, post_id, language FROM hashtag_uses"
_USES_OF = f"{_USES} WHERE post_id = ANY ($1::bigint[])"
_USES_BEFORE = f"{_USES} WHERE post_id < $1 ORDER BY post_id, tag LIMIT $2"
_REMOVE_USES = """
DELETE FROM hashtag_uses u USING unnest($1::text[], $2::bigint[], $3::bigint[])
  AS r (tag, author_id, post_id)
WHERE u.tag = r.tag AND u.author_id = r.author_id AND u.post_id = r.post_id"""
_ADD_USES = """
INSERT INTO hashtag_uses (tag, author_id, post_id, language)
SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::text[])"""
# Whether an author uses a hashtag at all, and within an hour.
_PRESENCE = """
SELECT
  EXISTS (SELECT FROM hashtag_uses u WHERE u.tag = k.tag AND u.author_id = k.author_id),
  EXISTS (SELECT FROM hashtag_uses u WHERE u.tag = k.tag AND u.author_id = k.author_id
    AND u.post_id >= k.first_id AND u.post_id < k.end_id)
FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[]) WITH ORDINALITY
  AS k (tag, author_id, first_id, end_id, place)
ORDER BY k.place"""
_CHANGE_COUNTS = """
INSERT INTO hashtags AS h (tag, posts_count, authors_count)
SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[])
ON CONFLICT (tag) DO UPDATE SET posts_count = h.posts_count + excluded.posts_count,
  authors_count = h.authors_count + excluded.authors_count"""
_DROP_UNUSED = "DELETE FROM hashtags WHERE tag = ANY ($1::text[]) AND posts_count <= 0"
_CHANGE_HOURS = """
INSERT INTO hashtag_hours AS h (tag, hour, posts_count, authors_count)
SELECT * FROM unnest($1::text[], $2::integer[], $3::bigint[], $4::bigint[])
ON CONFLICT (tag, hour) DO UPDATE SET posts_count = h.posts_count + excluded.posts_count,
  authors_count = h.authors_count + excluded.authors_count"""
_DROP_UNUSED_HOURS = """
DELETE FROM hashtag_hours h USING unnest($1::text[], $2::integer[]) AS c (tag, hour)
WHERE h.tag = c.tag AND h.hour = c.hour AND h.posts_count <= 0"""
_NOTE_CHANGED_HOURS = """
INSERT INTO changed_hours (tag, hour)
SELECT c.tag, c.hour FROM unnest($1::text[], $2::integer[]) AS c (tag, hour)
JOIN trend_computation t
  ON c.hour BETWEEN greatest(t.first_counted, t.last_counted - $3 + 1) AND t.last_counted
ON CONFLICT DO NOTHING"""

_ADD_RECOUNTS = """
INSERT INTO hashtag_recounts (post_id) SELECT unnest($1::bigint[]) ON CONFLICT DO NOTHING"""
_TAKE_RECOUNTS = """
DELETE FROM hashtag_recounts WHERE post_id IN (
  SELECT post_id FROM hashtag_recounts ORDER BY post_id DESC LIMIT $1)
RETURNING post_id"""

_ADD_VOUCH = """
INSERT INTO hashtag_vouches (follower_id, followee_id)
SELECT $1, $2
WHERE (SELECT count(*) FROM hashtag_vouches WHERE follower_id = $1 AND followee_id >= $3) < $4
ON CONFLICT DO NOTHING"""
_REMOVE_VOUCHES = """
DELETE FROM hashtag_vouches
WHERE follower_id = $1 AND ($2::bigint IS NULL OR followee_id = $2)"""

_FIND = """
SELECT tag, posts_count, authors_count FROM hashtags h
WHERE {condition} AND (-posts_count, tag) > ($2, $3)
  AND NOT EXISTS (SELECT FROM hidden_hashtags hidden WHERE hidden.tag = h.tag)
ORDER BY -posts_count, tag LIMIT $4"""
# By the length of the prefix; longer ones select a range of the primary key.
_FIND_SHORT = {length: _FIND.format(condition=f"left(tag, {length}) = $1") for length in (1, 2, 3)}
_FIND_LONG = _FIND.format(condition="tag >= $1 AND tag < $5")
# Above every sign that a hashtag may have.
_HIGHEST = "\U0010ffff"
_FIRST = Position(1 << 62, "")

_HASHTAGS = "SELECT tag, posts_count, authors_count FROM hashtags WHERE tag = ANY ($1::text[])"
_HISTORIES = """
SELECT tag, hour, posts_count, authors_count FROM hashtag_hours
WHERE tag = ANY ($1::text[]) AND hour BETWEEN $2 AND $3"""
_TRENDS = """
SELECT as_of, language, list, ARRAY(SELECT tag FROM hidden_hashtags) FROM trends
WHERE language = ANY ($1::text[]) ORDER BY language DESC LIMIT 1"""
_HIDE = "INSERT INTO hidden_hashtags (tag, create_time) VALUES ($1, $2) ON CONFLICT DO NOTHING"
_UNHIDE = "DELETE FROM hidden_hashtags WHERE tag = $1"
_HIDDEN = "SELECT tag FROM hidden_hashtags WHERE tag > $1 ORDER BY tag LIMIT $2"

_trends_decoder = msgspec.json.Decoder(tuple[Trend, ...])


class PostgresHashtagTransaction:
    """See `store.HashtagTransaction`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def lock_hashtags(self) -> None:
        await self._connection.execute(_LOCK)

    async def hashtag_accounts(self, user_ids: Collection[int]) -> dict[int, AccountChanged]:
        rows = await self._connection.fetch(_ACCOUNTS, list(user_ids))
        return {row[0]: AccountChanged(*row) for row in rows}

    async def save_hashtag_accounts(self, accounts: Sequence[AccountChanged]) -> None:
        await self._connection.execute(_SAVE_ACCOUNTS, *_columns(accounts, 4))

    async def tagged_posts(self, post_ids: Collection[int]) -> dict[int, TaggedPost]:
        rows = await self._connection.fetch(_POSTS, list(post_ids))
        return {row["post_id"]: _post_from(row) for row in rows}

    async def tagged_posts_decided_by(self, user_ids: Collection[int]) -> set[int]:
        rows = await self._connection.fetch(_DECIDED_BY, list(user_ids))
        return {row[0] for row in rows}

    async def save_tagged_posts(self, posts: Sequence[TaggedPost]) -> None:
        await self._connection.executemany(_SAVE_POST, [_row_of(each) for each in posts])

    async def uses_of(self, post_ids: Collection[int]) -> set[Use]:
        rows = await self._connection.fetch(_USES_OF, list(post_ids))
        return {Use(*row) for row in rows}

    async def uses_before(self, post_id: int, limit: int) -> list[Use]:
        rows = await self._connection.fetch(_USES_BEFORE, post_id, limit)
        return [Use(*row) for row in rows]

    async def change_uses(self, *, removed: Collection[Use], added: Collection[Use]) -> None:
        keys = sorted({(each.tag, each.author_id, each.hour) for each in (*removed, *added)})
        before = await self._presence(keys)
        await self._connection.execute(_REMOVE_USES, *_columns([each[:3] for each in removed], 3))
        await self._connection.execute(_ADD_USES, *_columns(added, 4))
        after = await self._presence(keys)

        posts = Counter((each.tag, each.hour) for each in added)
        posts.subtract((each.tag, each.hour) for each in removed)
        posts_of_tags, authors_of_tags = _Change(), _Change()
        for (tag, _), count in posts.items():
            posts_of_tags[tag] += count
        authors = _HourChange()
        in_all: dict[tuple[str, int], int] = {}
        for (tag, author_id, hour), was, now in zip(keys, before, after, strict=True):
            in_all[tag, author_id] = now[0] - was[0]
            authors[tag, hour] += now[1] - was[1]
        for (tag, _), change in in_all.items():
            authors_of_tags[tag] += change
        await self._change_counts(posts_of_tags, authors_of_tags)
        await self._change_hours(posts, authors)

    async def add_recounts(self, post_ids: Collection[int]) -> None:
        await self._connection.execute(_ADD_RECOUNTS, list(post_ids))

    async def take_recounts(self, limit: int) -> list[int]:
        return [row[0] for row in await self._connection.fetch(_TAKE_RECOUNTS, limit)]

    async def add_vouch(
        self, follower_id: int, followee_id: int, *, young_from: int, most: int
    ) -> None:
        await self._connection.execute(_ADD_VOUCH, follower_id, followee_id, young_from, most)

    async def remove_vouches(self, *, follower_id: int, followee_id: int | None = None) -> None:
        await self._connection.execute(_REMOVE_VOUCHES, follower_id, followee_id)

    async def _presence(self, keys: Sequence[tuple[str, int, int]]) -> list[asyncpg.Record]:
        columns = [
            (tag, author_id, first_id_of(hour), first_id_of(hour + 1))
            for tag, author_id, hour in keys
        ]
        return await self._connection.fetch(_PRESENCE, *_columns(columns, 4))

    async def _change_counts(self, posts: "_Change", authors: "_Change") -> None:
        rows = [(tag, posts[tag], authors[tag]) for tag in sorted(posts)]
        await self._connection.execute(_CHANGE_COUNTS, *_columns(rows, 3))
        less = [tag for tag, count, _ in rows if count <= 0]
        if less:
            await self._connection.execute(_DROP_UNUSED, less)

    async def _change_hours(self, posts: "_HourChange", authors: "_HourChange") -> None:
        rows = [(*key, posts[key], authors[key]) for key in sorted(posts)]
        await self._connection.execute(_CHANGE_HOURS, *_columns(rows, 4))
        less = [row for row in rows if row[2] <= 0]
        if less:
            await self._connection.execute(_DROP_UNUSED_HOURS, *_columns(less, 4)[:2])
        await self._connection.execute(_NOTE_CHANGED_HOURS, *_columns(rows, 4)[:2], EXACT_HOURS)


_Change = Counter[str]
_HourChange = Counter[tuple[str, int]]


class PostgresHashtags:
    """See `store.HashtagStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def within(self, transaction: Transaction) -> HashtagTransaction:
        return PostgresHashtagTransaction(connection_of(transaction))

    async def find_hashtags(
        self, prefix: str, *, after: Position | None, limit: int
    ) -> Sequence[HashtagUse]:
        posts_count, tag = after or _FIRST
        place = (prefix, -posts_count, tag, limit)
        short = _FIND_SHORT.get(len(prefix))
        if short is not None:
            rows = await self._database.fetch(short, *place)
        else:
            rows = await self._database.fetch(_FIND_LONG, *place, prefix + _HIGHEST)
        return [HashtagUse(*row) for row in rows]

    async def hashtags(self, tags: Collection[str]) -> Mapping[str, HashtagUse]:
        rows = await self._database.fetch(_HASHTAGS, list(tags))
        return {row[0]: HashtagUse(*row) for row in rows}

    async def histories(
        self, tags: Collection[str], now: datetime
    ) -> Mapping[str, tuple[HashtagHour, ...]]:
        last = hour_at(now)
        hours = range(last - HISTORY_HOURS + 1, last + 1)
        rows = await self._database.fetch(_HISTORIES, list(tags), hours[0], last)
        counts = {(row[0], row[1]): (row[2], row[3]) for row in rows}
        return {
            tag: tuple(
                HashtagHour(start_of(hour), *counts.get((tag, hour), (0, 0))) for hour in hours
            )
            for tag in tags
        }

    async def trends(self, language: str) -> TrendList:
        row = await self._database.fetchrow(_TRENDS, [language, ALL_LANGUAGES])
        if row is None:
            return TrendList(None)
        as_of, found, encoded, hidden = row
        if found != language:
            return TrendList(as_of)
        trends = _trends_decoder.decode(encoded)
        return TrendList(as_of, tuple(each for each in trends if each.use.tag not in hidden))

    async def hide_hashtag(self, tag: str, now: datetime) -> None:
        await self._database.execute(_HIDE, tag, now)

    async def unhide_hashtag(self, tag: str) -> None:
        await self._database.execute(_UNHIDE, tag)

    async def hidden_hashtags(self, *, after: str = "", limit: int) -> Sequence[str]:
        return [row[0] for row in await self._database.fetch(_HIDDEN, after, limit)]


def _columns(rows: Iterable[Sequence[object]], count: int) -> list[list[object]]:
    """The rows as `count` columns."""
    listed = list(rows)
    return [[row[place] for row in listed] for place in range(count)]


def _post_from(row: asyncpg.Record) -> TaggedPost:
    return TaggedPost(
        post_id=row["post_id"],
        author_id=row["author_id"],
        revision=row["revision"],
        tags=tuple(row["tags"]),
        language=row["language"],
        public=row["public"],
        deleted=row["deleted"],
        limit_authors=tuple(map(LimitAuthor, row["limit_author_ids"], row["limits_protected"])),
    )


def _row_of(post: TaggedPost) -> tuple[object, ...]:
    return (
        post.post_id,
        post.author_id,
        post.revision,
        list(post.tags),
        post.language,
        post.public,
        post.deleted,
        [each.user_id for each in post.limit_authors],
        [each.was_protected for each in post.limit_authors],
    )


if TYPE_CHECKING:

    def _transaction(transaction: PostgresHashtagTransaction) -> HashtagTransaction:
        return transaction

    def _store(store: PostgresHashtags) -> HashtagStore:
        return store
