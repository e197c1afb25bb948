"""Presents what was loaded, without a version.

How a message looks in JSON depends on nothing but its bytes, and on when the addresses of its media
expire; so these are kept together: a post on many homes, and its author on many posts, are printed
once. On a home page of 20 this saves most
of the gateway's own work (see gateway/README.md).
"""

from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar, cast

import msgspec
from cachebox import LRUCache
from msgspec import UNSET, Raw, UnsetType
from roost.notification.v1 import notification_pb2
from roost.post.v1 import engagement_service_pb2, post_pb2
from roost.timeline.v1 import timeline_pb2
from roost.user.v1 import user_pb2, user_service_pb2

from gateway.core import media_addresses, rules
from gateway.core.hydrate import Entry, Hydrated
from gateway.views import media, shapes
from gateway.views.media_shapes import Medium
from gateway.views.times import time

# About 1 KiB a post and 0.7 KiB a user: at most some 60 MiB, and 35 more where another version
# is asked for, which keeps posts of its own.
_KEPT = 32_768

_VISIBILITY: dict[int, shapes.Visibility] = {
    post_pb2.VISIBILITY_UNSPECIFIED: "public",
    post_pb2.VISIBILITY_PUBLIC: "public",
    post_pb2.VISIBILITY_FOLLOWERS: "followers",
    post_pb2.VISIBILITY_MENTIONED: "mentioned",
}

_KINDS: dict[int, shapes.NotificationKind] = {
    notification_pb2.NOTIFICATION_KIND_FOLLOW: "follow",
    notification_pb2.NOTIFICATION_KIND_FOLLOW_REQUEST: "follow_request",
    notification_pb2.NOTIFICATION_KIND_FOLLOW_ACCEPTED: "follow_accepted",
    notification_pb2.NOTIFICATION_KIND_MENTION: "mention",
    notification_pb2.NOTIFICATION_KIND_REPLY: "reply",
    notification_pb2.NOTIFICATION_KIND_LIKE: "like",
    notification_pb2.NOTIFICATION_KIND_REPOST: "repost",
    notification_pb2.NOTIFICATION_KIND_QUOTE: "quote",
    notification_pb2.NOTIFICATION_KIND_POST: "post",
}

_encoder = msgspec.json.Encoder()


class _CachedJson:
    """A message's JSON, and what it stands for."""

    __slots__ = ("json", "key")

    def __init__(self, key: object, value: object) -> None:
        self.key = key
        self.json = Raw(_encoder.encode(value))


_users: LRUCache[object, _CachedJson] = LRUCache(_KEPT)


def people(messages: Iterable[user_pb2.User]) -> list[shapes.User]:
    """A list of users, in their order."""
    return [cast(shapes.User, _print_user(each).json) for each in messages]


def _print_user(message: user_pb2.User) -> _CachedJson:
    key: object = message.SerializeToString()
    # Lists bring no banner.
    if message.HasField("avatar") and media_addresses.expire((message.avatar,)):
        key = key, media_addresses.expire_time()
    cached_json = _users.get(key)
    if cached_json is None:
        cached_json = _CachedJson(key, user(message))
        _users[key] = cached_json
    return cached_json


