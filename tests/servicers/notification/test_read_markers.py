"""The read marker over gRPC."""

from datetime import UTC

from roost.notification.v1.notification_service_pb2 import (
    CountUnreadRequest,
    GetReadMarkerRequest,
    MarkReadRequest,
)

from services.chassis.runtime.errors import Invalid, RuleBroken
from services.chassis.runtime.ids import MAX_ID
from tests.servicers.grpc_server import raises_reason
from tests.servicers.notification.conftest import NotificationStack
from tests.stores.notification.scenario import ALICE, BOB, liked


async def two_likes(stack: NotificationStack) -> tuple[int, int]:
    """The ids of two notifications of Alice, newest first."""
    await stack.scenario.handle(*(liked(BOB, stack.scenario.post(ALICE)) for _ in range(2)))
    newer, older = await stack.scenario.groups(ALICE)
    return newer.id, older.id


async def test_a_marker_moves_forward_and_is_ones_own(stack: NotificationStack) -> None:
    alice, bob = stack.of(ALICE), stack.of(BOB)
    newer, older = await two_likes(stack)
    unset = await alice.GetReadMarker(GetReadMarkerRequest())

    moved = await alice.MarkRead(MarkReadRequest(last_read_id=newer))
    stack.clock.advance(60)
    back = await alice.MarkRead(MarkReadRequest(last_read_id=older))

    assert (unset.last_read_id, unset.HasField("update_time")) == (0, False)
    assert moved.last_read_id == back.last_read_id == newer
    assert moved.update_time == back.update_time
    assert moved.update_time.ToDatetime(UTC) < stack.clock.now()
    assert (await alice.GetReadMarker(GetReadMarkerRequest())).last_read_id == newer
    assert (await bob.GetReadMarker(GetReadMarkerRequest())).last_read_id == 0


async def test_a_repeated_request_gets_its_first_answer(stack: NotificationStack) -> None:
    alice = stack.of(ALICE)
    newer, older = await two_likes(stack)
    first = await alice.MarkRead(MarkReadRequest(last_read_id=older, request_id="once"))
    await alice.MarkRead(MarkReadRequest(last_read_id=newer))

    again = await alice.MarkRead(MarkReadRequest(last_read_id=older, request_id="once"))

    assert again == first
    with raises_reason(RuleBroken, "IDEMPOTENCY_KEY_REUSED"):
        await alice.MarkRead(MarkReadRequest(last_read_id=newer, request_id="once"))


async def test_a_marker_stops_at_the_newest_notification(stack: NotificationStack) -> None:
    alice = stack.of(ALICE)
    nothing = await alice.MarkRead(MarkReadRequest(last_read_id=MAX_ID))
    newer, _ = await two_likes(stack)

    moved = await alice.MarkRead(MarkReadRequest(last_read_id=MAX_ID))
    await stack.scenario.handle(liked(BOB, stack.scenario.post(ALICE)))

    assert (nothing.last_read_id, nothing.HasField("update_time")) == (0, False)
    assert moved.last_read_id == newer
    assert (await alice.CountUnread(CountUnreadRequest())).count == 1


async def test_a_marker_is_at_a_notification(stack: NotificationStack) -> None:
    with raises_reason(Invalid, "VALIDATION_FAILED"):
        await stack.of(ALICE).MarkRead(MarkReadRequest(last_read_id=0))
