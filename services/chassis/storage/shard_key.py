"""The shard keys of rows in the tables of the chassis: outbox, inbox and idempotency records."""

import hashlib
from uuid import UUID

from services.chassis.runtime.ids import BUCKETS, MAX_ID, bucket_of
from services.chassis.runtime.shard_keys import ShardKey

# The random end of an event's id: enough digits to spread rows, and never negative.
_EVENT_BITS = (1 << 60) - 1
# An id has at most so many digits.
_DIGITS = 19
# Of more keys than this, nearly all shards have some.
_FEW = 16


def is_among(column: str, keys: str) -> str:
    """The condition that a shard key is among a list, which is a parameter with its type.

    It stands beside a join with the list, and selects the shards of Citus if the list is short.
    With a long list it is always true: PostgreSQL would sort the list for each row of the join.
    """
    return f"(cardinality({keys}) > {_FEW} OR {column} = ANY ({keys}))"


def of_name(kind: ShardKey, name: str) -> int:
    """The shard key of the aggregate or caller with this name.

    A name is an id, of a user or in the bucket of one, or a text such as that of a caller who has
    no account yet. A text leads to any key, always the same. Equals the SQL function
    `shard_key_of_caller`.
    """
    if name.isascii() and name.isdecimal() and len(name) <= _DIGITS:
        return _of_id(kind, min(int(name), MAX_ID))
    digest = int.from_bytes(hashlib.md5(name.encode(), usedforsecurity=False).digest()[:8])
    return digest & (BUCKETS - 1 if kind is ShardKey.BUCKET else MAX_ID)


def of_event(kind: ShardKey, event_id: UUID) -> int:
    """The shard key of a row about an event. The effects of events concern any number of users, so
    these rows are spread evenly."""
    return _of_id(kind, event_id.int & _EVENT_BITS)


def _of_id(kind: ShardKey, number: int) -> int:
    return bucket_of(number) if kind is ShardKey.BUCKET else number
