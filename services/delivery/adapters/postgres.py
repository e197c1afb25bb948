"""The store of delivery in PostgreSQL. Each statement stays within one shard key, `user_id`."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

import asyncpg

from services.chassis.storage.postgres import Database, PostgresTransaction
from services.chassis.storage.shard_key import is_among
from services.delivery.adapters.claims import Claims
from services.delivery.domain.email_parsing import Mailbox
from services.delivery.domain.model import (
    CODES_WITHIN,
    NO_DEVICE,
    Channel,
    Delivery,
    DeliveryUpdate,
    Due,
    MailAddress,
    PushSubscription,
)
from services.delivery.domain.store import ENDED_KEPT, RECORDS_KEPT, CodesSent, DueCount

_SUBSCRIPTION = """
id, user_id, session_id, endpoint, device_key AS key, device_secret AS secret, create_time,
expire_time, timeouts, pause_until
"""
_ADDRESS = "user_id, address, confirmed, code_nonce, code_expire_time, wrong_codes"

# The receivers of each channel: device id, table, condition, and the earliest time of a message.
_PAUSED = "greatest(n.due_time, t.pause_until)"
_RECEIVERS = {
    Channel.PUSH: ("t.id", "push_subscriptions t", "t.expire_time > $6", _PAUSED),
    Channel.CODE: (str(NO_DEVICE), "mail_addresses t", "NOT t.confirmed", "n.due_time"),
    Channel.DIGEST: (str(NO_DEVICE), "mail_addresses t", "t.confirmed", "n.due_time"),
}

# All writers lock rows in one order. A user is waiting for a code, so a new code does not keep the
# time of the one before. The receivers are distributed, and deliveries are not: a join of the two
# needs the receivers apart.
_ADD_DUE = {
    channel: f"""
WITH receivers AS MATERIALIZED (
  SELECT n.user_id, {device}::bigint AS device_id, n.topic, n.version, {due_time} AS due_time,
    n.again
  FROM unnest($2::bigint[], $3::text[], $4::bigint[], $5::timestamptz[], $7::boolean[])
    AS n (user_id, topic, version, due_time, again)
  JOIN {table} ON t.user_id = n.user_id AND {where}
  WHERE {is_among("t.user_id", "$2::bigint[]")}
)
INSERT INTO deliveries AS d
  (user_id, channel, device_id, topic, version, state, due_time, attempts, last_answer,
   start_time, update_time)
SELECT r.user_id, $1::text, r.device_id, r.topic, r.version, 'due', r.due_time, 0, '', r.due_time,
  $6::timestamptz
FROM receivers r
WHERE NOT r.again OR EXISTS (
  SELECT FROM deliveries e
  WHERE (e.user_id, e.channel, e.device_id, e.topic) = (r.user_id, $1::text, r.device_id, r.topic)
    AND e.state IN ('due', 'moot'))
ORDER BY 1, 3, 4
ON CONFLICT (user_id, channel, device_id, topic) DO UPDATE SET
  version = greatest(d.version, excluded.version),
  state = 'due',
  due_time = CASE WHEN d.state = 'due' AND d.channel <> 'code'
                  THEN d.due_time ELSE excluded.due_time END,
  attempts = CASE WHEN d.state = 'due' THEN d.attempts ELSE 0 END,
  start_time = CASE WHEN d.state = 'due' THEN d.start_time ELSE excluded.start_time END,
  update_time = excluded.update_time
"""  # noqa: S608 - constants
    for channel, (device, table, where, due_time) in _RECEIVERS.items()
}

_SAVE_SUBSCRIPTION = """
INSERT INTO push_subscriptions
  (id, user_id, session_id, endpoint, device_key, device_secret, create_time, expire_time,
   timeouts, pause_until)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT (user_id, id) DO UPDATE SET
  session_id = excluded.session_id, device_key = excluded.device_key,
  device_secret = excluded.device_secret, expire_time = excluded.expire_time,
  timeouts = excluded.timeouts, pause_until = excluded.pause_until
"""

_REMOVE_DEVICES_OF_SESSION = """
DELETE FROM push_subscriptions WHERE user_id = $1 AND session_id = $2
"""

_END_SESSION = """
INSERT INTO ended_sessions (user_id, session_id, create_time) VALUES ($1, $2, $3)
ON CONFLICT DO NOTHING
"""

_SAVE_ADDRESS = f"""
INSERT INTO mail_addresses ({_ADDRESS}) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (user_id) DO UPDATE SET
  address = excluded.address, confirmed = excluded.confirmed, code_nonce = excluded.code_nonce,
  code_expire_time = excluded.code_expire_time, wrong_codes = excluded.wrong_codes
