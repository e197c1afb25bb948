"""The breaker of a device: one whose push service never answers in time is asked rarely."""

from datetime import datetime, timedelta

from services.chassis.runtime.backoff import doubled

# After the first time-out only the message itself waits: one may be an accident.
_FIRST = timedelta(seconds=30)
LONGEST_DEVICE_PAUSE = timedelta(hours=1)
# Enough for the longest pause; the count in the database stays small.
MAX_TIMEOUTS = 10


def pause_after(timeouts: int, now: datetime) -> datetime | None:
    """Until when a device is paused after so many time-outs in a row; None for no pause. It
    doubles from 30 s at the second to an hour."""
    if timeouts < 2:
        return None
    doublings = min(timeouts, MAX_TIMEOUTS) - 2
    seconds = doubled(_FIRST.total_seconds(), LONGEST_DEVICE_PAUSE.total_seconds(), doublings)
    return now + timedelta(seconds=seconds)
