"""A Media service in memory. The test adds media."""

from collections.abc import Awaitable, Callable
from itertools import count
from typing import Any

from roost.media.v1 import media_service_pb2 as rpc
from roost.media.v1.media_pb2 import MEDIUM_STATE_READY, MEDIUM_USE_POST, Medium
from roost.media.v1.media_service_pb2_grpc import MediaServiceServicer
from roost.post.v1.post_pb2 import Post

from services.chassis.auth import access_policy
from services.chassis.runtime.errors import RoostError, WrongState
from tests.builders.posts import a_medium_message


class FakeMedia(MediaServiceServicer):
    """Implements ClaimMedia and ReleaseMedia. `calls` has the requests, oldest first."""

    def __init__(self) -> None:
        self.calls: list[rpc.ClaimMediaRequest | rpc.ReleaseMediaRequest] = []
        # Every call fails with it.
        self.failure: RoostError | None = None
        # Runs at the end of each claim: what happens elsewhere between a claim and its write.
        self.after_claim: Callable[[], Awaitable[object]] | None = None
        self.claims: dict[int, rpc.MediumClaim] = {}
        self._media: dict[int, Medium] = {}
        self._confirmed: set[int] = set()
        self._ids = count(1001)

    def add(self, owner_id: int, **given: Any) -> int:
        """Adds a medium that is ready and returns its id."""
        medium = a_medium_message(next(self._ids), owner_id, **given)
        self._media[medium.id] = medium
        return medium.id

    def put(self, medium: Medium) -> Medium:
        """Adds this medium, or replaces it."""
        self._media[medium.id] = medium
        return medium

    def delete(self, medium_id: int) -> None:
        del self._media[medium_id]

    def confirm(self, post: Post) -> None:
        """Consumes the event of a post: its media are attached to it for good."""
        for medium_id in post.media_ids:
            self.claims[medium_id] = rpc.MediumClaim(use=MEDIUM_USE_POST, post_id=post.id)
            self._confirmed.add(medium_id)

    def change(self, medium_id: int, **fields: Any) -> Medium:
        """The medium after a change of these fields."""
        medium = self._media[medium_id]
        medium.MergeFrom(Medium(etag=str(int(medium.etag) + 1), **fields))
        return medium

    @access_policy.service("post", "user")
    async def ClaimMedia(
        self, request: rpc.ClaimMediaRequest, context: Any
    ) -> rpc.ClaimMediaResponse:
        self.calls.append(request)
        if self.failure is not None:
            raise self.failure
        for each in request.medium_ids:
            self._check(each, request)
        for each in request.medium_ids:
            if each not in self._confirmed:
                self.claims[each] = request.claim
        response = rpc.ClaimMediaResponse(
            media=[self._attached(each) for each in request.medium_ids]
        )
        if self.after_claim is not None:
            await self.after_claim()
        return response

    @access_policy.service("post", "user")
    async def ReleaseMedia(
        self, request: rpc.ReleaseMediaRequest, context: Any
    ) -> rpc.ReleaseMediaResponse:
        self.calls.append(request)
        if self.failure is not None:
            raise self.failure
        for each in request.medium_ids:
            if each not in self._confirmed and self.claims.get(each) == request.claim:
                del self.claims[each]
        return rpc.ReleaseMediaResponse()

    def _check(self, medium_id: int, request: rpc.ClaimMediaRequest) -> None:
        medium, metadata = self._media.get(medium_id), {"media_id": str(medium_id)}
        ready = medium is not None and medium.state == MEDIUM_STATE_READY
        if medium is None or not ready or medium.owner_id != request.owner_id:
            raise WrongState(reason="MEDIA_NOT_READY", metadata=metadata)
        claim = self.claims.get(medium_id)
        wanted = request.claim
        if claim is None or (claim.use, claim.post_id) == (wanted.use, wanted.post_id):
            return
        if medium_id in self._confirmed or claim.claim_key != wanted.claim_key:
            raise WrongState(reason="MEDIUM_IN_USE", metadata=metadata)

    def _attached(self, medium_id: int) -> Medium:
        medium = self._media[medium_id]
        medium.use, medium.post_id = self.claims[medium_id].use, self.claims[medium_id].post_id
        return medium


# The methods that the fake does not have.
WITHOUT_OF_MEDIA = frozenset(
    each.name for each in rpc.DESCRIPTOR.services_by_name["MediaService"].methods
) - {"ClaimMedia", "ReleaseMedia"}
