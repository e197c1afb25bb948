"""Which column the tables of a service are distributed by on Citus. See docs/sharding.md."""

from enum import Enum


class ShardKey(Enum):
    """The kind of shard key; the value is the type of its columns.

    A service distributes its tables by the user or by the bucket (`ids`). Its outbox, inbox and
    idempotency records have a column `shard_key` of the same type, so that they are co-located with
    its own tables.
    """

    USER = "bigint"
    BUCKET = "smallint"
