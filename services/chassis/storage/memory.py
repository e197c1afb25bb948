"""The transaction contract in memory: the base of every `adapters/memory.py`."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, fields, replace
from typing import Any, Generic, TypeVar
from uuid import UUID

from services.chassis.events.records import Event, OutboxMessage
from services.chassis.runtime import telemetry
from services.chassis.runtime.clock import Clock, SystemClock
from services.chassis.storage import idempotency
from services.chassis.storage.idempotency import RequestKey


@dataclass
class MemoryTables:
    """The rows that the chassis keeps. A store subclasses it by containers of its own rows.

    Containers are dicts, lists and sets, nested or not; what they hold is immutable (frozen
    dataclasses, numbers, texts), and is replaced rather than changed.
    """

    outbox: list[Event] = field(default_factory=list)
    inbox: set[tuple[str, UUID]] = field(default_factory=set)
    requests: dict[tuple[str, str], tuple[bytes, bytes]] = field(default_factory=dict)


TablesT = TypeVar("TablesT", bound=MemoryTables)
T = TypeVar("T")


class MemoryTransaction(Generic[TablesT]):
    """A running transaction over `tables`, a copy that becomes the truth at commit."""

    def __init__(self, tables: TablesT, clock: Clock) -> None:
        self.tables = tables
        self.event_ids: list[UUID] = []
        self._clock = clock

    async def publish(self, message: OutboxMessage) -> None:
        event = Event.from_message(
            message, time=self._clock.now(), traceparent=telemetry.traceparent()
        )
        self.tables.outbox.append(event)
        self.event_ids.append(event.event_id)

    async def first_seen(self, consumer: str, event_id: UUID) -> bool:
        note = (consumer, event_id)
        if note in self.tables.inbox:
            return False
        self.tables.inbox.add(note)
        return True

    async def first_seen_of(self, consumer: str, event_ids: Iterable[UUID]) -> set[UUID]:
        return {each for each in event_ids if await self.first_seen(consumer, each)}

    async def replay(self, key: RequestKey) -> bytes | None:
        """See `Transaction.replay`. A twin waits for its turn, so none is ever met in flight."""
        fingerprint, response = self.tables.requests.get(
            (key.caller_id, key.request_id), (None, None)
        )
        return idempotency.stored_response(key, fingerprint, response)

    async def remember(self, key: RequestKey, response: bytes) -> None:
        self.tables.requests[key.caller_id, key.request_id] = (key.fingerprint, response)

    async def forget_requests(self, caller_ids: Collection[str]) -> None:
        for each in [key for key in self.tables.requests if key[0] in caller_ids]:
            del self.tables.requests[each]


class MemoryDatabase(Generic[TablesT]):
    """Tables and their transactions, which run one after another.

    Reads outside of transactions use `tables`, and see what is committed.
    """

    def __init__(self, tables: TablesT, *, clock: Clock | None = None) -> None:
        self.tables = tables
        self.clock = clock or SystemClock()
        self._turn = asyncio.Lock()

    @property
    def published(self) -> list[Event]:
        """The events of every commit, in order; they are never removed."""
        return self.tables.outbox

    @asynccontextmanager
    async def transaction(self, kind: Callable[[TablesT, Clock], T]) -> AsyncIterator[T]:
        """Gives `kind(tables, clock)`: a MemoryTransaction's class. An exception undoes all.

        Beginning one inside another never ends, as it may on a real pool.
        """
        async with self._turn:
            working = copied(self.tables)
            yield kind(working, self.clock)
            self.tables = working


def copied(tables: TablesT) -> TablesT:
    """The same rows in containers of their own."""
    return replace(
        tables, **{each.name: _copied(getattr(tables, each.name)) for each in fields(tables)}
    )


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        # Subclasses such as defaultdict keep what makes them special.
        copy = value.copy()
        for key, content in value.items():
            if isinstance(content, dict | list | set):
                copy[key] = _copied(content)
        return copy
    if isinstance(value, list):
        return [_copied(content) for content in value]
    if isinstance(value, set):
        return value.copy()
    return value
