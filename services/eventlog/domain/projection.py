"""What events do to logs, each of them once."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from services.chassis.runtime.clock import Clock
from services.chassis.storage.transaction import in_transaction
from services.eventlog.domain.model import (
    Activity,
    Arrival,
    Change,
    Hush,
)
from services.eventlog.domain.store import LogActs, LogStore
from services.eventlog.domain.wake_ups import Wakes
from services.notification.domain.ports import Graph

CONSUMER = "notification.log"

# How many of those who are there are asked about at a time, for a celebrity's followers.
_CROWD = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What one event does."""

    changes: Sequence[Change] = ()
    # An entry that reached homes, and what stands in the logs of those who hear of it.
    arrival: Arrival | None = None
    content: bytes = b""
    hush: Sequence[Hush] = ()
    unhush: Sequence[Hush] = ()
    # Who left for good; 0 for nobody.
    left: int = 0
    activities: Sequence[Activity] = ()


class Effects:
    """Brings effects into logs, a batch in a transaction."""

    def __init__(self, *, store: LogStore, graph: Graph, wakes: Wakes, clock: Clock) -> None:
        self._store = store
        self._graph = graph
        self._wakes = wakes
        self._clock = clock

    async def apply(self, batch: Sequence[tuple[UUID, Effect]]) -> None:
        """Appends in the order given; an effect whose event was here before is left out.

        Activity around posts is told again with its event: it is not kept, and tells no news but
        that there are some.
        """
        event_ids = [event_id for event_id, _ in batch]
        reaching = [await self._reaching(each) for _, each in batch]

        async def effect(transaction: LogActs) -> None:
            heard = await self._heard(transaction, reaching)
            # One event may stand in the batch twice. Most arrivals reach nobody who is there: their
            # events need not be remembered.
            does = {
                event_id: each
                for event_id, each in zip(event_ids, heard, strict=True)
                if each.changes or each.hush or each.unhush or each.left
            }
            new = await transaction.first_seen_of(CONSUMER, does)
            changes: list[Change] = []
            for each in (each for event_id, each in does.items() if event_id in new):
                await self._note(transaction, each)
                changes += each.changes
            await transaction.append_events(changes, self._clock.now())

        await in_transaction(self._store.transaction, effect)
        self._wakes.tell([activity for _, each in batch for activity in each.activities])

    async def _reaching(self, effect: Effect) -> Effect:
        """The effect with the people of its arrival: a celebrity's event names none."""
        arrival = effect.arrival
        if arrival is None or arrival.user_ids:
            return effect
        found: list[int] = []
        after, more = 0, True
        while more:
            crowd = await self._store.there(after=after, limit=_CROWD, now=self._clock.now())
            if crowd:
                ties = await self._graph.ties([(each, arrival.actor_id) for each in crowd])
                found += [each for each in crowd if ties[each, arrival.actor_id].following]
                after = crowd[-1]
            more = len(crowd) == _CROWD
        return replace(effect, arrival=replace(arrival, user_ids=(arrival.actor_id, *found)))

    async def _heard(self, transaction: LogActs, batch: Sequence[Effect]) -> Sequence[Effect]:
        """The effects with arrivals turned into changes for those who hear of them."""
        arrivals = [each.arrival for each in batch if each.arrival is not None]
        if not arrivals:
            return batch
        hearing = iter(await transaction.hearing(arrivals, self._clock.now()))
        return [
            each
            if each.arrival is None
            else replace(each, changes=[Change(user_id, each.content) for user_id in next(hearing)])
            for each in batch
        ]

    async def _note(self, transaction: LogActs, effect: Effect) -> None:
        if effect.hush:
            await transaction.hush(effect.hush)
        if effect.unhush:
            await transaction.unhush(effect.unhush)
        if effect.left:
            await transaction.forget_silences(effect.left)
            await transaction.note_left(effect.left, self._clock.now())
