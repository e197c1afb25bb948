"""Between the messages of DeliveryService and what the operations work with."""

from roost.notification.v1 import delivery_service_pb2 as pb

from services.delivery.domain.model import MailAddress, PushSubscription
from services.notification.rpc.convert import timestamp


def subscription(device: PushSubscription) -> pb.PushSubscription:
    """A device, as its owner sees it: without its secret."""
    return pb.PushSubscription(
        id=device.id,
        endpoint=device.endpoint,
        create_time=timestamp(device.create_time),
        expire_time=timestamp(device.expire_time),
    )


def email(address: MailAddress | None) -> pb.EmailAddress:
    """An address; an empty one for none."""
    if address is None:
        return pb.EmailAddress()
    return pb.EmailAddress(address=address.address, confirmed=address.confirmed)
