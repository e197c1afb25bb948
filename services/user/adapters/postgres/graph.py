"""Relationships, counters and background tasks on PostgreSQL.

An edge is a relationship's row. Each statement stays within one shard key: `edges_out` goes by its
source and `edges_in` by its target, so a statement about one user may join the two.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

import asyncpg

from services.chassis.storage.postgres import Database, PostgresTransaction
from services.user.domain.model import (
    BackgroundTask,
    Counts,
    Direction,
    IdPage,
    ListedRelationship,
    RelatedUsers,
    Relationship,
    RelationshipKind,
    StoredRelationship,
    UserRow,
)

_MAX_ID = (1 << 63) - 1

# One writer of counters at a time: a batch changes many users in any order, and is short.
_LOCK_COUNTS = "SELECT pg_advisory_xact_lock(5120937716640298)"

_USER = "SELECT id, protected FROM users WHERE id = $1 AND delete_time IS NULL FOR "
_LOCK_ACTOR = _USER + "NO KEY UPDATE"
_LOCK_OTHER = _USER + "SHARE"

# `Relationship.of` in SQL: two bits a kind, the outward one is lower. Both halves read primary keys
# alone.
_RELATIONSHIPS = """
SELECT target_id, 1 << (2 * (kind - 1)) FROM edges_out
WHERE source_id = $1 AND target_id = ANY($2::bigint[])
UNION ALL
SELECT source_id, 2 << (2 * (kind - 1)) FROM edges_in
WHERE target_id = $1 AND source_id = ANY($2::bigint[])
"""

# The relationships of pairs, as _RELATIONSHIPS has those of one user with many.
_RELATIONSHIPS_OF_PAIRS = """
SELECT source_id, target_id, 1 << (2 * (kind - 1)) FROM edges_out
JOIN unnest($1::bigint[], $2::bigint[]) AS pair (one_id, other_id)
  ON source_id = one_id AND target_id = other_id
UNION ALL
SELECT target_id, source_id, 2 << (2 * (kind - 1)) FROM edges_in
JOIN unnest($1::bigint[], $2::bigint[]) AS pair (one_id, other_id)
  ON target_id = one_id AND source_id = other_id
"""

_COUNT_WANTED = """
SELECT count(*) FROM (
  SELECT FROM edges_out WHERE source_id = $1 AND kind IN (1, 2) LIMIT $2
) AS wanted
"""

_ADD_OUT = """
INSERT INTO edges_out (source_id, target_id, kind, edge_id) VALUES ($1, $2, $3, $4)
ON CONFLICT DO NOTHING RETURNING true
"""
_ADD_IN = "INSERT INTO edges_in (source_id, target_id, kind, edge_id) VALUES ($1, $2, $3, $4)"
_REMOVE_OUT = """
DELETE FROM edges_out WHERE source_id = $1 AND target_id = $2 AND kind = $3 RETURNING true
"""
_REMOVE_IN = "DELETE FROM edges_in WHERE target_id = $2 AND source_id = $1 AND kind = $3"

_OLDEST_REQUESTS = """
SELECT source_id FROM edges_in WHERE target_id = $1 AND kind = 2 ORDER BY edge_id LIMIT $2
"""

_SOME_EDGES = """
(SELECT kind, source_id, target_id FROM edges_out WHERE source_id = $1 LIMIT $2)
UNION ALL
(SELECT kind, source_id, target_id FROM edges_in WHERE target_id = $1 LIMIT $2)
LIMIT $2
"""

_CHANGES = """
FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[])
  AS change (user_id, followers, following, posts)
WHERE counted.user_id = change.user_id
"""
_CHANGE_COUNTS = f"""
UPDATE user_counts AS counted
SET followers = greatest(0, counted.followers + change.followers),
    following = greatest(0, counted.following + change.following),
    posts = greatest(0, counted.posts + change.posts)
{_CHANGES}
"""  # noqa: S608 - a constant

_CORRECT_COUNTS = """
UPDATE user_counts AS counted
SET followers = fix.followers, following = fix.following, posts = fix.posts
FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[],
            $5::bigint[], $6::bigint[], $7::bigint[])
  AS fix (user_id, followers, following, posts, seen_followers, seen_following, seen_posts)
WHERE counted.user_id = fix.user_id
  AND (counted.followers, counted.following, counted.posts)
    = (fix.seen_followers, fix.seen_following, fix.seen_posts)