class Presenter:
    """Presents one response. Each user in it is encoded at most once.

    The values are `Raw` JSON under the types that they print as: msgspec puts them in as they are.

    A later version is a subclass that prints a post or a revision its own way. It keeps its own of
    what it printed; the types that stand here are then those in whose place its own are answered.
    """

    __slots__ = ("_addresses_expire", "_found", "_people")

    _cached_json: ClassVar[LRUCache[object, _CachedJson]] = LRUCache(_KEPT)

    def __init_subclass__(cls) -> None:
        cls._cached_json = LRUCache(_KEPT)

    def __init__(self, found: Hydrated) -> None:
        self._found = found
        self._people: dict[int, _CachedJson] = {}
        self._addresses_expire: datetime | None = None

    def items(self, entries: Iterable[Entry]) -> list[shapes.TimelineItem]:
        """Places on a timeline, whose posts and users were loaded."""
        posts, show, person = self._found.posts, self._post, self._person
        return [
            shapes.TimelineItem(
                str(place),
                cast(shapes.Post, show(posts[post_id]).json),
                cast(shapes.User, person(reposter_id).json) if reposter_id else None,
            )
            for place, post_id, _, reposter_id, _ in entries
        ]

    def notification(self, group: notification_pb2.NotificationGroup) -> shapes.Notification:
        """A group whose post and users were loaded, and which its rule lets pass."""
        shown = rules.visible_actors(group, self._found)
        return shapes.Notification(
            id=str(group.id),
            kind=_KINDS[group.kind],
            post=self.message(self._found.posts[group.post_id]) if group.post_id else None,
            people=[cast(shapes.User, self._person(each).json) for each in shown],
            count=rules.counted(group, self._found),
            first_at=time(group.first_time),
            last_at=time(group.last_time),
            read=group.read,
        )

    def message(self, message: post_pb2.Post) -> shapes.Post:
        """A post whose users and quoted post were loaded."""
        return cast(shapes.Post, self._post(message).json)

    def _person(self, user_id: int) -> _CachedJson:
        cached_json = self._people.get(user_id)
        if cached_json is None:
            cached_json = self._people[user_id] = _print_user(self._found.users[user_id])
        return cached_json

    def _post(self, message: post_pb2.Post) -> _CachedJson:
        """A post with the one it quotes."""
        quoted_id = message.quoted_post_id
        if not quoted_id:
            return self._print_post(message, None, hidden=False)
        quoted = self._found.quoted_by(message)
        if quoted is None:
            return self._print_post(message, None, hidden=True)
        return self._print_post(message, self._print_post(quoted, None, hidden=False), hidden=False)

    def _print_post(
        self, message: post_pb2.Post, quoted: _CachedJson | None, *, hidden: bool
    ) -> _CachedJson:
        author_id = message.author_id
        # Tombstones may name nobody, or somebody who is gone.
        author = self._person(author_id) if author_id in self._found.users else None
        key = (
            message.SerializeToString(),
            author and author.key,
            quoted and quoted.key,
            hidden,
            self._expire_time() if media_addresses.expire(message.media) else None,
        )
        cached_json = self._cached_json.get(key)
        if cached_json is None:
            shown = self.post(
                message,
                author=cast(shapes.User, author.json) if author else None,
                quoted=cast(shapes.Post, quoted.json) if quoted else None,
                hidden=hidden,
            )
            cached_json = _CachedJson(key, shown)
            self._cached_json[key] = cached_json
        return cached_json

    def _expire_time(self) -> datetime:
        """When addresses in this response that expire stop working."""
        if self._addresses_expire is None:
            self._addresses_expire = media_addresses.expire_time()
        return self._addresses_expire

    @staticmethod
    def post(
        message: post_pb2.Post,
        *,
        author: shapes.User | None,
        quoted: shapes.Post | None,
        hidden: bool,
    ) -> shapes.Post:
        """A post with its author and the post it quotes."""
        return shapes.Post(
            id=str(message.id),
            author=author,
            text=message.text,
            entities=entities(message.entities),
            visibility=visibility(message),
            reply_to=reply_to(message),
            conversation_id=str(message.conversation_id),
            quoted_post_id=id_or_none(message.quoted_post_id),
            quoted_post=quoted,
            quote_hidden=hidden,
            media_ids=[str(each) for each in message.media_ids],
            media=media.media(message.media),
            created_at=time(message.create_time),
            edited_at=time(message.edit_time) if message.HasField("edit_time") else None,
            revision=message.revision,
            counts=counts(message.counts),
            language=message.language or None,
            deleted=message.deleted,
            viewer=viewer_state(message.viewer_state)
            if message.HasField("viewer_state")
            else UNSET,
        )

    @staticmethod
    def revision(message: post_pb2.PostRevision) -> shapes.Revision:
        """The text and the media of a post at one time."""
        return shapes.Revision(
            revision=message.revision,
            text=message.text,
            entities=entities(message.entities),
            media=media.media(message.media),
            created_at=time(message.create_time),
        )


