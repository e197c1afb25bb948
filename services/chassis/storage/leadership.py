"""Which slices of the outbox this process leads, by advisory locks of one session.

The leader of a slice holds the lock of its node exclusively, and the locks of the nodes that
contain it in common with others. So processes whose settings divide the outbox differently never
lead the same rows at once. The locks end with their session.
"""

from __future__ import annotations

from collections.abc import Sequence

from services.chassis.runtime.clock import Clock
from services.chassis.storage.connection import Connection
from services.chassis.storage.slices import Slice, slices_of

# A process whose session was not used for so long is not counted: it is frozen, or waits for the
# broker, and takes no slice.
PRESENT_SECONDS = 5.0
# For how long a process does not try a slice again whose rows could not be read.
REST_SECONDS = 10.0
# Name the locks among this database's advisory locks of two numbers: "roost", and "relay" plus the
# number of the node, from 0.
_LOCKS = 0x726F6F73
_FIRST_LOCK = 0x72656C61

# LIMIT ends the scan, so no lock is taken beyond it.
_TAKE = """
SELECT node FROM unnest($3::int[]) AS node
WHERE pg_try_advisory_lock($1, $2 + node) LIMIT $4
"""
_SHARE = """
SELECT node FROM unnest($3::int[]) AS node WHERE pg_try_advisory_lock_shared($1, $2 + node)
"""
_RELEASE = "SELECT pg_advisory_unlock($1, $2)"
_RELEASE_SHARED = "SELECT pg_advisory_unlock_shared($1, $2 + node) FROM unnest($3::int[]) AS node"
# Relays of another division have another name, as they lead other slices.
_FEWEST_OF_OTHERS = """
SELECT min(led) FROM (
  SELECT count(l.pid) AS led
  FROM pg_stat_activity a LEFT JOIN pg_locks l
    ON l.pid = a.pid AND l.locktype = 'advisory' AND l.mode = 'ExclusiveLock' AND l.granted
    AND l.classid = $1
  WHERE a.datname = current_database() AND a.pid <> pg_backend_pid()
    AND a.application_name = $2
    AND a.query_start > clock_timestamp() - $3::float8 * interval '1 second'
  GROUP BY a.pid
) AS others
"""


def session_name(count: int) -> str:
    """The name of the sessions of relays that divide the outbox into so many slices."""
    return "roost-relay" if count == 1 else f"roost-relay-{count}"


class Leadership:
    """The slices that a session leads. `adjust` brings them to this process's share of all."""

    def __init__(self, connection: Connection, *, count: int, clock: Clock) -> None:
        self._connection = connection
        self._clock = clock
        self._all = slices_of(count)
        self._held: dict[int, Slice] = {}
        self._resting: dict[int, float] = {}

    @property
    def held(self) -> tuple[Slice, ...]:
        """The slices that this session leads, in order."""
        return tuple(sorted(self._held.values()))

    async def adjust(self) -> None:
        """Takes slices that nobody leads, and gives up some if another process leads two fewer.

        Nothing of a slice that is given up may be in flight.
        """
        fewest = await self._fewest_of_others()
        missing = len(self._all) - len(self._held)
        if fewest is not None:
            for each in self.held[::-1][: max(0, (len(self._held) - fewest) // 2)]:
                await self.release(each)
            missing = min(missing, fewest + 1 - len(self._held))
        if missing > 0:
            await self._take(missing)

    async def release(self, led: Slice) -> None:
        """Gives up a slice."""
        del self._held[led.node]
        await self._unlock(led, led.ancestors)

    async def rest(self, led: Slice) -> None:
        """Gives up a slice, and does not take it for REST_SECONDS."""
        self._resting[led.node] = self._clock.monotonic() + REST_SECONDS
        await self.release(led)

    async def _fewest_of_others(self) -> int | None:
        """How many slices the other process leads that has the fewest; None if there is no other,
        or only one slice to lead."""
        if len(self._all) == 1:
            return None
        fewest: int | None = await self._connection.fetchval(
            _FEWEST_OF_OTHERS, _LOCKS, session_name(len(self._all)), PRESENT_SECONDS
        )
        return fewest

    async def _take(self, most: int) -> None:
        now = self._clock.monotonic()
        free = {
            each.node: each
            for each in self._all
            if each.node not in self._held and self._resting.get(each.node, now) <= now
        }
        locked = await self._connection.fetch(_TAKE, _LOCKS, _FIRST_LOCK - 1, list(free), most)
        for row in locked:
            await self._share_ancestors(free[row["node"]])

    async def _share_ancestors(self, taken: Slice) -> None:
        """Leads the slice whose lock this session has, unless a slice that contains it is led."""
        shared = [
            row["node"]
            for row in await self._connection.fetch(
                _SHARE, _LOCKS, _FIRST_LOCK - 1, list(taken.ancestors)
            )
        ]
        if len(shared) == len(taken.ancestors):
            self._held[taken.node] = taken
        else:
            await self._unlock(taken, shared)

    async def _unlock(self, led: Slice, shared: Sequence[int]) -> None:
        await self._connection.execute(_RELEASE, _LOCKS, _FIRST_LOCK - 1 + led.node)
        await self._connection.execute(_RELEASE_SHARED, _LOCKS, _FIRST_LOCK - 1, list(shared))
