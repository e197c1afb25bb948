"""The caller's own devices: where they are signed in, and what notifications are pushed to."""

from collections.abc import AsyncIterator

from roost.notification.v1.delivery_service_pb2 import (
    ListPushSubscriptionsRequest,
    PushSubscription,
)
from roost.user.v1.auth_service_pb2 import ListSessionsRequest
from roost.user.v1.user_pb2 import Session

from gateway.backends import Backends
from services.chassis.runtime.errors import NotFound

_MOST_AT_ONCE = 100


class SessionNotFound(NotFound):
    """The caller has no such session."""

    reason = "SESSION_NOT_FOUND"
    message = "You have no such session."


class PushSubscriptionNotFound(NotFound):
    """The caller has no such device."""

    reason = "PUSH_SUBSCRIPTION_NOT_FOUND"
    message = "You have no such device."


async def session(backends: Backends, session_id: int) -> Session:
    """One of the caller's sessions. Raises SessionNotFound."""
    async for each in active_sessions(backends):
        if each.id == session_id:
            return each
    raise SessionNotFound


async def push_subscription(backends: Backends, subscription_id: int) -> PushSubscription:
    """One of the devices that notifications are pushed to. Raises PushSubscriptionNotFound."""
    response = await backends.delivery.ListPushSubscriptions(ListPushSubscriptionsRequest())
    for each in response.subscriptions:
        if each.id == subscription_id:
            return each
    raise PushSubscriptionNotFound


async def active_sessions(backends: Backends) -> AsyncIterator[Session]:
    """All of the caller's sessions, newest first."""
    token = ""
    while True:
        response = await backends.auth.ListSessions(
            ListSessionsRequest(page_size=_MOST_AT_ONCE, page_token=token)
        )
        for each in response.sessions:
            yield each
        token = response.next_page_token
        if not token:
            return
