"""What delivery asks of other services."""

from collections.abc import Collection, Mapping
from typing import Protocol


class DisplayNames(Protocol):
    """The User service, as far as messages name people."""

    async def names(self, user_ids: Collection[int]) -> Mapping[int, str]:
        """What these people are called: the display name, or the handle with its @. Deleted
        people are absent. Raises a RoostError where nobody can say."""
        ...
