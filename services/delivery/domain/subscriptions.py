"""Devices that receive push messages: registered, renewed, and deleted with their session."""

from dataclasses import dataclass
from datetime import timedelta

from services.chassis.auth.caller import UserCaller
from services.chassis.auth.tokens import SessionRevoked
from services.chassis.runtime.clock import Clock
from services.chassis.runtime.ids import IdGenerator, bucket_of
from services.delivery.domain.encryption import read_public_key
from services.delivery.domain.endpoints import EndpointRule
from services.delivery.domain.errors import (
    PushKeyInvalid,
    PushSubscriptionNotFound,
    TooManyPushSubscriptions,
)
from services.delivery.domain.model import PushSubscription
from services.delivery.domain.store import DeliveryTransaction
from services.delivery.domain.vapid import decode

# A user's browsers and apps; each costs one message for every notification.
MAX_SUBSCRIPTIONS = 20
# The lifetime of an unused session: its expiry has no event. Clients register again when they
# start, which renews the subscription.
SUBSCRIPTION_LIFETIME = timedelta(days=60)


@dataclass(frozen=True, slots=True)
class Device:
    """The validated subscription of a browser."""

    endpoint: str
    key: bytes
    secret: bytes


def read_device(rule: EndpointRule, *, endpoint: str, p256dh: str, auth: str) -> Device:
    """The device. Raises PushEndpointRefused or PushKeyInvalid."""
    rule.check(endpoint)
    key, secret = decode(p256dh), decode(auth)
    try:
        read_public_key(key)
    except ValueError:
        raise PushKeyInvalid from None
    return Device(endpoint, key, secret)


async def subscribe(
    transaction: DeliveryTransaction,
    me: UserCaller,
    device: Device,
    *,
    clock: Clock,
    ids: IdGenerator,
) -> PushSubscription:
    """Registers the device for the caller's session; one of the same endpoint is renewed.

    Raises SessionRevoked or TooManyPushSubscriptions.
    """
    await transaction.lock_recipients([me.user_id])
    if await transaction.session_ended(me.user_id, me.session_id):
        raise SessionRevoked
    now = clock.now()
    mine = await transaction.subscriptions_of(me.user_id)
    before = next((each for each in mine if each.endpoint == device.endpoint), None)
    live = [each for each in mine if each.expire_time > now and each is not before]
    if len(live) >= MAX_SUBSCRIPTIONS:
        raise TooManyPushSubscriptions
    subscription = PushSubscription(
        id=before.id if before else await ids.make(bucket_of(me.user_id)),
        user_id=me.user_id,
        session_id=me.session_id,
        endpoint=device.endpoint,
        key=device.key,
        secret=device.secret,
        create_time=before.create_time if before else now,
        expire_time=now + SUBSCRIPTION_LIFETIME,
        # Renewing a device does not end its pause.
        timeouts=before.timeouts if before else 0,
        pause_until=before.pause_until if before else None,
    )
    await transaction.save_subscription(subscription)
    return subscription


async def unsubscribe(
    transaction: DeliveryTransaction, me: UserCaller, subscription_id: int
) -> None:
    """Deletes one of the caller's devices. Raises PushSubscriptionNotFound."""
    await transaction.lock_recipients([me.user_id])
    if not await transaction.remove_subscription(me.user_id, subscription_id):
        raise PushSubscriptionNotFound
