"""Writes a new post in one trip: see the functions create_post and create_limited_post in the
migrations."""

from services.chassis.events.records import new_event_id
from services.chassis.runtime import telemetry
from services.chassis.runtime.ids import bucket_of
from services.chassis.storage import idempotency
from services.chassis.storage.idempotency import RequestInFlight, RequestKey
from services.chassis.storage.postgres import Database
from services.post.adapters.postgres.rows import entities_to_json, limits_to_json
from services.post.domain.errors import PostNotFound
from services.post.domain.store import NewPost

_CREATE = f"""
SELECT outcome, fingerprint, response
FROM create_limited_post({", ".join(f"${n}" for n in range(1, 28))})
"""  # noqa: S608 - nothing but parameters

_NO_KEY = RequestKey("", "", b"")


async def create(database: Database, new: NewPost) -> bytes | None:
    post, message, key = new.post, new.message, new.key or _NO_KEY
    row = await database.fetchrow(
        _CREATE,
        post.id,
        bucket_of(post.id),
        post.author_id,
        post.text,
        entities_to_json(post.entities),
        post.visibility,
        post.answers_others,
        post.reply_to_post_id,
        post.reply_to_author_id,
        post.conversation_id,
        bucket_of(post.conversation_id),
        post.quoted_post_id,
        post.media_ids,
        post.create_time,
        new_event_id(),
        message.topic,
        message.type,
        message.payload,
        telemetry.traceparent(),
        key.caller_id,
        key.request_id,
        key.lock,
        key.fingerprint,
        new.response,
        new.account.protected,
        new.account.update_time,
        limits_to_json(post.limits),
    )
    assert row is not None  # noqa: S101 - a function with OUT parameters gives one row
    match row[0]:
        case "written":
            database.published()
            return None
        case "in_flight":
            raise RequestInFlight
        case "gone":
            raise PostNotFound
    return idempotency.stored_response(key, row[1], row[2])
