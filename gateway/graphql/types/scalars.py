"""Scalars of the schema."""

from typing import NewType

import strawberry

DateTime = NewType("DateTime", str)


def _no_input(_: object) -> DateTime:
    raise ValueError("no argument is a time")


SCALARS = {
    DateTime: strawberry.scalar(
        name="DateTime",
        description="A time as RFC 3339, UTC, with milliseconds: 2026-02-01T09:30:00.250Z.",
        specified_by_url="https://www.rfc-editor.org/rfc/rfc3339",
        serialize=str,
        parse_value=_no_input,
    )
}
