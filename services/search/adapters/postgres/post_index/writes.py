"""Changes of posts, counts and accounts: one statement for each table that a batch touches."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

import msgspec

from services.chassis.storage.connection import Connection
from services.search.adapters.postgres.accounts import set_accounts
from services.search.adapters.postgres.post_index.catalogue import Generation, Segment
from services.search.adapters.postgres.post_index.tokens import POPULAR, POPULAR_LIKES, tsvector
from services.search.domain.posts.model import (
    NO_COUNTS,
    AudienceLimit,
    Counts,
    Delete,
    IndexedPost,
    PostChange,
    SetAccount,
    SetCounts,
    Upsert,
)

# The revision of a deleted post: no write has a later one. See posts_template.
DELETED = 2_147_483_647

_ENCODER = msgspec.msgpack.Encoder(order="deterministic")
_LIMITS = msgspec.msgpack.Decoder(tuple[AudienceLimit, ...])

# {table} is a name out of the catalogue.
_PUT = """
INSERT INTO {table} AS stored
  (post_id, author_id, revision, visibility, language, addressed, limits, tokens, marks)
SELECT post_id, author_id, revision, visibility, language, addressed::bigint[], limits,
  tokens::tsvector, marks
FROM unnest(
  $1::bigint[], $2::bigint[], $3::integer[], $4::smallint[], $5::text[], $6::text[], $7::bytea[],
  $8::text[], $9::bytea[]
) AS given (post_id, author_id, revision, visibility, language, addressed, limits, tokens, marks)
ORDER BY post_id
ON CONFLICT (post_id) DO UPDATE SET
  (author_id, revision, visibility, language, addressed, limits, tokens, marks) =
  (excluded.author_id, excluded.revision, excluded.visibility, excluded.language,
    excluded.addressed, excluded.limits, excluded.tokens, excluded.marks)
"""
# A tombstone stays as it is.
_APPLY = _PUT + " WHERE stored.revision <= excluded.revision AND stored.visibility > 0"
_LOAD = _PUT + " WHERE stored.revision < excluded.revision"

_SET_COUNTS = """
INSERT INTO {table} AS stored (post_id, likes, reposts, replies, quotes)
SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[])
  AS given (post_id, likes, reposts, replies, quotes)
ORDER BY post_id
ON CONFLICT (post_id)
"""
_REPLACE_COUNTS = (
    _SET_COUNTS
    + """DO UPDATE SET (likes, reposts, replies, quotes) =
  (excluded.likes, excluded.reposts, excluded.replies, excluded.quotes)
WHERE (stored.likes, stored.reposts, stored.replies, stored.quotes) IS DISTINCT FROM
  (excluded.likes, excluded.reposts, excluded.replies, excluded.quotes)
"""
)
_ADD_COUNTS = (
    _SET_COUNTS
    + """DO UPDATE SET (likes, reposts, replies, quotes) =
  (excluded.likes, excluded.reposts, excluded.replies, excluded.quotes)
