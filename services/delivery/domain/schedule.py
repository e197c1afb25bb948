"""Decides what is sent for a new or growing notification, and when."""

import zlib
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from services.delivery.domain.local_time import next_time
from services.delivery.domain.model import Channel, Due

# A user who has the app open reads the notification before that.
PUSH_AFTER = timedelta(seconds=2)
# Digests are spread over the hour. A user's digest is sent at the same minute every day.
_SPREAD_SECONDS = 3600
_DIGEST_TOPIC = "digest"


class Notified(NamedTuple):
    """A notification of a recipient that is new, or grew."""

    recipient_id: int
    notification_id: int
    # Notifications of one topic replace each other on a device.
    topic: str
    # Whether the recipient's preferences allow a push for this kind.
    push: bool
    # Whether all of it was announced before, and withdrawn since.
    again: bool = False
    # The recipient's, for the time of digests.
    time_zone: str = "UTC"


class Schedule:
    """Decides what is due. `digest_hour` is the hour of each user's day in which digests are sent;
    None if no email is sent."""

    def __init__(self, *, digest_hour: int | None) -> None:
        self._digest_hour = digest_hour

    def due(self, notified: Iterable[Notified], now: datetime) -> list[Due]:
        """A push for each topic, and the recipient's next digest; each topic once."""
        notified = sorted(notified, key=lambda each: each.notification_id)
        newly = {each.recipient_id for each in notified if not each.again}
        found: dict[tuple[int, str], Due] = {}
        for recipient_id, notification_id, topic, push, again, time_zone in notified:
            if push:
                found[recipient_id, topic] = Due(
                    user_id=recipient_id,
                    channel=Channel.PUSH,
                    topic=topic,
                    version=notification_id,
                    due_time=now + PUSH_AFTER,
                    again=again,
                )
            if self._digest_hour is not None:
                found[recipient_id, _DIGEST_TOPIC] = Due(
                    user_id=recipient_id,
                    channel=Channel.DIGEST,
                    topic=_DIGEST_TOPIC,
                    version=notification_id,
                    due_time=next_digest(
                        recipient_id, after=now, hour=self._digest_hour, time_zone=time_zone
                    ),
                    again=recipient_id not in newly,
                )
        return list(found.values())


def next_digest(user_id: int, *, after: datetime, hour: int, time_zone: str = "UTC") -> datetime:
    """When the user's next digest is sent: once on each local day, at a fixed minute of the
    user."""
    spread = timedelta(seconds=zlib.crc32(user_id.to_bytes(8)) % _SPREAD_SECONDS)
    return next_time(after, time_zone=time_zone, hour=hour, spread=spread)
