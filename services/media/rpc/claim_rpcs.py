"""The RPCs of claims, for other services; the promises are in `media_service.proto`."""

from typing import Any

from roost.media.v1 import media_service_pb2 as rpc
from roost.media.v1.media_service_pb2_grpc import MediaServiceServicer

from services.chassis.auth import access_policy
from services.chassis.runtime.clock import Clock
from services.chassis.storage.transaction import in_transaction
from services.media.domain import claims
from services.media.domain.model import Claim
from services.media.domain.store import MediaTransaction, Store
from services.media.rpc.convert import from_use, to_medium


class ClaimRpcs(MediaServiceServicer):
    """Attaching media to posts and profiles."""

    _store: Store
    _clock: Clock

    @access_policy.service("post", "user")
    async def ClaimMedia(
        self, request: rpc.ClaimMediaRequest, context: Any
    ) -> rpc.ClaimMediaResponse:
        wanted = Claim(
            from_use(request.claim.use),
            request.claim.post_id,
            request.claim.claim_key,
            self._clock.now(),
        )

        async def effect(transaction: MediaTransaction) -> rpc.ClaimMediaResponse:
            claimed = await claims.claim(transaction, request.owner_id, request.medium_ids, wanted)
            return rpc.ClaimMediaResponse(media=map(to_medium, claimed))

        return await in_transaction(self._store.transaction, effect)

    @access_policy.service("post", "user")
    async def ReleaseMedia(
        self, request: rpc.ReleaseMediaRequest, context: Any
    ) -> rpc.ReleaseMediaResponse:
        async def effect(transaction: MediaTransaction) -> rpc.ReleaseMediaResponse:
            await claims.release_provisional(
                transaction,
                request.owner_id,
                request.medium_ids,
                request.claim.claim_key,
                self._clock.now(),
            )
            return rpc.ReleaseMediaResponse()

        return await in_transaction(self._store.transaction, effect)
