"""What events do to logs, each of them once."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from services.chassis.runtime.clock import Clock
from services.chassis.storage.transaction import in_transaction
from services.eventlog.domain.model import (
    Arrival,
    Change,
    PostActivity,
    Suppression,
)
from services.eventlog.domain.store import LogStore, LogTransaction
from services.eventlog.domain.wake_ups import WakeUpChannel
from services.notification.domain.ports import Graph

CONSUMER = "notification.log"

# How many of those who are there are asked about at a time, for a celebrity's followers.
_BATCH_SIZE = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class LogUpdate:
    """What one event does."""

    changes: Sequence[Change] = ()
    # An entry that reached homes, and what stands in the logs of those who hear of it.
    arrival: Arrival | None = None
    content: bytes = b""
    add_suppressions: Sequence[Suppression] = ()
    remove_suppressions: Sequence[Suppression] = ()
    # Who left for good; 0 for nobody.
    deleted_user_id: int = 0
    activities: Sequence[PostActivity] = ()


class EventLogProjection:
    """Brings effects into logs, a batch in a transaction."""

    def __init__(
        self, *, store: LogStore, graph: Graph, wake_ups: WakeUpChannel, clock: Clock
    ) -> None:
        self._store = store
        self._graph = graph
        self._wake_ups = wake_ups
        self._clock = clock

    async def apply(self, batch: Sequence[tuple[UUID, LogUpdate]]) -> None:
        """Appends in the order given; an effect whose event was here before is left out.

        Activity around posts is told again with its event: it is not kept, and tells no news but
        that there are some.
        """
        event_ids = [event_id for event_id, _ in batch]
        reaching = [await self._arrivals_by_present_user(each) for _, each in batch]

        async def effect(transaction: LogTransaction) -> None:
            heard = await self._with_receivers(transaction, reaching)
            # One event may stand in the batch twice. Most arrivals reach nobody who is there: their
            # events need not be remembered.
            does = {
                event_id: each
                for event_id, each in zip(event_ids, heard, strict=True)
                if each.changes
                or each.add_suppressions
                or each.remove_suppressions
                or each.deleted_user_id
            }
            new = await transaction.first_seen_of(CONSUMER, does)
            changes: list[Change] = []
            for each in (each for event_id, each in does.items() if event_id in new):
                await self._note(transaction, each)
                changes += each.changes
            await transaction.append_events(changes, self._clock.now())

        await in_transaction(self._store.transaction, effect)
        self._wake_ups.announce_activities(
            [activity for _, each in batch for activity in each.activities]
        )

    async def _arrivals_by_present_user(self, effect: LogUpdate) -> LogUpdate:
        """The effect with the people of its arrival: a celebrity's event names none."""
        arrival = effect.arrival
        if arrival is None or arrival.user_ids:
            return effect
        found: list[int] = []
        after, more = 0, True
        while more:
            crowd = await self._store.present_users(
                after=after, limit=_BATCH_SIZE, now=self._clock.now()
            )
            if crowd:
                relationships = await self._graph.relationships(
                    [(each, arrival.actor_id) for each in crowd]
                )
                found += [each for each in crowd if relationships[each, arrival.actor_id].following]
                after = crowd[-1]
            more = len(crowd) == _BATCH_SIZE
        return replace(effect, arrival=replace(arrival, user_ids=(arrival.actor_id, *found)))

    async def _with_receivers(
        self, transaction: LogTransaction, batch: Sequence[LogUpdate]
    ) -> Sequence[LogUpdate]:
        """The effects with arrivals turned into changes for those who hear of them."""
        arrivals = [each.arrival for each in batch if each.arrival is not None]
        if not arrivals:
            return batch
        receiving_users = iter(await transaction.receiving_users(arrivals, self._clock.now()))
        return [
            each
            if each.arrival is None
            else replace(
                each, changes=[Change(user_id, each.content) for user_id in next(receiving_users)]
            )
            for each in batch
        ]

    async def _note(self, transaction: LogTransaction, effect: LogUpdate) -> None:
        if effect.add_suppressions:
            await transaction.add_suppressions(effect.add_suppressions)
        if effect.remove_suppressions:
            await transaction.remove_suppressions(effect.remove_suppressions)
        if effect.deleted_user_id:
            await transaction.remove_all_suppressions(effect.deleted_user_id)
            await transaction.record_deleted_user(effect.deleted_user_id, self._clock.now())
