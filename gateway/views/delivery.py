"""Devices that notifications are pushed to, and the address of the digest, as they are shown."""

from typing import Annotated

from msgspec import Meta, Struct
from roost.notification.v1 import delivery_service_pb2

from gateway.core.ids import Id
from gateway.views import times
from gateway.views.times import Time


class PushKey(Struct, frozen=True, gc=False):
    """The key of those who push."""

    public_key: Annotated[
        str,
        Meta(
            description="A point on P-256 (uncompressed), base64url without padding.",
            examples=[
                "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8"
            ],
        ),
    ]


class PushSubscription(Struct, frozen=True, gc=False):
    """A device that notifications are pushed to."""

    id: Id
    endpoint: Annotated[str, Meta(description="Where its push service takes messages for it.")]
    created_at: Time
    expires_at: Annotated[Time, Meta(description="Forgotten then, unless it is renewed before.")]


class PushSubscriptions(Struct, frozen=True, gc=False):
    """The caller's devices, newest first."""

    items: list[PushSubscription]


class Email(Struct, frozen=True, gc=False):
    """The caller's email address for the digest."""

    address: Annotated[str | None, Meta(description="Null for nowhere.")]
    confirmed: Annotated[bool, Meta(description="Whether it is in use.")]


def push_subscription(message: delivery_service_pb2.PushSubscription) -> PushSubscription:
    """A device that notifications are pushed to."""
    return PushSubscription(
        id=str(message.id),
        endpoint=message.endpoint,
        created_at=times.time(message.create_time),
        expires_at=times.time(message.expire_time),
    )


def email(message: delivery_service_pb2.EmailAddress) -> Email:
    """Where somebody's digest goes."""
    return Email(message.address or None, message.confirmed)
