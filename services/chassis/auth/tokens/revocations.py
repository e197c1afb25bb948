"""Sessions that were revoked before their access tokens expired: read within about a second."""

import asyncio
from collections.abc import KeysView, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from services.chassis.auth.tokens import access_tokens
from services.chassis.runtime.clock import Clock
from services.chassis.runtime.errors import Unauthenticated
from services.chassis.runtime.logs import logger

# A revoked session's tokens are refused within this time and that of one call.
POLL_SECONDS = 1.0
# By how much two machines' clocks may be apart; what a token is taken for beyond its end.
_LEEWAY_SECONDS = 60.0
# No token of a session that ended longer ago is good.
KEEP_SECONDS = access_tokens.LIFETIME.total_seconds() + _LEEWAY_SECONDS


class SessionRevoked(Unauthenticated):
    """The session was ended before its time."""

    reason = "SESSION_REVOKED"
    message = "This session was ended; sign in again."


@dataclass(frozen=True, slots=True)
class Revoked:
    """The answer of a source."""

    session_ids: Sequence[int]
    # `since` of the next call.
    as_of: datetime


class RevocationSource(Protocol):
    """Where revoked sessions are read."""

    async def revoked(self, since: datetime | None) -> Revoked:
        """The sessions that ended after that time, at least; None for all within KEEP_SECONDS.
        Raises a RoostError while it is unavailable."""
        ...


class RevokedSessions:
    """The revoked sessions whose tokens have not expired: `session_ids`, a live view.

    `run` keeps it current. While the source is unavailable the known sessions stay, and no other
    token is refused: it is valid until it expires.
    """

    def __init__(self, source: RevocationSource, *, clock: Clock) -> None:
        self._source = source
        self._clock = clock
        self._since: datetime | None = None
        # When each is deleted; all are kept equally long, so they are in that order.
        self._until: dict[int, float] = {}
        self.session_ids: KeysView[int] = self._until.keys()
        self._away = False

    async def run(self) -> None:
        """Calls `ask` every POLL_SECONDS."""
        while True:
            await self.ask()
            await asyncio.sleep(POLL_SECONDS)

    async def ask(self) -> None:
        """Reads what is new, and deletes expired sessions."""
        try:
            answer = await self._source.revoked(self._since)
        except Exception as error:
            # Whatever is wrong with the source, calls are served by the known sessions.
            if not self._away:
                logger().warning("revoked_sessions_fetch_failed", error=repr(error))
            self._away = True
            return
        self._away = False
        self._since = answer.as_of
        now = self._clock.monotonic()
        for session_id in answer.session_ids:
            self._until.setdefault(session_id, now + KEEP_SECONDS)
        while self._until:
            oldest = next(iter(self._until))
            if self._until[oldest] > now:
                break
            del self._until[oldest]
