"""Placements in memory."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from services.chassis.storage.memory import MemoryTransaction
from services.media.adapters.memory.tables import MediaTables, MemoryPart, waiting
from services.media.domain.model import Placement


class MemoryPlacementTransaction(MemoryTransaction[MediaTables]):
    """See `stores.placements.PlacementTransaction`."""

    async def request_placement(
        self,
        owner_id: int,
        medium_ids: Sequence[int],
        *,
        now: datetime,
        delay: timedelta = timedelta(0),
        renew: bool = False,
    ) -> None:
        due_time = now + delay
        for each in medium_ids:
            before = self.tables.placements.get(each)
            waits = before is not None and before.attempts == 0
            self.tables.placements[each] = Placement(
                each,
                owner_id,
                renew or (before is not None and before.renew),
                before.request + 1 if before else 1,
                0,
                min(before.lease_end, due_time) if before and waits else due_time,
            )

    async def finish_placement(self, placement: Placement) -> bool:
        held = self.tables.placements.get(placement.medium_id) == placement
        if held:
            del self.tables.placements[placement.medium_id]
        return held


class MemoryPlacements(MemoryPart):
    """See `stores.placements.PlacementStore`."""

    async def lease_placement(self, *, now: datetime, lease_end: datetime) -> Placement | None:
        async with self.writing() as tables:
            placements = tables.placements
            due = [
                (each.lease_end, each.medium_id)
                for each in placements.values()
                if each.lease_end <= now
            ]
            if not due:
                return None
            found = placements[min(due)[1]]
            leased = found._replace(attempts=found.attempts + 1, lease_end=lease_end)
            placements[leased.medium_id] = leased
            return leased

    async def retry_placement(self, placement: Placement, run_after: datetime) -> None:
        async with self.writing() as tables:
            placements = tables.placements
            if placements.get(placement.medium_id) == placement:
                placements[placement.medium_id] = placement._replace(lease_end=run_after)

    async def count_placements(self, now: datetime) -> tuple[int, float]:
        return waiting((each.lease_end for each in self.database.tables.placements.values()), now)
