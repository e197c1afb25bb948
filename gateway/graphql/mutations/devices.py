"""The devices that notifications are pushed to, and where the digest goes."""

from typing import Annotated

import strawberry
from roost.notification.v1.delivery_service_pb2 import (
    ConfirmEmailAddressRequest,
    CreatePushSubscriptionRequest,
    DeletePushSubscriptionRequest,
    RemoveEmailAddressRequest,
    SetEmailAddressRequest,
    UnsubscribeRequest,
)
from strawberry.types import Info

from gateway.graphql.context import backends_of, own
from gateway.graphql.ids import number_of
from gateway.graphql.outcomes import (
    DONE,
    Done,
    Key,
    Outcome,
    change,
    checked,
    request_id,
    result,
)
from gateway.graphql.types.devices import Email, PushSubscription
from gateway.rest.resources.requests import (
    EmailCode,
    NewEmail,
    NewPushSubscription,
    UnsubscribeQuery,
)


@strawberry.type
class DeviceChanges:
    """Of Mutation."""

    @change(
        "Have notifications pushed to a device. The same endpoint again replaces its keys and "
        "renews it. The device is forgotten when the session ends."
    )
    async def create_push_subscription(
        self,
        info: Info,
        endpoint: Annotated[str, strawberry.argument(description="https, at a public address.")],
        p256dh: Annotated[
            str,
            strawberry.argument(
                description="The device's public key, base64url without padding (RFC 8291)."
            ),
        ],
        auth: Annotated[
            str,
            strawberry.argument(
                description="The device's secret, base64url without padding (RFC 8291)."
            ),
        ],
        idempotency_key: Key = None,
    ) -> Outcome[PushSubscription]:
        """As REST's."""
        keys = {"p256dh": p256dh, "auth": auth}
        asked = checked(NewPushSubscription, endpoint=endpoint, keys=keys)
        response = await own(info).delivery.CreatePushSubscription(
            CreatePushSubscriptionRequest(
                endpoint=asked.endpoint,
                p256dh=asked.keys.p256dh,
                auth=asked.keys.auth,
                request_id=request_id(idempotency_key),
            )
        )
        return result(PushSubscription(message=response.subscription))

    @change("Push nothing to a device any more.", answers=Done)
    async def delete_push_subscription(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="The id of a device.")],  # noqa: A002
        idempotency_key: Key = None,
    ) -> Done:
        """As REST's."""
        await own(info).delivery.DeletePushSubscription(
            DeletePushSubscriptionRequest(
                subscription_id=number_of("PushSubscription", id, "id"),
                request_id=request_id(idempotency_key),
            )
        )
        return DONE

    @change(
        "Say where one's digest goes. A code of six digits is mailed to the address, which is not "
        "used before it is confirmed; the address before is forgotten."
    )
    async def set_email(
        self,
        info: Info,
        address: Annotated[str, strawberry.argument(description="A mail address.")],
        idempotency_key: Key = None,
    ) -> Outcome[Email]:
        """As REST's."""
        asked = checked(NewEmail, address=address)
        response = await own(info).delivery.SetEmailAddress(
            SetEmailAddressRequest(address=asked.address, request_id=request_id(idempotency_key))
        )
        return result(Email(message=response.email))

    @change("Have one's address forgotten. Repeating it changes nothing.", answers=Done)
    async def remove_email(self, info: Info, idempotency_key: Key = None) -> Done:
        """As REST's."""
        await own(info).delivery.RemoveEmailAddress(
            RemoveEmailAddressRequest(request_id=request_id(idempotency_key))
        )
        return DONE

    @change(
        "Confirm one's address, which turns the digest on. The code is good for an hour; after "
        "five wrong ones another has to be asked for."
    )
    async def confirm_email(
        self,
        info: Info,
        code: Annotated[str, strawberry.argument(description="The six digits.")],
        idempotency_key: Key = None,
    ) -> Outcome[Email]:
        """As REST's."""
        asked = checked(EmailCode, code=code)
        response = await own(info).delivery.ConfirmEmailAddress(
            ConfirmEmailAddressRequest(code=asked.code, request_id=request_id(idempotency_key))
        )
        return result(Email(message=response.email))

    @change("End a digest, by the token in it. Repeating it changes nothing.", answers=Done)
    async def unsubscribe(
        self,
        info: Info,
        token: Annotated[str, strawberry.argument(description="From the link in the digest.")],
    ) -> Done:
        """As REST's."""
        asked = checked(UnsubscribeQuery, token=token)
        await backends_of(info).delivery.Unsubscribe(UnsubscribeRequest(token=asked.token))
        return DONE
