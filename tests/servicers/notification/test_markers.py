"""The read marker over gRPC."""

from datetime import UTC

from roost.notification.v1.notification_service_pb2 import GetReadMarkerRequest, MarkReadRequest

from services.chassis.errors import Invalid, RuleBroken
from tests.servicers.notification.conftest import House
from tests.servicers.serving import raises_reason

ALICE, BOB = 5, 6


async def test_a_marker_moves_forward_and_is_ones_own(house: House) -> None:
    alice, bob = house.of(ALICE), house.of(BOB)
    unset = await alice.GetReadMarker(GetReadMarkerRequest())

    moved = await alice.MarkRead(MarkReadRequest(last_read_id=10))
    house.clock.advance(60)
    back = await alice.MarkRead(MarkReadRequest(last_read_id=9))

    assert (unset.last_read_id, unset.HasField("update_time")) == (0, False)
    assert moved.last_read_id == back.last_read_id == 10
    assert moved.update_time == back.update_time
    assert moved.update_time.ToDatetime(UTC) < house.clock.now()
    assert (await alice.GetReadMarker(GetReadMarkerRequest())).last_read_id == 10
    assert (await bob.GetReadMarker(GetReadMarkerRequest())).last_read_id == 0


async def test_a_repeated_request_gets_its_first_answer(house: House) -> None:
    alice = house.of(ALICE)
    first = await alice.MarkRead(MarkReadRequest(last_read_id=10, request_id="once"))
    await alice.MarkRead(MarkReadRequest(last_read_id=20))

    again = await alice.MarkRead(MarkReadRequest(last_read_id=10, request_id="once"))

    assert again == first
    with raises_reason(RuleBroken, "IDEMPOTENCY_KEY_REUSED"):
        await alice.MarkRead(MarkReadRequest(last_read_id=11, request_id="once"))


async def test_a_marker_stands_at_a_notification(house: House) -> None:
    with raises_reason(Invalid, "VALIDATION_FAILED"):
        await house.of(ALICE).MarkRead(MarkReadRequest(last_read_id=0))