WHERE stored.likes IS NULL AND excluded.likes IS NOT NULL
"""
)
_FORGET_COUNTS = "DELETE FROM {table} WHERE post_id = ANY ($1::bigint[])"

_MARK_POPULAR = f"""
WITH marked AS (
  SELECT p.post_id
  FROM {{segment.posts}} AS p JOIN {{segment.counts}} AS c ON c.post_id = p.post_id
  WHERE p.post_id = ANY ($1::bigint[]) AND c.likes >= {POPULAR_LIKES} AND p.visibility > 0
    AND NOT ts_match_vq(p.tokens, '{POPULAR}'::tsquery)
  ORDER BY p.post_id FOR NO KEY UPDATE OF p
)
UPDATE {{segment.posts}} AS p SET tokens = p.tokens || '{POPULAR}'::tsvector
FROM marked WHERE p.post_id = marked.post_id
"""  # noqa: S608 - constants


async def apply(
    connection: Connection, generations: Sequence[Generation], changes: Sequence[PostChange]
) -> None:
    """Applies the changes to every generation."""
    await set_accounts(connection, [each for each in changes if isinstance(each, SetAccount)])
    deleted = {each.post_id for each in changes if isinstance(each, Delete)}
    posts: dict[int, IndexedPost] = {}
    for change in changes:
        if isinstance(change, Upsert) and change.post.post_id not in deleted:
            known = posts.get(change.post.post_id)
            if known is None or known.revision <= change.post.revision:
                posts[change.post.post_id] = change.post
    added, counts = _counts(changes, posts)
    for generation in generations:
        for segment in generation.segments:
            await _write_counts(connection, segment, added, _ADD_COUNTS)
            await _write_counts(connection, segment, counts, _REPLACE_COUNTS)
            gone = sorted(each for each in deleted if _has(segment, each))
            if gone:
                await connection.execute(_FORGET_COUNTS.format(table=segment.counts), gone)
            rows = [*map(_row, _within(segment, posts)), *map(_tombstone, gone)]
            await _put(connection, segment, rows, _APPLY)
            await _mark_popular(connection, segment, {*posts, *counts})


async def load(connection: Connection, segment: Segment, posts: Sequence[IndexedPost]) -> int:
    """Adds the posts that the segment does not have in the same revision or a later one; returns
    their number."""
    counts = {each.post_id: each.counts for each in posts}
    await _write_counts(connection, segment, counts, _ADD_COUNTS)
    loaded = await _put(connection, segment, list(map(_row, posts)), _LOAD)
    await _mark_popular(connection, segment, counts)
    return loaded


def decode_limits(limits: bytes) -> tuple[AudienceLimit, ...]:
    """The limits of a row."""
    return _LIMITS.decode(limits)


def _counts(
    changes: Iterable[PostChange], posts: Collection[int]
) -> tuple[dict[int, Counts], dict[int, Counts]]:
    """The counts to store where none are, and those that replace what is stored."""
    added: dict[int, Counts] = dict.fromkeys(posts, NO_COUNTS)
    counts: dict[int, Counts] = {}
    for change in changes:
        match change:
            case SetCounts(post_id, given):
                counts[post_id] = given
            case Upsert(post) if added.get(post.post_id) == NO_COUNTS:
                added[post.post_id] = post.counts
            case Delete(post_id):
                counts.pop(post_id, None)
    return added, counts


async def _mark_popular(
    connection: Connection, segment: Segment, post_ids: Collection[int]
) -> None:
    """Adds the token of popular posts to those that need it."""
    some = sorted(each for each in post_ids if _has(segment, each))
    if some:
        await connection.execute(_MARK_POPULAR.format(segment=segment), some)


async def _put(
    connection: Connection, segment: Segment, rows: Sequence[tuple[Any, ...]], statement: str
) -> int:
    if not rows:
        return 0
    columns = [list(column) for column in zip(*rows, strict=True)]
    status = await connection.execute(statement.format(table=segment.posts), *columns)
    return int(status.rpartition(" ")[2])


async def _write_counts(
    connection: Connection, segment: Segment, counts: dict[int, Counts], statement: str
) -> None:
    # Counts that are added are not known if they are zero: those of an edited post are unset.
    unknown = NO_COUNTS if statement is _ADD_COUNTS else None
    given = [(post_id, each) for post_id, each in counts.items() if _has(segment, post_id)]
    if given:
        await connection.execute(
            statement.format(table=segment.counts),
            [post_id for post_id, _ in given],
            *(
                [None if each == unknown else getattr(each, name) for _, each in given]
                for name in ("likes", "reposts", "replies", "quotes")
            ),
        )


def _within(segment: Segment, posts: dict[int, IndexedPost]) -> list[IndexedPost]:
    return [each for each in posts.values() if _has(segment, each.post_id)]


def _has(segment: Segment, post_id: int) -> bool:
    return segment.first_id <= post_id <= segment.last_id


def _row(post: IndexedPost) -> tuple[Any, ...]:
    return (
        post.post_id,
        post.author_id,
        post.revision,
        post.visibility,
        post.language,
        f"{{{','.join(map(str, sorted(post.addressed)))}}}",
        _ENCODER.encode(post.limits) if post.limits else None,
        tsvector(post.words, post.terms),
        post.marks,
    )


def _tombstone(post_id: int) -> tuple[Any, ...]:
    return (post_id, 0, DELETED, 0, "", "{}", None, "", b"")
