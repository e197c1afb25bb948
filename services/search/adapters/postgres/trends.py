"""What the computation of trends reads and writes, in PostgreSQL."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from services.chassis.storage.postgres import Database, PostgresTransaction
from services.search.adapters.postgres.hashtags import PostgresHashtagTransaction
from services.search.domain.hashtags.model import (
    LEAST_RECORDED,
    CountedHours,
    Observation,
    TrendList,
    first_id_of,
    hour_of,
)
from services.search.domain.hashtags.store import TrendStore

_LEASE = """
INSERT INTO trend_computation AS t (lease_end) VALUES ($2)
ON CONFLICT (one) DO UPDATE SET lease_end = excluded.lease_end WHERE t.lease_end <= $1
RETURNING true"""
_COUNTED = (
    "SELECT first_counted, last_counted FROM trend_computation WHERE first_counted IS NOT NULL"
)
_OLDEST = "SELECT min(post_id) FROM hashtag_uses"

# The authors of one list: each hashtag in each language, and in all of them.
_TRUSTED = """
SELECT tag, l.language, count(DISTINCT author_id) AS authors
FROM hashtag_uses u CROSS JOIN LATERAL (VALUES (''), (u.language)) AS l (language)
WHERE {uses} AND (author_id < {trusted_below}
  OR author_id IN (SELECT followee_id FROM hashtag_vouches))
GROUP BY tag, l.language"""
_COUNT_HOUR = f"""
WITH counts AS MATERIALIZED (
  {_TRUSTED.format(uses="post_id >= $2 AND post_id < $3", trusted_below="$4")}
)
INSERT INTO trusted_hours (tag, language, hour, authors)
SELECT tag, language, $1::integer, authors FROM counts WHERE authors >= $5
UNION ALL
SELECT '', language, $1::integer, sum(authors) FROM counts GROUP BY language"""  # noqa: S608 - nothing but constants
_FORGET_HOUR = "DELETE FROM trusted_hours WHERE hour = $1"
_SET_COUNTED = """
INSERT INTO trend_computation AS t (lease_end, first_counted, last_counted)
VALUES ('-infinity', $1, $1)
ON CONFLICT (one) DO UPDATE SET first_counted = coalesce(t.first_counted, $1),
  last_counted = greatest(t.last_counted, $1)"""

_CHANGED = "SELECT tag, hour FROM changed_hours ORDER BY tag, hour LIMIT $1"
_UNCHANGE = "DELETE FROM changed_hours WHERE tag = $1 AND hour = $2"
_FORGET_TAG_HOUR = "DELETE FROM trusted_hours WHERE tag = $1 AND hour = $2"
_COUNT_TAG_HOUR = f"""
INSERT INTO trusted_hours (tag, language, hour, authors)
SELECT tag, language, $2::integer, authors FROM ({
    _TRUSTED.format(uses="tag = $1 AND post_id >= $3 AND post_id < $4", trusted_below="$5")
}) AS counts
WHERE authors >= $6"""  # noqa: S608

_OBSERVE = f"""
SELECT tag, language, authors FROM ({
    _TRUSTED.format(uses="post_id >= $1", trusted_below="$2")
}) AS counts
WHERE authors >= $3 AND tag NOT IN (SELECT tag FROM hidden_hashtags)
ORDER BY authors DESC, tag, language LIMIT $4"""  # noqa: S608
_PAST = """
SELECT h.tag, h.language, array_agg(h.hour), array_agg(h.authors)
FROM trusted_hours h JOIN unnest($1::text[], $2::text[]) AS o (tag, language)
  ON h.tag = o.tag AND h.language = o.language
