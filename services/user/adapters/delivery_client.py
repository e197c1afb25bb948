"""The DeliveryService of the Notification service, over the mesh."""

from roost.notification.v1.delivery_service_pb2 import GetEmailAddressRequest
from roost.notification.v1.delivery_service_pb2_grpc import DeliveryServiceStub

from services.chassis.rpc.clients import Mesh
from services.chassis.runtime.errors import RoostError

# The address only makes a rule stricter, so a call does not wait long for it.
_SECONDS = 0.5


class MeshEmailAddresses:
    """See `ports.EmailAddresses`: with the caller's own token."""

    def __init__(self, mesh: Mesh) -> None:
        self._delivery = mesh.stub(DeliveryServiceStub, timeout=_SECONDS)

    async def of_caller(self) -> str:
        try:
            response = await self._delivery.GetEmailAddress(GetEmailAddressRequest())
        except RoostError:
            return ""
        return response.email.address