"""

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
# One id more than the page has shows whether more follow. The ids stand twice, so that on Citus the
# subquery too is sent only to their shards.
_LIST_IDS = {
    direction: f"""
SELECT counted.user_id, counted.{_COUNTED[direction]}, ARRAY(
  SELECT {far} FROM {table}
  WHERE {near} = counted.user_id AND {near} = ANY($1::bigint[]) AND {far} > $2
    AND kind = {RelationshipKind.FOLLOW:d}
  ORDER BY {far} LIMIT $3 + 1
)
FROM user_counts AS counted WHERE counted.user_id = ANY($1::bigint[])
"""  # noqa: S608
    for direction, (table, near, far) in _ENDS.items()
}

# All follows; of the others the newest $2. Everything about one user is on one shard.
_RELATED = """
SELECT 'following', array_agg(target_id ORDER BY target_id) FROM edges_out
WHERE source_id = $1 AND kind = 1
UNION ALL
SELECT 'blocking', array_agg(target_id ORDER BY target_id) FROM (
  SELECT target_id FROM edges_out WHERE source_id = $1 AND kind = 3
  ORDER BY edge_id DESC LIMIT $2) AS blocking
UNION ALL
SELECT 'blocked_by', array_agg(source_id ORDER BY source_id) FROM (
  SELECT source_id FROM edges_in WHERE target_id = $1 AND kind = 3
  ORDER BY edge_id DESC LIMIT $2) AS blocked_by
UNION ALL
SELECT 'muting', array_agg(target_id ORDER BY target_id) FROM (
  SELECT target_id FROM edges_out WHERE source_id = $1 AND kind = 4
  ORDER BY edge_id DESC LIMIT $2) AS muting
"""

_COMPARED = """
SELECT c.user_id, c.followers, c.following, c.posts,
  (SELECT count(*) FROM edges_in i WHERE i.target_id = c.user_id AND i.kind = 1),
  (SELECT count(*) FROM edges_out o WHERE o.source_id = c.user_id AND o.kind = 1)
