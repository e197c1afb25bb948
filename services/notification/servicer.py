"""NotificationService over gRPC: who calls, what is asked, and how it is answered."""

import grpc.aio
from google.protobuf.message import Message
from roost.notification.v1.notification_service_pb2 import (
    GetReadMarkerRequest,
    GetReadMarkerResponse,
    MarkReadRequest,
    MarkReadResponse,
)
from roost.notification.v1.notification_service_pb2_grpc import NotificationServiceServicer

from services.chassis import access, caller
from services.chassis.clock import Clock
from services.chassis.idempotency import RequestKey, once
from services.notification import reading
from services.notification.convert import timestamp
from services.notification.store import NotificationStore, NotificationTransaction

Context = grpc.aio.ServicerContext[Message, Message]


class NotificationServicer(NotificationServiceServicer):
    """See protos/roost/notification/v1/notification_service.proto for what each RPC promises."""

    def __init__(self, *, store: NotificationStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    @access.user
    async def GetReadMarker(
        self, request: GetReadMarkerRequest, context: Context
    ) -> GetReadMarkerResponse:
        """Up to where the caller has read."""
        marker = await self._store.marker(caller.user().user_id)
        if marker is None:
            return GetReadMarkerResponse()
        return GetReadMarkerResponse(
            last_read_id=marker.last_read_id, update_time=timestamp(marker.update_time)
        )

    @access.user
    async def MarkRead(self, request: MarkReadRequest, context: Context) -> MarkReadResponse:
        """Moves the caller's marker, forward only."""
        user_id = caller.user().user_id

        async def mark(transaction: NotificationTransaction) -> MarkReadResponse:
            marker = await reading.mark_read(
                transaction, user_id, request.last_read_id, clock=self._clock
            )
            return MarkReadResponse(
                last_read_id=marker.last_read_id, update_time=timestamp(marker.update_time)
            )

        key = RequestKey.of(request, caller_id=str(user_id), method="MarkRead")
        return await once(self._store.transaction, key, MarkReadResponse, mark)
