"""The event log in PostgreSQL. Each statement carries the shard key, `user_id`.

Statements about a few users join a list of them, and repeat the ids in a condition, so that Citus
executes them on their shards alone. Those about many reach every shard in any case.
"""

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

from asyncpg import Record

from services.chassis.runtime.clock import Clock
from services.chassis.storage.connection import Connection
from services.chassis.storage.postgres import Database, PostgresTransaction
from services.chassis.storage.shard_key import is_among
from services.eventlog.domain.model import (
    DELETED_LOG_KEPT,
    KEPT,
    LEEWAY,
    PRESENCE_GRACE,
    Arrival,
    Change,
    Head,
    LogEntry,
    Suppression,
    places,
    too_long,
)
from services.eventlog.domain.store import Announce

# In ascending order, so that two writers of the same logs never wait for each other in a circle.
_LENGTHEN = """
INSERT INTO log_heads AS h (user_id, last_sequence)
SELECT user_id, more FROM unnest($1::bigint[], $2::bigint[]) AS g (user_id, more) ORDER BY user_id
ON CONFLICT (user_id) DO UPDATE SET last_sequence = h.last_sequence + excluded.last_sequence
RETURNING user_id, first_sequence, last_sequence
"""

_APPEND = """
INSERT INTO log_events (user_id, sequence, event_time, content)
SELECT user_id, sequence, $3::timestamptz, content
FROM unnest($1::bigint[], $2::bigint[], $4::bytea[]) AS g (user_id, sequence, content)
"""

_USERS = "$1::bigint[]"

_SHORTEN = f"""
UPDATE log_heads h SET first_sequence = g.first_sequence
FROM unnest($1::bigint[], $2::bigint[]) AS g (user_id, first_sequence)
WHERE h.user_id = g.user_id AND {is_among("h.user_id", _USERS)}
"""  # noqa: S608 - constants

_DROP = f"""
DELETE FROM log_events e USING unnest($1::bigint[], $2::bigint[]) AS g (user_id, first_sequence)
WHERE e.user_id = g.user_id AND {is_among("e.user_id", _USERS)} AND e.sequence < g.first_sequence
"""  # noqa: S608 - constants

# OFFSET 0 keeps the subquery from becoming a join, which would read all silences of each user.
_RECEIVING_USERS = """
SELECT g.place, g.user_id
FROM unnest($1::integer[], $2::bigint[]) AS g (place, user_id)
JOIN log_heads h ON h.user_id = g.user_id AND h.present_until > $5
WHERE NOT EXISTS (
  SELECT FROM silences s
  WHERE s.user_id = h.user_id
    AND s.other_id IN (($3::bigint[])[g.place], ($4::bigint[])[g.place])
  OFFSET 0
)
"""

_SUPPRESS = """
INSERT INTO silences (user_id, other_id, silence)
SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::smallint[]) ORDER BY 1, 2, 3
ON CONFLICT DO NOTHING
"""

_UNSUPPRESS = f"""
DELETE FROM silences s
USING unnest($1::bigint[], $2::bigint[], $3::smallint[]) AS g (user_id, other_id, silence)
WHERE s.user_id = g.user_id AND {is_among("s.user_id", _USERS)} AND s.other_id = g.other_id
  AND s.silence = g.silence
"""  # noqa: S608 - constants

# Who is not present until then was absent for too long. It is a constant: Citus has no parameters
# in ON CONFLICT.
_PRESENT = (
    "excluded.present_until - h.present_until"
    f" <= interval '{PRESENCE_GRACE.total_seconds():.0f} seconds'"
)

# Returns the users who are present; the rows of users who were absent for too long do not change.
_ATTACH_USERS = f"""
INSERT INTO log_heads AS h (user_id, present_until)
SELECT DISTINCT user_id, $2::timestamptz FROM unnest($1::bigint[]) AS g (user_id) ORDER BY user_id
ON CONFLICT (user_id) DO UPDATE
  SET present_until = greatest(h.present_until, excluded.present_until)
WHERE {_PRESENT}
RETURNING user_id, first_sequence, last_sequence, present_until
"""  # noqa: S608 - a constant

# The following lock rows in the same order. They insert only what does not exist, which is nothing.

# Marks users as present who were not, and returns them. Of two devices that return at once, one
# gets the user.
_RETURN = f"""
INSERT INTO log_heads AS h (user_id, present_until)
SELECT DISTINCT user_id, $2::timestamptz FROM unnest($1::bigint[]) AS g (user_id) ORDER BY user_id
ON CONFLICT (user_id) DO UPDATE SET present_until = excluded.present_until
WHERE ({_PRESENT}) IS NOT TRUE
RETURNING user_id
"""  # noqa: S608 - a constant

