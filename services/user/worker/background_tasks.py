"""Background tasks: work that requests have stored, executed in batches, one a transaction."""

from functools import partial

from prometheus_client import Counter

from services.chassis.runtime.clock import Clock
from services.chassis.runtime.errors import RoostError
from services.chassis.runtime.ids import IdGenerator
from services.chassis.runtime.logs import logger
from services.chassis.storage.transaction import in_transaction
from services.user.domain import follows
from services.user.domain.accounts import authenticate_caller, register_caller
from services.user.domain.domain_events import RelationshipRemoved
from services.user.domain.handles import HandleTombstones
from services.user.domain.model import BackgroundTask
from services.user.domain.store import Store, UserTransaction

# Relationships that one transaction removes, each with its event.
MAX_REMOVED = 200
# How often the worker reads whether there is a task.
INTERVAL_SECONDS = 1.0

_failures = Counter(
    "roost_user_background_task_failures_total",
    "Batches of background tasks that failed and were postponed",
    ["task"],
)


class BackgroundTasks:
    """Executes background tasks. Any number of processes may; a repeated batch has no effect."""

    def __init__(
        self, *, store: Store, clock: Clock, ids: IdGenerator, tombstones: HandleTombstones
    ) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids
        self._tombstones = tombstones

    async def run_all(self) -> None:
        """Executes tasks until none is left."""
        while await self.step():
            pass

    async def step(self) -> bool:
        """Executes one batch of the oldest task; False if there is none.

        A task that fails for a reason of its own moves behind all others.
        """
        for background_task, batch in (
            (BackgroundTask.REMOVE_RELATIONSHIPS, self._remove_relationships),
            (BackgroundTask.FORGET, self._forget),
            (BackgroundTask.ACCEPT_REQUESTS, self._accept_requests),
        ):
            user_id = await self._store.next_background_task(background_task)
            if user_id is None:
                continue
            try:
                await in_transaction(self._store.transaction, partial(batch, user_id))
            except RoostError:
                raise
            except Exception as error:
                await self._postpone(background_task, user_id, error)
                continue
            return True
        return False

    async def _postpone(
        self, background_task: BackgroundTask, user_id: int, error: Exception
    ) -> None:
        _failures.labels(background_task.value).inc()
        logger().error(
            "background_task_failed", task=background_task.value, user_id=user_id, exc_info=error
        )

        async def effect(transaction: UserTransaction) -> None:
            await transaction.finish_background_task(background_task, user_id)
            await transaction.add_background_task(background_task, user_id, self._clock.now())

        await in_transaction(self._store.transaction, effect)

    async def _remove_relationships(self, user_id: int, transaction: UserTransaction) -> None:
        found = await transaction.some_relationships(user_id, MAX_REMOVED)
        for each in found:
            # The pair is not locked: no operation changes relationships of a deleted user.
            ends = (each.kind, each.source_id, each.target_id)
            if await transaction.remove_relationship(*ends):
                await transaction.emit(RelationshipRemoved(*ends))
        if not found:
            await transaction.retire_handle(user_id, self._tombstones.form_of)
            await transaction.add_background_task(BackgroundTask.FORGET, user_id, self._clock.now())
            await transaction.finish_background_task(BackgroundTask.REMOVE_RELATIONSHIPS, user_id)

    async def _forget(self, user_id: int, transaction: UserTransaction) -> None:
        key = await transaction.forget_user(user_id)
        callers = [str(user_id)]
        if key is not None:
            callers += [register_caller(key), authenticate_caller(key)]
        await transaction.forget_requests(callers)
        await transaction.finish_background_task(BackgroundTask.FORGET, user_id)

    async def _accept_requests(self, user_id: int, transaction: UserTransaction) -> None:
        user = await transaction.lock_user(user_id)
        open_to_all = user is not None and not user.protected
        if not open_to_all or not await follows.accept_some(transaction, user_id, ids=self._ids):
            await transaction.finish_background_task(BackgroundTask.ACCEPT_REQUESTS, user_id)
