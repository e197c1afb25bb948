"""Events go to the handler of their type, one at a time or as a batch."""

from __future__ import annotations

import pytest
from google.protobuf.message import Message
from google.protobuf.wrappers_pb2 import BoolValue, Int64Value, StringValue

from services.chassis.events.bus import EventRoutes, Routes
from services.chassis.events.records import Event, OutboxMessage, Undecodable
from services.chassis.runtime.clock import ManualClock


def event(body: Message, payload: bytes | None = None) -> Event:
    message = OutboxMessage(
        topic="test",
        key="1",
        type=body.DESCRIPTOR.full_name,
        payload=body.SerializeToString() if payload is None else payload,
    )
    return Event.from_message(message, time=ManualClock().now(), traceparent=None)


async def test_handler_gets_the_event_and_its_body() -> None:
    seen: list[tuple[Event, str]] = []
    routes = Routes()

    async def handle(event: Event, body: StringValue) -> None:
        seen.append((event, body.value))

    routes.on(StringValue, handle)
    arrived = event(StringValue(value="a"))
    handler = routes(arrived.type)
    assert handler is not None
    await handler(arrived)

    assert seen == [(arrived, "a")]
    assert routes(BoolValue.DESCRIPTOR.full_name) is None


def test_batch_has_results_in_order_without_types_that_have_no_handler() -> None:
    routes = EventRoutes[str].of_bodies(
        {StringValue: lambda body: body.value, Int64Value: lambda body: str(body.value)}
    )
    one, skipped, two = (
        event(StringValue(value="a")),
        event(BoolValue(value=True)),
        event(Int64Value(value=2)),
    )

    assert routes.results([one, skipped, two]) == [(one, "a"), (two, "2")]


def test_batch_with_an_unreadable_body_is_refused() -> None:
    routes = EventRoutes[str].of_bodies({StringValue: lambda body: body.value})

    with pytest.raises(Undecodable):
        routes.results([event(StringValue(value="a")), event(StringValue(), b"\xff")])
