"""Work that a request leaves behind: done by the worker, a chunk a transaction."""

import asyncio
from functools import partial

from prometheus_client import Counter

from services.chassis.runtime.clock import Clock
from services.chassis.runtime.errors import RoostError
from services.chassis.runtime.ids import IdGenerator
from services.chassis.runtime.logs import logger
from services.chassis.storage.transaction import in_transaction
from services.user.domain import follows
from services.user.domain.accounts import authenticate_caller, register_caller
from services.user.domain.model import BackgroundTask
from services.user.domain.retired_handles import HandleTombstones
from services.user.domain.store import Store, UserTransaction
from services.user.rpc import events

# Edges that one transaction removes, each with its event.
REMOVED_AT_ONCE = 200
_IDLE_SECONDS = 1.0
_PAUSE_SECONDS = 5.0

_failures = Counter(
    "roost_user_chore_failures_total", "Chunks of work that failed and were put off", ["chore"]
)


class BackgroundTasks:
    """Does what waits. Any number of workers may; a chunk done twice does nothing more."""

    def __init__(
        self, *, store: Store, clock: Clock, ids: IdGenerator, retired: HandleTombstones
    ) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids
        self._retired = retired

    async def run(self) -> None:
        while True:
            try:
                if not await self.step():
                    await asyncio.sleep(_IDLE_SECONDS)
            except RoostError as error:
                logger().warning("chores_postponed", error=repr(error))
                await asyncio.sleep(_PAUSE_SECONDS)

    async def step(self) -> bool:
        """Does one chunk of what has waited longest; False if nothing was done.

        What fails for a reason of its own waits anew, behind all others.
        """
        for background_task, chunk in (
            (BackgroundTask.REMOVE_EDGES, self._remove_edges),
            (BackgroundTask.FORGET, self._forget),
            (BackgroundTask.ACCEPT_REQUESTS, self._accept_requests),
        ):
            user_id = await self._store.next_background_task(background_task)
            if user_id is None:
                continue
            try:
                await in_transaction(self._store.transaction, partial(chunk, user_id))
            except RoostError:
                raise
            except Exception as error:
                await self._put_off(background_task, user_id, error)
                continue
            return True
        return False

    async def _put_off(
        self, background_task: BackgroundTask, user_id: int, error: Exception
    ) -> None:
        _failures.labels(background_task.value).inc()
        logger().error(
            "chore_failed", background_task=background_task.value, user_id=user_id, exc_info=error
        )

        async def effect(transaction: UserTransaction) -> None:
            await transaction.finish_background_task(background_task, user_id)
            await transaction.add_background_task(background_task, user_id, self._clock.now())

        await in_transaction(self._store.transaction, effect)

    async def _remove_edges(self, user_id: int, transaction: UserTransaction) -> None:
        edges = await transaction.some_edges(user_id, REMOVED_AT_ONCE)
        for each in edges:
            # Nobody else touches these edges: whoever would, finds that the person is deleted.
            if await transaction.remove_edge(each.edge, each.source_id, each.target_id):
                await transaction.publish(
                    events.edge_removed(each.edge, each.source_id, each.target_id)
                )
        if not edges:
            await transaction.retire_handle(user_id, self._retired.form_of)
            await transaction.add_background_task(BackgroundTask.FORGET, user_id, self._clock.now())
            await transaction.finish_background_task(BackgroundTask.REMOVE_EDGES, user_id)

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
