"""Times as they are shown."""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated

from google.protobuf.timestamp_pb2 import Timestamp
from msgspec import Meta

Time = Annotated[
    str,
    Meta(
        description="RFC 3339, UTC, with milliseconds.",
        examples=["2026-02-01T09:30:00.250Z"],
        extra_json_schema={"format": "date-time"},
    ),
]


def time(stamp: Timestamp) -> Time:
    """A time as RFC 3339, UTC, cut to milliseconds."""
    return f"{_second(stamp.seconds)}.{stamp.nanos // 1_000_000:03d}Z"


def rfc3339(at: datetime) -> Time:
    """A time in UTC as RFC 3339, cut to seconds."""
    return f"{_second(int(at.timestamp()))}.000Z"


@lru_cache(maxsize=8192)
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
