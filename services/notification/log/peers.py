"""What the event log asks of other services, as the operations see it."""

from collections.abc import Sequence
from typing import Protocol


class Graph(Protocol):
    """Who follows whom, strongly consistent: of GraphService."""

    async def followers_among(self, user_ids: Sequence[int], followee_id: int) -> list[int]:
        """Which of these people follow that person, in the same order."""
        ...
