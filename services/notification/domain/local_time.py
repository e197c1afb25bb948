"""Hours of a person's day, in their time zone, through summer time and back."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

from services.notification.domain.errors import TimeZoneUnknown
from services.notification.domain.model import DaySettings, QuietHours


def check_time_zone(name: str) -> None:
    """Raises TimeZoneUnknown for a name that the IANA database does not have. The names are those
    of the tzdata wheel, so that they are the same on every machine."""
    if name not in _names():
        raise TimeZoneUnknown(metadata={"field": "time_zone", "time_zone": name[:64]})


def next_time(after: datetime, *, time_zone: str, hour: int, spread: timedelta) -> datetime:
    """When it is next that hour there, and `spread` (below an hour) beyond it, in UTC.

    Once on every local day: an hour that a clock change leaves out is the one after it, and one
    that comes twice counts at its first time.
    """
    zone = ZoneInfo(time_zone)
    return next(
        moment
        for day in _days_from(after, zone)
        if (moment := _moment(day, hour, zone, spread)) > after
    )


def quiet_until(now: datetime, settings: DaySettings) -> datetime | None:
    """When the person's quiet hours end, in UTC; None where it is none of them now."""
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
    # By the clock on the wall; the first of two times where it is ambiguous (PEP 495).
    return (datetime.combine(day, time(hour), tzinfo=zone) + spread).astimezone(UTC)


def _days_from(moment: datetime, zone: ZoneInfo) -> Iterator[date]:
    day = moment.astimezone(zone).date()
    while True:
        yield day
        day += timedelta(days=1)


@cache
def _names() -> frozenset[str]:
    names = files("tzdata").joinpath("zones").read_text(encoding="ascii").split()
    # The database's own name for a machine whose zone nobody has set.
    return frozenset(names) - {"Factory"}
