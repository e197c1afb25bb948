"""Finds posts in the segments of one generation.

Most queries are answered by the newest posts, so a search reads the newest WINDOW rows first, by
id. What it finds there says how frequent matches are. If reading on by id will soon fill the page,
it does so. Otherwise it uses an index, segment by segment, the newest first. A segment limits what
a frequent word costs: PostgreSQL reads all its rows with the word before it sorts them. Where no
index helps, the search walks through the rows by id, in steps.
"""

import sys
from collections.abc import Sequence
from itertools import islice

import asyncpg

from services.chassis.runtime.ids import MAX_ID
from services.chassis.storage.connection import Connection
from services.search.adapters.postgres.accounts import restricted_accounts
from services.search.adapters.postgres.post_index.catalogue import (
    Generation,
    Segment,
    live_generation,
)
from services.search.adapters.postgres.post_index.conditions import FIRST, conditions_of
from services.search.adapters.postgres.post_index.tokens import tsquery
from services.search.adapters.postgres.post_index.writes import decode_limits
from services.search.domain.posts.model import Counts, Found, Viewer
from services.search.domain.posts.visibility import within
from services.search.domain.query.model import Expression, Term

# The rows that are read by id before an index is used: about 1 ms.
WINDOW = 2_000
# The rows of one step of a walk: about 10 ms.
STEP = 20_000
# The posts of one statement over given ids.
_LISTED = 1_000

# What a match costs that an index finds, in rows that are read by id: the matches of a segment are
# scattered, and all are read.
_MATCH_COST = 4

# The inner part is sorted, or read in order. Accounts are looked up for as many rows as the page
# needs.
_MATCHES = """
SELECT candidates.post_id, candidates.author_id, candidates.limits FROM (
  SELECT p.post_id, p.author_id, p.limits FROM {segment.posts} AS p {counts}
  WHERE p.post_id >= $1::bigint AND p.post_id < $2::bigint AND {conditions}
  ORDER BY {order} DESC
) AS candidates
WHERE {account} LIMIT $3
"""
_ROWS = """
SELECT p.post_id, p.author_id, p.revision, p.language, p.marks,
  c.likes, c.reposts, c.replies, c.quotes
FROM {segment.posts} AS p LEFT JOIN {segment.counts} AS c ON c.post_id = p.post_id
WHERE p.post_id = ANY ($1::bigint[])
"""
# The range once more: it does not follow for the planner.
_COUNTS = """{join} {segment.counts} AS c
    ON c.post_id = p.post_id AND c.post_id >= $1::bigint AND c.post_id < $2::bigint"""
_BY_ID = "p.post_id"
# `+ 0` keeps the planner from reading the rows by id, one after another, until enough match.
_BY_INDEX = "p.post_id + 0"

_COUNT_INDEXED = """
SELECT count(*) FROM {segment.posts} AS p
WHERE p.post_id >= $1 AND p.post_id < $2 AND p.tokens @@ $3::text::tsquery
"""

# The last of the $3 newest rows of a range.
_FLOOR = """
SELECT post_id FROM {segment.posts} WHERE post_id >= $1 AND post_id < $2
ORDER BY post_id DESC OFFSET $3 - 1 LIMIT 1
"""

_IDS_WITH = """
SELECT post_id FROM {segment.posts} AS p
WHERE tokens @@ $1::text::tsquery ORDER BY post_id + 0 DESC LIMIT $2
"""