_RENEW_PRESENCE = """
INSERT INTO log_heads AS h (user_id, present_until)
SELECT DISTINCT user_id, $2::timestamptz
FROM log_heads JOIN unnest($1::bigint[]) AS g (user_id) USING (user_id)
WHERE present_until < $2
ORDER BY user_id
ON CONFLICT (user_id) DO UPDATE SET present_until = excluded.present_until
WHERE h.present_until < excluded.present_until
"""

_SHORTEN_IF_LONGER = """
INSERT INTO log_heads AS h (user_id, first_sequence)
SELECT user_id, first_sequence
FROM unnest($1::bigint[], $2::bigint[]) AS g (user_id, first_sequence) ORDER BY user_id
ON CONFLICT (user_id) DO UPDATE
  SET first_sequence = greatest(h.first_sequence, excluded.first_sequence)
"""

_HEADS = """
SELECT user_id, first_sequence, last_sequence, present_until FROM log_heads
WHERE user_id = ANY ($1::bigint[])
"""

_PRESENT_USERS = """
SELECT user_id FROM log_heads WHERE user_id > $1 AND present_until > $3 ORDER BY user_id LIMIT $2
"""

_AHEAD = """
SELECT user_id, first_sequence, last_sequence, present_until
FROM unnest($1::bigint[], $2::bigint[]) AS g (user_id, known)
JOIN log_heads USING (user_id)
WHERE last_sequence > known
"""

# DISTINCT makes Citus join the list on the shards.
_EVENTS = f"""
SELECT e.user_id, e.sequence, e.event_time, e.content
FROM (
  SELECT DISTINCT h.user_id, h.first_sequence, g.after
  FROM log_heads h JOIN unnest($1::bigint[], $2::bigint[]) AS g (user_id, after)
    ON h.user_id = g.user_id
  WHERE {is_among("h.user_id", _USERS)}
) AS log
CROSS JOIN LATERAL (
  SELECT * FROM log_events
  WHERE user_id = log.user_id AND {is_among("user_id", _USERS)}
    AND sequence > log.after AND sequence >= log.first_sequence
  ORDER BY sequence LIMIT $3
) AS e
ORDER BY e.user_id, e.sequence
"""  # noqa: S608 - constants

_OLDEST = """
SELECT user_id, max(sequence) + 1 AS first_sequence, count(*) AS found FROM (
  SELECT user_id, sequence FROM log_events WHERE event_time < $1 ORDER BY event_time LIMIT $2
) AS old
GROUP BY user_id ORDER BY user_id
"""

_DROP_EVENTS_OF = "DELETE FROM log_events WHERE user_id = ANY ($1::bigint[])"
_DROP_HEADS_OF = "DELETE FROM log_heads WHERE user_id = ANY ($1::bigint[])"

# Enough for twenty full pages of followers; more pairs are split over several statements.
_PAIRS_AT_ONCE = 20_000


class PostgresLogTransaction(PostgresTransaction):
    """See `store.LogTransaction`."""

    def __init__(self, connection: Connection, clock: Clock) -> None:
        super().__init__(connection, clock)
        self.appended: list[LogEntry] = []

    async def append_events(self, changes: Sequence[Change], now: datetime) -> None:
        if not changes:
            return
        counts = Counter(change.user_id for change in changes)
        rows = await self.connection.fetch(_LENGTHEN, list(counts), list(counts.values()))
        heads = {row["user_id"]: Head(row["first_sequence"], row["last_sequence"]) for row in rows}
        lasts = {user_id: head.last for user_id, head in heads.items()}
        sequences = places(changes, lasts, counts)
        await self.connection.execute(
            _APPEND,
            [change.user_id for change in changes],
            sequences,
            now,
            [change.content for change in changes],
        )
        self.appended += [
            LogEntry(change.user_id, sequence, now, change.content)
            for change, sequence in zip(changes, sequences, strict=True)
        ]
        await self._trim(heads)

    async def _trim(self, heads: Mapping[int, Head]) -> None:
        firsts = {
            user_id: first
            for user_id, head in heads.items()
            if (first := too_long(head)) is not None
        }
        if firsts:
            await self.connection.execute(_SHORTEN, list(firsts), list(firsts.values()))
            await self.connection.execute(_DROP, list(firsts), list(firsts.values()))

    async def receiving_users(self, arrivals: Sequence[Arrival], now: datetime) -> list[list[int]]:
        pairs = [
            (place, user_id)
            for place, arrival in enumerate(arrivals)
            for user_id in arrival.user_ids
        ]
        authors = [arrival.author_id for arrival in arrivals]
        reposters = [arrival.reposter_id for arrival in arrivals]
        receiving: list[list[int]] = [[] for _ in arrivals]
        for start in range(0, len(pairs), _PAIRS_AT_ONCE):
            part = pairs[start : start + _PAIRS_AT_ONCE]
            rows = await self.connection.fetch(
                _RECEIVING_USERS,
                # SQL arrays start with 1.
                [place + 1 for place, _ in part],
                [user_id for _, user_id in part],
                authors,
                reposters,
                now,
            )
            for row in rows:
                receiving[row["place"] - 1].append(row["user_id"])
        return receiving

    async def add_suppressions(self, suppressions: Sequence[Suppression]) -> None:
        await self.connection.execute(_SUPPRESS, *_columns(suppressions))

    async def remove_suppressions(self, suppressions: Sequence[Suppression]) -> None:
        await self.connection.execute(_UNSUPPRESS, *_columns(suppressions))

    async def remove_all_suppressions(self, user_id: int) -> None:
        await self.connection.execute(
            "DELETE FROM silences WHERE user_id = $1 OR other_id = $1", user_id
        )

    async def record_deleted_log(self, user_id: int, now: datetime) -> None:
        await self.connection.execute(
            "INSERT INTO departed_logs (user_id, left_time) VALUES ($1, $2) ON CONFLICT DO NOTHING",
            user_id,
            now,
        )


