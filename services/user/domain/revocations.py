"""Which sessions ended while their access tokens may still be good: for all who verify tokens."""

from datetime import datetime, timedelta

from services.chassis.auth.tokens import Revoked
from services.chassis.auth.tokens.revocations import KEEP_SECONDS
from services.chassis.runtime.clock import Clock
from services.user.domain.store import Store

# The time of an end is taken before its commit, which follows within 15 s, and on another machine.
OVERLAP = timedelta(seconds=30)


class Revocations:
    """A `RevocationSource` over the store: this service verifies tokens like any other."""

    def __init__(self, *, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def revoked(self, since: datetime | None) -> Revoked:
        """The sessions that ended after that time, and those shortly before it once more; for None,
        and for a time longer ago than any token lasts, all that still matter."""
        now = self._clock.now()
        matters = now - timedelta(seconds=KEEP_SECONDS)
        after = matters if since is None else max(matters, since - OVERLAP)
        return Revoked(await self._store.revoked_sessions(after), as_of=now)
