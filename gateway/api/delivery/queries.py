"""The caller's devices that notifications are pushed to."""

from roost.notification.v1.delivery_service_pb2 import (
    ListPushSubscriptionsRequest,
    PushSubscription,
)

from gateway.core.clients import Backends
from services.chassis.runtime.errors import NotFound


class PushSubscriptionNotFound(NotFound):
    """The caller has no such device."""

    reason = "PUSH_SUBSCRIPTION_NOT_FOUND"
    message = "You have no such device."


async def push_subscription(backends: Backends, subscription_id: int) -> PushSubscription:
    """One of the devices that notifications are pushed to. Raises PushSubscriptionNotFound."""
    response = await backends.delivery.ListPushSubscriptions(ListPushSubscriptionsRequest())
    for each in response.subscriptions:
        if each.id == subscription_id:
            return each
    raise PushSubscriptionNotFound
