"""The generations of the index, in PostgreSQL: which index of OpenSearch is the live one."""

from typing import NamedTuple

from services.chassis.storage.connection import Connection
from services.search.domain.posts.index import GenerationGone, GenerationRunning

_GENERATIONS = """
SELECT number, state, finished FROM opensearch_generations
WHERE state = ANY ($1::text[]) ORDER BY number
"""
_LIVE = "SELECT number FROM opensearch_generations WHERE state = 'live'"
_START = """
INSERT INTO opensearch_generations
SELECT nextval('post_generation_numbers'), 'building', false
ON CONFLICT (state) WHERE state <> 'retired' DO NOTHING RETURNING number
"""
_FINISH = "UPDATE opensearch_generations SET finished = true WHERE number = $1"
_RETIRE_LIVE = "UPDATE opensearch_generations SET state = 'retired' WHERE state = 'live'"
_GO_LIVE = "UPDATE opensearch_generations SET state = 'live' WHERE number = $1"
_DROP = """
UPDATE opensearch_generations SET state = 'retired' WHERE state = 'building' AND number = $1
"""
_DELETE_RETIRED = "DELETE FROM opensearch_generations WHERE state = 'retired'"


class Generation(NamedTuple):
    """One generation, an index of OpenSearch."""

    number: int
    state: str
    finished: bool


async def generations_in(connection: Connection, *states: str) -> list[Generation]:
    """The generations in these states."""
    return [Generation(*row) for row in await connection.fetch(_GENERATIONS, list(states))]


async def live_generation(connection: Connection) -> int:
    """The generation that queries read."""
    number: int = await connection.fetchval(_LIVE)
    return number


async def building(connection: Connection, number: int) -> Generation:
    """The generation that is being built. Raises GenerationGone if it is not this one."""
    for generation in await generations_in(connection, "building"):
        if generation.number == number:
            return generation
    raise GenerationGone


async def lock_for_writing(connection: Connection) -> None:
    """Keeps generations as they are until the transaction ends. Read them after it."""
    await connection.execute("LOCK TABLE opensearch_generations IN ROW SHARE MODE")


async def start(connection: Connection) -> int:
    """Begins a generation. Raises GenerationRunning."""
    await _lock_for_changing(connection)
    number: int | None = await connection.fetchval(_START)
    if number is None:
        raise GenerationRunning
    return number


async def finish(connection: Connection, number: int) -> None:
    """Notes that every post was loaded. Raises GenerationGone."""
    await building(connection, number)
    await connection.execute(_FINISH, number)


async def swap(connection: Connection, number: int) -> None:
    """Makes the generation live. Raises GenerationGone, ValueError."""
    await _lock_for_changing(connection)
    if not (await building(connection, number)).finished:
        raise ValueError("the generation is not finished")
    await connection.execute(_RETIRE_LIVE)
    await connection.execute(_GO_LIVE, number)


async def drop(connection: Connection, number: int) -> None:
    """Ends the building of the generation."""
    await _lock_for_changing(connection)
    await connection.execute(_DROP, number)


async def delete_retired(connection: Connection) -> None:
    """Removes retired generations. Their indexes were deleted."""
    await connection.execute(_DELETE_RETIRED)


async def _lock_for_changing(connection: Connection) -> None:
    """Waits until no transaction writes posts, and keeps others from it until this one ends."""
    await connection.execute("LOCK TABLE opensearch_generations IN EXCLUSIVE MODE")
