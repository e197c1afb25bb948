"""The caller's mail address, which the Notification service has."""

from typing import Protocol

from roost.notification.v1.delivery_service_pb2 import GetEmailAddressRequest
from roost.notification.v1.delivery_service_pb2_grpc import DeliveryServiceStub

from services.chassis.rpc.clients import Mesh
from services.chassis.runtime.errors import RoostError

# It only makes a rule stricter, so nobody waits long for it.
_SECONDS = 0.5


class MailAddresses(Protocol):
    """Where people get their mail."""

    async def of_caller(self) -> str:
        """The address of the person who makes the running call; empty for none, and where it cannot
        be had in time."""
        ...


class MeshMailAddresses:
    """See `MailAddresses`: over the mesh, with the caller's own token."""

    def __init__(self, mesh: Mesh) -> None:
        self._delivery = mesh.stub(DeliveryServiceStub, timeout=_SECONDS)

    async def of_caller(self) -> str:
        try:
            response = await self._delivery.GetEmailAddress(GetEmailAddressRequest())
        except RoostError:
            return ""
        return response.email.address
