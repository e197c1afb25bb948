"""Removing a device that notifications are pushed to, as an act."""

from typing import Annotated

import strawberry
from roost.notification.v1.delivery_service_pb2 import DeletePushSubscriptionRequest

from gateway.protocols.acts import Act, Target

_PUSH_SUBSCRIPTION = Target(
    kind="PushSubscription",
    argument="id",
    type=Annotated[strawberry.ID, strawberry.argument(description="The id of a device.")],
)

DELETE_PUSH_SUBSCRIPTION = Act(
    name="delete_push_subscription",
    method="DELETE",
    path="/push/subscriptions/{subscription_id}",
    summary="Push nothing to a device any more.",
    reasons=("PUSH_SUBSCRIPTION_NOT_FOUND",),
    service="delivery",
    request=DeletePushSubscriptionRequest,
    target=_PUSH_SUBSCRIPTION,
)
