"""Bounds how many searches for posts one viewer has in the index at once.

A query that no index of words answers reads all posts, which holds a session of the database for
seconds. With as many of those as there are sessions, nobody else would find anything.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from services.chassis.runtime import deadline
from services.chassis.runtime.token_buckets import RateLimited

# Fewer than the sessions of a process: 10.
MOST = 3
# Of all anonymous viewers together.
MOST_ANONYMOUS = 5
# As long as a statement waits for a session.
WAIT_SECONDS = 2.0


class Shares:
    """The searches that one process runs now, by viewer."""

    def __init__(self) -> None:
        self._shares: dict[int, _Share] = {}

    @asynccontextmanager
    async def place(self, viewer_id: int) -> AsyncIterator[None]:
        """A place for as long as the block runs; 0 is the anonymous viewer. Waits for one in the
        order of calls. Raises RateLimited after WAIT_SECONDS, and DeadlineExceeded."""
        share = self._shares.get(viewer_id)
        if share is None:
            share = self._shares[viewer_id] = _Share(MOST if viewer_id else MOST_ANONYMOUS)
        share.callers += 1
        try:
            try:
                async with asyncio.timeout(deadline.budget(WAIT_SECONDS)):
                    await share.places.acquire()
            except TimeoutError:
                raise RateLimited(retry_after=1.0) from None
            try:
                yield
            finally:
                share.places.release()
        finally:
            share.callers -= 1
            if not share.callers:
                del self._shares[viewer_id]


class _Share:
    """The places of one viewer, and how many calls have one or wait."""

    def __init__(self, most: int) -> None:
        self.places = asyncio.Semaphore(most)
        self.callers = 0