async def ids_with(connection: Connection, term: str, *, limit: int) -> list[int]:
    """The newest posts with a term, also those that few may see."""
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
        self._ids: list[int] = []

    async def newest(self, *, below: int, limit: int) -> list[Found]:
        """The newest matches below an id."""
        conditions = self._conditions
        below = min(below, MAX_ID, conditions.last_id + 1)
        if conditions.post_ids is not None:
            await self._among(conditions.post_ids, below, limit)
        elif conditions.by_token or conditions.by_author:
            floor = await self._walk(below, limit, rows=self._window)
            if len(self._ids) < limit:
                await self._beyond_window(floor, below, limit)
        else:
            await self._walk(below, limit)
        return await self._rows()

    async def _beyond_window(self, floor: int, top: int, limit: int) -> None:
        """Finds what the window, from `floor` to below `top`, does not fill."""
        missing, found = limit - len(self._ids), len(self._ids)
        share = await self._share_of_indexed(floor, top)
        by_index = _MATCH_COST * share * self._segment_size
        by_id = missing * self._window / found if found else by_index
        if by_id < by_index:
            # Twice as far as expected: the rest is for the index.
            floor = await self._walk(floor, limit, rows=int(2 * by_id))
        await self._by_index(floor, limit)

    async def _share_of_indexed(self, floor: int, top: int) -> float:
        """The share of the window's rows that the index of tokens, or that of authors, would lead
        to."""
        conditions = self._conditions
        if conditions.only_indexed or not conditions.by_token:
            return len(self._ids) / self._window
        rows = 0
        for segment in self._segments:
            if segment.first_id < top and floor <= segment.last_id:
                rows += await self._connection.fetchval(
                    _COUNT_INDEXED.format(segment=segment), floor, top, conditions.indexed
                )
        return rows / self._window

    async def _among(self, post_ids: Sequence[int], below: int, limit: int) -> None:
        """Reads the given rows, descending."""
        for segment in self._segments:
            first_id = max(segment.first_id, self._conditions.first_id)
            listed = [each for each in post_ids if first_id <= each < below]
            for start in range(0, len(listed), _LISTED):
                some = listed[start : start + _LISTED]
                await self._read(segment, some[-1], some[0] + 1, limit, post_ids=some)
            below = min(below, segment.first_id)

    async def _walk(self, below: int, limit: int, *, rows: int = sys.maxsize) -> int:
        """Reads rows by id in steps, about `rows` of them; returns the id from which on everything
        was read."""
        for segment in self._segments:
            first_id = max(segment.first_id, self._conditions.first_id)
            while below > first_id and rows > 0 and len(self._ids) < limit:
                step = min(rows, STEP)
                floor = await self._connection.fetchval(
                    _FLOOR.format(segment=segment), first_id, below, step
                )
                start = first_id if floor is None else floor
                await self._read(segment, start, below, limit)
                below = start
                # The rest of a segment may be short. It does not count, so that the next is read.
                if floor is not None:
                    rows -= step
        return below

    async def _by_index(self, below: int, limit: int) -> None:
        """Reads the matching rows of each segment by an index, which the planner chooses."""
        for segment in self._segments:
            first_id = max(segment.first_id, self._conditions.first_id)
            if below > first_id:
                await self._read(segment, first_id, below, limit, order=_BY_INDEX)

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
        conditions = self._conditions.sql if order != _BY_ID else self._conditions.walk_sql
        parameters = self._conditions.parameters
        if post_ids is not None:
            conditions += f" AND p.post_id = ANY (${FIRST + len(parameters)}::bigint[])"
            parameters = [*parameters, post_ids]
        join = self._conditions.counts
        statement = _MATCHES.format(
            segment=segment,
            counts=_COUNTS.format(join=join, segment=segment) if join else "",
            conditions=conditions,
            account=self._conditions.account_sql,
            order=order,
        )
        rows = limit - len(self._ids)
        while len(self._ids) < limit:
            read = await self._connection.fetch(statement, first_id, below, rows, *parameters)
            await self._add(read, limit)
            if len(read) < rows:
                return
            below = read[-1][0]
            # Each statement may sort all matches again, and anyone can write many hidden replies.
            rows = min(4 * rows, STEP)

    async def _add(self, rows: Sequence[asyncpg.Record], limit: int) -> None:
        """Adds the posts that the viewer may see, until there are `limit`: those with limits of
        their audience are decided here."""
        limits = {row[0]: decode_limits(row[2]) for row in rows if row[2] is not None}
        above = {limit.author_id for each in limits.values() for limit in each}
        accounts = await restricted_accounts(self._connection, above) if above else {}
        visible = (
            row[0]
            for row in rows
            if row[1] == self._viewer.user_id
            or within(limits.get(row[0], ()), accounts, self._viewer)
        )
        self._ids.extend(islice(visible, limit - len(self._ids)))

    async def _rows(self) -> list[Found]:
        """The posts that were found."""
        found: dict[int, Found] = {}
        for segment in self._segments:
            ids = [each for each in self._ids if segment.first_id <= each <= segment.last_id]
            if ids:
                for row in await self._connection.fetch(_ROWS.format(segment=segment), ids):
                    post_id, author_id, revision, language, marks, *counts = row
                    counts_of = Counts(*(each or 0 for each in counts))
                    found[post_id] = Found(post_id, author_id, revision, language, marks, counts_of)
        return [found[each] for each in self._ids]