WHERE h.hour >= $3
GROUP BY h.tag, h.language"""

_FORGET_TRENDS = "DELETE FROM trends WHERE language <> ALL ($1::text[])"
_SAVE_TRENDS = """
INSERT INTO trends (language, as_of, list)
SELECT * FROM unnest($1::text[], $2::timestamptz[], $3::jsonb[])
ON CONFLICT (language) DO UPDATE SET as_of = excluded.as_of, list = excluded.list"""

_PRUNE_POSTS = """
DELETE FROM hashtag_posts WHERE post_id IN (
  SELECT post_id FROM hashtag_posts WHERE post_id < $1 LIMIT $2)"""
_PRUNE_USAGE_HOURS = """
DELETE FROM hashtag_hours WHERE ctid = ANY (ARRAY (
  SELECT ctid FROM hashtag_hours WHERE hour < $1 LIMIT $2))"""
_MOVE_FIRST_COUNTED = """
UPDATE trend_computation SET first_counted = least($1, last_counted) WHERE first_counted < $1"""
_PRUNE_TRUSTED_HOURS = """
DELETE FROM trusted_hours WHERE ctid = ANY (ARRAY (
  SELECT ctid FROM trusted_hours WHERE hour < $1 LIMIT $2))"""
_PRUNE_VOUCHES = """
DELETE FROM hashtag_vouches WHERE ctid = ANY (ARRAY (
  SELECT ctid FROM hashtag_vouches WHERE followee_id < $1 LIMIT $2))"""

# An hour of a large installation has some hundred thousand uses.
_COUNTING_SECONDS = 60.0

_encoder = msgspec.json.Encoder()


class PostgresTrends:
    """See `store.TrendStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def lease_trends(self, now: datetime, lease_end: datetime) -> bool:
        return await self._database.fetchval(_LEASE, now, lease_end) is not None

    async def counted_hours(self) -> CountedHours | None:
        row = await self._database.fetchrow(_COUNTED)
        return None if row is None else CountedHours(*row)

    async def oldest_hour(self) -> int | None:
        post_id = await self._database.fetchval(_OLDEST)
        return None if post_id is None else hour_of(post_id)

    async def count_hour(self, hour: int, *, trusted_below: int) -> None:
        async with self._database.transaction(
            PostgresTransaction, seconds=_COUNTING_SECONDS
        ) as transaction:
            # A change that is not committed yet would be in neither count.
            await PostgresHashtagTransaction(transaction.connection).lock_hashtags()
            execute = transaction.connection.execute
            await execute(_FORGET_HOUR, hour)
            first_id, end_id = first_id_of(hour), first_id_of(hour + 1)
            await execute(_COUNT_HOUR, hour, first_id, end_id, trusted_below, LEAST_RECORDED)
            await execute(_SET_COUNTED, hour)

    async def changed_hours(self, limit: int) -> Sequence[tuple[str, int]]:
        return [(row[0], row[1]) for row in await self._database.fetch(_CHANGED, limit)]

    async def recount_hour(self, tag: str, hour: int, *, trusted_below: int) -> None:
        async with self._database.transaction(PostgresTransaction) as transaction:
            await PostgresHashtagTransaction(transaction.connection).lock_hashtags()
            execute = transaction.connection.execute
            await execute(_UNCHANGE, tag, hour)
            await execute(_FORGET_TAG_HOUR, tag, hour)
            ids = (first_id_of(hour), first_id_of(hour + 1))
            await execute(_COUNT_TAG_HOUR, tag, hour, *ids, trusted_below, LEAST_RECORDED)

    async def observe(
        self, first_post_id: int, *, trusted_below: int, least: int, limit: int
    ) -> Sequence[Observation]:
        rows = await self._database.fetch(_OBSERVE, first_post_id, trusted_below, least, limit)
        return [Observation(*row) for row in rows]

    async def past_hours(
        self, observed: Collection[tuple[str, str]], *, since: int
    ) -> Mapping[tuple[str, str], Mapping[int, int]]:
        pairs = list(observed)
        rows = await self._database.fetch(
            _PAST, [tag for tag, _ in pairs], [language for _, language in pairs], since
        )
        return {
            (tag, language): dict(zip(hours, authors, strict=True))
            for tag, language, hours, authors in rows
        }

    async def save_trends(self, trends: Mapping[str, TrendList]) -> None:
        async with self._database.transaction(PostgresTransaction) as transaction:
            await transaction.connection.execute(_FORGET_TRENDS, list(trends))
            await transaction.connection.execute(
                _SAVE_TRENDS,
                list(trends),
                [each.as_of for each in trends.values()],
                [_encoder.encode(each.trends).decode() for each in trends.values()],
            )

    async def prune_posts(self, before: int, limit: int) -> int:
        return _deleted(await self._database.execute(_PRUNE_POSTS, before, limit))

    async def prune_usage_hours(self, before: int, limit: int) -> int:
        return _deleted(await self._database.execute(_PRUNE_USAGE_HOURS, before, limit))

    async def prune_trusted_hours(self, before: int, limit: int) -> int:
        await self._database.execute(_MOVE_FIRST_COUNTED, before)
        return _deleted(await self._database.execute(_PRUNE_TRUSTED_HOURS, before, limit))

    async def prune_vouches(self, followees_below: int, limit: int) -> int:
        return _deleted(await self._database.execute(_PRUNE_VOUCHES, followees_below, limit))


def _deleted(status: str) -> int:
    """The number of rows in the status of a DELETE."""
    return int(status.rpartition(" ")[2])


if TYPE_CHECKING:

    def _trends(store: PostgresTrends) -> TrendStore:
        return store
