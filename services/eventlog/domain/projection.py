"""Applies domain events to event logs, each event once."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from services.chassis.runtime.clock import Clock
from services.chassis.storage.transaction import in_transaction
from services.eventlog.domain.model import (
    Arrival,
    Change,
    HashtagActivity,
    PostActivity,
    Suppression,
)
from services.eventlog.domain.ports import FollowGraph, WakeUpChannel
from services.eventlog.domain.store import LogStore, LogTransaction

CONSUMER = "notification.log"

# Present users that one call checks for following a celebrity.
_BATCH_SIZE = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class LogUpdate:
    """The effect of one event."""

    changes: Sequence[Change] = ()
    # An entry that reached homes, and the content for the logs of its receivers.
    arrival: Arrival | None = None
    content: bytes = b""
    add_suppressions: Sequence[Suppression] = ()
    remove_suppressions: Sequence[Suppression] = ()
    # 0 for none.
    deleted_user_id: int = 0
    activities: Sequence[PostActivity] = ()
    hashtags: Sequence[HashtagActivity] = ()


class EventLogProjection:
    """Applies updates to logs, one batch in one transaction."""

    def __init__(
        self, *, store: LogStore, graph: FollowGraph, wake_ups: WakeUpChannel, clock: Clock
    ) -> None:
        self._store = store
        self._graph = graph
        self._wake_ups = wake_ups
        self._clock = clock

    async def apply(self, batch: Sequence[tuple[UUID, LogUpdate]]) -> None:
        """Appends in the given order. An update whose event was applied before is skipped.

        Activity around posts is announced again with a repeated event: it is not stored, and only
        says that a client should read the post again.
        """
        event_ids = [event_id for event_id, _ in batch]
        updates = [await self._with_arrival_of_all(update) for _, update in batch]

        async def effect(transaction: LogTransaction) -> None:
            received = await self._with_receivers(transaction, updates)
            # One event may occur twice in the batch. Most arrivals have no present receiver: their
            # events are not recorded in the inbox.
            effective = {
                event_id: update
                for event_id, update in zip(event_ids, received, strict=True)
                if update.changes
                or update.add_suppressions
                or update.remove_suppressions
                or update.deleted_user_id
            }
            new = await transaction.first_seen_of(CONSUMER, effective)
            changes: list[Change] = []
            for update in (update for event_id, update in effective.items() if event_id in new):
                await self._update_suppressions(transaction, update)
                changes += update.changes
            await transaction.append_events(changes, self._clock.now())

        await in_transaction(self._store.transaction, effect)
        self._wake_ups.announce_activities(
            [activity for _, update in batch for activity in update.activities]
        )
        self._wake_ups.announce_hashtags(
            [activity for _, update in batch for activity in update.hashtags]
        )

    async def _with_arrival_of_all(self, update: LogUpdate) -> LogUpdate:
        """The update with the receivers of its arrival, each of whom gets the entry once: followers
        of the author who follow the hashtag too get it as followers of the author."""
        arrival = update.arrival
        if arrival is None:
            return update
        if arrival.by_hashtag:
            by_follow = await self._graph.followers_among(arrival.user_ids, arrival.author_id)
            others = tuple(each for each in arrival.user_ids if each not in by_follow)
            return replace(update, arrival=replace(arrival, user_ids=others))
        if arrival.user_ids:
            return update
        return await self._with_followers(update, arrival)

    async def _with_followers(self, update: LogUpdate, arrival: Arrival) -> LogUpdate:
        """The update with the receivers of a celebrity's arrival. The event contains none, so all
        present users are checked."""
        followers: list[int] = []
        after, more = 0, True
        while more:
            present = await self._store.present_users(
                after=after, limit=_BATCH_SIZE, now=self._clock.now()
            )
            if present:
                following = await self._graph.followers_among(present, arrival.actor_id)
                followers += [each for each in present if each in following]
                after = present[-1]
            more = len(present) == _BATCH_SIZE
        return replace(update, arrival=replace(arrival, user_ids=(arrival.actor_id, *followers)))

    async def _with_receivers(
        self, transaction: LogTransaction, updates: Sequence[LogUpdate]
    ) -> Sequence[LogUpdate]:
        """The updates, with each arrival replaced by changes for its present receivers."""
        arrivals = [update.arrival for update in updates if update.arrival is not None]
        if not arrivals:
            return updates
        receiving_users = iter(await transaction.receiving_users(arrivals, self._clock.now()))
        return [
            update
            if update.arrival is None
            else replace(
                update,
                changes=[Change(user_id, update.content) for user_id in next(receiving_users)],
            )
            for update in updates
        ]

    async def _update_suppressions(self, transaction: LogTransaction, update: LogUpdate) -> None:
        if update.add_suppressions:
            await transaction.add_suppressions(update.add_suppressions)
        if update.remove_suppressions:
            await transaction.remove_suppressions(update.remove_suppressions)
        if update.deleted_user_id:
            await transaction.remove_all_suppressions(update.deleted_user_id)
            await transaction.record_deleted_log(update.deleted_user_id, self._clock.now())
