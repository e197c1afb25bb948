"""The RPCs of media; the promises are in `media_service.proto`."""

from collections.abc import Sequence
from typing import Any

from roost.media.v1 import media_service_pb2 as rpc
from roost.media.v1.media_pb2 import Medium as MediumMessage
from roost.media.v1.media_service_pb2_grpc import MediaServiceServicer

from services.chassis.auth import access_policy, caller
from services.chassis.rpc import commands
from services.chassis.runtime.clock import Clock
from services.media.domain import media
from services.media.domain.errors import MediumNotFound
from services.media.domain.model import Medium
from services.media.domain.ports import PostVisibility, WakeUps
from services.media.domain.store import MediaTransaction, Store
from services.media.domain.visibility import ANONYMOUS, visible
from services.media.rpc.convert import Addresses, to_focal_point, to_medium

# What a wait_ms of 0 stands for.
DEFAULT_WAIT_MS = 10_000


class MediumRpcs(MediaServiceServicer):
    """Reading, waiting for, describing and deleting media."""

    _store: Store
    _posts: PostVisibility
    _wake_ups: WakeUps
    _clock: Clock
    _addresses: Addresses

    @access_policy.anyone
    async def GetMedia(self, request: rpc.GetMediaRequest, context: Any) -> rpc.GetMediaResponse:
        found = await self._visible([request.medium_id])
        if not found:
            raise MediumNotFound
        return rpc.GetMediaResponse(medium=self._message(found[0]))

    @access_policy.anyone
    async def BatchGetMedia(
        self, request: rpc.BatchGetMediaRequest, context: Any
    ) -> rpc.BatchGetMediaResponse:
        found = await self._visible(list(dict.fromkeys(request.medium_ids)))
        return rpc.BatchGetMediaResponse(media=map(self._message, found))

    @access_policy.user
    async def WaitMedia(self, request: rpc.WaitMediaRequest, context: Any) -> rpc.WaitMediaResponse:
        medium = await media.wait(
            self._store,
            caller.user().user_id,
            request.medium_id,
            seconds=(request.wait_ms or DEFAULT_WAIT_MS) / 1_000,
            wake_ups=self._wake_ups,
        )
        return rpc.WaitMediaResponse(medium=self._message(medium))

    @access_policy.user
    async def UpdateMedia(
        self, request: rpc.UpdateMediaRequest, context: Any
    ) -> rpc.UpdateMediaResponse:
        owner_id = caller.user().user_id
        changes = media.checked_changes(
            request.update_mask.paths,
            alt_text=request.medium.alt_text,
            focal_point=to_focal_point(request.medium),
        )

        async def effect(transaction: MediaTransaction) -> rpc.UpdateMediaResponse:
            medium = await media.update(
                transaction, owner_id, request.medium.id, changes, etag=request.etag
            )
            return rpc.UpdateMediaResponse(medium=self._message(medium))

        return await commands.run_once(
            self._store.transaction, request, rpc.UpdateMediaResponse, effect, caller_id=owner_id
        )

    @access_policy.user
    async def DeleteMedia(
        self, request: rpc.DeleteMediaRequest, context: Any
    ) -> rpc.DeleteMediaResponse:
        owner_id = caller.user().user_id

        async def effect(transaction: MediaTransaction) -> rpc.DeleteMediaResponse:
            await media.delete(transaction, owner_id, request.medium_id, clock=self._clock)
            return rpc.DeleteMediaResponse()

        return await commands.run_once(
            self._store.transaction, request, rpc.DeleteMediaResponse, effect, caller_id=owner_id
        )

    async def _visible(self, medium_ids: Sequence[int]) -> list[Medium]:
        found = await self._store.media(medium_ids)
        return await visible(
            [found[each] for each in medium_ids if each in found],
            caller.viewer_id() or ANONYMOUS,
            posts=self._posts,
        )

    def _message(self, medium: Medium) -> MediumMessage:
        return to_medium(medium, self._addresses)
