"""Sends what is due: claims it, looks whether there is still something to tell, hands it over.

Each channel has a lane of its own: its slots, its claims and its failures touch no other channel.
Whatever one delivery raises fails that delivery alone.
"""

import asyncio
from collections.abc import Mapping

from services.chassis.runtime.clock import Clock
from services.delivery.domain.channel_worker import CAPACITIES, ChannelSender, ChannelWorker
from services.delivery.domain.model import Channel
from services.delivery.domain.store import DeliveryStore


class Dispatcher:
    """Runs the lanes of all channels, in any number of processes."""

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
        """Sends until it is cancelled; what is under way then is finished first."""
        async with asyncio.TaskGroup() as workers:
            for worker in self._workers:
                workers.create_task(worker.run())

    async def take(self) -> int:
        """Claims as much as there is room for, and begins to send it; returns how much it was."""
        return sum(await asyncio.gather(*(worker.take() for worker in self._workers)))

    async def settle(self) -> None:
        """Returns once nothing is under way."""
        for worker in self._workers:
            await worker.settle()
