"""Converts between the messages of DeliveryService and the model."""

from datetime import datetime

from google.protobuf.timestamp_pb2 import Timestamp
from roost.notification.v1 import delivery_service_pb2 as pb

from services.delivery.domain.model import MailAddress, PushSubscription


def subscription(device: PushSubscription) -> pb.PushSubscription:
    """A device as its owner sees it: without its secret."""
    return pb.PushSubscription(
        id=device.id,
        endpoint=device.endpoint,
        create_time=_timestamp(device.create_time),
        expire_time=_timestamp(device.expire_time),
    )


def email(address: MailAddress | None) -> pb.EmailAddress:
    """An address; an empty message for None."""
    if address is None:
        return pb.EmailAddress()
    return pb.EmailAddress(address=address.address, confirmed=address.confirmed)


def _timestamp(moment: datetime) -> Timestamp:
    stamp = Timestamp()
    stamp.FromDatetime(moment)
    return stamp
