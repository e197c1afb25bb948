"""Counters of followers, followed users and posts: changed by events, corrected by counting."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import fields, replace
from uuid import UUID

from prometheus_client import Counter

from services.chassis.runtime.errors import RoostError
from services.chassis.runtime.logs import logger
from services.chassis.storage.transaction import in_transaction
from services.user.domain.model import Counts
from services.user.domain.ports import CountPosts, UserCache
from services.user.domain.store import Store, UserTransaction

CONSUMER = "user.counters"

# The id of an event, and its changes of counters by user.
CountedEvent = tuple[UUID, Mapping[int, Counts]]

INTERVAL_SECONDS = 900.0
# A difference is an error only if it is the same after this time: events that are not consumed yet
# would have changed one of the two figures.
_SETTLE_SECONDS = 30.0
# One query counts the follows of so many users.
_SLICE = 500

_drifts = Counter(
    "roost_user_count_drifts_total",
    "Counters of users that were found wrong",
    ["counter"],
)
_failures = Counter(
    "roost_user_reconcile_failures_total", "Users whose counters could not be corrected"
)


async def apply(store: Store, user_cache: UserCache, events: Sequence[CountedEvent]) -> None:
    """Applies the changes of events to counters, each event once, however often it is delivered.

    The cached profiles of all users whose counters the events change are invalidated every time: a
    process that dies after the commit gets its events again, and only then removes the old figures.
    """

    async def effect(transaction: UserTransaction) -> None:
        # The batch may contain an event twice.
        changed_by = dict(events)
        changes: dict[int, Counts] = {}
        for event_id in await transaction.first_seen_of(CONSUMER, changed_by):
            for user_id, change in changed_by[event_id].items():
                changes[user_id] = changes.get(user_id, Counts()) + change
        changes = {user_id: change for user_id, change in changes.items() if change}
        if changes:
            await transaction.change_counts(changes)

    await in_transaction(store.transaction, effect)
    changed = {user_id for _, changes in events for user_id, change in changes.items() if change}
    if changed:
        await user_cache.forget_counts(*changed)


class Reconciler:
    """Finds wrong counters, whatever the cause, and corrects them."""

    def __init__(
        self,
        *,
        store: Store,
        user_cache: UserCache,
        count_posts: CountPosts,
        settle: Callable[[], Awaitable[None]] = lambda: asyncio.sleep(_SETTLE_SECONDS),
    ) -> None:
        self._store = store
        self._user_cache = user_cache
        self._count_posts = count_posts
        self._settle = settle

    async def reconcile(self) -> int:
        """Compares the counters of all users, twice if they differ. Returns how many were wrong."""
        corrected = 0
        last_id: int | None = 0
        while last_id is not None:
            seen, right, last_id = await self._differing(last_id, _SLICE)
            if seen:
                corrected += await self._correct_apart(seen, right)
        if corrected:
            logger().warning("counters_corrected", users=corrected)
        return corrected

    async def _correct_apart(self, seen: Mapping[int, Counts], right: Mapping[int, Counts]) -> int:
        """Corrects all; if that fails, each user alone, without those that fail again."""
        try:
            return await self._correct(seen, right)
        except RoostError:
            raise
        except Exception as error:
            if len(seen) == 1:
                _failures.inc()
                logger().error("counter_correction_failed", user_ids=list(seen), exc_info=error)
                return 0
        return sum(
            [await self._correct_apart({each: seen[each]}, {each: right[each]}) for each in seen]
        )

    async def _correct(self, seen: Mapping[int, Counts], right: Mapping[int, Counts]) -> int:
        await self._settle()
        wrong: dict[int, Counts] = {}
        for user_id in seen:
            seen_again, right_again, _ = await self._differing(user_id - 1, 1)
            if (seen_again.get(user_id), right_again.get(user_id)) == (
                seen[user_id],
                right[user_id],
            ):
                wrong[user_id] = right[user_id]
        if not wrong:
            return 0

        async def effect(transaction: UserTransaction) -> int:
            return await transaction.correct_counts(seen, wrong)

        corrected = await in_transaction(self._store.transaction, effect)
        _count_drifts(seen, wrong)
        await self._user_cache.forget_counts(*wrong)
        return corrected

    async def _differing(
        self, after_id: int, limit: int
    ) -> tuple[dict[int, Counts], dict[int, Counts], int | None]:
        """Of the next users, those whose counters differ from the right ones: both figures, and the
        last id that was compared, None at the end."""
        seen, counted = await self._store.compared_counts(after_id=after_id, limit=limit)
        if not seen:
            return {}, {}, None
        posts = await self._posts(list(seen))
        right = {
            user_id: counts if posts is None else replace(counts, posts=posts.get(user_id, 0))
            for user_id, counts in counted.items()
        }
        differing = [user_id for user_id in seen if seen[user_id] != right[user_id]]
        return (
            {user_id: seen[user_id] for user_id in differing},
            {user_id: right[user_id] for user_id in differing},
            max(seen) if len(seen) == limit else None,
        )

    async def _posts(self, user_ids: Sequence[int]) -> Mapping[int, int] | None:
        try:
            return await self._count_posts(user_ids)
        except RoostError as error:
            # The other counters can be corrected without the Post service.
            logger().warning("post_count_failed", error=repr(error))
            return None


def _count_drifts(seen: Mapping[int, Counts], right: Mapping[int, Counts]) -> None:
    for user_id, counts in right.items():
        for field in fields(Counts):
            if getattr(seen[user_id], field.name) != getattr(counts, field.name):
                _drifts.labels(field.name).inc()
