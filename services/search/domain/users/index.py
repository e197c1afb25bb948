"""The interface of the index of users. It has two implementations."""

from collections.abc import Sequence
from typing import Protocol

from services.chassis.storage.transaction import Transaction
from services.search.domain.posts.model import Viewer
from services.search.domain.users.model import (
    FoundUser,
    Position,
    UserChange,
    UserQuery,
)


class UserIndex(Protocol):
    """Users by handle, display name and bio."""

    async def find(
        self, query: UserQuery, viewer: Viewer, *, after: Position | None, limit: int
    ) -> list[FoundUser]:
        """The users that `matching.match` accepts, in the order of their positions, each once.

        Users with a block in either direction, and deleted ones, are not found. Fewer than `limit`
        only if there are no more. Users whose position changes between two pages may be missed, or
        come twice.
        """
        ...

    async def ids(self, first_id: int, last_id: int) -> list[int]:
        """The users in this range of ids whose accounts are not deleted. For the worker."""
        ...

    async def apply(self, transaction: Transaction, changes: Sequence[UserChange]) -> None:
        """Changes the index. Of one user, changes apply in their order.

        An Upsert with an older version than the stored one, or of a deleted user, changes nothing.
        Users are locked in ascending order of id.
        """
        ...
