"""Events of the Timeline service: fan-out, deliveries, read markers, followed hashtags."""

from collections.abc import Sequence
from uuid import UUID, uuid5

from roost.timeline.v1.timeline_events_pb2 import (
    EntryDelivered,
    FanOutContinued,
    HashtagFollowed,
    HashtagUnfollowed,
    ReadMarkerMoved,
)

from services.chassis.events.bus import Publisher
from services.chassis.events.records import Event, OutboxMessage
from services.chassis.runtime import telemetry
from services.chassis.runtime.clock import Clock
from services.timeline.domain.fanout import Delivered, RemainingSteps
from services.timeline.domain.model import Entry
from services.timeline.rpc.convert import entry_from_proto, entry_to_proto
from services.timeline.service import MANIFEST

(TOPIC,) = MANIFEST.publishes

# What the ids of deliveries are derived in; any constant does.
_DELIVERIES = UUID("5d1f7c1e-3b0a-4f0e-9a55-0c8f6c3b7e21")


class TimelineEvents:
    """Publishes the events of fan-out, directly to the broker.

    An outbox is not needed, since no row is written: the event that causes them is handled again
    unless the broker acknowledged them.
    """

    def __init__(self, *, publisher: Publisher, clock: Clock) -> None:
        self._publisher = publisher
        self._clock = clock

    async def remaining(self, remaining: RemainingSteps) -> None:
        """Publishes remaining steps; returns once the broker has acknowledged them."""
        message = OutboxMessage.of(
            topic=TOPIC, key=_key(remaining.entry), body=remaining_to_proto(remaining)
        )
        await self._publisher.publish([self._event(message)])

    async def delivered(self, steps: Sequence[Delivered]) -> None:
        """Publishes what steps delivered; returns once the broker has acknowledged all of it.

        A repeated step is published again, with the same event id.
        """
        await self._publisher.publish(
            [
                self._event(
                    OutboxMessage.of(
                        topic=TOPIC, key=_key(step.entry), body=delivered_to_proto(step)
                    ),
                    _delivery_id(step),
                )
                for step in steps
            ]
        )

    def _event(self, message: OutboxMessage, event_id: UUID | None = None) -> Event:
        return Event.from_message(
            message,
            time=self._clock.now(),
            traceparent=telemetry.traceparent(),
            event_id=event_id,
        )


def read_marker_moved(user_id: int, last_read_entry_id: int) -> OutboxMessage:
    """A user's read marker of the home timeline moved."""
    body = ReadMarkerMoved(user_id=user_id, last_read_id=last_read_entry_id)
    return OutboxMessage.of(topic=TOPIC, key=user_id, body=body)


def hashtag_followed(user_id: int, tag: str) -> OutboxMessage:
    """A user began to follow a hashtag."""
    return OutboxMessage.of(
        topic=TOPIC, key=user_id, body=HashtagFollowed(user_id=user_id, tag=tag)
    )


def hashtag_unfollowed(user_id: int, tag: str) -> OutboxMessage:
    """A user stopped following a hashtag."""
    return OutboxMessage.of(
        topic=TOPIC, key=user_id, body=HashtagUnfollowed(user_id=user_id, tag=tag)
    )


def delivered_to_proto(step: Delivered) -> EntryDelivered:
    """The event of a delivery."""
    return EntryDelivered(entry=entry_to_proto(step.entry), user_ids=step.user_ids)


def remaining_to_proto(remaining: RemainingSteps) -> FanOutContinued:
    """The event that continues a fan-out."""
    return FanOutContinued(
        entry=entry_to_proto(remaining.entry),
        after_follower_id=remaining.after,
        removal=remaining.removal,
        tags=remaining.tags,
    )


def remaining_from_proto(body: FanOutContinued) -> RemainingSteps:
    """The remaining steps in an event."""
    return RemainingSteps(
        entry_from_proto(body.entry), body.after_follower_id, body.removal, tuple(body.tags)
    )


def _key(entry: Entry) -> int:
    """The user who posted or reposted: events of one key are handled in order."""
    return entry.actor_id or entry.author_id


def _delivery_id(step: Delivered) -> UUID:
    # An author may become a celebrity between two attempts at the same step.
    reach = "everybody" if step.user_ids is None else str(step.after)
    if step.entry.by_hashtag:
        reach = f"hashtags/{reach}"
    return uuid5(_DELIVERIES, f"{step.entry.entry_id}/{reach}")
