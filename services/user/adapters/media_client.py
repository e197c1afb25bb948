"""The Media service, over the mesh: claims of profile pictures and banners."""

from roost.media.v1.media_service_pb2 import (
    ClaimMediaRequest,
    MediumClaim,
    ReleaseMediaRequest,
)
from roost.media.v1.media_service_pb2_grpc import MediaServiceStub

from services.chassis.rpc.clients import Mesh
from services.chassis.runtime import deadline
from services.chassis.runtime.errors import DeadlineExceeded, RoostError, Unavailable
from services.chassis.runtime.logs import logger
from services.user.domain.model import ProfileMedium
from services.user.domain.ports import MediaClaim
from services.user.rpc import profile_media

# The Media service reviews the claims that were not released.
_RELEASE_SECONDS = 1.0


class MeshMediaClaims:
    """See `ports.MediaClaims`: in this service's own name."""

    def __init__(self, mesh: Mesh) -> None:
        self._media = mesh.as_service(MediaServiceStub)

    async def claim(self, claim: MediaClaim) -> ProfileMedium | None:
        request = ClaimMediaRequest(
            owner_id=claim.owner_id, medium_ids=[claim.medium_id], claim=_message(claim)
        )
        try:
            response = await self._media.ClaimMedia(request)
        except DeadlineExceeded as late:
            # Nothing was written.
            raise Unavailable from late
        (medium,) = response.media
        return profile_media.snapshot(medium) if profile_media.can_show(medium) else None

    async def release(self, claim: MediaClaim) -> None:
        request = ReleaseMediaRequest(
            owner_id=claim.owner_id, medium_ids=[claim.medium_id], claim=_message(claim)
        )
        try:
            # The claim exists, even if the deadline of the update is over.
            with deadline.none():
                await self._media.ReleaseMedia(request, timeout=_RELEASE_SECONDS)
        except RoostError as error:
            logger().warning("media_release_failed", medium_id=claim.medium_id, error=repr(error))


def _message(claim: MediaClaim) -> MediumClaim:
    return MediumClaim(use=profile_media.USES[claim.use], claim_key=claim.key)
