"""Client of MediaService, which calls it in the Post service's own name."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from roost.media.v1.media_pb2 import MEDIUM_USE_POST
from roost.media.v1.media_service_pb2 import ClaimMediaRequest, MediumClaim, ReleaseMediaRequest

from services.chassis.runtime import deadline
from services.chassis.runtime.errors import DeadlineExceeded, RoostError, Unavailable
from services.chassis.runtime.logs import logger
from services.post.domain.media import MediaClaim
from services.post.domain.model import Medium
from services.post.rpc.convert import to_medium

if TYPE_CHECKING:
    from roost.media.v1.media_service_pb2_grpc import MediaServiceAsyncStub

# The Media service reviews the claims that were not released.
_RELEASE_SECONDS = 1.0


class MeshMediaClaims:
    """`media.MediaClaims`."""

    def __init__(self, media: "MediaServiceAsyncStub") -> None:
        self._media = media

    async def claim(self, claim: MediaClaim) -> Sequence[Medium]:
        request = ClaimMediaRequest(
            owner_id=claim.owner_id, medium_ids=claim.medium_ids, claim=_to_message(claim)
        )
        try:
            response = await self._media.ClaimMedia(request)
        except DeadlineExceeded as late:
            # The post was certainly not written, so the caller may try again.
            raise Unavailable from late
        return [to_medium(each) for each in response.media]

    async def release(self, claim: MediaClaim) -> None:
        request = ReleaseMediaRequest(
            owner_id=claim.owner_id, medium_ids=claim.medium_ids, claim=_to_message(claim)
        )
        try:
            # The claim exists, even if the deadline of the write is over.
            with deadline.none():
                await self._media.ReleaseMedia(request, timeout=_RELEASE_SECONDS)
        except RoostError as error:
            logger().warning("media_release_failed", post_id=claim.post_id, error=repr(error))


def _to_message(claim: MediaClaim) -> MediumClaim:
    return MediumClaim(use=MEDIUM_USE_POST, post_id=claim.post_id, claim_key=claim.key)
