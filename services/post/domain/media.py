"""The media of posts: which a post may have, and the claims that attach them to it."""

import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import NamedTuple, Protocol

from services.chassis.runtime.errors import Conflict, Forbidden, Invalid, NotFound, WrongState
from services.chassis.storage.idempotency import RequestInFlight, RequestKey
from services.post.domain.errors import MediaCombinationNotAllowed
from services.post.domain.model import PICTURE, Medium

# Errors after which nothing was written. After others the write may have happened.
_REFUSALS = (Conflict, Forbidden, Invalid, NotFound, WrongState)


class MediaClaim(NamedTuple):
    """The media that a user is about to show with a post."""

    owner_id: int
    medium_ids: Sequence[int]
    post_id: int
    # Identifies the write: the same for every attempt of it.
    key: str


class MediaClaims(Protocol):
    """Claims of the Media service. A claim is provisional until the event of the post arrives."""

    async def claim(self, claim: MediaClaim) -> Sequence[Medium]:
        """Attaches the media to the post and returns them in order: all, or none.

        Makes one call to the Media service. Raises Unavailable where it does not answer, and its
        errors with the reasons MEDIA_NOT_READY and MEDIUM_IN_USE.
        """
        ...

    async def release(self, claim: MediaClaim) -> None:
        """Ends a provisional claim. Never fails: the Media service reviews claims by itself."""
        ...


def claim_key(key: RequestKey | None, write_id: int) -> str:
    """The key of a claim: of the request, or of a write that has no request id."""
    if key is None:
        return f"write:{write_id}"
    return f"request:{hashlib.sha256(key.name + key.fingerprint).hexdigest()}"


@asynccontextmanager
async def claimed(claims: MediaClaims, claim: MediaClaim) -> AsyncIterator[tuple[Medium, ...]]:
    """Claims media for the write in the block; without media it does nothing.

    Releases them where the write was refused. Where its outcome is unknown, or another attempt of
    it is running, the Media service finds out later whether the post has them.
    """
    if not claim.medium_ids:
        yield ()
        return
    media = tuple(await claims.claim(claim))
    try:
        yield media
    except RequestInFlight:
        raise
    except _REFUSALS:
        await claims.release(claim)
        raise


def check_combination(media: Sequence[Medium]) -> None:
    """Raises MediaCombinationNotAllowed. The contract limits the number of media to four."""
    if len(media) > 1 and any(each.kind != PICTURE for each in media):
        raise MediaCombinationNotAllowed
