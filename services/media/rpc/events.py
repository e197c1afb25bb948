"""Converts domain events to the messages that the Media service publishes."""

from google.protobuf.message import Message
from roost.media.v1 import media_events_pb2 as pb

from services.chassis.events.records import OutboxMessage
from services.media.domain.domain_events import (
    DomainEvent,
    MediumDeleted,
    MediumProcessed,
    MediumUpdated,
)
from services.media.rpc.convert import to_medium, to_timestamp, to_use
from services.media.service import MANIFEST

(TOPIC,) = MANIFEST.publishes


def describe(event: DomainEvent) -> OutboxMessage:
    """The message of an event, keyed by the owner."""
    return OutboxMessage.of(topic=TOPIC, key=event.medium.owner_id, body=_body(event))


def _body(event: DomainEvent) -> Message:
    match event:
        case MediumProcessed(medium):
            return pb.MediumProcessed(medium=to_medium(medium))
        case MediumUpdated(medium, changed_fields):
            return pb.MediumUpdated(medium=to_medium(medium), changed_fields=changed_fields)
        case MediumDeleted(medium, delete_time):
            claim = medium.claim
            return pb.MediumDeleted(
                medium_id=medium.id,
                owner_id=medium.owner_id,
                use=to_use(claim.use if claim else None),
                post_id=claim.post_id if claim else 0,
                delete_time=to_timestamp(delete_time),
            )
