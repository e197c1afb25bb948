"""An event survives its trip through a Kafka record; any other record is refused."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from google.protobuf.wrappers_pb2 import StringValue

from services.chassis.events.records import (
    MAX_PAYLOAD_BYTES,
    Event,
    Headers,
    OutboxMessage,
    PayloadTooLarge,
    Record,
    Undecodable,
    new_event_id,
)

TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def event(traceparent: str | None = TRACEPARENT) -> Event:
    return Event(
        event_id=UUID("01890a5d-ac96-774b-bcce-b302099a8057"),
        topic="roost.post.v1",
        key="42",
        type="roost.post.v1.PostCreated",
        time=datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC),
        payload=b"\x08\x2a",
        traceparent=traceparent,
    )


@pytest.mark.parametrize("traceparent", [TRACEPARENT, None])
def test_event_comes_out_of_its_record_as_it_went_in(traceparent: str | None) -> None:
    sent = event(traceparent)

    assert Event.from_record(sent.to_record()) == sent


def test_message_is_named_after_what_it_carries() -> None:
    message = OutboxMessage.of(topic="t", key=7, body=StringValue(value="hello"))

    assert message.type == "google.protobuf.StringValue"
    assert message.key == "7"
    assert StringValue.FromString(message.payload).value == "hello"


def test_message_that_no_broker_would_take_is_refused_when_written() -> None:
    with pytest.raises(PayloadTooLarge):
        OutboxMessage(topic="t", key="1", type="x", payload=b"x" * (MAX_PAYLOAD_BYTES + 1))


@pytest.mark.parametrize(
    ("headers", "what"),
    [
        ([], "missing"),
        ([("event-id", b"7"), ("type", b"x"), ("time", b"2026-01-02T03:04:05Z")], "UUID"),
        (
            [("event-id", str(event().event_id)), ("type", b"x"), ("time", b"2026-01-02T03:04:05")],
            "zone",
        ),
        ([("event-id", b"\xff\xfe")], "decode"),
        ([("event-id", str(event().event_id)), ("type", b"x"), ("time", b"soon")], "soon"),
    ],
)
def test_record_that_is_no_event_is_undecodable(headers: Headers, what: str) -> None:
    with pytest.raises(Undecodable, match=what):
        Event.from_record(Record("t", b"k", b"v", headers))


def test_event_ids_differ_and_say_their_version() -> None:
    made = [new_event_id() for _ in range(1000)]

    assert len(set(made)) == 1000
    assert {each.version for each in made} == {7}
