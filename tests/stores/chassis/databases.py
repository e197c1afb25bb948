"""The two databases that keep the transaction contract, behind one face for tests."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Protocol

from services.chassis.events.records import Event
from services.chassis.runtime.clock import Clock
from services.chassis.storage import outbox, postgres
from services.chassis.storage.memory import MemoryDatabase, MemoryTables, MemoryTransaction
from services.chassis.storage.postgres import Database, PostgresTransaction
from services.chassis.storage.transaction import Transaction


class Notebook(Transaction, Protocol):
    """A domain of one act, so that there is something to undo."""

    async def note(self, text: str) -> None: ...


class Store(Protocol):
    """What the contract is asked of."""

    def transaction(self) -> AbstractAsyncContextManager[Notebook]: ...

    async def notes(self) -> list[str]: ...

    async def waiting(self) -> list[Event]: ...


@dataclass
class _Notes(MemoryTables):
    notes: list[str] = field(default_factory=list)


class _MemoryNotebook(MemoryTransaction[_Notes]):
    async def note(self, text: str) -> None:
        self.tables.notes.append(text)


class MemoryStore:
    def __init__(self, clock: Clock) -> None:
        self._database = MemoryDatabase(_Notes(), clock=clock)

    def transaction(self) -> AbstractAsyncContextManager[Notebook]:
        return self._database.transaction(_MemoryNotebook)

    async def notes(self) -> list[str]:
        return self._database.tables.notes

    async def waiting(self) -> list[Event]:
        return self._database.published


class _PostgresNotebook(PostgresTransaction):
    async def note(self, text: str) -> None:
        await self.connection.execute("INSERT INTO notes (text) VALUES ($1)", text)


class PostgresStore:
    def __init__(self, database: Database) -> None:
        self.database = database

    def transaction(self) -> AbstractAsyncContextManager[Notebook]:
        return self.database.transaction(_PostgresNotebook)

    async def notes(self) -> list[str]:
        rows = await self.database.fetch("SELECT text FROM notes ORDER BY id")
        return [row["text"] for row in rows]

    async def waiting(self) -> list[Event]:
        async with self.database.connection() as connection:
            return [row.event for row in await outbox.oldest(connection, 1000)]


@asynccontextmanager
async def notebook_in(
    kind: str, database: Callable[[str], str], clock: Clock
) -> AsyncIterator[Store]:
    """A store of the kind, `memory` or `postgres`, with nothing in it."""
    if kind == "memory":
        yield MemoryStore(clock)
        return
    async with postgres.connect(database("chassis"), clock=clock, max_size=20) as connected:
        await connected.execute(
            "CREATE TABLE notes (id bigint GENERATED ALWAYS AS IDENTITY, text text)"
        )
        yield PostgresStore(connected)
