"""Follows the media that profiles show: their changes and deletions."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from roost.media.v1 import media_events_pb2 as pb
from roost.media.v1.media_pb2 import MEDIUM_USE_POST

from services.chassis.events.bus import EventRoutes
from services.chassis.events.records import Event, Undecodable
from services.chassis.runtime.clock import Clock
from services.chassis.storage.transaction import in_transaction
from services.user.domain import profile_media
from services.user.domain.model import ProfileMedium
from services.user.domain.ports import UserCache
from services.user.domain.store import Store, UserTransaction
from services.user.rpc.profile_media import USES, snapshot


@dataclass(frozen=True, slots=True)
class _MediumChange:
    """A medium of its owner after a change; None after its deletion."""

    owner_id: int
    medium_id: int
    medium: ProfileMedium | None


class ProfileMediaConsumer:
    """Handles batches of events of one partition. A repeated event has no effect."""

    def __init__(self, *, store: Store, user_cache: UserCache, clock: Clock) -> None:
        self._store = store
        self._user_cache = user_cache
        self._clock = clock

    async def __call__(self, events: Sequence[Event]) -> None:
        """Refreshes and removes media of profiles. Each change of a profile has its UserUpdated."""
        changes = [change for _, change in _CHANGES.results(events) if change is not None]
        if not changes:
            return
        found = await self._store.users(list({change.owner_id for change in changes}))
        owners = {user.id: user for user in found}
        shown = [
            change
            for change in changes
            if (owner := owners.get(change.owner_id)) and owner.uses_of(change.medium_id)
        ]
        event_ids: list[UUID] = []
        for change in shown:
            event_ids += await self._apply(change)
        owner_ids = {change.owner_id for change in shown}
        if owner_ids:
            await self._user_cache.forget(*owner_ids, event_ids=event_ids)

    async def _apply(self, change: _MediumChange) -> Sequence[UUID]:
        """Returns the ids of the events."""
        owner_id = change.owner_id

        async def effect(transaction: UserTransaction) -> Sequence[UUID]:
            if change.medium is None:
                await profile_media.remove(
                    transaction, owner_id, change.medium_id, clock=self._clock
                )
            else:
                await profile_media.refresh(transaction, owner_id, change.medium)
            return transaction.event_ids

        return await in_transaction(self._store.transaction, effect)


def _updated(body: pb.MediumUpdated) -> _MediumChange | None:
    if body.medium.use not in USES.values():
        return None
    try:
        medium = snapshot(body.medium)
    except ValueError as wrong:
        raise Undecodable(str(wrong)) from wrong
    return _MediumChange(body.medium.owner_id, medium.id, medium)


def _deleted(body: pb.MediumDeleted) -> _MediumChange | None:
    # A medium without a use is on no profile, unless its claim ended before the update was stored.
    if body.use == MEDIUM_USE_POST:
        return None
    return _MediumChange(body.owner_id, body.medium_id, None)


_CHANGES = EventRoutes[_MediumChange | None].of_bodies(
    {pb.MediumUpdated: _updated, pb.MediumDeleted: _deleted}
)
