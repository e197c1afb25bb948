"""A Media service in memory, with what the User service calls."""

from collections.abc import Awaitable, Callable
from typing import Any

from roost.media.v1 import media_service_pb2 as pb
from roost.media.v1.media_pb2 import Medium
from roost.media.v1.media_service_pb2_grpc import MediaServiceServicer

from services.chassis.auth import access_policy
from services.chassis.runtime.errors import WrongState


class FakeMedia(MediaServiceServicer):
    """Claims and releases the media that the test adds. `claims` has those that are held."""

    def __init__(self) -> None:
        self.media: dict[int, Medium] = {}
        # By claim key.
        self.claims: dict[str, pb.ClaimMediaRequest] = {}
        self.claimed: list[pb.ClaimMediaRequest] = []
        self.released: list[pb.ReleaseMediaRequest] = []
        # Runs at the end of each claim.
        self.then: Callable[[], Awaitable[None]] | None = None

    def add(self, medium: Medium) -> Medium:
        """Adds a medium that is ready."""
        self.media[medium.id] = medium
        return medium

    @access_policy.service("user")
    async def ClaimMedia(
        self, request: pb.ClaimMediaRequest, context: Any
    ) -> pb.ClaimMediaResponse:
        self.claimed.append(request)
        found = []
        for medium_id in request.medium_ids:
            medium = self.media.get(medium_id)
            metadata = {"media_id": str(medium_id)}
            if medium is None or medium.owner_id != request.owner_id:
                raise WrongState(reason="MEDIA_NOT_READY", metadata=metadata)
            if medium.post_id or self._is_held(medium_id, other_than=request.claim):
                raise WrongState(reason="MEDIUM_IN_USE", metadata=metadata)
            found.append(medium)
        self.claims[request.claim.claim_key] = request
        if self.then is not None:
            await self.then()
        return pb.ClaimMediaResponse(media=found)

    @access_policy.service("user")
    async def ReleaseMedia(
        self, request: pb.ReleaseMediaRequest, context: Any
    ) -> pb.ReleaseMediaResponse:
        self.released.append(request)
        self.claims.pop(request.claim.claim_key, None)
        return pb.ReleaseMediaResponse()

    def _is_held(self, medium_id: int, *, other_than: pb.MediumClaim) -> bool:
        return any(
            medium_id in each.medium_ids and each.claim.use != other_than.use
            for each in self.claims.values()
        )


# The methods that the fake does not have.
WITHOUT = frozenset(
    each.name for each in pb.DESCRIPTOR.services_by_name["MediaService"].methods
) - {"ClaimMedia", "ReleaseMedia"}
