"""Converts the model to protobuf."""

from collections.abc import Sequence
from datetime import UTC, datetime

from google.protobuf.timestamp_pb2 import Timestamp
from roost.media.v1.media_pb2 import Medium as MediumMessage
from roost.post.v1 import post_pb2 as pb
from roost.post.v1.engagement_service_pb2 import Engagement

from services.chassis.runtime.ids import time_of
from services.post.domain.model import (
    AudienceLimit,
    Entity,
    Entry,
    Hashtag,
    Link,
    Medium,
    Mention,
    Post,
    PostState,
    Revision,
    Visibility,
)

_UNIX_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_VISIBILITY = {
    Visibility.PUBLIC: pb.VISIBILITY_PUBLIC,
    Visibility.FOLLOWERS: pb.VISIBILITY_FOLLOWERS,
    Visibility.MENTIONED: pb.VISIBILITY_MENTIONED,
}


def to_post(post: Post) -> pb.Post:
    """The post without counts and viewer_state."""
    message = pb.Post(
        id=post.id,
        author_id=post.author_id,
        text=post.text,
        entities=to_entities(post.entities),
        visibility=_VISIBILITY[post.visibility],
        reply_to_post_id=post.reply_to_post_id,
        reply_to_author_id=post.reply_to_author_id,
        conversation_id=post.conversation_id,
        quoted_post_id=post.quoted_post_id,
        media_ids=post.media_ids,
        create_time=to_timestamp(post.create_time),
        revision=post.revision,
        etag=post.etag,
        audience_limits=map(_to_limit, post.limits),
        media=to_media(post.media),
        language=post.language,
    )
    if post.edit_time is not None:
        message.edit_time.CopyFrom(to_timestamp(post.edit_time))
    return message


def to_tombstone(post_id: int, *, conversation_id: int, reply_to_post_id: int) -> pb.Post:
    """The tombstone of a deleted post, and of an ancestor that the viewer may not see.

    Both look the same: they contain the place in the conversation, and the time that is in the id.
    """
    return pb.Post(
        id=post_id,
        conversation_id=conversation_id,
        reply_to_post_id=reply_to_post_id,
        create_time=to_timestamp(time_of(post_id)),
        deleted=True,
    )


def to_counts(state: PostState) -> pb.PostCounts:
    return pb.PostCounts(
        likes=state.likes, reposts=state.reposts, replies=state.replies, quotes=state.quotes
    )


def to_viewer_state(state: PostState) -> pb.ViewerState:
    return pb.ViewerState(liked=state.liked, reposted=state.reposted, bookmarked=state.bookmarked)


def set_state(message: pb.Post, state: PostState) -> None:
    """Sets the counts, and the engagement of a viewer who is not anonymous."""
    message.counts.CopyFrom(to_counts(state))
    message.viewer_state.CopyFrom(to_viewer_state(state))


def to_engagement(state: PostState, *, with_viewer: bool = True) -> Engagement:
    """The counts of a post, and the engagement of the viewer; `with_viewer` is False for anonymous
    viewers."""
    engagement = Engagement(post_id=state.id, counts=to_counts(state))
    if with_viewer:
        engagement.viewer_state.CopyFrom(to_viewer_state(state))
    return engagement


def to_entry(entry: Entry) -> pb.TimelineEntry:
    return pb.TimelineEntry(
        entry_id=entry.entry_id,
        post_id=entry.post_id,
        author_id=entry.author_id,
        reposter_id=entry.reposter_id,
    )


def to_revision(revision: Revision) -> pb.PostRevision:
    return pb.PostRevision(
        revision=revision.revision,
        text=revision.text,
        entities=to_entities(revision.entities),
        create_time=to_timestamp(revision.create_time),
        media=to_media(revision.media),
    )


def to_media(media: Sequence[Medium]) -> list[MediumMessage]:
    return [MediumMessage.FromString(each.message) for each in media]


def to_medium(message: MediumMessage) -> Medium:
    """The snapshot of a medium, without its addresses.

    Raises ValueError for an etag that is no decimal number.
    """
    snapshot = MediumMessage()
    snapshot.CopyFrom(message)
    snapshot.ClearField("address_expire_time")
    for variant in snapshot.variants:
        variant.ClearField("url")
    packed = snapshot.SerializeToString(deterministic=True)
    return Medium(message.id, message.kind, int(message.etag), packed)


def to_entities(entities: Sequence[Entity]) -> list[pb.Entity]:
    return [_to_entity(each) for each in entities]


def to_timestamp(moment: datetime) -> Timestamp:
    since = moment - _UNIX_EPOCH
    return Timestamp(seconds=since.days * 86_400 + since.seconds, nanos=since.microseconds * 1_000)


def visibility_to_proto(visibility: Visibility) -> pb.Visibility:
    return _VISIBILITY[visibility]


def to_visibility(requested: pb.Visibility) -> Visibility:
    """The requested visibility; public where none is given."""
    return Visibility(int(requested) or Visibility.PUBLIC)


def _to_limit(limit: AudienceLimit) -> pb.AudienceLimit:
    return pb.AudienceLimit(
        author_id=limit.author_id,
        visibility=_VISIBILITY[limit.visibility],
        addressed_user_ids=limit.addressed,
        was_protected=limit.protected,
    )


def _to_entity(entity: Entity) -> pb.Entity:
    message = pb.Entity(start=entity.start, end=entity.end)
    match entity:
        case Mention():
            message.mention.user_id = entity.user_id
            message.mention.handle = entity.handle
        case Hashtag():
            message.hashtag.tag = entity.tag
        case Link():
            message.link.url = entity.url
    return message
