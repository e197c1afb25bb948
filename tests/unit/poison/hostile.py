"""Hostile values for every field of a message: what decodes and cannot be true, and what can."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from hypothesis import strategies as st

from services.chassis.events.records import Event, Headers, Record

# The time of the clocks on which handlers run here.
NOW = datetime(2026, 1, 1, tzinfo=UTC)

INTEGERS = st.sampled_from([0, -1, 1, 2, 2**31, 2**53 + 1, 2**62, 2**63 - 1, -(2**63)])
TEXTS = st.one_of(
    st.sampled_from(["", "\0", "\ufffe", "\U0010ffff", "a" * 5_000, "\u202e", "closed", "0", "-1"]),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
)
SECONDS = st.sampled_from([0, -1, 1, -62_135_596_801, 253_402_300_800, 2**63 - 1, -(2**63)])
NANOS = st.sampled_from([0, -1, 999_999_999, 1_000_000_000, 2**31 - 1, -(2**31)])
COUNTS = st.sampled_from([0, 0, 1, 3])
LONG = 100_000


def of(kind: type[Message]) -> st.SearchStrategy[Message]:
    """Messages of a kind, with any field hostile, missing, or repeated beyond all measure."""

    @st.composite
    def drawn(draw: st.DrawFn) -> Message:
        message = kind()
        # So many of a hundred values are hostile: all of a message, some, or hardly one.
        _fill(draw, message, draw(st.sampled_from([2, 20, 100])), depth=0)
        if draw(st.integers(0, 19)) == 0:
            _lengthen(message)
        return message

    return drawn()


def _fill(draw: st.DrawFn, message: Message, odds: int, depth: int) -> None:
    for field in message.DESCRIPTOR.fields:
        if depth > 3 or (_by_chance(draw, odds) and draw(st.booleans())):
            continue
        if field.is_repeated:
            _fill_list(draw, message, field, odds, depth)
        elif field.message_type is not None:
            part = getattr(message, field.name)
            part.SetInParent()
            _fill(draw, part, odds, depth + 1)
        else:
            setattr(message, field.name, draw(_scalar(field, wild=_by_chance(draw, odds))))


def _fill_list(
    draw: st.DrawFn, message: Message, field: FieldDescriptor, odds: int, depth: int
) -> None:
    values = getattr(message, field.name)
    for _ in range(draw(COUNTS)):
        if field.message_type is not None:
            _fill(draw, values.add(), odds, depth + 1)
        else:
            values.append(draw(_scalar(field, wild=_by_chance(draw, odds))))


def _by_chance(draw: st.DrawFn, odds: int) -> bool:
    return draw(st.integers(0, 99)) < odds


def _lengthen(message: Message) -> None:
    """Makes the first list of numbers far too long."""
    for field in message.DESCRIPTOR.fields:
        if field.is_repeated and field.cpp_type == FieldDescriptor.CPPTYPE_INT64:
            getattr(message, field.name).extend(range(1, LONG))
            return


def _scalar(field: FieldDescriptor, *, wild: bool) -> st.SearchStrategy[Any]:
    match field.cpp_type:
        case FieldDescriptor.CPPTYPE_STRING if field.type == FieldDescriptor.TYPE_BYTES:
            return st.binary(max_size=20)
        case FieldDescriptor.CPPTYPE_STRING:
            return TEXTS if wild else st.just("text")
        case FieldDescriptor.CPPTYPE_BOOL:
            return st.booleans()
        case FieldDescriptor.CPPTYPE_ENUM:
            return st.sampled_from([0, 7, -1, 2**31 - 1] if wild else [1, 2])
        case FieldDescriptor.CPPTYPE_INT32:
            return NANOS if wild else st.just(0)
        case FieldDescriptor.CPPTYPE_INT64 if field.name == "seconds":
            return SECONDS if wild else st.just(1_700_000_000)
        case FieldDescriptor.CPPTYPE_INT64:
            return INTEGERS if wild else st.integers(1, 5)
        case FieldDescriptor.CPPTYPE_UINT32 | FieldDescriptor.CPPTYPE_UINT64:
            return st.sampled_from([0, 1, 2**32 - 1])
    return st.floats(width=32)


KEYS = st.sampled_from([b"", b"1", b"-1", b"7", b"\xff", b"abc", b"9" * 5_000, "\u0663".encode()])
TIMES = st.sampled_from(
    [
        "2026-01-01T00:00:00+00:00",
        "0001-01-01T00:00:00+00:00",
        "0001-01-01T00:00:00+23:59",
        "9999-12-31T23:59:59-23:59",
        "2026-01-01T00:00:00",
        "yesterday",
        "",
    ]
)
EVENT_IDS = st.sampled_from(["", "0", "00000000-0000-0000-0000-000000000000"])
TRACES = st.sampled_from(["", "00-" + "0" * 32 + "-" + "0" * 16 + "-01", "ff-x", "\0" * 100])


def records(kind: type[Message]) -> st.SearchStrategy[Record]:
    """Records that carry such a message, or say so."""

    @st.composite
    def drawn(draw: st.DrawFn) -> Record:
        payload = draw(of(kind)).SerializeToString()
        if draw(st.integers(0, 9)) == 0:
            payload = draw(st.binary(max_size=40))
        usual = draw(st.integers(0, 2)) > 0
        headers: Headers = [
            ("event-id", (str(uuid4()) if usual else draw(EVENT_IDS)).encode()),
            ("type", kind.DESCRIPTOR.full_name.encode()),
            ("time", (NOW.isoformat() if usual else draw(TIMES)).encode()),
            ("traceparent", draw(TRACES).encode()),
        ]
        return Record("hostile", draw(KEYS), payload, headers)

    return drawn()


def as_record(body: Message, *, key: int) -> Record:
    """The record of an event as a publisher of ours makes it."""
    return Event(
        event_id=uuid4(),
        topic="hostile",
        key=str(key),
        type=body.DESCRIPTOR.full_name,
        time=NOW,
        payload=body.SerializeToString(),
    ).to_record()
