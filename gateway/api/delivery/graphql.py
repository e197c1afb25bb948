"""The devices that notifications are pushed to, and where the digest goes."""

from typing import Annotated

import strawberry
from roost.notification.v1.delivery_service_pb2 import (
    ConfirmEmailAddressRequest,
    CreatePushSubscriptionRequest,
    GetEmailAddressRequest,
    GetPushKeyRequest,
    ListPushSubscriptionsRequest,
    RemoveEmailAddressRequest,
    SetEmailAddressRequest,
    UnsubscribeRequest,
)
from strawberry.types import Info

from gateway.api.delivery import acts
from gateway.api.delivery import queries as reading
from gateway.api.delivery.requests import EmailCode, NewEmail, NewPushSubscription, UnsubscribeQuery
from gateway.api.delivery.types import Email, PushSubscription
from gateway.protocols.acts import mutation
from gateway.protocols.graphql.context import backends_of, own
from gateway.protocols.graphql.fields import resolved
from gateway.protocols.graphql.global_ids import number_of
from gateway.protocols.graphql.mutation_results import (
    DONE,
    Done,
    Key,
    Outcome,
    change,
    request_id,
    result,
    validated,
)


@strawberry.type
class DeliveryQueries:
    """Fields of Query about devices and the digest."""

    @resolved(
        "The devices that the caller's notifications are pushed to, newest first: at most 20."
    )
    async def push_subscriptions(self, info: Info) -> list[PushSubscription]:
        response = await own(info).delivery.ListPushSubscriptions(ListPushSubscriptionsRequest())
        return [PushSubscription(message=each) for each in response.subscriptions]

    @resolved(
        "One of the caller's devices. Refused with PUSH_SUBSCRIPTION_NOT_FOUND where there is none."
    )
    async def push_subscription(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="The id of a device.")],  # noqa: A002
    ) -> PushSubscription:
        number = number_of("PushSubscription", id, "id")
        return PushSubscription(message=await reading.push_subscription(own(info), number))

    @resolved("The key that devices subscribe with (RFC 8292): base64url without padding.")
    async def push_key(self, info: Info) -> str:
        return (await backends_of(info).delivery.GetPushKey(GetPushKeyRequest())).public_key

    @resolved("The caller's email address for the digest.")
    async def email(self, info: Info) -> Email:
        response = await own(info).delivery.GetEmailAddress(GetEmailAddressRequest())
        return Email(message=response.email)


@strawberry.type
class DeliveryMutations:
    """Fields of Mutation about devices and the digest."""

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
        keys = {"p256dh": p256dh, "auth": auth}
        asked = validated(NewPushSubscription, endpoint=endpoint, keys=keys)
        response = await own(info).delivery.CreatePushSubscription(
            CreatePushSubscriptionRequest(
                endpoint=asked.endpoint,
                p256dh=asked.keys.p256dh,
                auth=asked.keys.auth,
                request_id=request_id(idempotency_key),
            )
        )
        return result(PushSubscription(message=response.subscription))

    delete_push_subscription = mutation(acts.DELETE_PUSH_SUBSCRIPTION)

    @change(
        "Set the caller's email address for the digest. A code of six digits is mailed "
        "to the address, which is not "
        "used before it is confirmed; the address before is forgotten."
    )
    async def set_email(
        self,
        info: Info,
        address: Annotated[str, strawberry.argument(description="A mail address.")],
        idempotency_key: Key = None,
    ) -> Outcome[Email]:
        asked = validated(NewEmail, address=address)
        response = await own(info).delivery.SetEmailAddress(
            SetEmailAddressRequest(address=asked.address, request_id=request_id(idempotency_key))
        )
        return result(Email(message=response.email))

    @change("Remove the caller's email address. Repeating it changes nothing.", answers=Done)
    async def remove_email(self, info: Info, idempotency_key: Key = None) -> Done:
        await own(info).delivery.RemoveEmailAddress(
            RemoveEmailAddressRequest(request_id=request_id(idempotency_key))
        )
        return DONE

    @change(
        "Confirm the caller's email address, which turns the digest on. The code is good "
        "for an hour; after "
        "five wrong ones another has to be asked for."
    )
    async def confirm_email(
        self,
        info: Info,
        code: Annotated[str, strawberry.argument(description="The six digits.")],
        idempotency_key: Key = None,
    ) -> Outcome[Email]:
        asked = validated(EmailCode, code=code)
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
        asked = validated(UnsubscribeQuery, token=token)
        await backends_of(info).delivery.Unsubscribe(UnsubscribeRequest(token=asked.token))
        return DONE
