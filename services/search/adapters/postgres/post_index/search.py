"""Finds posts in the segments of one generation.

Most queries are answered by the newest posts, so a search reads the newest WINDOW rows first, by
id. What it finds there says how frequent matches are. If reading on by id will soon fill the page,
it does so. Otherwise it uses an index, segment by segment, the newest first. A segment limits what
a frequent word costs: PostgreSQL reads all its rows with the word before it sorts them. Where no
index helps, the search walks through the rows by id, in steps.
"""

from collections.abc import Sequence

import asyncpg

from services.chassis.storage.connection import Connection
from services.search.adapters.postgres.post_index.catalogue import (
    Generation,
    Segment,
    live_generation,
)
from services.search.adapters.postgres.post_index.conditions import FIRST, conditions_of
from services.search.adapters.postgres.post_index.tokens import tsquery
from services.search.adapters.postgres.post_index.writes import decode_limits
from services.search.domain.posts.model import Account, Counts, Found, Viewer
from services.search.domain.posts.visibility import within
from services.search.domain.query.model import Expression, Term

# The rows that are read by id before an index is used: about 1 ms.
WINDOW = 2_000
# The rows of one step of a walk: about 10 ms.
STEP = 20_000
# The posts of one statement over given ids.
_LISTED = 1_000

# A match that an index finds costs as much as this many rows that are read by id: the matches of a
# segment are scattered, and all are read.
_MATCH_COST = 4
# The share of popular posts, about.
_POPULAR_SHARE = 0.04

# The innermost part is sorted or read in order. Accounts are looked up for as many rows as the page
# needs, and the whole rows are read for the page alone.
_SELECT = """
SELECT p.post_id, p.author_id, p.revision, p.language, p.marks, p.limits,
  n.likes, n.reposts, n.replies, n.quotes
FROM (
  SELECT candidates.post_id FROM (
    SELECT p.post_id, p.author_id FROM {segment.posts} AS p {counts}
    WHERE p.post_id >= $1::bigint AND p.post_id < $2::bigint AND {conditions}
    ORDER BY {order} DESC
  ) AS candidates
  WHERE {account} LIMIT $3
) AS matches
JOIN {segment.posts} AS p ON p.post_id = matches.post_id
LEFT JOIN {segment.counts} AS n ON n.post_id = matches.post_id
ORDER BY matches.post_id DESC
"""
_COUNTS = "{join} {segment.counts} AS c ON c.post_id = p.post_id"
_BY_ID = "p.post_id"
# `+ 0` keeps the planner from reading the rows by id, one after another, until enough match.
_BY_INDEX = "p.post_id + 0"
# The index of popular posts has this order.
_BY_POPULARITY = "c.post_id"

_MATCHES = """
SELECT count(*) FROM {segment.posts} AS p
WHERE p.post_id >= $1 AND p.post_id < $2 AND p.tokens @@ $3::text::tsquery
"""

# The last of the $3 newest rows of a range.
_FLOOR = """
SELECT post_id FROM {segment.posts} WHERE post_id >= $1 AND post_id < $2
ORDER BY post_id DESC OFFSET $3 - 1 LIMIT 1
"""

_ACCOUNTS = """
SELECT user_id, protected, deleted FROM accounts
WHERE user_id = ANY ($1::bigint[]) AND (protected OR deleted)
"""

_IDS_WITH = """
SELECT post_id FROM {segment.posts} AS p
WHERE tokens @@ $1::text::tsquery ORDER BY post_id + 0 DESC LIMIT $2
"""


async def ids_with(connection: Connection, term: str, *, limit: int) -> list[int]:
    """The newest posts with a term, whoever may see them."""
    ids: list[int] = []
    for segment in (await live_generation(connection)).segments[::-1]:
        if len(ids) < limit:
            rows = await connection.fetch(
                _IDS_WITH.format(segment=segment), tsquery(Term(term)), limit - len(ids)
            )
            ids.extend(row[0] for row in rows)
    return ids


