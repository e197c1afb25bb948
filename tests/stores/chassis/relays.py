"""Relays of a database that publish to a list."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from services.chassis.events.bus import PublishFailed, RecordsRefused
from services.chassis.events.records import Event, OutboxMessage
from services.chassis.runtime.shard_keys import ShardKey
from services.chassis.storage.postgres import Database, PostgresTransaction
from services.chassis.storage.relay import Relay


class Broker:
    """Keeps what is sent; of a batch with a limit, only so many."""

    def __init__(self) -> None:
        self.log: list[Event] = []
        self.batches: list[int] = []
        self.takes: list[int] = []
        self.never_takes: set[str] = set()
        self.open = asyncio.Event()
        self.open.set()

    async def publish(self, events: Sequence[Event]) -> None:
        await self.open.wait()
        refused = {
            place: "too large"
            for place, event in enumerate(events)
            if event.key in self.never_takes
        }
        if refused:
            self.log += [event for event in events if event.key not in self.never_takes]
            self.batches.append(len(events))
            raise RecordsRefused(refused)
        taken = self.takes.pop(0) if self.takes else len(events)
        self.log += events[:taken]
        self.batches.append(len(events))
        if taken < len(events):
            raise PublishFailed(taken, "the broker is away")

    @property
    def keys(self) -> list[str]:
        return [event.key for event in self.log]


@asynccontextmanager
async def relaying(outbox: Database, broker: Broker, **options: Any) -> AsyncIterator[Relay]:
    options = {"shard_key": ShardKey.USER} | options
    made = Relay(database_url=outbox.url, publisher=broker, clock=outbox.clock, **options)
    running = asyncio.create_task(made.run())
    try:
        yield made
    finally:
        running.cancel()
        await asyncio.wait({running})


async def write(outbox: Database, *keys: str) -> None:
    async with outbox.transaction(PostgresTransaction) as transaction:
        for key in keys:
            await transaction.publish(OutboxMessage(topic="t", key=key, type="x", payload=b"p"))


async def is_empty(outbox: Database) -> bool:
    return await outbox.fetchval("SELECT count(*) FROM outbox") == 0
