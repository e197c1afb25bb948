"""Devices that receive push messages."""

from __future__ import annotations

from datetime import UTC, timedelta

import pytest
from roost.notification.v1 import delivery_service_pb2 as pb

from services.chassis.runtime.errors import (
    Invalid,
    NotFound,
    RuleBroken,
    Unauthenticated,
    WrongState,
)
from services.delivery.domain.subscriptions import MAX_SUBSCRIPTIONS, SUBSCRIPTION_LIFETIME
from tests.push import Browser, b64, unb64
from tests.servicers.delivery.conftest import ALICE, BOB, NotificationStack, device
from tests.servicers.grpc_server import raises_reason


async def endpoints(stack: NotificationStack, user_id: int = ALICE) -> list[str]:
    response = await stack.of(user_id).ListPushSubscriptions(pb.ListPushSubscriptionsRequest())
    return [each.endpoint for each in response.subscriptions]


async def test_a_stranger_reads_the_key(stack: NotificationStack) -> None:
    response = await stack.stub().GetPushKey(pb.GetPushKeyRequest())

    point = unb64(response.public_key)
    assert (len(point), point[0]) == (65, 4)


async def test_a_device_is_registered_and_listed(stack: NotificationStack) -> None:
    made = await stack.of(ALICE).CreatePushSubscription(device(1))
    await stack.of(ALICE).CreatePushSubscription(device(2))

    assert await endpoints(stack) == ["https://push.example/2", "https://push.example/1"]
    assert await endpoints(stack, BOB) == []
    subscription = made.subscription
    assert subscription.create_time.ToDatetime(UTC) == stack.clock.now()
    assert subscription.expire_time.ToDatetime(UTC) == stack.clock.now() + SUBSCRIPTION_LIFETIME


async def test_the_same_endpoint_again_renews_the_device(stack: NotificationStack) -> None:
    first = (await stack.of(ALICE).CreatePushSubscription(device(1))).subscription
    stack.clock.advance(timedelta(days=30))
    renewed = Browser()

    second = (
        await stack.of(ALICE, session_id=2).CreatePushSubscription(
            device(1, p256dh=renewed.p256dh, auth=renewed.auth)
        )
    ).subscription

    assert (second.id, second.create_time) == (first.id, first.create_time)
    assert second.expire_time.ToDatetime(UTC) == stack.clock.now() + SUBSCRIPTION_LIFETIME
    (kept,) = await stack.deliveries.subscriptions(ALICE, stack.clock.now())
    assert (kept.key, kept.secret, kept.session_id) == (renewed.key, renewed.secret, 2)


async def test_a_device_that_is_not_renewed_lapses(stack: NotificationStack) -> None:
    await stack.of(ALICE).CreatePushSubscription(device(1))

    stack.clock.advance(SUBSCRIPTION_LIFETIME)

    assert await endpoints(stack) == []


async def test_two_people_may_share_a_browser(stack: NotificationStack) -> None:
    await stack.of(ALICE).CreatePushSubscription(device(1))
    await stack.of(BOB).CreatePushSubscription(device(1))

    assert await endpoints(stack, ALICE) == await endpoints(stack, BOB)


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://push.example/1",
        "https://10.0.0.1/1",
        "https://[fec0::1]/1",
        "https://192.0.0.8/1",
        "https://push.example:8443/1",
        "https://alice:secret@push.example/1",
        "https://b\u00fccher.example/1",
        "https://intranet/1",
        "nowhere",
    ],
)
async def test_an_endpoint_inside_is_refused(stack: NotificationStack, endpoint: str) -> None:
    with raises_reason(RuleBroken, "PUSH_ENDPOINT_REFUSED"):
        await stack.of(ALICE).CreatePushSubscription(device(1, endpoint=endpoint))


async def test_a_key_that_is_none_is_refused(stack: NotificationStack) -> None:
    with raises_reason(Invalid, "VALIDATION_FAILED") as refused:
        await stack.of(ALICE).CreatePushSubscription(device(1, p256dh="A" * 87))

    assert [each.field for each in refused.value.violations] == ["p256dh"]