class Search:
    """One search, in a transaction with one snapshot and without generic plans."""

    def __init__(
        self,
        connection: Connection,
        generation: Generation,
        expression: Expression,
        viewer: Viewer,
        *,
        window: int,
        segment_size: int,
    ) -> None:
        self._connection = connection
        self._window = window
        self._segment_size = segment_size
        self._segments = generation.segments[::-1]
        self._conditions = conditions_of(expression, viewer)
        self._viewer = viewer
        self._found: list[Found] = []

    async def newest(self, *, below: int, limit: int) -> list[Found]:
        """The newest matches below an id."""
        conditions = self._conditions
        below = min(below, conditions.last_id + 1)
        if conditions.post_ids is not None:
            await self._among(conditions.post_ids, below, limit)
        elif conditions.by_token or conditions.by_author or conditions.by_popularity:
            floor = await self._walk(below, limit, rows=self._window)
            if len(self._found) < limit:
                await self._beyond_window(floor, below, limit)
        else:
            await self._walk(below, limit)
        return self._found

    async def _beyond_window(self, floor: int, top: int, limit: int) -> None:
        """Finds what the window, from `floor` to below `top`, does not fill."""
        conditions, found = self._conditions, len(self._found)
        rows = (limit - found) * self._window / (found or 0.5)
        share = await self._share_of_tokens(floor, top) if conditions.by_token else 1.0
        matches = share * self._segment_size
        if rows < _MATCH_COST * matches:
            floor = await self._walk(floor, limit, rows=int(2 * rows))
        if conditions.by_popularity and share > _POPULAR_SHARE:
            await self._by_index(floor, limit, _BY_POPULARITY)
        else:
            await self._by_index(floor, limit, _BY_INDEX)

    async def _share_of_tokens(self, floor: int, top: int) -> float:
        """The share of the window's rows that match the words and terms of the query."""
        matching = 0
        for segment in self._segments:
            if segment.first_id < top and floor <= segment.last_id:
                matching += await self._connection.fetchval(
                    _MATCHES.format(segment=segment), floor, top, self._conditions.tsquery
                )
        return matching / self._window

    async def _among(self, post_ids: Sequence[int], below: int, limit: int) -> None:
        """Reads the given rows, descending."""
        for segment in self._segments:
            first_id = max(segment.first_id, self._conditions.first_id)
            listed = [each for each in post_ids if first_id <= each < below]
            for start in range(0, len(listed), _LISTED):
                some = listed[start : start + _LISTED]
                await self._read(segment, some[-1], some[0] + 1, limit, post_ids=some)
            below = min(below, segment.first_id)

    async def _walk(self, below: int, limit: int, *, rows: int | None = None) -> int:
        """Reads rows by id in steps, `rows` of them if given; returns the id below which nothing
        was read."""
        for segment in self._segments:
            first_id = max(segment.first_id, self._conditions.first_id)
            while below > first_id and len(self._found) < limit:
                step = STEP if rows is None else rows
                floor = await self._connection.fetchval(
                    _FLOOR.format(segment=segment), first_id, below, step
                )
                start = first_id if floor is None else floor
                await self._read(segment, start, below, limit)
                below = start
                if floor is not None and rows is not None:
                    return below
        return below

    async def _by_index(self, below: int, limit: int, order: str) -> None:
        """Reads the matching rows of each segment by an index, which the planner chooses."""
        for segment in self._segments:
            first_id = max(segment.first_id, self._conditions.first_id)
            if below > first_id:
                await self._read(segment, first_id, below, limit, order=order)

    async def _read(
        self,
        segment: Segment,
        first_id: int,
        below: int,
        limit: int,
        *,
        order: str = _BY_ID,
        post_ids: Sequence[int] | None = None,
    ) -> None:
        """Adds the newest matches of a range of ids within one segment, until `limit` are found."""
        conditions = self._conditions.sql
        parameters = self._conditions.parameters
        if post_ids is not None:
            conditions += f" AND p.post_id = ANY (${FIRST + len(parameters)}::bigint[])"
            parameters = [*parameters, post_ids]
        join = self._conditions.counts
        statement = _SELECT.format(
            segment=segment,
            counts=_COUNTS.format(join=join, segment=segment) if join else "",
            conditions=conditions,
            account=self._conditions.account_sql,
            order=order,
        )
        while len(self._found) < limit:
            rows = limit - len(self._found)
            read = await self._connection.fetch(statement, first_id, below, rows, *parameters)
            await self._add(read)
            if len(read) < rows:
                return
            below = read[-1][0]

    async def _add(self, rows: Sequence[asyncpg.Record]) -> None:
        """Adds the rows that the viewer may see: those with limits are decided here."""
        limits = {row[0]: decode_limits(row[5]) for row in rows if row[5] is not None}
        above = {limit.author_id for each in limits.values() for limit in each}
        accounts: dict[int, Account] = {}
        if above:
            for user_id, protected, deleted in await self._connection.fetch(
                _ACCOUNTS, sorted(above)
            ):
                accounts[user_id] = Account(protected, deleted)
        self._found.extend(
            found_from(row)
            for row in rows
            if row[1] == self._viewer.user_id
            or within(limits.get(row[0], ()), accounts, self._viewer)
        )


def found_from(row: asyncpg.Record) -> Found:
    """A row of a statement of this module."""
    post_id, author_id, revision, language, marks, _, *counts = row
    return Found(post_id, author_id, revision, language, marks, Counts(*(n or 0 for n in counts)))
