"""How rows and the model become each other."""

from collections.abc import Iterable, Sequence

import asyncpg
import msgspec

from services.chassis.ids import bucket_of
from services.post.model import Entity, Post, PostState, Responded, Visibility

POST_COLUMNS = (
    "p.id, p.author_id, p.text, p.entities, p.visibility, p.reply_to_post_id, "
    "p.reply_to_author_id, p.conversation_id, p.quoted_post_id, p.media_ids, p.create_time, "
    "p.edit_time, p.revision, p.delete_time"
)

RESPONDED_COLUMNS = (
    "changed, response_id, (state).revision, (state).likes, (state).reposts, (state).replies, "
    "(state).quotes, (own).like_id IS NOT NULL, (own).repost_id IS NOT NULL, "
    "(own).bookmark_id IS NOT NULL"
)

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(tuple[Entity, ...])


def entities_to_json(entities: Sequence[Entity]) -> str:
    """Entities as they are kept."""
    return _encoder.encode(entities).decode() if entities else "[]"


def entities_from_json(kept: str) -> tuple[Entity, ...]:
    """Entities as they were kept."""
    return () if kept == "[]" else _decoder.decode(kept)


def post_from(row: asyncpg.Record) -> Post:
    """The post in a row of POST_COLUMNS."""
    return Post(
        id=row[0],
        author_id=row[1],
        text=row[2],
        entities=entities_from_json(row[3]),
        visibility=Visibility(row[4]),
        reply_to_post_id=row[5],
        reply_to_author_id=row[6],
        conversation_id=row[7],
        quoted_post_id=row[8],
        media_ids=tuple(row[9]),
        create_time=row[10],
        edit_time=row[11],
        revision=row[12],
        deleted=row[13] is not None,
    )


def responded_from(row: asyncpg.Record, post_id: int) -> Responded:
    """The outcome in a row of RESPONDED_COLUMNS."""
    changed, response_id, revision, likes, reposts, replies, quotes, liked, reposted, kept = row
    if revision is None:
        return Responded(changed, response_id, None)
    state = PostState(post_id, revision, likes, reposts, replies, quotes, liked, reposted, kept)
    return Responded(changed, response_id, state)


def buckets_of(ids: Iterable[int]) -> list[int]:
    """The shards that the ids lead to, each once."""
    return list({bucket_of(each) for each in ids})
