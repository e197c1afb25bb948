"""Builds a generation beside the live one, compares the two, and replaces the live one."""

from collections.abc import Sequence

from services.chassis.storage.connection import Connection
from services.chassis.storage.postgres import dedicated, translated
from services.search.adapters.postgres.post_index import writes
from services.search.adapters.postgres.post_index.catalogue import (
    Generation,
    Segment,
    generations_in,
    live_generation,
    lock_for_changing,
    lock_for_writing,
)
from services.search.adapters.postgres.post_index.tokens import POPULAR
from services.search.domain.posts.index import GenerationGone, GenerationRunning
from services.search.domain.posts.model import IndexedPost, SegmentComparison

_START = """
INSERT INTO post_generations
SELECT nextval('post_generation_numbers'), 'building', false
ON CONFLICT (state) WHERE state <> 'retired' DO NOTHING RETURNING number
"""
_OPEN = "SELECT open_post_segment($1, 1, 0, false)"
_SPLIT = "SELECT split_post_segment($1, $2)"
_NEWEST_ID = "SELECT max(post_id) FROM {table}"
_IS_FULL = "SELECT EXISTS (SELECT FROM {table} ORDER BY post_id OFFSET $1 - 1 LIMIT 1)"
_LOADED = """
UPDATE post_segments SET loaded = loaded + $3 WHERE generation = $1 AND number = $2
RETURNING loaded
"""

# What a statement over a whole segment may take.
SEGMENT_SECONDS = 300.0
# What a comparison of all segments may take.
TRANSACTION_SECONDS = 3_600.0
_PATIENCE = f"SET statement_timeout = {SEGMENT_SECONDS * 1000:.0f}"
_MEMORY = "SET maintenance_work_mem = '256MB'"

_FINISH = "UPDATE post_generations SET finished = true WHERE number = $1"
_INDEXED = "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass($1)"
_DROP_INDEX = "DROP INDEX IF EXISTS {index}"
_INDEX = "SELECT post_tokens_index($1, $2, 'CONCURRENTLY')"
# Counts the rows, for plans, and marks what everyone sees, so that reads by id need no rows.
_VACUUM = "VACUUM (ANALYZE) {table}"

_RETIRE = "UPDATE post_generations SET state = 'retired' WHERE state = $1"
_RETIRE_BUILDING = _RETIRE + " AND number = $2"
_GO_LIVE = "UPDATE post_generations SET state = 'live' WHERE number = $1"

# A search may read a segment; it is not kept from ending, and nobody queues behind this.
_BRIEFLY = "SET LOCAL lock_timeout = 100"
_DELETE_SEGMENT = "DELETE FROM post_segments WHERE generation = $1 AND number = $2"
_DELETE_GENERATIONS = """
DELETE FROM post_generations AS g
WHERE state = 'retired' AND NOT EXISTS (SELECT FROM post_segments WHERE generation = g.number)
"""
_MERGE = "SELECT gin_clean_pending_list($1::text::regclass)"

# Everything that is stored of a post, except what depends on its counts: they change beside its
# revisions.
_HASHED = f"""
SELECT post_id, hashtextextended(
  concat_ws('|', post_id, author_id, revision, visibility, language, addressed,
    encode(limits, 'hex'), ts_delete(tokens, '{POPULAR}'), encode(marks, 'hex')), 0) AS hash
FROM {{table}} WHERE post_id BETWEEN $1 AND $2 AND visibility > 0
"""  # noqa: S608 - a constant
_COMPARED = """
SELECT new.count, new.sum, live.count, live.sum
FROM (SELECT count(*), coalesce(sum(hash), 0) AS sum FROM ({new}) AS rows) AS new,
  (SELECT count(*), coalesce(sum(hash), 0) AS sum FROM ({live}) AS rows) AS live
"""
_DIFFERING = """
SELECT post_id FROM ({new}) AS new FULL JOIN ({live}) AS live USING (post_id)
WHERE new.hash IS DISTINCT FROM live.hash
ORDER BY post_id LIMIT $3
"""


async def start(connection: Connection) -> int:
    """Begins a generation of one segment without an index. Raises GenerationRunning."""
    await lock_for_changing(connection)
    number: int | None = await connection.fetchval(_START)
    if number is None:
        raise GenerationRunning
    await connection.execute(_OPEN, number)
    return number


async def load(
    connection: Connection, generation: int, posts: Sequence[IndexedPost], *, segment_size: int
) -> bool:
    """Adds a page of posts; returns whether the newest segment is full. Raises GenerationGone."""
    await lock_for_writing(connection)
    full = False
    for segment in (await building(connection, generation)).segments:
        some = [each for each in posts if segment.first_id <= each.post_id <= segment.last_id]
        if some:
            added = await writes.load(connection, segment, some)
            loaded = await connection.fetchval(_LOADED, generation, segment.number, added)
            full = loaded >= segment_size
    return full


async def split(connection: Connection, generation: int, from_id: int) -> None:
    """Opens a segment for the ids from this one on. Raises GenerationGone."""
    await lock_for_changing(connection)
    segments = (await building(connection, generation)).segments
    if segments[-1].first_id < from_id:
        await connection.execute(_SPLIT, generation, from_id)


async def has_full_segment(connection: Connection, *, segment_size: int) -> bool:
    """Whether `open_segments` would open one."""
    await lock_for_writing(connection)
    return bool(await _full(connection, segment_size))


