"""One's own devices, and where one's digest goes."""

from typing import Annotated

import strawberry
from roost.notification.v1.delivery_service_pb2 import (
    GetEmailAddressRequest,
    GetPushKeyRequest,
    ListPushSubscriptionsRequest,
)
from roost.user.v1.auth_service_pb2 import ListSessionsRequest
from strawberry.types import Info

from gateway.graphql.context import backends_of, own
from gateway.graphql.fields import loaded
from gateway.graphql.ids import number_of
from gateway.graphql.types.connections import DEFAULT_FIRST, After, Connection, First, place
from gateway.graphql.types.devices import Email, PushSubscription, Session
from gateway.reading import devices as reading


@strawberry.type
class DeviceQueries:
    """Of Query."""

    @loaded("One's sessions, newest first.")
    async def sessions(
        self, info: Info, first: First = DEFAULT_FIRST, after: After = None
    ) -> Connection[Session]:
        """As REST's."""
        wanted = place(first, after)
        response = await own(info).auth.ListSessions(
            ListSessionsRequest(page_size=wanted.size, page_token=wanted.token)
        )
        return Connection(
            items=[Session(message=each) for each in response.sessions],
            next_token=response.next_page_token,
            token=wanted.token,
        )

    @loaded("One of one's sessions. Refused with SESSION_NOT_FOUND where there is none.")
    async def session(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="The id of a session.")],  # noqa: A002
    ) -> Session:
        """As REST's."""
        number = number_of("Session", id, "id")
        return Session(message=await reading.session(own(info), number))

    @loaded("The devices that one's notifications are pushed to, newest first: at most 20.")
    async def push_subscriptions(self, info: Info) -> list[PushSubscription]:
        """As REST's."""
        response = await own(info).delivery.ListPushSubscriptions(ListPushSubscriptionsRequest())
        return [PushSubscription(message=each) for each in response.subscriptions]

    @loaded("One of one's devices. Refused with PUSH_SUBSCRIPTION_NOT_FOUND where there is none.")
    async def push_subscription(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="The id of a device.")],  # noqa: A002
    ) -> PushSubscription:
        """As REST's."""
        number = number_of("PushSubscription", id, "id")
        return PushSubscription(message=await reading.push_subscription(own(info), number))

    @loaded("The key that devices subscribe with (RFC 8292): base64url without padding.")
    async def push_key(self, info: Info) -> str:
        """As REST's."""
        return (await backends_of(info).delivery.GetPushKey(GetPushKeyRequest())).public_key

    @loaded("Where one's digest goes.")
    async def email(self, info: Info) -> Email:
        """As REST's."""
        response = await own(info).delivery.GetEmailAddress(GetEmailAddressRequest())
        return Email(message=response.email)
