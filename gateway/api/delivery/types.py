"""Devices that notifications are pushed to, and where the digest goes."""

from typing import ClassVar

import strawberry
from roost.notification.v1 import delivery_service_pb2

from gateway.protocols.graphql.fields import computed, message_field
from gateway.protocols.graphql.nodes import Node
from gateway.protocols.graphql.scalars import DateTime
from gateway.views import times


@strawberry.type(description="A device that notifications are pushed to.")
class PushSubscription(Node):
    """A view of one."""

    kind: ClassVar[str] = "PushSubscription"
    message: strawberry.Private[delivery_service_pb2.PushSubscription]

    def number(self) -> int:
        """The id within its kind."""
        return self.message.id

    endpoint = message_field("endpoint", str, "Where its push service takes messages for it.")

    @computed("When it was added.")
    def created_at(self) -> DateTime:
        return DateTime(times.time(self.message.create_time))

    @computed("Forgotten then, unless it is renewed before.")
    def expires_at(self) -> DateTime:
        return DateTime(times.time(self.message.expire_time))


@strawberry.type(description="The caller's email address for the digest.")
class Email:
    """A view of it."""

    message: strawberry.Private[delivery_service_pb2.EmailAddress]

    confirmed = message_field("confirmed", bool, "Whether it is in use.")

    @computed("Null for nowhere.")
    def address(self) -> str | None:
        return self.message.address or None
