"""The model as messages of the contract."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from itertools import product

from google.protobuf.timestamp_pb2 import Timestamp
from roost.post.v1 import post_pb2 as wire_format
from roost.post.v1.engagement_service_pb2 import Engagement

from services.chassis.runtime.ids import time_of
from services.post.domain.model import (
    AudienceLimit,
    Entity,
    Entry,
    Hashtag,
    Link,
    Mention,
    Post,
    PostState,
    Revision,
    Visibility,
)
from services.post.domain.visibility import Audience
from services.post.rpc.read_cache.body_cache import Body

_UNIX_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_VISIBILITY = {
    Visibility.PUBLIC: wire_format.VISIBILITY_PUBLIC,
    Visibility.FOLLOWERS: wire_format.VISIBILITY_FOLLOWERS,
    Visibility.MENTIONED: wire_format.VISIBILITY_MENTIONED,
}


def to_post(post: Post) -> wire_format.Post:
    """The post itself: counts and viewer_state are not set."""
    message = wire_format.Post(
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
    )
    if post.edit_time is not None:
        message.edit_time.CopyFrom(to_timestamp(post.edit_time))
    return message


def pack(post: Post) -> bytes:
    """The post itself, packed: what is cached."""
    return to_post(post).SerializeToString()


def summarize_packed(packed: bytes) -> Body:
    """A packed post with what is asked of it again and again."""
    post = wire_format.Post.FromString(packed)
    mentioned = [each.mention.user_id for each in post.entities if each.HasField("mention")]
    audience = Audience(
        author_id=post.author_id,
        visibility=post.visibility,
        addressed=frozenset((*mentioned, post.reply_to_author_id)),
        limits=tuple(map(_limit_from, post.audience_limits)),
    )
    named = dict.fromkeys((post.author_id, *mentioned))
    return Body(
        packed=packed,
        audience=audience,
        named=tuple(named),
        asked=tuple(dict.fromkeys((*named, *audience.deciders))),
        quoted_post_id=post.quoted_post_id,
    )


def with_state(
    packed: bytes, state: PostState, *, with_viewer: bool, quote_hidden: bool = False
) -> bytes:
    """A packed post with its counts, and with what the viewer did where that is a person.

    Packed messages merge by being put in a row; that is much faster than setting fields.
    """
    _, _, likes, reposts, replies, quotes, liked, reposted, bookmarked = state
    packed += _packed_counts(likes, reposts, replies, quotes)
    if with_viewer:
        packed += _PACKED_VIEWER_STATES[liked, reposted, bookmarked]
    if quote_hidden:
        packed += _PACKED_WITHDRAWN
    return packed


@lru_cache(maxsize=4096)
def _packed_counts(likes: int, reposts: int, replies: int, quotes: int) -> bytes:
    # Set even where all are 0: the caller is told so.
    counts = wire_format.PostCounts(likes=likes, reposts=reposts, replies=replies, quotes=quotes)
    return wire_format.Post(counts=counts).SerializeToString()


_PACKED_WITHDRAWN = wire_format.Post(quote_hidden=True).SerializeToString()
_PACKED_VIEWER_STATES = {
    (liked, reposted, bookmarked): wire_format.Post(
        viewer_state=wire_format.ViewerState(liked=liked, reposted=reposted, bookmarked=bookmarked)
    ).SerializeToString()
    for liked, reposted, bookmarked in product((False, True), repeat=3)
}


def to_tombstone(post_id: int, *, conversation_id: int, reply_to_post_id: int) -> wire_format.Post:
    """What stands for a deleted post, and for one above that the viewer may not see: its place and
    its time, which are in the id, so that the two look the same."""
    return wire_format.Post(
        id=post_id,
        conversation_id=conversation_id,
        reply_to_post_id=reply_to_post_id,
        create_time=to_timestamp(time_of(post_id)),
        deleted=True,
    )


def to_engagement(state: PostState, *, with_viewer: bool = True) -> Engagement:
    """How a post stands, for one viewer."""
    engagement = Engagement(
        post_id=state.id,
        counts=wire_format.PostCounts(
            likes=state.likes, reposts=state.reposts, replies=state.replies, quotes=state.quotes
        ),
    )
    if with_viewer:
        engagement.viewer_state.CopyFrom(
            wire_format.ViewerState(
                liked=state.liked, reposted=state.reposted, bookmarked=state.bookmarked
            )
        )
    return engagement


def to_entry(entry: Entry) -> wire_format.TimelineEntry:
    """A place on a timeline."""
    return wire_format.TimelineEntry(
        entry_id=entry.entry_id,
        post_id=entry.post_id,
        author_id=entry.author_id,
        reposter_id=entry.reposter_id,
    )


def to_revision(revision: Revision) -> wire_format.PostRevision:
    """A text at one time."""
    return wire_format.PostRevision(
        revision=revision.revision,
        text=revision.text,
        entities=to_entities(revision.entities),
        create_time=to_timestamp(revision.create_time),
    )


def to_entities(entities: Sequence[Entity]) -> list[wire_format.Entity]:
    """What was found in a text."""
    return [_to_entity(each) for each in entities]


def to_timestamp(moment: datetime) -> Timestamp:
    since = moment - _UNIX_EPOCH
    return Timestamp(seconds=since.days * 86_400 + since.seconds, nanos=since.microseconds * 1_000)


def visibility_to_proto(visibility: Visibility) -> wire_format.Visibility:
    """Who may read a post."""
    return _VISIBILITY[visibility]


def to_visibility(asked: wire_format.Visibility) -> Visibility:
    """What is asked for; public where nothing is said."""
    return Visibility(int(asked) or Visibility.PUBLIC)


def _to_limit(limit: AudienceLimit) -> wire_format.AudienceLimit:
    return wire_format.AudienceLimit(
        author_id=limit.author_id,
        visibility=_VISIBILITY[limit.visibility],
        addressed_user_ids=limit.addressed,
        was_protected=limit.protected,
    )


def _limit_from(message: wire_format.AudienceLimit) -> AudienceLimit:
    return AudienceLimit(
        message.author_id,
        Visibility(message.visibility),
        tuple(message.addressed_user_ids),
        message.was_protected,
    )


def _to_entity(entity: Entity) -> wire_format.Entity:
    message = wire_format.Entity(start=entity.start, end=entity.end)
    match entity:
        case Mention():
            message.mention.user_id = entity.user_id
            message.mention.handle = entity.handle
        case Hashtag():
            message.hashtag.tag = entity.tag
        case Link():
            message.link.url = entity.url
    return message
