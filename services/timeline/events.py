"""What the Timeline service tells itself: the rest of a fan-out."""

from roost.timeline.v1.timeline_events_pb2 import FanOutContinued

from services.chassis import telemetry
from services.chassis.bus import Publisher
from services.chassis.clock import Clock
from services.chassis.events import Event, OutboxMessage
from services.timeline.convert import entry_from_proto, entry_to_proto
from services.timeline.fanout import Rest

TOPIC = "roost.timeline.v1"


class Continuations:
    """Publishes the rest of a fan-out, straight to the broker.

    There is no row that it would have to agree with: the event that it continues is handled again
    unless this was acknowledged.
    """

    def __init__(self, *, publisher: Publisher, clock: Clock) -> None:
        self._publisher = publisher
        self._clock = clock

    async def __call__(self, rest: Rest) -> None:
        """Returns once the broker holds it safely."""
        message = OutboxMessage.of(topic=TOPIC, key=rest.entry.actor_id, body=rest_to_proto(rest))
        await self._publisher.publish(
            [
                Event.from_message(
                    message, time=self._clock.now(), traceparent=telemetry.traceparent()
                )
            ]
        )


def rest_to_proto(rest: Rest) -> FanOutContinued:
    """The event that carries the rest."""
    return FanOutContinued(
        entry=entry_to_proto(rest.entry), after_follower_id=rest.after, removal=rest.removal
    )


def rest_from_proto(body: FanOutContinued) -> Rest:
    """The rest that an event carries."""
    return Rest(entry_from_proto(body.entry), body.after_follower_id, body.removal)