@pytest.mark.parametrize(
    "point", [b"\x04" + b"\0" * 64, b"\x04" + b"\xff" * 64, b"\x06" + b"\1" * 64, b"\0" * 65]
)
async def test_a_key_that_is_no_point_of_the_curve_is_refused(
    stack: NotificationStack, point: bytes
) -> None:
    with raises_reason(Invalid, "VALIDATION_FAILED") as refused:
        await stack.of(ALICE).CreatePushSubscription(device(1, p256dh=b64(point)))

    assert [(each.field, each.rule) for each in refused.value.violations] == [("p256dh", "key")]
    assert await endpoints(stack) == []


async def test_a_device_that_is_renewed_stays_paused(stack: NotificationStack) -> None:
    await stack.of(ALICE).CreatePushSubscription(device(1))
    now = stack.clock.now()
    until = now + timedelta(hours=1)
    (silent,) = await stack.deliveries.subscriptions(ALICE, now)
    await stack.deliveries.note_timeouts(silent, 9, pause_until=until, now=now)

    await stack.of(ALICE).CreatePushSubscription(device(1))

    (kept,) = await stack.deliveries.subscriptions(ALICE, now)
    assert (kept.timeouts, kept.pause_until) == (9, until)


async def test_nobody_has_more_devices_than_twenty(stack: NotificationStack) -> None:
    for number in range(MAX_SUBSCRIPTIONS):
        await stack.of(ALICE).CreatePushSubscription(device(number))

    with raises_reason(WrongState, "TOO_MANY_PUSH_SUBSCRIPTIONS"):
        await stack.of(ALICE).CreatePushSubscription(device(MAX_SUBSCRIPTIONS))
    await stack.of(ALICE).CreatePushSubscription(device(0))

    assert len(await endpoints(stack)) == MAX_SUBSCRIPTIONS


async def test_a_device_is_forgotten(stack: NotificationStack) -> None:
    made = await stack.of(ALICE).CreatePushSubscription(device(1))
    request = pb.DeletePushSubscriptionRequest(subscription_id=made.subscription.id)

    with raises_reason(NotFound, "PUSH_SUBSCRIPTION_NOT_FOUND"):
        await stack.of(BOB).DeletePushSubscription(request)
    await stack.of(ALICE).DeletePushSubscription(request)

    assert await endpoints(stack) == []
    with raises_reason(NotFound, "PUSH_SUBSCRIPTION_NOT_FOUND"):
        await stack.of(ALICE).DeletePushSubscription(request)


async def test_a_session_that_just_ended_registers_nothing(stack: NotificationStack) -> None:
    async with stack.store.transaction() as transaction:
        await transaction.end_session(ALICE, 1, stack.clock.now())

    with raises_reason(Unauthenticated, "SESSION_REVOKED"):
        await stack.of(ALICE, session_id=1).CreatePushSubscription(device(1))
    await stack.of(ALICE, session_id=2).CreatePushSubscription(device(2))

    assert await endpoints(stack) == ["https://push.example/2"]


async def test_a_repeated_request_gives_the_same_answer(stack: NotificationStack) -> None:
    request = device(1, request_id="r1")
    first = await stack.of(ALICE).CreatePushSubscription(request)
    stack.clock.advance(1)
    delete = pb.DeletePushSubscriptionRequest(
        subscription_id=first.subscription.id, request_id="r2"
    )

    assert await stack.of(ALICE).CreatePushSubscription(request) == first
    await stack.of(ALICE).DeletePushSubscription(delete)
    await stack.of(ALICE).DeletePushSubscription(delete)


async def test_the_record_of_a_request_shows_no_endpoint(stack: NotificationStack) -> None:
    await stack.of(ALICE).CreatePushSubscription(device(1, request_id="r1"))

    ((_, response),) = stack.store.database.tables.requests.values()

    assert b"push.example" not in response
