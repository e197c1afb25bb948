"""Placements: media whose folder disagrees with their audience, or has to be replaced."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

from services.media.domain.model import Placement


class PlacementTransaction(Protocol):
    """Requests of placements, and their end. The owner is locked."""

    async def request_placement(
        self,
        owner_id: int,
        medium_ids: Sequence[int],
        *,
        now: datetime,
        delay: timedelta = timedelta(0),
        renew: bool = False,
    ) -> None:
        """The folders of these media are compared with their audiences, from now on, or after
        a delay.

        With `renew` each folder is replaced in any case. A request that waits already keeps the
        earlier of both times. A request during the work for an earlier one is not lost.
        """
        ...

    async def finish_placement(self, placement: Placement) -> bool:
        """Deletes the request that the placement was leased for. False if the lease was lost, or
        another request arrived since: that one is due at once."""
        ...


class PlacementStore(Protocol):
    """Leases. Each method is its own transaction."""

    async def lease_placement(self, *, now: datetime, lease_end: datetime) -> Placement | None:
        """Leases the placement that is due for the longest time, with one more attempt."""
        ...

    async def retry_placement(self, placement: Placement, run_after: datetime) -> None:
        """Ends a lease after an attempt that failed, unless it was lost."""
        ...

    async def count_placements(self, now: datetime) -> tuple[int, float]:
        """The number of placements, and for how many seconds the longest waiting one is due."""
        ...
