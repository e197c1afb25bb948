"""The people and posts that the gateway's tests are about."""

from datetime import UTC, datetime
from typing import Any

from roost.media.v1 import media_pb2
from roost.media.v1.media_pb2 import Medium, MediumVariant, Upload, UploadPart
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


def portrayed(user: User) -> User:
    """The user with a profile picture and a banner, as profiles bring them."""
    user.avatar_media_id, user.banner_media_id = 8, 9
    user.avatar.CopyFrom(picture(8))
    user.banner.CopyFrom(picture(9))
    return user


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


def entry(
    post_id: int,
    author_id: int,
    *,
    reposter: int = 0,
    entry_id: int = 0,
    by_hashtag: bool = False,
) -> TimelineEntry:
    return TimelineEntry(
        entry_id=entry_id or post_id,
        post_id=post_id,
        author_id=author_id,
        reposter_id=reposter,
        by_hashtag=by_hashtag,
    )


def includes(*people: User, quoted: tuple[Post, ...] = ()) -> Includes:
    return Includes(users=people, quoted_posts=quoted)


def picture(medium_id: int, *, folder: str = "m/b3Blbg", **given: Any) -> Medium:
    """A picture that is ready, as other services return it: without addresses."""
    fields: dict[str, Any] = {
        "owner_id": ALICE,
        "state": media_pb2.MEDIUM_STATE_READY,
        "kind": media_pb2.MEDIUM_KIND_PICTURE,
        "progress": 100,
        "alt_text": "Two herons on a roof",
        "width": 3024,
        "height": 4032,
        "blurhash": "LEHV6nWB2yk8pyo0adR*.7kCMdnj",
        "dominant_color": "#3a6f8c",
        "focal_point": media_pb2.FocalPoint(x=0.1, y=-0.25),
        "etag": "m1",
        "folder": folder,
        "variants": [
            _variant("thumb", "320.webp", 240, 320),
            _variant("small", "960.webp", 720, 960),
            _variant("large", "2048.webp", 1536, 2048),
            _variant("compat", "compat.jpg", 1536, 2048),
        ],
    }
    made = Medium(id=medium_id, **(fields | given))
    made.create_time.FromDatetime(NOON)
    return made


def _variant(name: str, file: str, width: int, height: int) -> MediumVariant:
    extension = file.rpartition(".")[2].replace("jpg", "jpeg")
    return MediumVariant(
        name=name,
        file=file,
        width=width,
        height=height,
        content_type=f"image/{extension}",
        size_bytes=width * height // 10,
        codec=extension,
    )


def upload(medium_id: int, *sizes: int, received: int = 0) -> Upload:
    """An upload of parts of these sizes, of which the first so many have arrived."""
    made = Upload(
        medium_id=medium_id,
        size_bytes=sum(sizes),
        parts=[
            UploadPart(number=number, size_bytes=size, etag="e")
            if number <= received
            else UploadPart(
                number=number, size_bytes=size, url=f"https://s3.roost.test/{medium_id}/{number}"
            )
            for number, size in enumerate(sizes, start=1)
        ],
    )
    made.address_expire_time.FromDatetime(NOON)
    made.expire_time.FromDatetime(NOON)
    return made


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
