"""Which column the tables of a service are distributed by, and its value in tables of the chassis.

A service distributes its tables by the user or by the bucket (`ids`). Its outbox, inbox and
idempotency records have a column `shard_key` of the same type, so that they are co-located with
its own tables. See docs/sharding.md.
"""

import hashlib
from enum import Enum
from uuid import UUID

from services.chassis.runtime.ids import BUCKETS, MAX_ID, bucket_of

# The random end of an event's id: enough digits to spread rows, and never negative.
_EVENT_BITS = (1 << 60) - 1
# An id has at most so many digits.
_DIGITS = 19


class ShardKey(Enum):
    """The kind of key; the value is the type of its columns."""

    USER = "bigint"
    BUCKET = "smallint"

    def of(self, name: str) -> int:
        """The shard key of the aggregate or caller with this name.

        A name is an id, of a user or in the bucket of one, or a text such as that of a caller who
        has no account yet. A text leads to any key, always the same. Equals the SQL function
        `shard_key_of_caller`.
        """
        if name.isascii() and name.isdecimal() and len(name) <= _DIGITS:
            return self._of(min(int(name), MAX_ID))
        digest = int.from_bytes(hashlib.md5(name.encode(), usedforsecurity=False).digest()[:8])
        return digest & (BUCKETS - 1 if self is ShardKey.BUCKET else MAX_ID)

    def of_event(self, event_id: UUID) -> int:
        """The shard key of a row about an event. The effects of events concern any number of users,
        so these rows are spread evenly."""
        return self._of(event_id.int & _EVENT_BITS)

    def _of(self, number: int) -> int:
        return bucket_of(number) if self is ShardKey.BUCKET else number