FROM user_counts c WHERE c.user_id > $1 ORDER BY c.user_id LIMIT $2
"""

# Converting a number to a flag costs more than everything else that is done for a user.
_ALL_RELATIONSHIPS = [Relationship(bits) for bits in range(2 * Relationship.MUTING)]


def _relationships_of(rows: Sequence[asyncpg.Record]) -> dict[int, Relationship]:
    """The relationships in the rows of _RELATIONSHIPS, by the other user."""
    found: dict[int, int] = {}
    for other_id, flag in rows:
        found[other_id] = found.get(other_id, 0) | flag
    return {other_id: _ALL_RELATIONSHIPS[bits] for other_id, bits in found.items()}


def _relationships_of_pairs(rows: Sequence[asyncpg.Record]) -> dict[tuple[int, int], Relationship]:
    """The relationships in the rows of _RELATIONSHIPS_OF_PAIRS, by pair."""
    found: dict[tuple[int, int], int] = {}
    for one_id, other_id, flag in rows:
        pair = (one_id, other_id)
        found[pair] = found.get(pair, 0) | flag
    return {pair: _ALL_RELATIONSHIPS[bits] for pair, bits in found.items()}


class PostgresGraphTransaction(PostgresTransaction):
    """See `store.GraphTransaction`."""

    async def lock_pair(
        self, actor_id: int, other_id: int
    ) -> tuple[UserRow | None, UserRow | None]:
        if actor_id < other_id:
            actor = await self._user(_LOCK_ACTOR, actor_id)
            return actor, await self._user(_LOCK_OTHER, other_id)
        other = await self._user(_LOCK_OTHER, other_id)
        return await self._user(_LOCK_ACTOR, actor_id), other

    async def relationship(self, viewer_id: int, other_id: int) -> Relationship:
        rows = await self.connection.fetch(_RELATIONSHIPS, viewer_id, [other_id])
        return _relationships_of(rows).get(other_id, Relationship.NONE)

    async def count_wanted(self, user_id: int, limit: int) -> int:
        count: int = await self.connection.fetchval(_COUNT_WANTED, user_id, limit)
        return count

    async def add_relationship(
        self, kind: RelationshipKind, source_id: int, target_id: int, relationship_id: int
    ) -> bool:
        row = (source_id, target_id, kind, relationship_id)
        added = await self.connection.fetchval(_ADD_OUT, *row)
        if added is None:
            return False
        if kind is not RelationshipKind.MUTE:
            await self.connection.execute(_ADD_IN, *row)
        return True

    async def remove_relationship(
        self, kind: RelationshipKind, source_id: int, target_id: int
    ) -> bool:
        removed = await self.connection.fetchval(_REMOVE_OUT, source_id, target_id, kind)
        if removed is None:
            return False
        if kind is not RelationshipKind.MUTE:
            await self.connection.execute(_REMOVE_IN, source_id, target_id, kind)
        return True

    async def oldest_requests(self, target_id: int, limit: int) -> list[int]:
        rows = await self.connection.fetch(_OLDEST_REQUESTS, target_id, limit)
        return [row[0] for row in rows]

    async def some_relationships(self, user_id: int, limit: int) -> list[StoredRelationship]:
        rows = await self.connection.fetch(_SOME_EDGES, user_id, limit)
        return [
            StoredRelationship(RelationshipKind(kind), source, target)
            for kind, source, target in rows
        ]

    async def add_background_task(
        self, background_task: BackgroundTask, user_id: int, now: datetime
    ) -> None:
        await self.connection.execute(
            "INSERT INTO chores (chore, user_id, create_time) VALUES ($1, $2, $3) "
            "ON CONFLICT DO NOTHING",
            background_task.value,
            user_id,
            now,
        )

    async def finish_background_task(self, background_task: BackgroundTask, user_id: int) -> None:
        await self.connection.execute(
            "DELETE FROM chores WHERE chore = $1 AND user_id = $2", background_task.value, user_id
        )

    async def change_counts(self, changes: Mapping[int, Counts]) -> None:
        await self.connection.execute(_LOCK_COUNTS)
        await self.connection.execute(_CHANGE_COUNTS, list(changes), *_columns(changes.values()))

    async def correct_counts(self, seen: Mapping[int, Counts], right: Mapping[int, Counts]) -> int:
        await self.connection.execute(_LOCK_COUNTS)
        status = await self.connection.execute(
            _CORRECT_COUNTS,
            list(right),
            *_columns(right.values()),
            *_columns(seen[user_id] for user_id in right),
        )
        return int(status.rpartition(" ")[2])

    async def _user(self, sql: str, user_id: int) -> UserRow | None:
        row = await self.connection.fetchrow(sql, user_id)
        return None if row is None else UserRow(row[0], row[1])


class PostgresGraph:
    """The reads of relationships, counters and background tasks; see `store.Store`."""

    _database: Database

    async def relationships_with(
        self, viewer_id: int, other_ids: Sequence[int]
    ) -> dict[int, Relationship]:
        return _relationships_of(await self._database.fetch(_RELATIONSHIPS, viewer_id, other_ids))

    async def relationships_of_pairs(
        self, pairs: Collection[tuple[int, int]]
    ) -> dict[tuple[int, int], Relationship]:
        distinct = set(pairs)
        ones = [one_id for one_id, _ in distinct]
        others = [other_id for _, other_id in distinct]
        return _relationships_of_pairs(
            await self._database.fetch(_RELATIONSHIPS_OF_PAIRS, ones, others)
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
        rows = await self._database.fetch_list(
            user_id, _LIST[direction], user_id, kind, newest, limit
        )
        return [ListedRelationship(row[0], row[1]) for row in rows]

    async def list_ids(
        self, direction: Direction, user_ids: Collection[int], *, limit: int, after_id: int = 0
    ) -> dict[int, IdPage]:
        rows = await self._database.fetch(_LIST_IDS[direction], list(user_ids), after_id, limit)
        found = {
            user_id: IdPage(ids[:limit], len(ids) > limit, total) for user_id, total, ids in rows
        }
        # Only users who were deleted for good have no counts, and nobody follows them.
        return {user_id: found.get(user_id, IdPage([], False, 0)) for user_id in user_ids}

    async def related_users(self, user_id: int, *, limit: int) -> RelatedUsers:
        rows = await self._database.fetch(_RELATED, user_id, limit)
        return RelatedUsers(**{name: ids or () for name, ids in rows})

    async def counts(self, user_id: int) -> Counts:
        row = await self._database.fetchrow(
            "SELECT followers, following, posts FROM user_counts WHERE user_id = $1", user_id
        )
        return Counts() if row is None else Counts(*row)

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


def _columns(counts: Iterable[Counts]) -> tuple[list[int], list[int], list[int]]:
    every = list(counts)
    return (
        [each.followers for each in every],
        [each.following for each in every],
        [each.posts for each in every],
    )
