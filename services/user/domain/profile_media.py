"""Profile pictures and banners: media of the Media service that profiles show."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace

from services.chassis.runtime.clock import Clock
from services.chassis.runtime.errors import Conflict, Invalid, RoostError, Unauthenticated
from services.chassis.runtime.ids import IdGenerator, bucket_of
from services.chassis.storage.idempotency import RequestIdReused, RequestInFlight
from services.user.domain.domain_events import UserUpdated
from services.user.domain.errors import MediaNotReady
from services.user.domain.model import ProfileMedium, ProfileUse
from services.user.domain.ports import MediaClaim, MediaClaims
from services.user.domain.profiles import Value, cleaned
from services.user.domain.store import UserTransaction

# What refuses an update before it writes. After another error the update may be committed.
_NOT_WRITTEN = (Conflict, Invalid, Unauthenticated)
# Another attempt, whose claims these may be, is running or has written.
_OTHER_ATTEMPT = (RequestIdReused, RequestInFlight)


class ProfileMedia:
    """Claims the media that an update puts on a profile."""

    def __init__(self, *, media_claims: MediaClaims, ids: IdGenerator) -> None:
        self._media_claims = media_claims
        self._ids = ids

    @asynccontextmanager
    async def claimed(
        self, user_id: int, changes: Mapping[str, Value], *, request_id: str
    ) -> AsyncIterator[Mapping[ProfileUse, ProfileMedium]]:
        """Claims the media that `changes` names; the block writes the profile.

        An update that names none makes no call. If the block raises what refuses the update, the
        claims are released. If it fails otherwise, the Media service reviews them. Raises
        Invalid before any call, MediaNotReady for a medium that is no picture and no animation, and
        what `MediaClaims.claim` raises.
        """
        claims = await self._claims(user_id, changes, request_id) if names_media(changes) else []
        media: dict[ProfileUse, ProfileMedium] = {}
        try:
            for claim in claims:
                media[claim.use] = await self._claim(claim)
        except RoostError:
            await self._release(claims[: len(media) + 1])
            raise
        try:
            yield media
        except _OTHER_ATTEMPT:
            raise
        except _NOT_WRITTEN:
            await self._release(claims)
            raise

    async def _claims(
        self, user_id: int, changes: Mapping[str, Value], request_id: str
    ) -> list[MediaClaim]:
        values = cleaned(changes)
        # Request ids contain no `~`.
        attempt = request_id or f"~{await self._ids.make(bucket_of(user_id))}"
        return [
            MediaClaim(user_id, medium_id, use, f"user.{use.value}.{user_id}.{medium_id}.{attempt}")
            for use in ProfileUse
            if (medium_id := int(values.get(use.id_field, 0)))
        ]

    async def _claim(self, claim: MediaClaim) -> ProfileMedium:
        medium = await self._media_claims.claim(claim)
        if medium is None:
            raise MediaNotReady(metadata={"media_id": str(claim.medium_id)})
        return medium

    async def _release(self, claims: list[MediaClaim]) -> None:
        for claim in claims:
            await self._media_claims.release(claim)


def names_media(changes: Mapping[str, Value]) -> bool:
    """Whether an update puts a medium on the profile."""
    return any(changes.get(use.id_field) for use in ProfileUse)


async def refresh(transaction: UserTransaction, owner_id: int, medium: ProfileMedium) -> None:
    """Replaces an older snapshot of the medium on the owner's profile.

    The etag of the profile stays the same: its owner changed nothing.
    """
    user = await transaction.lock_user(owner_id)
    if user is None:
        return
    for use in user.uses_of(medium.id):
        shown = user.medium(use)
        if shown is not None and shown.version < medium.version:
            user = user.with_medium(use, medium)
            await transaction.save_profile(user)
            await transaction.emit(UserUpdated(user, [use.value]))


async def remove(
    transaction: UserTransaction, owner_id: int, medium_id: int, *, clock: Clock
) -> None:
    """Removes a deleted medium from the owner's profile."""
    user = await transaction.lock_user(owner_id)
    if user is None:
        return
    for use in user.uses_of(medium_id):
        without = user.with_medium(use, None)
        user = replace(without, version=user.version + 1, update_time=clock.now())
        await transaction.save_profile(user)
        await transaction.emit(UserUpdated(user, [use.id_field]))
