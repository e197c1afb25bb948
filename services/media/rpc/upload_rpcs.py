"""The RPCs of uploads; the promises are in `media_service.proto`."""

from typing import Any

from roost.media.v1 import media_service_pb2 as rpc
from roost.media.v1.media_service_pb2_grpc import MediaServiceServicer

from services.chassis.auth import access_policy, caller
from services.chassis.rpc import commands
from services.chassis.runtime.clock import Clock
from services.chassis.text.kinds import ALT_TEXT
from services.media.domain import uploads
from services.media.domain.errors import UploadExpired, UploadNotFound
from services.media.domain.limits import MAX_DAY_BYTES, MAX_DAY_UPLOADS, UNATTACHED
from services.media.domain.store import MediaTransaction, Store
from services.media.domain.uploads import Uploads
from services.media.rpc.convert import Addresses, to_limits, to_medium, to_timestamp, to_upload


class UploadRpcs(MediaServiceServicer):
    """How uploads begin, resume, complete and end, and how much a user may upload."""

    _store: Store
    _uploads: Uploads
    _clock: Clock
    _addresses: Addresses

    @access_policy.user
    async def StartUpload(
        self, request: rpc.StartUploadRequest, context: Any
    ) -> rpc.StartUploadResponse:
        owner_id = caller.user().user_id
        wanted = uploads.draft(request.content_type, request.size_bytes, request.alt_text)

        async def effect(transaction: MediaTransaction) -> rpc.StartUploadResponse:
            medium_id = await self._uploads.start(transaction, owner_id, wanted)
            return rpc.StartUploadResponse(medium_id=medium_id)

        # Stored for a repetition is the id alone: the addresses would expire.
        response = await commands.run_once(
            self._store.transaction, request, rpc.StartUploadResponse, effect, caller_id=owner_id
        )
        try:
            opened = await self._uploads.open(owner_id, response.medium_id)
        except (UploadNotFound, UploadExpired):
            # A repetition after the upload has ended.
            return response
        response.upload.CopyFrom(to_upload(*opened))
        response.parts.extend(response.upload.parts)
        response.expire_time.CopyFrom(response.upload.address_expire_time)
        return response

    @access_policy.user
    async def GetUpload(self, request: rpc.GetUploadRequest, context: Any) -> rpc.GetUploadResponse:
        opened = await self._uploads.open(caller.user().user_id, request.medium_id)
        return rpc.GetUploadResponse(upload=to_upload(*opened))

    @access_policy.user
    async def CompleteUpload(
        self, request: rpc.CompleteUploadRequest, context: Any
    ) -> rpc.CompleteUploadResponse:
        # Idempotent without a key, and the medium is returned as it is now.
        medium = await self._uploads.complete(
            caller.user().user_id, request.medium_id, request.part_etags
        )
        return rpc.CompleteUploadResponse(medium=to_medium(medium, self._addresses))

    @access_policy.user
    async def AbortUpload(
        self, request: rpc.AbortUploadRequest, context: Any
    ) -> rpc.AbortUploadResponse:
        owner_id = caller.user().user_id

        async def effect(transaction: MediaTransaction) -> rpc.AbortUploadResponse:
            await self._uploads.abort(transaction, owner_id, request.medium_id)
            return rpc.AbortUploadResponse()

        return await commands.run_once(
            self._store.transaction, request, rpc.AbortUploadResponse, effect, caller_id=owner_id
        )

    @access_policy.user
    async def GetUsage(self, request: rpc.GetUsageRequest, context: Any) -> rpc.GetUsageResponse:
        owner_id, now = caller.user().user_id, self._clock.now()
        usage = await self._store.usage(owner_id, uploads.day_of(now))
        return rpc.GetUsageResponse(
            day_bytes=usage.bytes,
            day_uploads=usage.uploads,
            max_day_bytes=MAX_DAY_BYTES,
            max_day_uploads=MAX_DAY_UPLOADS,
            reset_time=to_timestamp(uploads.reset_time(now)),
            stored_bytes=await self._store.stored_bytes(owner_id),
        )

    @access_policy.anyone
    async def GetLimits(self, request: rpc.GetLimitsRequest, context: Any) -> rpc.GetLimitsResponse:
        return rpc.GetLimitsResponse(
            kinds=to_limits(),
            max_alt_text_characters=ALT_TEXT.max_characters,
            max_day_bytes=MAX_DAY_BYTES,
            max_day_uploads=MAX_DAY_UPLOADS,
            unattached_seconds=int(UNATTACHED.total_seconds()),
        )
