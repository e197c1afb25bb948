"""What goes out, and when, once somebody was told of something."""

import zlib
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from services.delivery.domain.model import Channel, Due
from services.notification.domain.local_time import next_time
from services.notification.domain.model import Group, Kind

# Whoever looks at the app just now has read it by then.
PUSH_AFTER = timedelta(seconds=2)
# Digests of one hour are spread over it, each person's at the same minute every day.
_SPREAD_SECONDS = 3600
_DIGEST_TOPIC = "digest"

# One line of the list whoever did it, so one message on the device, too.
_OF_A_POST = frozenset({Kind.LIKE, Kind.REPOST, Kind.MENTION, Kind.REPLY, Kind.QUOTE, Kind.POST})


class NotifiedGroup(NamedTuple):
    """Somebody was told of something: a group is new, or grew."""

    recipient_id: int
    group: Group
    # Whether the person wishes this kind to be pushed.
    push: bool
    # Whether all of it was announced before, and taken back since.
    again: bool = False
    # The person's, by which digests go.
    time_zone: str = "UTC"


class Schedule:
    """Decides what is due. `digest_hour` is the hour of each person's day from which digests go
    out; None where no mail is sent."""

    def __init__(self, *, digest_hour: int | None) -> None:
        self._digest_hour = digest_hour

    def due(self, notified: Iterable[NotifiedGroup], now: datetime) -> list[Due]:
        """A message of the group's topic, and the person's next digest; each topic once."""
        notified = sorted(notified, key=lambda one: one.group.id)
        newly = {one.recipient_id for one in notified if not one.again}
        found: dict[tuple[int, str], Due] = {}
        for recipient_id, group, push, again, time_zone in notified:
            if push:
                found[recipient_id, topic_of(group)] = Due(
                    user_id=recipient_id,
                    channel=Channel.PUSH,
                    topic=topic_of(group),
                    version=group.id,
                    due_time=now + PUSH_AFTER,
                    again=again,
                )
            if self._digest_hour is not None:
                found[recipient_id, _DIGEST_TOPIC] = Due(
                    user_id=recipient_id,
                    channel=Channel.DIGEST,
                    topic=_DIGEST_TOPIC,
                    version=group.id,
                    due_time=next_digest(
                        recipient_id, after=now, hour=self._digest_hour, time_zone=time_zone
                    ),
                    again=recipient_id not in newly,
                )
        return list(found.values())


def topic_of(group: Group) -> str:
    """What replaces what on a device: lines about one post, all follows, one person's request."""
    return topic(group.kind, group.post_id, group.actor_ids[0])


def topic(kind: Kind, post_id: int, actor_id: int) -> str:
    """The topic of a deed, which is that of its group."""
    if kind in _OF_A_POST:
        return f"{kind.name}:{post_id}"
    if kind is Kind.FOLLOW:
        return kind.name
    return f"{kind.name}:{actor_id}"


def next_digest(user_id: int, *, after: datetime, hour: int, time_zone: str = "UTC") -> datetime:
    """When the person's digest goes out next: once on each of their days, at a minute of their
    own."""
    spread = timedelta(seconds=zlib.crc32(user_id.to_bytes(8)) % _SPREAD_SECONDS)
    return next_time(after, time_zone=time_zone, hour=hour, spread=spread)
