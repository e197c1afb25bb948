"""The interface of the index of users. It has two implementations."""

from collections.abc import Sequence
from typing import Protocol

from services.chassis.storage.transaction import Transaction
from services.search.domain.users.model import UserChange


class UserIndex(Protocol):
    """Users by handle, display name and bio."""

    async def apply(self, transaction: Transaction, changes: Sequence[UserChange]) -> None:
        """Changes the index. Of one user, changes apply in their order; older versions are ignored.

        Changes of several users lock them in ascending order of id.
        """
        ...
