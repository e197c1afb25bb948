"""Builds posts and media for tests, with defaults."""

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

from roost.media.v1.media_pb2 import (
    MEDIUM_KIND_PICTURE,
    MEDIUM_STATE_READY,
    MEDIUM_USE_POST,
    MediumKind,
    MediumVariant,
)
from roost.media.v1.media_pb2 import Medium as MediumMessage

from services.chassis.runtime.ids import bucket_of
from services.post.domain.model import Medium, Post
from services.post.rpc.convert import to_medium

START = datetime(2025, 6, 1, 12, 0, tzinfo=UTC)


class Numbers:
    """Creates ids like the service: ascending, each with the bucket of its author.

    Ids of two instances are distinct, so tests may share a database.
    """

    _instances = itertools.count(1)

    def __init__(self) -> None:
        self._time = next(self._instances) * 1_000_000

    def user(self, bucket: int = 7) -> int:
        return self._next(bucket)

    def of(self, author_id: int) -> int:
        return self._next(bucket_of(author_id))

    def _next(self, bucket: int) -> int:
        self._time += 1
        return self._time << 22 | bucket << 13


def a_post(id_: int, author_id: int, *, answers: Post | None = None, **given: Any) -> Post:
    """A post; `answers` sets all three fields of a reply."""
    if answers is not None:
        given |= {
            "reply_to_post_id": answers.id,
            "reply_to_author_id": answers.author_id,
            "conversation_id": answers.conversation_id,
        }
    usual = {
        "text": f"post {id_}",
        "conversation_id": id_,
        "create_time": START + timedelta(milliseconds=id_ >> 22),
    }
    return Post(id=id_, author_id=author_id, **(usual | given))


def a_medium_message(
    id_: int,
    owner_id: int = 1,
    *,
    version: int = 1,
    kind: MediumKind = MEDIUM_KIND_PICTURE,
    **given: Any,
) -> MediumMessage:
    """A medium that is ready, as the Media service reports it to other services."""
    usual = {
        "etag": str(version),
        "state": MEDIUM_STATE_READY,
        "content_type": "image/jpeg",
        "width": 640,
        "height": 480,
        "alt_text": f"medium {id_}, version {version}",
        "folder": f"p/{id_}",
        "use": MEDIUM_USE_POST,
        "variants": [MediumVariant(name="thumb", file="320.webp", width=320, height=240)],
    }
    return MediumMessage(id=id_, owner_id=owner_id, kind=kind, **(usual | given))


def a_medium(id_: int, **given: Any) -> Medium:
    """The snapshot of a medium, with the fields of `a_medium_message`."""
    return to_medium(a_medium_message(id_, **given))
