"""Sends what is due: claims it, looks whether there is still something to tell, hands it over.

Each channel has a lane of its own: its slots, its claims and its failures touch no other channel.
Whatever one delivery raises fails that delivery alone.
"""

import asyncio
from collections.abc import Mapping

from services.chassis.runtime.clock import Clock
from services.delivery.domain.channel_worker import CAPACITIES, Carrier, Lane
from services.delivery.domain.model import Channel
from services.delivery.domain.store import DeliveryStore


class Dispatcher:
    """Runs the lanes of all channels, in any number of processes."""

    def __init__(
        self,
        *,
        store: DeliveryStore,
        carriers: Mapping[Channel, Carrier],
        clock: Clock,
    ) -> None:
        self._lanes = [
            Lane(channel, carrier, CAPACITIES[channel], store=store, clock=clock)
            for channel, carrier in carriers.items()
        ]

    async def run(self) -> None:
        """Sends until it is cancelled; what is under way then is finished first."""
        async with asyncio.TaskGroup() as lanes:
            for lane in self._lanes:
                lanes.create_task(lane.run())

    async def take(self) -> int:
        """Claims as much as there is room for, and begins to send it; returns how much it was."""
        return sum(await asyncio.gather(*(lane.take() for lane in self._lanes)))

    async def settle(self) -> None:
        """Returns once nothing is under way."""
        for lane in self._lanes:
            await lane.settle()
