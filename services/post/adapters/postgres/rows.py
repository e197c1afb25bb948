"""Converts rows to the model and back."""

from collections.abc import Iterable, Sequence

import asyncpg
import msgspec

from services.chassis.runtime.ids import bucket_of
from services.post.domain.model import (
    AudienceLimit,
    EngagementResult,
    Entity,
    Medium,
    Mention,
    Post,
    PostState,
    Visibility,
)

POST_COLUMNS = (
    "p.id, p.author_id, p.text, p.entities, p.visibility, p.reply_to_post_id, "
    "p.reply_to_author_id, p.conversation_id, p.quoted_post_id, p.media, p.create_time, "
    "p.edit_time, p.revision, p.delete_time, p.audience_limits, p.media_changes, p.language, "
    "p.language_given"
)

ENGAGED_COLUMNS = (
    "changed, response_id, (state).revision + (state).media_changes, (state).likes, "
    "(state).reposts, (state).replies, (state).quotes, (own).like_id IS NOT NULL, "
    "(own).repost_id IS NOT NULL, (own).bookmark_id IS NOT NULL"
)

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(tuple[Entity, ...])
_media_decoder = msgspec.json.Decoder(tuple[Medium, ...])
_limits_decoder = msgspec.json.Decoder(tuple[AudienceLimit, ...])


def entities_to_json(entities: Sequence[Entity]) -> str:
    """Entities as stored JSON."""
    return _encoder.encode(entities).decode() if entities else "[]"


def entities_from_json(stored: str) -> tuple[Entity, ...]:
    """Entities of stored JSON."""
    return () if stored == "[]" else _decoder.decode(stored)


def medium_to_json(medium: Medium) -> str:
    """A medium as stored JSON."""
    return _encoder.encode(medium).decode()


def media_to_json(media: Sequence[Medium]) -> str | None:
    """Media as stored JSON; null where there are none."""
    return _encoder.encode(media).decode() if media else None


def media_from_json(stored: str | None) -> tuple[Medium, ...]:
    """Media of stored JSON."""
    return () if stored is None else _media_decoder.decode(stored)


def limits_to_json(limits: Sequence[AudienceLimit]) -> str:
    """Audience limits as stored JSON."""
    return _encoder.encode(limits).decode() if limits else "[]"


def _limits_from(row: asyncpg.Record, entities: Iterable[Entity]) -> tuple[AudienceLimit, ...]:
    stored, author_id, parent_author_id = row[14], row[1], row[6]
    if stored is not None:
        return () if stored == "[]" else _limits_decoder.decode(stored)
    if parent_author_id in {0, author_id}:
        return ()
    # The reply is older than the column. Its row contains the author of the parent, and the
    # parent's audience was not smaller than that of the reply without limits.
    mentioned = {each.user_id for each in entities if isinstance(each, Mention)}
    visibility = Visibility(row[4])
    addressed = () if visibility is Visibility.PUBLIC else tuple(sorted(mentioned))
    return (AudienceLimit(parent_author_id, visibility, addressed),)


def post_from(row: asyncpg.Record) -> Post:
    """The post in a row of POST_COLUMNS."""
    entities = entities_from_json(row[3])
    return Post(
        id=row[0],
        author_id=row[1],
        text=row[2],
        entities=entities,
        visibility=Visibility(row[4]),
        reply_to_post_id=row[5],
        reply_to_author_id=row[6],
        conversation_id=row[7],
        quoted_post_id=row[8],
        media=media_from_json(row[9]),
        create_time=row[10],
        edit_time=row[11],
        revision=row[12],
        deleted=row[13] is not None,
        limits=_limits_from(row, entities),
        media_changes=row[15],
        language=row[16],
        language_given=row[17],
    )


def engagement_from(row: asyncpg.Record, post_id: int) -> EngagementResult:
    """The result in a row of ENGAGED_COLUMNS."""
    changed, engagement_id, version, likes, reposts, replies, quotes, liked, reposted, saved = row
    if version is None:
        return EngagementResult(changed, engagement_id, None)
    state = PostState(post_id, version, likes, reposts, replies, quotes, liked, reposted, saved)
    return EngagementResult(changed, engagement_id, state)


def buckets_of(ids: Iterable[int]) -> list[int]:
    """The buckets of the ids, each once."""
    return list({bucket_of(each) for each in ids})
