"""Recounts posts after an account that decides many of them changed."""

from services.chassis.storage.transaction import in_transaction
from services.search.domain.hashtags.usage import RECOUNTED_AT_ONCE, HashtagUsage
from services.search.domain.store import Store

INTERVAL_SECONDS = 2.0


class HashtagRecounts:
    """Any number of processes may run it."""

    def __init__(self, *, store: Store, usage: HashtagUsage) -> None:
        self._store = store
        self._usage = usage

    async def run_due(self) -> None:
        """Recounts all posts that wait for it, in small steps."""
        while (
            await in_transaction(self._store.transaction, self._usage.recount_waiting)
            == RECOUNTED_AT_ONCE
        ):
            pass