def user(message: user_pb2.User) -> shapes.User:
    """A profile, with the caller's relationship to the user where that is known."""
    return shapes.User(
        id=str(message.id),
        handle=message.handle,
        display_name=message.display_name,
        bio=message.bio,
        location=message.location,
        website=message.website,
        avatar_media_id=id_or_none(message.avatar_media_id),
        avatar=cast(Medium, media.printed(message.avatar)) if message.HasField("avatar") else None,
        banner_media_id=id_or_none(message.banner_media_id),
        protected=message.protected,
        followers_count=message.followers_count,
        following_count=message.following_count,
        posts_count=message.posts_count,
        created_at=time(message.create_time),
        relationship=relationship(message.viewer_relationship)
        if message.HasField("viewer_relationship")
        else UNSET,
        banner=_banner(message),
    )


def _banner(message: user_pb2.User) -> Medium | UnsetType | None:
    if message.HasField("banner"):
        return media.medium(message.banner)
    # Of a user who has one, lists do not bring it.
    return UNSET if message.banner_media_id else None


def settings(message: user_service_pb2.Settings) -> shapes.Settings:
    """The caller's settings."""
    return shapes.Settings(message.alt_text_reminder)


def relationship(message: user_pb2.Relationship) -> shapes.Relationship:
    """The relationship of the caller and another user. It never shows that the other blocks the
    caller: to the caller, such a user does not exist."""
    return shapes.Relationship(
        user_id=str(message.user_id),
        following=message.following,
        followed_by=message.followed_by,
        follow_requested=message.follow_requested,
        follow_requested_by=message.follow_requested_by,
        blocking=message.blocking,
        blocked_by=False,
        muting=message.muting,
    )


def entities(messages: Iterable[post_pb2.Entity]) -> list[shapes.Entity]:
    """Mentions, hashtags and links. What a newer service finds is left as text."""
    found = map(_entity, messages)
    return [each for each in found if each is not None]


def _entity(message: post_pb2.Entity) -> shapes.Entity | None:
    start, end = message.start, message.end
    match message.WhichOneof("kind"):
        case "mention":
            named = message.mention
            return shapes.Mention(start, end, str(named.user_id), named.handle)
        case "hashtag":
            return shapes.Hashtag(start, end, message.hashtag.tag)
        case "link":
            return shapes.Link(start, end, message.link.url)
        case _:
            return None


def visibility(message: post_pb2.Post) -> shapes.Visibility | None:
    """Who may read a post; a tombstone does not say it."""
    if message.deleted:
        return None
    return _VISIBILITY.get(message.visibility, "mentioned")


def reply_to(message: post_pb2.Post) -> shapes.ReplyTo | None:
    """The post that one answers."""
    if not message.reply_to_post_id:
        return None
    return shapes.ReplyTo(str(message.reply_to_post_id), id_or_none(message.reply_to_author_id))


def counts(message: post_pb2.PostCounts) -> shapes.PostCounts:
    return shapes.PostCounts(message.likes, message.reposts, message.replies, message.quotes)


def viewer_state(message: post_pb2.ViewerState) -> shapes.ViewerState:
    """How the caller responded."""
    return shapes.ViewerState(message.liked, message.reposted, message.bookmarked)


def engagement(
    message: engagement_service_pb2.Engagement, *, repost_id: int = 0
) -> shapes.Engagement:
    """How a post stands after the caller's response."""
    return shapes.Engagement(
        post_id=str(message.post_id),
        counts=counts(message.counts),
        viewer=viewer_state(message.viewer_state),
        repost_id=str(repost_id) if repost_id else UNSET,
    )


def marker(message: timeline_pb2.ReadMarker) -> shapes.ReadMarker:
    """Where the caller stopped reading."""
    return shapes.ReadMarker(
        last_read_id=id_or_none(message.last_read_entry_id),
        updated_at=time(message.update_time) if message.HasField("update_time") else None,
    )


def id_or_none(number: int) -> str | None:
    """An id in JSON; null where there is none."""
    return str(number) if number else None
