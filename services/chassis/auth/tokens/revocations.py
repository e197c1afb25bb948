"""Sessions that were ended before their access tokens expired: known within about a second."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from services.chassis.auth.tokens import access_tokens
from services.chassis.runtime.clock import Clock
from services.chassis.runtime.errors import Unauthenticated
from services.chassis.runtime.logs import logger

# An ended session's tokens are refused within this time and that of one call.
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
    """What a source answers."""

    session_ids: Sequence[int]
    # What to ask for what comes after.
    as_of: datetime


class RevocationSource(Protocol):
    """Who knows which sessions were ended."""

    async def revoked(self, since: datetime | None) -> Revoked:
        """The sessions that ended after that time, at least; None for all within KEEP_SECONDS.
        Raises a RoostError if that cannot be said now."""
        ...


class RevokedSessions:
    """The ended sessions that matter, as a set to look into (`session_id in revoked`).

    `run` keeps it fresh. While the source is away what is known is kept, and nothing else is
    refused: a token is then good until it expires, as its signature says.
    """

    def __init__(self, source: RevocationSource, *, clock: Clock) -> None:
        self._source = source
        self._clock = clock
        self._since: datetime | None = None
        # When each is forgotten; all are kept equally long, so they stand in that order.
        self._until: dict[int, float] = {}
        self._away = False

    def __contains__(self, session_id: object) -> bool:
        """Whether the session is known to have ended."""
        return session_id in self._until

    async def run(self) -> None:
        """Asks again and again, for ever."""
        while True:
            await self.ask()
            await asyncio.sleep(POLL_SECONDS)

    async def ask(self) -> None:
        """Learns what is new, and forgets what no longer matters."""
        try:
            answer = await self._source.revoked(self._since)
        except Exception as error:
            # Whatever is wrong with the source, calls are served by what is known.
            if not self._away:
                logger().warning("revoked_sessions_not_read", error=repr(error))
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
