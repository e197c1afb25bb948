"""A consumer as a process of its own, so that a test can kill it: adds each event's key to a table
once, by the inbox, and says on stdout that it runs.

    python -m tests.stores.chassis.effects_consumer BROKER GROUP TOPIC DATABASE_URL
"""

import asyncio
import sys

from google.protobuf.wrappers_pb2 import StringValue

from services.chassis.events.bus import KafkaConnection, Routes, Subscriber, publisher
from services.chassis.events.records import Event
from services.chassis.runtime.clock import SystemClock
from services.chassis.storage import postgres
from services.chassis.storage.postgres import PostgresTransaction


async def main(broker: str, group: str, topic: str, database_url: str) -> None:
    kafka = KafkaConnection(brokers=(broker,), idempotent=False)
    async with (
        postgres.connect(database_url) as database,
        publisher(connection=kafka, client_id=group) as parking,
    ):

        async def apply(event: Event, body: StringValue) -> None:
            async with database.transaction(PostgresTransaction) as transaction:
                if await transaction.first_seen(group, event.event_id):
                    await transaction.connection.execute(
                        "INSERT INTO effects (key, text) VALUES ($1, $2)", event.key, body.value
                    )

        routes = Routes()
        routes.on(StringValue, apply)
        subscriber = Subscriber(
            connection=kafka,
            group=group,
            topics=[topic],
            publisher=parking,
            clock=SystemClock(),
            handlers=routes,
        )
        print("running", flush=True)
        await subscriber.run()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
