"""Claims of due deliveries in PostgreSQL. Users take turns."""

from collections.abc import Mapping
from datetime import datetime

import asyncpg

from services.chassis.storage.postgres import Database
from services.delivery.domain.model import Channel, Delivery
from services.delivery.domain.store import MAX_COUNTED_ATTEMPTS

# A claim reads this many of the oldest due rows; usually these are all.
OLDEST = 512
# If there are more rows, and these belong to too few users, a claim reads the rows of this many
# further users.
TURNS = 512

# The oldest due rows are read from the index `deliveries_oldest`. If they belong to so few users
# that they would not fill the limit, others are found by `deliveries_turns`: from one user with due
# rows to the next, without reading all their rows. The next claim continues after the last user.
# Rows are locked in a subquery: FOR UPDATE cannot be combined with a window function.
_CLAIM = f"""
WITH RECURSIVE taken AS MATERIALIZED (
  SELECT * FROM unnest($5::bigint[], $6::int[]) AS t (user_id, number)
), oldest AS MATERIALIZED (
  SELECT user_id, due_time FROM deliveries
  WHERE channel = $1 AND state = 'due' AND due_time <= $2
  ORDER BY due_time LIMIT {OLDEST}
), waiting AS MATERIALIZED (
  SELECT o.user_id, min(o.due_time) AS due_time FROM oldest o LEFT JOIN taken t USING (user_id)
  WHERE coalesce(t.number, 0) < $7 GROUP BY 1 ORDER BY 2 LIMIT $4
), crowded AS MATERIALIZED (
  SELECT (SELECT count(*) FROM oldest) = {OLDEST} AND (SELECT count(*) FROM waiting) < $4 AS yes
), turns (user_id, number) AS (
  (
    SELECT user_id, 1 FROM deliveries
    WHERE (SELECT yes FROM crowded) AND channel = $1 AND state = 'due' AND user_id > $8
    ORDER BY user_id LIMIT 1
  )
  UNION ALL
  SELECT n.user_id, p.number + 1
  FROM turns p CROSS JOIN LATERAL (
    SELECT user_id FROM deliveries
    WHERE channel = $1 AND state = 'due' AND user_id > p.user_id ORDER BY user_id LIMIT 1
  ) n
  WHERE p.number < {TURNS}
), users AS (
  SELECT user_id FROM waiting UNION SELECT user_id FROM turns
), candidates AS MATERIALIZED (
  SELECT d.* FROM users p LEFT JOIN taken t USING (user_id) CROSS JOIN LATERAL (
    SELECT user_id, channel, device_id, topic, due_time FROM deliveries
    WHERE channel = $1 AND user_id = p.user_id AND state = 'due' AND due_time <= $2
    ORDER BY due_time LIMIT greatest($7 - coalesce(t.number, 0), 0)
    FOR UPDATE SKIP LOCKED
  ) d
), chosen AS (
  SELECT *, row_number() OVER (PARTITION BY user_id ORDER BY due_time) AS place
  FROM candidates ORDER BY place, due_time LIMIT $4
), claimed AS (
  UPDATE deliveries d SET
    due_time = $3, attempts = least(d.attempts + 1, {MAX_COUNTED_ATTEMPTS}), update_time = $2
  FROM chosen c
  WHERE (d.user_id, d.channel, d.device_id, d.topic)
        = (c.user_id, c.channel, c.device_id, c.topic)
  RETURNING d.user_id, d.channel, d.device_id, d.topic, d.version, d.attempts, d.start_time,
            d.due_time AS lease_time
)
SELECT (SELECT max(user_id) FROM turns HAVING count(*) = {TURNS}) AS after, c.*
FROM (SELECT) AS always LEFT JOIN claimed c ON true
"""  # noqa: S608 - constants


class Claims:
    """The claims of one process. It stores whose turn is next on each channel."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._after: dict[Channel, int] = {}

    async def claim(
        self,
        channel: Channel,
        *,
        now: datetime,
        until: datetime,
        limit: int,
        share: int,
        taken: Mapping[int, int],
    ) -> list[Delivery]:
        rows = await self._database.fetch(
            _CLAIM,
            channel.value,
            now,
            until,
            limit,
            list(taken.keys()),
            list(taken.values()),
            share,
            self._after.get(channel, 0),
        )
        # After the last user the turns start again.
        self._after[channel] = rows[0]["after"] or 0
        return [_delivery(row) for row in rows if row["user_id"] is not None]


def _delivery(row: asyncpg.Record) -> Delivery:
    fields = dict(row)
    del fields["after"]
    return Delivery(**{**fields, "channel": Channel(row["channel"])})
