"""The interface of the broker, for all programs that can be it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from local.part import CannotStart, Part
from local.ports import Ports
from local.probes import accepts
from services.chassis.deployment.topics import TopicsFailed, create
from services.chassis.events.bus import KafkaConnection


class Broker(Part):
    """Speaks Kafka's protocol at its address; ``topics`` exist once it is ready, with so many
    ``partitions``.

    One partition is enough where each consumer group has one member. Tansu writes two objects for
    each partition of a batch, one after the other, and looks at each partition for each idle
    consumer: every further partition costs as much as the first.
    """

    idempotence: bool
    """Whether producers may be idempotent: ROOST_KAFKA_IDEMPOTENCE of Roost's processes."""
    long_polls: bool
    """Whether it holds a fetch until a record arrives: ROOST_KAFKA_LONG_POLLS of these."""

    def __init__(self, *, ports: Ports, topics: Sequence[str] = (), partitions: int = 1) -> None:
        super().__init__("broker", ports.address("broker"))
        self._topics = topics
        self._partitions = partitions

    @property
    def connection(self) -> KafkaConnection:
        """How clients connect."""
        return KafkaConnection(brokers=(self.address,), idempotent=self.idempotence)

    async def is_ready(self) -> bool:
        return await accepts(self.address)

    async def after_start(self) -> None:
        try:
            await asyncio.to_thread(
                create, self.connection, self._topics, partitions=self._partitions
            )
        except TopicsFailed as failure:
            raise CannotStart(str(failure)) from None
