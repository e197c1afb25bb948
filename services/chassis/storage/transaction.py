"""What every store's transaction can do besides writing the service's own rows.

A service's `domain/store.py` extends `Transaction` by the operations of its domain. The
implementations extend `postgres.PostgresTransaction` and `memory.MemoryTransaction`.
"""

from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol, TypeVar
from uuid import UUID

from services.chassis.events.records import OutboxMessage
from services.chassis.runtime.backoff import Backoff
from services.chassis.runtime.errors import Conflict
from services.chassis.storage.idempotency import RequestKey

ATTEMPTS = 4
# The pause before another attempt doubles from the first figure to the second.
_PAUSE_SECONDS = (0.01, 1.0)
# Wide, because transactions that abort each other begin again at one moment.
_JITTER = 0.5


class Transaction(Protocol):
    """All or nothing: leaving the block commits everything, an exception undoes everything."""

    @property
    def event_ids(self) -> Sequence[UUID]:
        """The ids of the events that it has published so far."""
        ...

    async def publish(self, message: OutboxMessage) -> None:
        """Adds a message to the outbox; it is published if, and only if, this commits.

        Call it after the row that the message's key names is locked or changed: messages of one
        key are published in the order of these locks.
        """
        ...

    async def first_seen(self, consumer: str, event_id: UUID) -> bool:
        """Records that `consumer` handled the event. False if it was recorded before: do nothing.

        Waits for a transaction that is handling the same event now.
        """
        ...

    async def first_seen_of(self, consumer: str, event_ids: Iterable[UUID]) -> set[UUID]:
        """`first_seen` of many events in one trip: those that `consumer` did not handle before."""
        ...

    async def replay(self, key: RequestKey) -> bytes | None:
        """The stored response of this request, or None if this is the first time.

        Raises RequestInFlight while another transaction works on the same request, and
        RequestIdReused if the id was used for a different request.
        """
        ...

    async def remember(self, key: RequestKey, response: bytes) -> None:
        """Stores the response for a repetition of the request. Only after `replay` found none."""
        ...

    async def forget_requests(self, caller_ids: Collection[str]) -> None:
        """Deletes the stored responses of these callers, for deleted accounts."""
        ...


class TransactionAborted(Conflict):
    """The database aborted this transaction in favour of another one. A repetition may succeed."""

    message = "It was changed in the meantime; try again."


T = TypeVar("T")
R = TypeVar("R")


async def in_transaction(
    begin: Callable[[], AbstractAsyncContextManager[T]],
    effect: Callable[[T], Awaitable[R]],
    *,
    attempts: int = ATTEMPTS,
) -> R:
    """Runs `effect` in a transaction, and again in a new one where the database aborted it.

    `effect` may run several times, so whatever it does outside the transaction must be harmless.
    Raises TransactionAborted when the last attempt was aborted too.
    """
    backoff = Backoff(*_PAUSE_SECONDS, jitter=_JITTER)
    for _ in range(attempts - 1):
        try:
            async with begin() as transaction:
                return await effect(transaction)
        except TransactionAborted:
            await backoff.wait()
    async with begin() as transaction:
        return await effect(transaction)
