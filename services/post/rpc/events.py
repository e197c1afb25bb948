"""Converts domain events to the messages that the Post service publishes."""

from google.protobuf.message import Message
from roost.post.v1 import post_events_pb2 as pb

from services.chassis.events.records import OutboxMessage
from services.post.domain.domain_events import (
    DomainEvent,
    PostCreated,
    PostDeleted,
    PostLiked,
    PostReposted,
    PostUnliked,
    PostUpdated,
    RepostUndone,
)
from services.post.rpc.convert import (
    to_entry,
    to_post,
    to_timestamp,
    visibility_to_proto,
)
from services.post.service import MANIFEST

(TOPIC,) = MANIFEST.publishes


def describe(event: DomainEvent) -> OutboxMessage:
    """The message of an event. Its key is the user whose events keep their order: the author of a
    post, the user who likes or reposts."""
    key, body = _keyed(event)
    return OutboxMessage.of(topic=TOPIC, key=key, body=body)


def _keyed(event: DomainEvent) -> tuple[int, Message]:
    match event:
        case PostCreated(post, quoted_author_id):
            created = pb.PostCreated(post=to_post(post), quoted_author_id=quoted_author_id)
            return post.author_id, created
        case PostUpdated(before, after):
            updated = pb.PostUpdated(
                post=to_post(after), previous_mentioned_user_ids=before.mentioned_ids
            )
            return after.author_id, updated
        case PostDeleted(tombstone, delete_time):
            deleted = pb.PostDeleted(
                post_id=tombstone.id,
                author_id=tombstone.author_id,
                reply_to_post_id=tombstone.reply_to_post_id,
                quoted_post_id=tombstone.quoted_post_id,
                visibility=visibility_to_proto(tombstone.visibility),
                delete_time=to_timestamp(delete_time),
            )
            return tombstone.author_id, deleted
        case PostLiked(post_id, author_id, user_id):
            liked = pb.PostLiked(post_id=post_id, author_id=author_id, user_id=user_id)
            return user_id, liked
        case PostUnliked(post_id, author_id, user_id):
            unliked = pb.PostUnliked(post_id=post_id, author_id=author_id, user_id=user_id)
            return user_id, unliked
        case PostReposted(entry):
            return entry.reposter_id, pb.PostReposted(entry=to_entry(entry))
        case RepostUndone(entry):
            return entry.reposter_id, pb.RepostUndone(entry=to_entry(entry))
