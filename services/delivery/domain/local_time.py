"""Hours of a user's day, in their time zone, across clock changes."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from importlib.resources import files
from typing import NamedTuple
from zoneinfo import ZoneInfo

from services.delivery.domain.errors import TimeZoneUnknown


class QuietHours(NamedTuple):
    """A part of each day, from one hour (0 to 23) to another. Equal hours mean no quiet hours."""

    start: int
    end: int


NO_QUIET_HOURS = QuietHours(0, 0)


class DaySettings(NamedTuple):
    """The time zone and the quiet hours of a user."""

    # A name of the IANA database.
    time_zone: str = "UTC"
    # Nothing is pushed in them; None for none.
    quiet_hours: QuietHours | None = None


def check_time_zone(name: str) -> None:
    """Raises TimeZoneUnknown for a name that the IANA database does not have. The names are those
    of the tzdata wheel, so that they are the same on every machine."""
    if name not in _names():
        raise TimeZoneUnknown(metadata={"field": "time_zone", "time_zone": name[:64]})


def next_time(after: datetime, *, time_zone: str, hour: int, spread: timedelta) -> datetime:
    """The next time at which the local clock shows the hour plus `spread` (below an hour), in UTC.

    Once on every local day: an hour that a clock change skips becomes the one after it, and one
    that occurs twice counts at its first time.
    """
    zone = ZoneInfo(time_zone)
    return next(
        moment
        for day in _days_from(after, zone)
        if (moment := _moment(day, hour, zone, spread)) > after
    )


def quiet_until(now: datetime, settings: DaySettings) -> datetime | None:
    """When the user's current quiet hours end, in UTC; None outside of quiet hours."""
    if settings.quiet_hours is None:
        return None
    zone = ZoneInfo(settings.time_zone)
    if not _is_quiet(now.astimezone(zone).hour, settings.quiet_hours):
        return None
    ends = (
        _moment(day, settings.quiet_hours.end, zone, timedelta()) for day in _days_from(now, zone)
    )
    return next(end for end in ends if end > now)


def _is_quiet(hour: int, quiet: QuietHours) -> bool:
    if quiet.start < quiet.end:
        return quiet.start <= hour < quiet.end
    return hour >= quiet.start or hour < quiet.end


def _moment(day: date, hour: int, zone: ZoneInfo, spread: timedelta) -> datetime:
    # Wall-clock time; the first of two times where it is ambiguous (PEP 495).
    return (datetime.combine(day, time(hour), tzinfo=zone) + spread).astimezone(UTC)


def _days_from(moment: datetime, zone: ZoneInfo) -> Iterator[date]:
    day = moment.astimezone(zone).date()
    while True:
        yield day
        day += timedelta(days=1)


@cache
def _names() -> frozenset[str]:
    names = files("tzdata").joinpath("zones").read_text(encoding="ascii").split()
    # The database's placeholder for a machine without a configured zone.
    return frozenset(names) - {"Factory"}