class PostgresLogStore:
    """See `store.LogStore`."""

    def __init__(self, database: Database, *, announce: Announce) -> None:
        self._database = database
        self._announce = announce

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[PostgresLogTransaction]:
        async with self._database.transaction(PostgresLogTransaction) as transaction:
            yield transaction
        self._announce(transaction.appended)

    async def attach_users(
        self, user_ids: Sequence[int], now: datetime, *, missed: bytes
    ) -> dict[int, Head]:
        until = now + LEEWAY + PRESENCE_GRACE
        heads = _heads(await self._database.fetch(_ATTACH_USERS, user_ids, until))
        others = list(set(user_ids) - heads.keys())
        if others:
            async with self.transaction() as transaction:
                connection = transaction.connection
                # A user who is not among them has returned on another device in between.
                returned = [row[0] for row in await connection.fetch(_RETURN, others, until)]
                await transaction.append_events([Change(each, missed) for each in returned], now)
                heads |= _heads(await connection.fetch(_HEADS, others))
        return heads

    async def renew_presence(self, user_ids: Sequence[int], now: datetime) -> None:
        await self._database.execute(_RENEW_PRESENCE, user_ids, now + PRESENCE_GRACE + LEEWAY)

    async def present_users(self, *, after: int, limit: int, now: datetime) -> list[int]:
        rows = await self._database.fetch(_PRESENT_USERS, after, limit, now)
        return [row["user_id"] for row in rows]

    async def newer_than(self, known: Mapping[int, int]) -> dict[int, Head]:
        rows = await self._database.fetch(_AHEAD, list(known), list(known.values()))
        return _heads(rows)

    async def events(self, after: Mapping[int, int], *, limit: int) -> list[LogEntry]:
        rows = await self._database.fetch(_EVENTS, list(after), list(after.values()), limit)
        return [LogEntry(*row) for row in rows]

    async def trim(self, before: datetime, *, limit: int) -> int:
        async with self._database.transaction(PostgresTransaction) as transaction:
            connection = transaction.connection
            old = await connection.fetch(_OLDEST, before, limit)
            user_ids = [row["user_id"] for row in old]
            firsts = [row["first_sequence"] for row in old]
            await connection.execute(_SHORTEN_IF_LONGER, user_ids, firsts)
            await connection.execute(_DROP, user_ids, firsts)
        return sum(row["found"] for row in old)

    async def drop_deleted_logs(self, now: datetime) -> None:
        rows = await self._database.fetch(
            "SELECT user_id FROM departed_logs WHERE left_time <= $1", now - DELETED_LOG_KEPT
        )
        gone = [row[0] for row in rows]
        if gone:
            await self._database.execute(_DROP_EVENTS_OF, gone)
            await self._database.execute(_DROP_HEADS_OF, gone)
        await self._database.execute("DELETE FROM departed_logs WHERE left_time <= $1", now - KEPT)


def _heads(rows: Sequence[Record]) -> dict[int, Head]:
    return {user_id: Head(first, last, until) for user_id, first, last, until in rows}


def _columns(suppressions: Sequence[Suppression]) -> tuple[list[int], list[int], list[int]]:
    return (
        [each.user_id for each in suppressions],
        [each.other_id for each in suppressions],
        [each.reason for each in suppressions],
    )
