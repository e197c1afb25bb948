"""The interface of the broker, for all programs that can be it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from local import topics
from local.part import Part
from local.ports import Ports
from local.probes import accepts


class Broker(Part):
    """Speaks Kafka's protocol at its address; ``topics`` exist once it is ready."""

    idempotence: bool
    """Whether producers may be idempotent: ROOST_KAFKA_IDEMPOTENCE of Roost's processes."""

    def __init__(self, *, ports: Ports, topics: Sequence[str] = ()) -> None:
        super().__init__("broker", ports.address("broker"))
        self._topics = topics

    async def is_ready(self) -> bool:
        return await accepts(self.address)

    async def after_start(self) -> None:
        await asyncio.to_thread(topics.create, self.address, self._topics)
