"""The people and posts that the gateway's tests are about."""

from datetime import UTC, datetime
from typing import Any

from roost.post.v1.post_pb2 import (
    VISIBILITY_PUBLIC,
    Includes,
    Post,
    PostCounts,
    TimelineEntry,
    ViewerState,
)
from roost.user.v1.user_pb2 import Relationship, Session, TokenPair, User

ALICE, BOB, CAROL, DAVE = 11, 12, 13, 14
NAMES = {ALICE: "alice", BOB: "bob", CAROL: "carol", DAVE: "dave"}
NOON = datetime(2026, 2, 1, 12, 0, tzinfo=UTC)


def person(user_id: int, *, viewer: int = 0, **stands: bool) -> User:
    """Somebody, and how the viewer stands to them."""
    handle = NAMES.get(user_id, f"user{user_id}")
    made = User(
        id=user_id,
        handle=handle,
        display_name=handle.capitalize(),
        bio="Here.",
        followers_count=3,
        following_count=2,
        posts_count=1,
        etag=f"u{user_id}",
    )
    made.create_time.FromDatetime(NOON)
    made.update_time.FromDatetime(NOON)
    if viewer:
        made.viewer_relationship.CopyFrom(relationship(user_id, **stands))
    return made


def relationship(user_id: int, **stands: bool) -> Relationship:
    return Relationship(user_id=user_id, **stands)


def post(post_id: int, author_id: int, *, viewer: int = 0, **given: Any) -> Post:
    """A public post, unless `given` says otherwise."""
    fields: dict[str, Any] = {
        "text": f"Post {post_id}",
        "visibility": VISIBILITY_PUBLIC,
        "conversation_id": post_id,
        "revision": 1,
        "etag": "p1",
        "counts": PostCounts(likes=1, reposts=2, replies=3, quotes=4),
    }
    made = Post(id=post_id, author_id=author_id, **(fields | given))
    made.create_time.FromDatetime(NOON)
    if viewer:
        made.viewer_state.CopyFrom(ViewerState(liked=True))
    return made


def tombstone(post_id: int, *, answers: int = 0) -> Post:
    """A deleted post as the Post service gives it."""
    made = Post(id=post_id, conversation_id=97, reply_to_post_id=answers, deleted=True)
    made.create_time.FromDatetime(NOON)
    return made


def entry(post_id: int, author_id: int, *, reposter: int = 0, entry_id: int = 0) -> TimelineEntry:
    return TimelineEntry(
        entry_id=entry_id or post_id,
        post_id=post_id,
        author_id=author_id,
        reposter_id=reposter,
    )


def includes(*people: User, quoted: tuple[Post, ...] = ()) -> Includes:
    return Includes(users=people, quoted_posts=quoted)


def session(session_id: int, *, current: bool = False) -> Session:
    made = Session(id=session_id, device_name="phone", current=current)
    made.create_time.FromDatetime(NOON)
    made.last_used_time.FromDatetime(NOON)
    made.expire_time.FromDatetime(NOON)
    return made


def tokens() -> TokenPair:
    made = TokenPair(access_token="access", refresh_token="refresh")
    made.access_expire_time.FromDatetime(NOON)
    made.refresh_expire_time.FromDatetime(NOON)
    return made
