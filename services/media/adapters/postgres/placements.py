"""Placements on PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from services.chassis.runtime.ids import bucket_of
from services.chassis.storage.postgres import Database, PostgresTransaction
from services.media.adapters.postgres.rows import PLACEMENT_COLUMNS, affected, placement_from
from services.media.domain.model import Placement

_REQUEST = """
INSERT INTO placements AS p (medium_id, bucket, owner_id, renew, run_after)
SELECT medium_id, $2, $3, $4, $5 FROM unnest($1::bigint[]) AS medium_id
ON CONFLICT (medium_id, bucket) DO UPDATE SET
  request = p.request + 1, renew = p.renew OR excluded.renew, attempts = 0,
  run_after = CASE WHEN p.attempts = 0 THEN least(p.run_after, excluded.run_after)
    ELSE excluded.run_after END
"""

# The condition of a lease: a new request changes the number and the attempts.
_HELD = """
medium_id = $1 AND bucket = $2 AND request = $3 AND attempts = $4 AND run_after = $5
"""
_FINISH = f"DELETE FROM placements WHERE {_HELD}"  # noqa: S608 - a constant
_RETRY = f"UPDATE placements SET run_after = $6 WHERE {_HELD}"  # noqa: S608

_LEASE = f"""
UPDATE placements SET attempts = attempts + 1, run_after = $2
WHERE (medium_id, bucket) = (
  SELECT medium_id, bucket FROM placements WHERE run_after <= $1
  ORDER BY run_after, medium_id LIMIT 1 FOR UPDATE SKIP LOCKED
)
RETURNING {PLACEMENT_COLUMNS}
"""  # noqa: S608 - nothing but column names

_COUNT = """
SELECT count(*), coalesce(extract(epoch FROM $1 - min(run_after)), 0)::float FROM placements
"""


class PostgresPlacementTransaction(PostgresTransaction):
    """See `stores.placements.PlacementTransaction`."""

    async def request_placement(
        self,
        owner_id: int,
        medium_ids: Sequence[int],
        *,
        now: datetime,
        delay: timedelta = timedelta(0),
        renew: bool = False,
    ) -> None:
        await self.connection.execute(
            _REQUEST, sorted(set(medium_ids)), bucket_of(owner_id), owner_id, renew, now + delay
        )

    async def finish_placement(self, placement: Placement) -> bool:
        return affected(await self.connection.execute(_FINISH, *_lease(placement))) == 1


class PostgresPlacements:
    """See `stores.placements.PlacementStore`."""

    _database: Database

    async def lease_placement(self, *, now: datetime, lease_end: datetime) -> Placement | None:
        row = await self._database.fetchrow(_LEASE, now, lease_end)
        return None if row is None else placement_from(row)

    async def retry_placement(self, placement: Placement, run_after: datetime) -> None:
        await self._database.execute(_RETRY, *_lease(placement), run_after)

    async def count_placements(self, now: datetime) -> tuple[int, float]:
        row = await self._database.fetchrow(_COUNT, now)
        assert row is not None  # noqa: S101 - an aggregate gives one row
        return row[0], max(row[1], 0.0)


def _lease(placement: Placement) -> tuple[int, int, int, int, datetime]:
    """The parameters of `_HELD`."""
    return (
        placement.medium_id,
        bucket_of(placement.medium_id),
        placement.request,
        placement.attempts,
        placement.lease_end,
    )
