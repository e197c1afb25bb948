"""Sends what is due on all channels.

Each channel has a worker of its own: its capacity, its claims and its failures affect no other
channel. An error of one delivery fails that delivery alone.
"""

import asyncio
from collections.abc import Mapping

from services.chassis.runtime.clock import Clock
from services.delivery.domain.model import Channel
from services.delivery.domain.store import DeliveryStore
from services.delivery.worker.channel_worker import CAPACITIES, ChannelSender, ChannelWorker


class Dispatcher:
    """Runs the workers of all channels. Any number of processes may run one."""

    def __init__(
        self,
        *,
        store: DeliveryStore,
        senders: Mapping[Channel, ChannelSender],
        clock: Clock,
    ) -> None:
        self._workers = [
            ChannelWorker(channel, channel_sender, CAPACITIES[channel], store=store, clock=clock)
            for channel, channel_sender in senders.items()
        ]

    async def run(self) -> None:
        """Sends until it is cancelled; messages in flight are finished first."""
        async with asyncio.TaskGroup() as workers:
            for worker in self._workers:
                workers.create_task(worker.run())

    async def take(self) -> int:
        """Claims as many deliveries as there is room for and starts to send them; returns their
        number."""
        return sum(await asyncio.gather(*(worker.take() for worker in self._workers)))

    async def settle(self) -> None:
        """Returns when no message is in flight."""
        for worker in self._workers:
            await worker.settle()
