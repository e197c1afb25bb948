"""Converts posts and users of other services' contracts."""

from collections.abc import Iterator
from datetime import UTC, datetime

from google.protobuf.timestamp_pb2 import Timestamp
from roost.media.v1.media_pb2 import Medium as MediumMessage
from roost.post.v1 import post_pb2
from roost.user.v1 import user_pb2

from services.search.domain.analysis.model import Entity, Hashtag, Link, Mention
from services.search.domain.posts.document import Medium, MediumKind, PostFacts
from services.search.domain.posts.model import AudienceLimit, Counts, Visibility
from services.search.domain.sources import SourcePost, SourceUser

_KINDS = {int(each): each for each in MediumKind}


def post_from_proto(post: post_pb2.Post) -> SourcePost:
    """The post in its revision. Raises ValueError for what no Post service reports."""
    return SourcePost(
        facts=PostFacts(
            post_id=post.id,
            author_id=post.author_id,
            revision=post.revision,
            language=post.language,
            visibility=Visibility(post.visibility or Visibility.PUBLIC),
            reply_to_post_id=post.reply_to_post_id,
            reply_to_author_id=post.reply_to_author_id,
            quoted_post_id=post.quoted_post_id,
            mentioned_ids=frozenset(
                each.mention.user_id for each in post.entities if each.HasField("mention")
            ),
            has_links=any(each.HasField("link") for each in post.entities),
            media=tuple(map(_medium, post.media)),
            limits=tuple(map(_limit, post.audience_limits)),
            counts=counts_from_proto(post.counts),
        ),
        text=post.text,
        entities=tuple(_entities(post)),
        alt_texts=tuple((each.id, each.alt_text) for each in post.media if each.alt_text),
        medium_versions={each.id: version_of(each) for each in post.media},
    )


def counts_from_proto(counts: post_pb2.PostCounts) -> Counts:
    return Counts(
        likes=counts.likes, reposts=counts.reposts, replies=counts.replies, quotes=counts.quotes
    )


def version_of(medium: MediumMessage) -> int:
    """The version of a medium, which ascends with every change. Raises ValueError for an etag that
    is no decimal number."""
    return int(medium.etag)


def user_from_proto(user: user_pb2.User) -> SourceUser:
    """The profile. Events have no counts."""
    return SourceUser(
        user_id=user.id,
        handle=user.handle,
        display_name=user.display_name,
        bio=user.bio,
        protected=user.protected,
        update_time=time_from_proto(user.update_time),
        followers_count=user.followers_count,
    )


def time_from_proto(moment: Timestamp) -> datetime:
    return moment.ToDatetime(tzinfo=UTC)


def _entities(post: post_pb2.Post) -> Iterator[Entity]:
    for each in post.entities:
        match each.WhichOneof("kind"):
            case "mention":
                yield Mention(each.start, each.end)
            case "hashtag":
                yield Hashtag(each.start, each.end, each.hashtag.tag)
            case "link":
                yield Link(each.start, each.end, each.link.url)


def _medium(medium: MediumMessage) -> Medium:
    # A newer Media service may have more kinds.
    kind = _KINDS.get(medium.kind, MediumKind.UNSPECIFIED)
    return Medium(medium.id, kind, bool(medium.alt_text))


def _limit(limit: post_pb2.AudienceLimit) -> AudienceLimit:
    return AudienceLimit(
        limit.author_id,
        Visibility(limit.visibility),
        frozenset(limit.addressed_user_ids),
        limit.was_protected,
    )