"""  # noqa: S608

_REMOVE_ADDRESS = (
    "DELETE FROM mail_addresses WHERE user_id = $1",
    "DELETE FROM deliveries WHERE user_id = $1 AND channel IN ('code', 'digest')",
)

_FORGET = (
    "DELETE FROM push_subscriptions WHERE user_id = $1",
    "DELETE FROM mail_addresses WHERE user_id = $1",
    "DELETE FROM mailed_codes WHERE user_id = $1",
    "DELETE FROM deliveries WHERE user_id = $1",
)

# The end of the lease identifies the worker: no two leases are equal to the microsecond.
_RECORD = """
UPDATE deliveries SET
  state = CASE WHEN version = $6 THEN $7 ELSE 'due' END,
  attempts = CASE WHEN version <> $6 THEN 0 WHEN $8 THEN attempts
                  ELSE greatest(attempts - 1, 0) END,
  start_time = CASE WHEN version = $6 THEN start_time ELSE $9 END,
  due_time = $9, last_answer = $10, update_time = $11
WHERE user_id = $1 AND channel = $2 AND device_id = $3 AND topic = $4
  AND state = 'due' AND due_time = $5
"""

_REMOVE_SUBSCRIPTION = "DELETE FROM push_subscriptions WHERE user_id = $1 AND id = $2"

_LIST_SUBSCRIPTIONS = f"""
SELECT {_SUBSCRIPTION} FROM push_subscriptions
WHERE user_id = $1 AND expire_time > $2 ORDER BY id DESC
"""  # noqa: S608

_SUBSCRIPTIONS_BY_ID = f"""
SELECT {_SUBSCRIPTION} FROM push_subscriptions
WHERE (user_id, id) IN (SELECT * FROM unnest($1::bigint[], $2::bigint[]))
"""  # noqa: S608

_NOTE_TIMEOUTS = """
UPDATE push_subscriptions SET timeouts = $4, pause_until = $5
WHERE user_id = $1 AND id = $2 AND timeouts = $3
RETURNING true
"""

_PAUSE = """
UPDATE deliveries SET due_time = $3
WHERE user_id = $1 AND channel = 'push' AND device_id = $2 AND state = 'due' AND due_time <= $4
"""

_CODES_SENT = """
SELECT user_id, address, domain, create_time FROM mailed_codes
WHERE (user_id = $1 OR address = $2 OR domain = $3) AND create_time > $4 ORDER BY create_time
"""

_COUNT_DUE = """
SELECT channel, count(*) AS messages, extract(epoch FROM $1 - min(due_time))::float8 AS seconds
FROM deliveries WHERE state = 'due' AND due_time <= $1 GROUP BY channel
"""

_PRUNE = {
    "DELETE FROM deliveries WHERE state <> 'due' AND update_time < $1": RECORDS_KEPT,
    "DELETE FROM push_subscriptions WHERE expire_time < $1": timedelta(),
    "DELETE FROM mailed_codes WHERE create_time < $1": CODES_WITHIN,
    "DELETE FROM ended_sessions WHERE create_time < $1": ENDED_KEPT,
}


class PostgresDeliveryTransaction(PostgresTransaction):
    """See `store.DeliveryTransaction`."""

    async def add_due(self, due: Sequence[Due], now: datetime) -> None:
        for channel in Channel:
            wanted = [each for each in due if each.channel is channel]
            if wanted:
                await self.connection.execute(
                    _ADD_DUE[channel],
                    channel.value,
                    [each.user_id for each in wanted],
                    [each.topic for each in wanted],
                    [each.version for each in wanted],
                    [each.due_time for each in wanted],
                    now,
                    [each.again for each in wanted],
                )

    async def subscriptions_of(self, user_id: int) -> list[PushSubscription]:
        rows = await self.connection.fetch(
            f"SELECT {_SUBSCRIPTION} FROM push_subscriptions WHERE user_id = $1",  # noqa: S608
            user_id,
        )
        return [_subscription(row) for row in rows]

    async def save_subscription(self, subscription: PushSubscription) -> None:
        await self.connection.execute(
            _SAVE_SUBSCRIPTION,
            subscription.id,
            subscription.user_id,
            subscription.session_id,
            subscription.endpoint,
            subscription.key,
            subscription.secret,
            subscription.create_time,
            subscription.expire_time,
            subscription.timeouts,
            subscription.pause_until,
        )

    async def remove_subscription(self, user_id: int, subscription_id: int) -> bool:
        status = await self.connection.execute(_REMOVE_SUBSCRIPTION, user_id, subscription_id)
        return status != "DELETE 0"

    async def end_session(self, user_id: int, session_id: int, now: datetime) -> None:
        await self.connection.execute(_REMOVE_DEVICES_OF_SESSION, user_id, session_id)
        await self.connection.execute(_END_SESSION, user_id, session_id, now)

    async def session_ended(self, user_id: int, session_id: int) -> bool:
        found = await self.connection.fetchval(
            "SELECT true FROM ended_sessions WHERE user_id = $1 AND session_id = $2",
            user_id,
            session_id,
        )
        return found is True

    async def lock_address(self, user_id: int) -> MailAddress | None:
        row = await self.connection.fetchrow(
            f"SELECT {_ADDRESS} FROM mail_addresses WHERE user_id = $1 FOR UPDATE",  # noqa: S608
            user_id,
        )
        return None if row is None else MailAddress(**dict(row))

    async def save_address(self, address: MailAddress) -> None:
        await self.connection.execute(
            _SAVE_ADDRESS,
            address.user_id,
            address.address,
            address.confirmed,
            address.code_nonce,
            address.code_expire_time,
            address.wrong_codes,
        )

    async def remove_address(self, user_id: int) -> None:
        for statement in _REMOVE_ADDRESS:
            await self.connection.execute(statement, user_id)

    async def codes_sent(self, user_id: int, mailbox: Mailbox, since: datetime) -> CodesSent:
        # All spellings of a mailbox have one domain, so this covers the mailbox, too.
        await self.connection.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended('mailed_codes ' || $1, 0))",
            mailbox.domain,
        )
        rows = await self.connection.fetch(_CODES_SENT, user_id, *mailbox, since)
        return CodesSent(
            [row["create_time"] for row in rows if row["user_id"] == user_id],
            [row["create_time"] for row in rows if row["address"] == mailbox.address],
            [row["create_time"] for row in rows if row["domain"] == mailbox.domain],
        )

    async def note_code(self, user_id: int, mailbox: Mailbox, now: datetime) -> None:
        await self.connection.execute(
            "INSERT INTO mailed_codes (user_id, address, domain, create_time) "
            "VALUES ($1, $2, $3, $4)",
            user_id,
            *mailbox,
            now,
        )

    async def forget_deliveries(self, user_id: int) -> None:
        for statement in _FORGET:
            await self.connection.execute(statement, user_id)


class PostgresDeliveryStore:
    """See `store.DeliveryStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._claims = Claims(database)

    async def subscriptions(self, user_id: int, now: datetime) -> list[PushSubscription]:
        rows = await self._database.fetch(_LIST_SUBSCRIPTIONS, user_id, now)
        return [_subscription(row) for row in rows]

    async def subscriptions_by_id(
        self, keys: Collection[tuple[int, int]]
    ) -> dict[tuple[int, int], PushSubscription]:
        user_ids = [user_id for user_id, _ in keys]
        ids = [subscription_id for _, subscription_id in keys]
        rows = await self._database.fetch(_SUBSCRIPTIONS_BY_ID, user_ids, ids)
        return {(row["user_id"], row["id"]): _subscription(row) for row in rows}

    async def forget_subscription(self, user_id: int, subscription_id: int) -> None:
        await self._database.execute(_REMOVE_SUBSCRIPTION, user_id, subscription_id)

    async def addresses(self, user_ids: Collection[int]) -> dict[int, MailAddress]:
        rows = await self._database.fetch(
            f"SELECT {_ADDRESS} FROM mail_addresses WHERE user_id = ANY($1::bigint[])",  # noqa: S608
            user_ids,
        )
        return {row["user_id"]: MailAddress(**dict(row)) for row in rows}

    async def note_timeouts(
        self,
        subscription: PushSubscription,
        timeouts: int,
        *,
        pause_until: datetime | None,
        now: datetime,
    ) -> None:
        device = (subscription.user_id, subscription.id)
        async with self._database.transaction(PostgresTransaction) as transaction:
            connection = transaction.connection
            noted = await connection.fetchval(
                _NOTE_TIMEOUTS, *device, subscription.timeouts, timeouts, pause_until
            )
            if noted and pause_until is not None:
                await connection.execute(_PAUSE, *device, pause_until, now)

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
        return await self._claims.claim(
            channel, now=now, until=until, limit=limit, share=share, taken=taken
        )

    async def record(self, delivery: Delivery, update: DeliveryUpdate, now: datetime) -> None:
        await self._database.execute(
            _RECORD,
            delivery.user_id,
            delivery.channel.value,
            delivery.device_id,
            delivery.topic,
            delivery.lease_time,
            delivery.version,
            update.state.value,
            update.counted,
            update.due_time,
            update.result,
            now,
        )

    async def count_due(self, now: datetime) -> dict[Channel, DueCount]:
        rows = await self._database.fetch(_COUNT_DUE, now)
        return {
            Channel(row["channel"]): DueCount(row["messages"], max(row["seconds"], 0.0))
            for row in rows
        }

    async def prune_deliveries(self, now: datetime) -> int:
        gone = 0
        for sql, kept in _PRUNE.items():
            status = await self._database.execute(sql, now - kept)
            gone += int(status.rpartition(" ")[2])
        return gone


def _subscription(row: asyncpg.Record) -> PushSubscription:
    return PushSubscription(**dict(row))
