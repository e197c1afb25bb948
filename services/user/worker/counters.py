"""Counters of followers, followed people and posts: changed by events, set right by counting."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from prometheus_client import Counter

from services.chassis.runtime.errors import RoostError
from services.chassis.runtime.logs import logger
from services.chassis.storage.transaction import in_transaction
from services.user.adapters.user_cache import UserCache
from services.user.domain.model import Counts
from services.user.domain.store import Store, UserTransaction

CONSUMER = "user.counters"

# How many public posts that answer nothing each has; whom the Post service does not know has none.
CountPosts = Callable[[Sequence[int]], Awaitable[Mapping[int, int]]]

# One event, and by how much it changes whose counters.
CountedEvent = tuple[UUID, Mapping[int, Counts]]

_EVERY_SECONDS = 900.0
# A difference is a mistake only if it still is the same after this time: events that are under
# way would have changed one of the two figures.
_SETTLE_SECONDS = 30.0
# One query counts the edges of so many people.
_SLICE = 500

_failures = Counter(
    "roost_user_reconcile_failures_total", "People whose counters could not be corrected"
)


async def apply(store: Store, user_cache: UserCache, events: Sequence[CountedEvent]) -> None:
    """Changes counters by what events say, each event once however often it comes.

    The cards of all whom the events name are forgotten each time: a process that dies after the
    commit gets its events again, and only then the card with the old figure goes.
    """

    async def effect(transaction: UserTransaction) -> None:
        # One event may stand in the batch twice.
        changed_by = dict(events)
        changes: dict[int, Counts] = {}
        for event_id in await transaction.first_seen_of(CONSUMER, changed_by):
            for user_id, change in changed_by[event_id].items():
                changes[user_id] = changes.get(user_id, Counts()) + change
        changes = {user_id: change for user_id, change in changes.items() if change}
        if changes:
            await transaction.change_counts(changes)

    await in_transaction(store.transaction, effect)
    await user_cache.forget(*{user_id for _, changes in events for user_id in changes})


class Reconciler:
    """Finds counters that are wrong, whatever made them so, and sets them right."""

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

    async def run(self) -> None:
        """Looks at everybody every quarter of an hour, for ever."""
        while True:
            await asyncio.sleep(_EVERY_SECONDS)
            try:
                corrected = await self.reconcile()
                if corrected:
                    logger().warning("counters_corrected", user_queries=corrected)
            except RoostError as error:
                logger().warning("reconciliation_postponed", error=repr(error))

    async def reconcile(self) -> int:
        """Looks at everybody, twice at those who differ; says how many were wrong."""
        corrected = after_id = 0
        while True:
            seen, right, last_id = await self._differing(after_id, _SLICE)
            if seen:
                corrected += await self._correct_apart(seen, right)
            if last_id is None:
                return corrected
            after_id = last_id

    async def _correct_apart(self, seen: Mapping[int, Counts], right: Mapping[int, Counts]) -> int:
        """Corrects; where that fails, each person alone, and leaves out those to blame."""
        try:
            return await self._correct(seen, right)
        except RoostError:
            raise
        except Exception as error:
            if len(seen) == 1:
                _failures.inc()
                logger().error("counters_not_corrected", user_ids=list(seen), exc_info=error)
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
        await self._user_cache.forget(*wrong)
        return corrected

    async def _differing(
        self, after_id: int, limit: int
    ) -> tuple[dict[int, Counts], dict[int, Counts], int | None]:
        """Of the next people, those whose counters differ from what they should be: both figures,
        and the last id that was looked at; None at the end."""
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
            # The rest can be set right without the Post service.
            logger().warning("posts_not_counted", error=repr(error))
            return None
