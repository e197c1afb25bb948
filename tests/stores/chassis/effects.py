"""What consumers did that run as processes of their own, so that a test can kill them."""

import asyncio
import sys
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from services.chassis.events.bus import KafkaConnection
from services.chassis.storage import postgres


class Effects:
    """What the consumers of `effects_consumer` did."""

    def __init__(self, database: postgres.Database) -> None:
        self._database = database

    async def at_least(self, count: int) -> bool:
        return bool(await self._database.fetchval("SELECT count(*) >= $1 FROM effects", count))

    async def by_key(self) -> dict[str, list[int]]:
        """The numbers of each key, in the order in which they took effect."""
        found: dict[str, list[int]] = defaultdict(list)
        for row in await self._database.fetch("SELECT key, text FROM effects ORDER BY id"):
            found[row["key"]].append(int(row["text"]))
        return found


@asynccontextmanager
async def effects_in(url: str) -> AsyncIterator[Effects]:
    async with postgres.connect(url) as connected:
        await connected.execute(
            "CREATE TABLE effects (id bigint GENERATED ALWAYS AS IDENTITY, key text, text text)"
        )
        yield Effects(connected)


@asynccontextmanager
async def consumer_process(
    kafka: KafkaConnection, topic: str, database_url: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.stores.chassis.effects_consumer",
        ",".join(kafka.brokers),
        f"group.{topic}",
        topic,
        database_url,
        stdout=asyncio.subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
