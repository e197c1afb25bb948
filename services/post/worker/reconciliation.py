"""Recounts posts whose counts changed recently, so that no wrong count persists."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from prometheus_client import Counter

from services.chassis.runtime.clock import Clock
from services.chassis.runtime.errors import RoostError
from services.chassis.runtime.logs import logger
from services.post.domain.model import CountDrift
from services.post.domain.store import Store

INTERVAL_SECONDS = 60.0
# How far a process looks back when it starts: longer than a restart takes.
FIRST_PERIOD = timedelta(hours=1)
# Rounds overlap by this, because other machines wrote the times.
OVERLAP = timedelta(seconds=10)

_AT_ONCE = 100

_drifts = Counter(
    "roost_post_count_drifts_total", "Counts of posts that were found wrong", ["counter"]
)

_failures = Counter("roost_post_recount_failures_total", "Posts that could not be recounted")


class Reconciliation:
    """Several processes may run this at once; they repeat each other's work then."""

    def __init__(self, *, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._since: datetime = clock.now() - FIRST_PERIOD

    async def reconcile(self) -> int:
        """Recounts what changed since the last round; returns how many counts were wrong.

        If it fails, the next round begins at the same time.
        """
        until = self._clock.now() + OVERLAP
        found = after = 0
        while post_ids := await self._store.touched(
            self._since, until, after=after, limit=_AT_ONCE
        ):
            for drift in await self._recount(post_ids):
                found += 1
                _drifts.labels(drift.counter).inc()
                logger().warning(
                    "count_drifted", post_id=drift.post_id, counter=drift.counter, by=drift.by
                )
            after = post_ids[-1]
        self._since = until - 2 * OVERLAP
        return found

    async def _recount(self, post_ids: Sequence[int]) -> list[CountDrift]:
        """Recounts the posts together; if that fails, each one alone, without those that fail."""
        try:
            return await self._store.recount(post_ids)
        except RoostError:
            raise
        except Exception as error:
            if len(post_ids) == 1:
                _failures.inc()
                logger().error("recount_failed", post_id=post_ids[0], exc_info=error)
                return []
        return [drift for each in post_ids for drift in await self._recount([each])]
