"""Scalars of the schema."""

from typing import NewType

import strawberry

DateTime = NewType("DateTime", str)
Bytes = NewType("Bytes", int)
Sequence = NewType("Sequence", int)

# What numbers of JavaScript hold exactly.
_MOST = 2**53 - 1


def _no_input(_: object) -> DateTime:
    raise ValueError("no argument is a time")


def _sequence(given: object) -> Sequence:
    if isinstance(given, int) and not isinstance(given, bool) and 0 <= given <= _MOST:
        return Sequence(given)
    raise ValueError(f"a sequence is a whole number from 0 to {_MOST}")


def _bytes(given: object) -> Bytes:
    if isinstance(given, int) and not isinstance(given, bool) and 0 <= given <= _MOST:
        return Bytes(given)
    raise ValueError(f"a size is a whole number from 0 to {_MOST}")


SCALARS = {
    Bytes: strawberry.scalar(
        name="Bytes",
        description="A size in bytes: a whole number of up to 2^53 - 1.",
        serialize=int,
        parse_value=_bytes,
    ),
    DateTime: strawberry.scalar(
        name="DateTime",
        description="A time as RFC 3339, UTC, with milliseconds: 2026-02-01T09:30:00.250Z.",
        specified_by_url="https://www.rfc-editor.org/rfc/rfc3339",
        serialize=str,
        parse_value=_no_input,
    ),
    Sequence: strawberry.scalar(
        name="Sequence",
        description="A place in a user's log, the same on every device: 1, 2, 3 … without holes; "
        "0 is before the first. A number of up to 2^53 - 1.",
        serialize=int,
        parse_value=_sequence,
    ),
}