async def open_segments(connection: Connection, *, segment_size: int) -> None:
    """Opens a segment in each generation whose newest one is full. A building generation that is
    not finished is divided by `load`."""
    await lock_for_changing(connection)
    for segment in await _full(connection, segment_size):
        newest = await connection.fetchval(_NEWEST_ID.format(table=segment.posts))
        await connection.execute(_SPLIT, segment.generation, newest + 1)


async def _full(connection: Connection, segment_size: int) -> list[Segment]:
    return [
        newest
        for each in await generations_in(connection, "live", "building")
        if each.finished
        for newest in each.segments[-1:]
        if await connection.fetchval(_IS_FULL.format(table=newest.posts), segment_size)
    ]


async def finish(url: str, generation: int) -> None:
    """Builds the index of each segment, by a session of its own: it takes long, and writes go on.
    Raises GenerationGone."""
    connection = await dedicated(url, name="search reindex")
    try:
        with translated():
            await connection.execute(_PATIENCE)
            await connection.execute(_MEMORY)
            for segment in (await building(connection, generation)).segments:
                await _index(connection, segment)
            await connection.execute(_FINISH, generation)
    finally:
        await connection.close()


async def _index(connection: Connection, segment: Segment) -> None:
    valid = await connection.fetchval(_INDEXED, segment.tokens_index)
    if valid:
        return
    # An interrupted call leaves an index that is not valid.
    await connection.execute(_DROP_INDEX.format(index=segment.tokens_index))
    statement = await connection.fetchval(_INDEX, segment.generation, segment.number)
    await connection.execute(statement, timeout=SEGMENT_SECONDS)
    for table in (segment.posts, segment.counts):
        await connection.execute(_VACUUM.format(table=table), timeout=SEGMENT_SECONDS)


async def compare(connection: Connection, generation: int) -> list[SegmentComparison]:
    """Compares each segment with the same ids of the live generation, in one statement and so at
    one moment. Raises GenerationGone."""
    await connection.execute(_PATIENCE.replace("SET", "SET LOCAL"))
    segments = (await building(connection, generation)).segments
    live = await live_generation(connection)
    compared = []
    for segment in segments:
        statement = _COMPARED.format(
            new=_HASHED.format(table=segment.posts), live=_rows_within(live, segment)
        )
        ends = segment.first_id, segment.last_id
        row = await connection.fetchrow(statement, *ends, timeout=SEGMENT_SECONDS)
        assert row is not None  # noqa: S101 - a select without FROM has one row
        compared.append(SegmentComparison(*ends, *map(int, row)))
    return compared


async def differing(
    connection: Connection, generation: int, compared: SegmentComparison, *, limit: int
) -> list[int]:
    """The ids of posts that differ. Raises GenerationGone."""
    await connection.execute(_PATIENCE.replace("SET", "SET LOCAL"))
    ids: list[int] = []
    live = await live_generation(connection)
    for segment in (await building(connection, generation)).segments:
        first_id = max(segment.first_id, compared.first_id)
        last_id = min(segment.last_id, compared.last_id)
        if first_id <= last_id:
            statement = _DIFFERING.format(
                new=_HASHED.format(table=segment.posts), live=_rows_within(live, segment)
            )
            rows = await connection.fetch(
                statement, first_id, last_id, limit - len(ids), timeout=SEGMENT_SECONDS
            )
            ids.extend(row[0] for row in rows)
    return ids


async def swap(connection: Connection, generation: int) -> None:
    """Makes the generation live. Raises GenerationGone, ValueError."""
    await lock_for_changing(connection)
    if not (await building(connection, generation)).finished:
        raise ValueError("the generation is not finished")
    await connection.execute(_RETIRE, "live")
    await connection.execute(_GO_LIVE, generation)


async def drop(connection: Connection, generation: int) -> None:
    """Ends the building of the generation."""
    await lock_for_changing(connection)
    await connection.execute(_RETIRE_BUILDING, "building", generation)


async def delete_retired(connection: Connection) -> bool:
    """Deletes the tables of one segment of a retired generation; returns whether there was one.
    Searches that still read it begin again with the live one. Another process may have deleted
    them since the catalogue was read."""
    await connection.execute(_BRIEFLY)
    retired = await generations_in(connection, "retired")
    if not retired:
        await connection.execute(_DELETE_GENERATIONS)
        return False
    segment = retired[0].segments[-1]
    await connection.execute(f"DROP TABLE IF EXISTS {segment.posts}, {segment.counts}")
    await connection.execute(_DELETE_SEGMENT, segment.generation, segment.number)
    return True


async def merge_pending(connection: Connection) -> None:
    """Moves the pending entries of the newest segments into their indexes."""
    # A generation that could be retired now could lose its tables before they are merged.
    await lock_for_writing(connection)
    for generation in await generations_in(connection, "live", "building"):
        if generation.finished:
            for segment in generation.segments[-2:]:
                await connection.execute(_MERGE, segment.tokens_index)


async def building(connection: Connection, number: int) -> Generation:
    """The generation that is being built. Raises GenerationGone if it is not this one."""
    for generation in await generations_in(connection, "building"):
        if generation.number == number:
            return generation
    raise GenerationGone


def _rows_within(live: Generation, segment: Segment) -> str:
    return " UNION ALL ".join(
        _HASHED.format(table=each.posts)
        for each in live.segments
        if each.first_id <= segment.last_id and each.last_id >= segment.first_id
    )
