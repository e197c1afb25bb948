"""The generations and segments of the index, and the names of their tables."""

from itertools import pairwise
from typing import NamedTuple

from services.chassis.runtime.ids import MAX_ID
from services.chassis.storage.connection import Connection

_SEGMENTS = """
SELECT g.number, g.state, g.finished, s.number, s.first_id
FROM post_generations AS g JOIN post_segments AS s ON s.generation = g.number
WHERE g.state = ANY ($1::text[])
ORDER BY g.state = 'live' DESC, g.number, s.first_id
"""


class Segment(NamedTuple):
    """A range of ids of one generation, with two tables of its own."""

    generation: int
    number: int
    first_id: int
    last_id: int

    @property
    def posts(self) -> str:
        """The table of the posts."""
        return f"posts_{self.generation}_{self.number}"

    @property
    def counts(self) -> str:
        """The table of their counts."""
        return f"post_counts_{self.generation}_{self.number}"

    @property
    def tokens_index(self) -> str:
        """The index of tokens."""
        return f"posts_{self.generation}_{self.number}_tokens"


class Generation(NamedTuple):
    """A generation and its segments, by ascending ids."""

    number: int
    live: bool
    # Whether every segment has its index.
    finished: bool
    segments: tuple[Segment, ...]


async def generations_in(connection: Connection, *states: str) -> list[Generation]:
    """The generations in these states, the live one first."""
    found: dict[tuple[int, str, bool], list[tuple[int, int]]] = {}
    for row in await connection.fetch(_SEGMENTS, list(states)):
        found.setdefault((row[0], row[1], row[2]), []).append((row[3], row[4]))
    return [
        Generation(
            number,
            state == "live",
            finished,
            tuple(
                Segment(number, segment, first_id, next_id - 1)
                for (segment, first_id), (_, next_id) in pairwise([*segments, (0, MAX_ID + 1)])
            ),
        )
        for (number, state, finished), segments in found.items()
    ]


async def live_generation(connection: Connection) -> Generation:
    """The generation that queries read."""
    (live,) = await generations_in(connection, "live")
    return live


async def lock_for_writing(connection: Connection) -> None:
    """Keeps generations and segments as they are until the transaction ends. Read them after it."""
    await connection.execute("LOCK TABLE post_generations IN ROW SHARE MODE")


async def lock_for_changing(connection: Connection) -> None:
    """Waits until no transaction writes posts, and keeps others from it until this one ends."""
    await connection.execute("LOCK TABLE post_generations IN EXCLUSIVE MODE")
