"""What travels between services: an event, and its form as a Kafka record.

The record's key and value are the event's key and payload; everything else is in headers:
`event-id`, `type`, `time` (RFC 3339) and, inside a trace, `traceparent`.
"""

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Self
from uuid import UUID

from google.protobuf.message import Message

from services.chassis.runtime.telemetry import TRACEPARENT

# Brokers refuse records over 1 MB by default; what would be refused later is refused when written.
MAX_PAYLOAD_BYTES = 900_000

_EVENT_ID = "event-id"
_TYPE = "type"
_TIME = "time"


class PayloadTooLarge(ValueError):
    """An event is larger than a broker takes; its publisher has to split it."""


class Undecodable(ValueError):
    """A record is not an event: a header is missing or malformed, or the payload cannot be read."""


Headers = Sequence[tuple[str, bytes | str | None]]


class Record(NamedTuple):
    """A Kafka record, whatever is in it."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxMessage:
    """What a write wants to be published. Id, time and trace are filled in as it is stored.

    Messages of one topic and key reach consumers in the order in which they were committed.
    """

    topic: str
    key: str
    type: str
    payload: bytes

    def __post_init__(self) -> None:
        if len(self.payload) > MAX_PAYLOAD_BYTES:
            raise PayloadTooLarge(f"{self.type} has {len(self.payload)} bytes")

    @classmethod
    def of(cls, *, topic: str, key: int | str, body: Message) -> Self:
        """The message that carries `body`; its type is the full name of the protobuf message."""
        return cls(
            topic=topic,
            key=str(key),
            type=body.DESCRIPTOR.full_name,
            payload=body.SerializeToString(),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened, as it is published and as handlers receive it."""

    event_id: UUID
    topic: str
    key: str
    type: str
    time: datetime
    payload: bytes
    traceparent: str | None = None

    @classmethod
    def from_message(
        cls,
        message: OutboxMessage,
        *,
        time: datetime,
        traceparent: str | None,
        event_id: UUID | None = None,
    ) -> Self:
        """A new event, with an id of its own unless it is given one."""
        return cls(
            event_id=event_id or new_event_id(),
            topic=message.topic,
            key=message.key,
            type=message.type,
            time=time,
            payload=message.payload,
            traceparent=traceparent,
        )

    def to_record(self) -> Record:
        """The record that carries the event."""
        headers: list[tuple[str, bytes | str | None]] = [
            (_EVENT_ID, str(self.event_id).encode()),
            (_TYPE, self.type.encode()),
            (_TIME, self.time.isoformat().encode()),
        ]
        if self.traceparent is not None:
            headers.append((TRACEPARENT, self.traceparent.encode()))
        return Record(self.topic, self.key.encode(), self.payload, headers)

    @classmethod
    def from_record(cls, record: Record) -> Self:
        """The event in a record. Raises Undecodable where it is none."""
        try:
            texts = {
                name: content if isinstance(content, str) else content.decode()
                for name, content in record.headers
                if content is not None
            }
            when = datetime.fromisoformat(texts[_TIME])
            if when.tzinfo is None:
                raise Undecodable("the time has no zone")
            return cls(
                event_id=UUID(texts[_EVENT_ID]),
                topic=record.topic,
                key=(record.key or b"").decode(),
                type=texts[_TYPE],
                time=when,
                payload=record.value or b"",
                traceparent=texts.get(TRACEPARENT),
            )
        except KeyError as missing:
            raise Undecodable(f"the header {missing} is missing") from missing
        except ValueError as wrong:
            raise Undecodable(str(wrong)) from wrong


def new_event_id() -> UUID:
    """A version 7 UUID (RFC 9562 §5.7): sorted by time, so that indexes grow at one end."""
    milliseconds = time.time_ns() // 1_000_000
    number = (milliseconds << 80) | int.from_bytes(os.urandom(10))
    number = (number & ~(0xF << 76)) | (7 << 76)
    number = (number & ~(0x3 << 62)) | (2 << 62)
    return UUID(int=number)
