"""The transactions of the Search service's database. It has two implementations.

Each noun has its own interface: `domain/posts`, `domain/users`, `domain/hashtags`. Their changes
take the transaction as an argument, so one transaction can change all of them.
"""

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from services.chassis.storage.transaction import Transaction


class Store(Protocol):
    """The database that the indexes of one process share."""

    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        """All or nothing, for changes of any index."""
        ...
