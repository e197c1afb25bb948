"""For every route of every version: a good request, the RPC it becomes, and what that answers."""

from dataclasses import dataclass, field, replace
from typing import Any

from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message
from roost.media.v1 import media_pb2
from roost.media.v1 import media_service_pb2 as media
from roost.notification.v1 import delivery_service_pb2 as delivery
from roost.notification.v1 import notification_pb2
from roost.notification.v1 import notification_service_pb2 as notifications
from roost.post.v1 import engagement_service_pb2 as responses
from roost.post.v1 import post_service_pb2 as posts
from roost.post.v1.post_pb2 import Entity, Link, PostCounts, PostRevision, ViewerState
from roost.search.v1 import search_pb2
from roost.search.v1 import search_service_pb2 as search
from roost.timeline.v1 import timeline_service_pb2 as timelines
from roost.timeline.v1.timeline_pb2 import FollowedHashtag, ReadMarker
from roost.user.v1 import auth_service_pb2 as auth
from roost.user.v1 import graph_service_pb2 as graph
from roost.user.v1 import user_service_pb2 as users

from gateway.api.versions import VERSIONS
from gateway.views.version import Version
from tests.gateway.samples import (
    ALICE,
    BOB,
    CAROL,
    NOON,
    entry,
    includes,
    person,
    picture,
    portrayed,
    post,
    relationship,
    session,
    tokens,
    tombstone,
    upload,
)


@dataclass(frozen=True)
class Case:
    """One route, once."""

    name: str
    method: str
    path: str
    rpc: str
    answer: Message
    # What the RPC is asked, by field.
    asks: dict[str, Any] = field(default_factory=dict)
    json: Any = None
    # The text fields and the file of a form.
    form: dict[str, str] | None = None
    file: tuple[str, bytes, str] | None = None
    headers: dict[str, str] = field(default_factory=dict)
    # Where what is created is, if not below the path.
    created_at: str = ""
    # RPCs besides `rpc`, in the order of the calls.
    also: dict[str, Message] = field(default_factory=dict)
    version: Version = VERSIONS[0]

    @property
    def request(self) -> dict[str, Any]:
        """The body and the headers, as a client takes them."""
        if self.file is None:
            return {"json": self.json, "headers": self.headers}
        return {"data": self.form, "files": {"file": self.file}, "headers": self.headers}

    def under(self, version: Version) -> "Case":
        """The same request of a version."""
        return replace(self, path=version.prefix + self.path, version=version)


_SIGNED_IN = {"user": person(ALICE), "session": session(7), "tokens": tokens()}
_ABOUT_BOB = {"relationship": relationship(BOB, following=True)}
_PEOPLE: dict[str, Any] = {
    "users": [person(BOB, viewer=ALICE), person(CAROL, viewer=ALICE)],
    "next_page_token": "next",
}
_INCLUDES = includes(portrayed(person(ALICE, viewer=ALICE)), person(BOB, viewer=ALICE))
_CLOSED = {"media_ids": [7], "media": [picture(7, folder="p/Y2xvc2Vk")]}
_ONE = {"post": post(100, ALICE, viewer=ALICE, **_CLOSED), "includes": _INCLUDES}
_MANY: dict[str, Any] = {
    "posts": [
        post(100, ALICE, viewer=ALICE, media_ids=[7], media=[picture(7)]),
        post(101, BOB, viewer=ALICE),
    ],
    "includes": _INCLUDES,
    "next_page_token": "next",
}
_ENGAGEMENT = {
    "engagement": responses.Engagement(
        post_id=100, counts=PostCounts(likes=1), viewer_state=ViewerState(liked=True)
    )
}
_RESPONDERS: dict[str, Any] = {
    "user_ids": [BOB, ALICE],
    "includes": _INCLUDES,
    "next_page_token": "next",
}
_MARKER = ReadMarker(last_read_entry_id=100)
_MARKER.update_time.FromDatetime(NOON)
_REVISION = PostRevision(
    revision=1,
    text="See https://a.b",
    entities=[Entity(start=4, end=15, link=Link(url="https://a.b"))],
    media=[picture(7)],
)
_REVISION.create_time.FromDatetime(NOON)
_PAGE = "limit=2&cursor=c"
_PAGE_ASKS = {"page_size": 2, "page_token": "c"}
_ENTRIES: dict[str, Any] = {
    "entries": [entry(101, BOB), entry(100, ALICE, reposter=BOB, entry_id=200)],
    "next_page_token": "next",
    "next_entry": entry(101, BOB),
}
_BODIES = posts.BatchGetPostsResponse(
    posts=_MANY["posts"],
    includes=includes(person(ALICE, viewer=ALICE), person(BOB, viewer=ALICE, following=True)),
)
_GROUP = notification_pb2.NotificationGroup(
    id=300,
    kind=notification_pb2.NOTIFICATION_KIND_LIKE,
    post_id=100,
    sample_user_ids=[BOB],
    count=1,
)
_GROUP.first_time.FromDatetime(NOON)
_GROUP.last_time.FromDatetime(NOON)
_READ = {"last_read_id": 300, "update_time": _GROUP.last_time}
_KIND_PREFERENCE = {"from": notification_pb2.SENDER_FILTER_FOLLOWING, "push": True}
_PREFERENCES = notification_pb2.NotificationPreferences(
    kinds=[notification_pb2.KindPreference(kind=kind, **_KIND_PREFERENCE) for kind in range(1, 10)],
    muted_conversation_ids=[100],
    watched_user_ids=[BOB],
    etag="3",
    time_zone="Europe/Berlin",
    quiet_hours=notification_pb2.QuietHours(start_hour=22, end_hour=7),
)
_HOUR = search_pb2.HashtagHour(posts_count=2, authors_count=1)
_HOUR.start_time.FromDatetime(NOON)
_USE = search_pb2.HashtagUse(tag="roost", posts_count=9, authors_count=4, history=[_HOUR])
_FOLLOWED = FollowedHashtag(tag="roost")
_FOLLOWED.follow_time.FromDatetime(NOON)
_AS_OF = _GROUP.last_time
_FOUND = posts.BatchGetPostsResponse(
    posts=_MANY["posts"],
    includes=includes(person(ALICE, viewer=ALICE), person(BOB, viewer=ALICE)),
)
_FOUND_PEOPLE = posts.BatchGetPostsResponse(
    includes=includes(person(BOB, viewer=ALICE), person(CAROL, viewer=ALICE))
)
_MATCHES = [
    search_pb2.PostMatch(
        revision=1,
        ranges=[
            search_pb2.MatchedRange(start=0, end=4),
            search_pb2.MatchedRange(start=4, end=10, media_id=7),
        ],
    ),
    search_pb2.PostMatch(revision=1),
]
_PASSWORD = "correct horse"
_FROM_OUR_PAGE = {"x-csrf": "1", "sec-fetch-site": "same-origin"}
_WITH_COOKIE = _FROM_OUR_PAGE | {"cookie": "roost-refresh=secret"}
_DEVICE = delivery.PushSubscription(id=7, endpoint="https://push.example/1")
_DEVICE.create_time.FromDatetime(NOON)
_DEVICE.expire_time.FromDatetime(NOON)
_KEYS = {"p256dh": "B" + "A" * 86, "auth": "A" * 22}
_EMAIL = delivery.EmailAddress(address="alice@mail.example", confirmed=True)

_STARTED = media.StartUploadResponse(
    medium_id=7, parts=upload(7, 8, 4).parts, upload=upload(7, 8, 4)
)
_COMPLETED = media.CompleteUploadResponse(
    medium=picture(7, folder="", variants=[], state=media_pb2.MEDIUM_STATE_PROCESSING, kind=0)
)
_USAGE = media.GetUsageResponse(
    day_bytes=12, day_uploads=1, max_day_bytes=1 << 30, max_day_uploads=250, stored_bytes=5 << 30
)
_USAGE.reset_time.FromDatetime(NOON)


def _clip(medium_id: int) -> media_pb2.Medium:
    """Audio in a closed folder, which has neither size nor colour."""
    return picture(
        medium_id,
        folder="p/Y2xvc2Vk",
        kind=media_pb2.MEDIUM_KIND_AUDIO,
        width=0,
        height=0,
        blurhash="",
        dominant_color="",
        focal_point=None,
        duration_ms=61_000,
        waveform=bytes(range(100)),
        variants=[
            media_pb2.MediumVariant(
                name="audio", file="audio.m4a", content_type="audio/mp4", size_bytes=9
            )
        ],
    )


_CASES = (
    Case(
        "register",
        "POST",
        "/users",
        "Register",
        auth.RegisterResponse(**_SIGNED_IN),
        {"handle": "alice", "password": _PASSWORD, "display_name": "Al", "device_name": "phone"},
        {"handle": "alice", "password": _PASSWORD, "display_name": "Al", "device_name": "phone"},
    ),
    Case(
        "find_users",
        "GET",
        "/users?handle=Bob",
        "GetUserByHandle",
        users.GetUserByHandleResponse(user=person(BOB)),
        {"handle": "Bob"},
    ),
    Case(
        "get_me",
        "GET",
        "/users/me",
        "GetUser",
        users.GetUserResponse(user=portrayed(person(ALICE))),
        {"user_id": ALICE},
    ),
    Case(
        "get_user",
        "GET",
        "/users/12",
        "GetUser",
        users.GetUserResponse(user=person(BOB, viewer=ALICE)),
        {"user_id": BOB},
    ),
    Case(
        "update_me",
        "PATCH",
        "/users/me",
        "UpdateUser",
        users.UpdateUserResponse(user=person(ALICE)),
        {"etag": ""},
        {"bio": "New", "protected": True, "avatar_media_id": "8", "banner_media_id": None},
    ),
    Case(
        "get_settings",
        "GET",
        "/users/me/settings",
        "GetSettings",
        users.GetSettingsResponse(settings=users.Settings(alt_text_reminder=True)),
    ),
    Case(
        "update_settings",
        "PATCH",
        "/users/me/settings",
        "UpdateSettings",
        users.UpdateSettingsResponse(),
        {"settings": users.Settings(), "update_mask": FieldMask(paths=["alt_text_reminder"])},
        {"alt_text_reminder": False},
    ),
    Case(
        "delete_me",
        "DELETE",
        "/users/me",
        "DeleteUser",
        users.DeleteUserResponse(),
        {"password": _PASSWORD},
        {"password": _PASSWORD},
    ),
    Case(
        "change_password",
        "POST",
        "/users/me/password",
        "ChangePassword",
        auth.ChangePasswordResponse(),
        {"old_password": "old", "new_password": _PASSWORD},
        {"old_password": "old", "new_password": _PASSWORD},
    ),
    Case(
        "sign_in",
        "POST",
        "/sessions",
        "Authenticate",
        auth.AuthenticateResponse(**_SIGNED_IN),
        {"handle": "alice", "password": _PASSWORD},
        {"handle": "alice", "password": _PASSWORD},
    ),
    Case(
        "refresh_session",
        "POST",
        "/sessions/refresh",
        "RefreshSession",
        auth.RefreshSessionResponse(session=session(7), tokens=tokens()),
        {"refresh_token": "secret"},
        {"refresh_token": "secret"},
    ),
    Case(
        "sign_in_with_cookie",
        "POST",
        "/cookie-sessions",
        "Authenticate",
        auth.AuthenticateResponse(**_SIGNED_IN),
        {"handle": "alice", "password": _PASSWORD},
        {"handle": "alice", "password": _PASSWORD},
        headers=_FROM_OUR_PAGE,
        created_at="/sessions",
    ),
    Case(
        "register_with_cookie",
        "POST",
        "/cookie-sessions/users",
        "Register",
        auth.RegisterResponse(**_SIGNED_IN),
        {"handle": "alice", "password": _PASSWORD},
        {"handle": "alice", "password": _PASSWORD},
        headers=_FROM_OUR_PAGE,
        created_at="/users",
    ),
    Case(
        "refresh_with_cookie",
        "POST",
        "/cookie-sessions/refresh",
        "RefreshSession",
        auth.RefreshSessionResponse(session=session(7), tokens=tokens()),
        {"refresh_token": "secret"},
        headers=_WITH_COOKIE,
    ),
    Case(
        "sign_out_everywhere_with_cookie",
        "DELETE",
        "/cookie-sessions",
        "ListSessions",
        auth.ListSessionsResponse(sessions=[session(501, current=True)]),
        also={"RevokeSession": auth.RevokeSessionResponse()},
        headers=_WITH_COOKIE,
    ),
    Case(
        "sign_out_with_cookie",
        "DELETE",
        "/cookie-sessions/current",
        "RevokeSession",
        auth.RevokeSessionResponse(),
        {"session_id": 501},
        headers=_WITH_COOKIE,
    ),
    Case(
        "list_sessions",
        "GET",
        f"/sessions?{_PAGE}",
        "ListSessions",
        auth.ListSessionsResponse(
            sessions=[session(501, current=True), session(7)], next_page_token="next"
        ),
        _PAGE_ASKS,
    ),
    Case(
        "get_session",
        "GET",
        "/sessions/7",
        "ListSessions",
        auth.ListSessionsResponse(sessions=[session(501, current=True), session(7)]),
    ),
    Case(
        "sign_out_everywhere",
        "DELETE",
        "/sessions",
        "ListSessions",
        auth.ListSessionsResponse(sessions=[session(501, current=True)]),
        also={"RevokeSession": auth.RevokeSessionResponse()},
    ),
    Case(
        "sign_out",
        "DELETE",
        "/sessions/current",
        "RevokeSession",
        auth.RevokeSessionResponse(),
        {"session_id": 501},
    ),
    Case(
        "revoke_session",
        "DELETE",
        "/sessions/7",
        "RevokeSession",
        auth.RevokeSessionResponse(),
        {"session_id": 7},
    ),
    *(
        Case(
            name,
            method,
            path,
            rpc,
            getattr(graph, f"{rpc}Response")(**_ABOUT_BOB),
            {"user_id": BOB},
        )
        for name, method, path, rpc in (
            ("follow", "PUT", "/users/12/follow", "Follow"),
            ("unfollow", "DELETE", "/users/12/follow", "Unfollow"),
            ("block", "PUT", "/users/12/block", "Block"),
            ("unblock", "DELETE", "/users/12/block", "Unblock"),
            ("mute", "PUT", "/users/12/mute", "Mute"),
            ("unmute", "DELETE", "/users/12/mute", "Unmute"),
            ("accept_follow_request", "PUT", "/follow-requests/12", "AcceptFollowRequest"),
            ("reject_follow_request", "DELETE", "/follow-requests/12", "RejectFollowRequest"),
        )
    ),
    *(
        Case(name, "GET", f"{path}?{_PAGE}", rpc, getattr(graph, f"{rpc}Response")(**_PEOPLE), asks)
        for name, path, rpc, asks in (
            (
                "list_followers",
                "/users/12/followers",
                "ListFollowers",
                _PAGE_ASKS | {"user_id": BOB},
            ),
            (
                "list_following",
                "/users/12/following",
                "ListFollowing",
                _PAGE_ASKS | {"user_id": BOB},
            ),
            ("list_follow_requests", "/follow-requests", "ListFollowRequests", _PAGE_ASKS),
            ("list_blocks", "/blocks", "ListBlocks", _PAGE_ASKS),
            ("list_mutes", "/mutes", "ListMutes", _PAGE_ASKS),
        )
    ),
    Case(
        "get_relationships",
        "GET",
        "/relationships?ids=12,13,12",
        "BatchGetRelationships",
        graph.BatchGetRelationshipsResponse(relationships=[relationship(BOB), relationship(CAROL)]),
        {"user_ids": [BOB, CAROL]},
    ),
    Case(
        "create_post",
        "POST",
        "/posts",
        "CreatePost",
        posts.CreatePostResponse(**_ONE),
        {
            "text": "Hello",
            "visibility": 2,
            "reply_to_post_id": 5,
            "quoted_post_id": 6,
            "media_ids": [7, 8],
            "language": "en",
        },
        {
            "text": "Hello",
            "visibility": "followers",
            "reply_to_post_id": "5",
            "quoted_post_id": "6",
            "media_ids": ["7", "8"],
            "language": "en",
        },
    ),
    Case(
        "get_posts",
        "GET",
        "/posts?ids=100,101",
        "BatchGetPosts",
        _BODIES,
        {"post_ids": [100, 101]},
    ),
    Case(
        "get_post",
        "GET",
        "/posts/100",
        "GetPost",
        posts.GetPostResponse(**_ONE),
        {"post_id": 100},
    ),
    Case(
        "update_post",
        "PATCH",
        "/posts/100",
        "UpdatePost",
        posts.UpdatePostResponse(**_ONE),
        {
            "post_id": 100,
            "text": "New",
            "media": posts.MediaList(media_ids=[8, 7]),
            "language": "de",
        },
        {"text": "New", "media_ids": ["8", "7"], "language": "de"},
    ),
    Case(
        "delete_post",
        "DELETE",
        "/posts/100",
        "DeletePost",
        posts.DeletePostResponse(),
        {"post_id": 100},
    ),
    Case(
        "get_thread",
        "GET",
        f"/posts/100/thread?{_PAGE}",
        "GetThread",
        posts.GetThreadResponse(
            ancestors=[tombstone(97), tombstone(98, answers=97), post(99, BOB)],
            post=post(100, ALICE, reply_to_post_id=99, reply_to_author_id=BOB),
            replies=[post(101, BOB)],
            includes=_INCLUDES,
            next_page_token="next",
        ),
        _PAGE_ASKS | {"post_id": 100},
    ),
    *(
        Case(
            name,
            "GET",
            f"/posts/100/{part}?{_PAGE}",
            rpc,
            getattr(posts, f"{rpc}Response")(**_MANY),
            _PAGE_ASKS | {"post_id": 100},
        )
        for name, part, rpc in (
            ("list_replies", "replies", "ListReplies"),
            ("list_quotes", "quotes", "ListQuotes"),
        )
    ),
    Case(
        "list_revisions",
        "GET",
        f"/posts/100/revisions?{_PAGE}",
        "ListPostRevisions",
        posts.ListPostRevisionsResponse(revisions=[_REVISION], next_page_token="next"),
        _PAGE_ASKS | {"post_id": 100},
    ),
    Case(
        "list_user_posts",
        "GET",
        f"/users/12/posts?include_replies=true&only_media=true&{_PAGE}",
        "ListUserPosts",
        posts.ListUserPostsResponse(**_MANY, entries=_ENTRIES["entries"]),
        _PAGE_ASKS | {"user_id": BOB, "include_replies": True, "only_media": True},
    ),
    Case(
        "start_upload",
        "POST",
        "/media/uploads",
        "StartUpload",
        _STARTED,
        {"content_type": "image/jpeg", "size_bytes": 12, "alt_text": "A heron"},
        {"content_type": "image/jpeg", "size_bytes": 12, "alt_text": "A heron"},
    ),
    Case(
        "get_upload",
        "GET",
        "/media/uploads/7",
        "GetUpload",
        media.GetUploadResponse(upload=upload(7, 8, 4, received=1)),
        {"medium_id": 7},
    ),
    Case(
        "complete_upload",
        "POST",
        "/media/uploads/7/completion",
        "CompleteUpload",
        _COMPLETED,
        {"medium_id": 7, "part_etags": []},
    ),
    Case(
        "abort_upload",
        "DELETE",
        "/media/uploads/7",
        "AbortUpload",
        media.AbortUploadResponse(),
        {"medium_id": 7},
    ),
    Case(
        "upload_medium",
        "POST",
        "/media",
        "StartUpload",
        _STARTED,
        {"content_type": "image/png", "size_bytes": 12, "alt_text": "A heron"},
        form={"alt_text": "A heron"},
        file=("heron.png", b"twelve bytes", "image/png"),
        also={"CompleteUpload": _COMPLETED},
    ),
    Case(
        "get_media",
        "GET",
        "/media?ids=7,8,7",
        "BatchGetMedia",
        media.BatchGetMediaResponse(media=[picture(7), _clip(8)]),
        {"medium_ids": [7, 8]},
    ),
    Case(
        "get_media_usage",
        "GET",
        "/media/usage",
        "GetUsage",
        _USAGE,
    ),
    Case(
        "get_medium",
        "GET",
        "/media/7",
        "GetMedia",
        media.GetMediaResponse(medium=picture(7, folder="p/Y2xvc2Vk")),
        {"medium_id": 7},
    ),
    Case(
        "wait_medium",
        "GET",
        "/media/7/wait?seconds=3",
        "WaitMedia",
        media.WaitMediaResponse(medium=picture(7)),
        {"medium_id": 7, "wait_ms": 3000},
    ),
    Case(
        "update_medium",
        "PATCH",
        "/media/7",
        "UpdateMedia",
        media.UpdateMediaResponse(medium=picture(7)),
        {
            "medium": media_pb2.Medium(
                id=7, alt_text="A heron", focal_point=media_pb2.FocalPoint(x=0.5, y=-1)
            ),
            "update_mask": FieldMask(paths=["alt_text", "focal_point"]),
            "etag": "",
        },
        {"alt_text": "A heron", "focal_point": {"x": 0.5, "y": -1}},
    ),
    Case(
        "delete_medium",
        "DELETE",
        "/media/7",
        "DeleteMedia",
        media.DeleteMediaResponse(),
        {"medium_id": 7},
    ),
    Case(
        "get_limits",
        "GET",
        "/limits",
        "GetLimits",
        media.GetLimitsResponse(
            kinds=[
                media_pb2.MediumLimits(
                    kind=media_pb2.MEDIUM_KIND_PICTURE,
                    content_types=["image/jpeg", "image/png"],
                    max_bytes=16 << 20,
                    max_pixels=64_000_000,
                    max_per_post=4,
                )
            ],
            max_alt_text_characters=1500,
            max_day_bytes=1 << 30,
            max_day_uploads=250,
            unattached_seconds=86_400,
        ),
    ),
    *(
        Case(
            name,
            method,
            f"/posts/100/{part}",
            rpc,
            getattr(responses, f"{rpc}Response")(**_ENGAGEMENT),
            {"post_id": 100},
        )
        for name, method, part, rpc in (
            ("like", "PUT", "like", "Like"),
            ("unlike", "DELETE", "like", "Unlike"),
            ("undo_repost", "DELETE", "repost", "UndoRepost"),
            ("bookmark", "PUT", "bookmark", "Bookmark"),
            ("remove_bookmark", "DELETE", "bookmark", "RemoveBookmark"),
        )
    ),
    Case(
        "repost",
        "PUT",
        "/posts/100/repost",
        "Repost",
        responses.RepostResponse(**_ENGAGEMENT, repost_id=300),
        {"post_id": 100},
    ),
    *(
        Case(
            name,
            "GET",
            f"/posts/100/{part}?{_PAGE}",
            rpc,
            getattr(responses, f"{rpc}Response")(**_RESPONDERS),
            _PAGE_ASKS | {"post_id": 100},
        )
        for name, part, rpc in (
            ("list_likers", "likers", "ListLikers"),
            ("list_reposters", "reposters", "ListReposters"),
        )
    ),
    Case(
        "list_liked_posts",
        "GET",
        f"/users/12/likes?{_PAGE}",
        "ListLikedPosts",
        responses.ListLikedPostsResponse(**_MANY),
        _PAGE_ASKS | {"user_id": BOB},
    ),
    Case(
        "list_bookmarks",
        "GET",
        f"/bookmarks?{_PAGE}",
        "ListBookmarks",
        responses.ListBookmarksResponse(**_MANY),
        _PAGE_ASKS,
    ),
    Case(
        "get_home_timeline",
        "GET",
        f"/timelines/home?order=relevant&{_PAGE}",
        "GetHomeTimeline",
        timelines.GetHomeTimelineResponse(**_ENTRIES),
        _PAGE_ASKS | {"order": 2},
        also={"BatchGetPosts": _BODIES},
    ),
    Case(
        "get_public_timeline",
        "GET",
        f"/timelines/public?{_PAGE}",
        "GetPublicTimeline",
        timelines.GetPublicTimelineResponse(**_ENTRIES),
        _PAGE_ASKS,
        also={"BatchGetPosts": _BODIES},
    ),
    Case(
        "get_read_marker",
        "GET",
        "/timelines/home/marker",
        "GetReadMarker",
        timelines.GetReadMarkerResponse(marker=ReadMarker()),
    ),
    Case(
        "set_read_marker",
        "PUT",
        "/timelines/home/marker",
        "SetReadMarker",
        timelines.SetReadMarkerResponse(marker=_MARKER),
        {"last_read_entry_id": 100},
        {"last_read_id": "100"},
    ),
    Case(
        "rebuild_home_timeline",
        "POST",
        "/timelines/home/rebuild",
        "RebuildHomeTimeline",
        timelines.RebuildHomeTimelineResponse(entry_count=3),
        {"user_id": 0},
    ),
    Case(
        "list_notifications",
        "GET",
        f"/notifications?kinds=like,follow&{_PAGE}",
        "ListNotifications",
        notifications.ListNotificationsResponse(
            groups=[_GROUP, _GROUP], next_page_token="next", next_group=_GROUP
        ),
        _PAGE_ASKS
        | {
            "kinds": [
                notification_pb2.NOTIFICATION_KIND_LIKE,
                notification_pb2.NOTIFICATION_KIND_FOLLOW,
            ]
        },
        also={"BatchGetPosts": _BODIES},
    ),
    Case(
        "count_unread_notifications",
        "GET",
        "/notifications/unread-count",
        "CountUnread",
        notifications.CountUnreadResponse(count=3),
    ),
    Case(
        "get_notifications_marker",
        "GET",
        "/notifications/marker",
        "GetReadMarker",
        notifications.GetReadMarkerResponse(),
    ),
    Case(
        "set_notifications_marker",
        "PUT",
        "/notifications/marker",
        "MarkRead",
        notifications.MarkReadResponse(**_READ),
        {"last_read_id": 300},
        {"last_read_id": "300"},
    ),
    Case(
        "get_notification_preferences",
        "GET",
        "/notifications/preferences",
        "GetPreferences",
        notifications.GetPreferencesResponse(preferences=_PREFERENCES),
    ),
    Case(
        "update_notification_preferences",
        "PATCH",
        "/notifications/preferences",
        "UpdatePreferences",
        notifications.UpdatePreferencesResponse(preferences=_PREFERENCES),
        {"etag": ""},
        {
            "kinds": {"like": {"from": "following", "push": True}},
            "email_digest": False,
            "time_zone": "Europe/Berlin",
            "quiet_hours": {"start_hour": 22, "end_hour": 7},
        },
    ),
    *(
        Case(
            name,
            method,
            "/posts/100/conversation-mute",
            rpc,
            getattr(notifications, f"{rpc}Response")(),
            {"post_id": 100},
        )
        for name, method, rpc in (
            ("mute_conversation", "PUT", "MuteConversation"),
            ("unmute_conversation", "DELETE", "UnmuteConversation"),
        )
    ),
    *(
        Case(
            name,
            method,
            "/users/12/watch",
            rpc,
            getattr(notifications, f"{rpc}Response")(),
            {"user_id": BOB},
        )
        for name, method, rpc in (
            ("watch", "PUT", "WatchUser"),
            ("unwatch", "DELETE", "UnwatchUser"),
        )
    ),
    Case(
        "issue_stream_ticket",
        "POST",
        "/stream/tickets",
        "IssueStreamTicket",
        auth.IssueStreamTicketResponse(ticket="opens-once", expires_in=30),
    ),
    Case(
        "get_push_key",
        "GET",
        "/push/key",
        "GetPushKey",
        delivery.GetPushKeyResponse(public_key="BA"),
    ),
    Case(
        "list_push_subscriptions",
        "GET",
        "/push/subscriptions",
        "ListPushSubscriptions",
        delivery.ListPushSubscriptionsResponse(subscriptions=[_DEVICE]),
    ),
    Case(
        "create_push_subscription",
        "POST",
        "/push/subscriptions",
        "CreatePushSubscription",
        delivery.CreatePushSubscriptionResponse(subscription=_DEVICE),
        {"endpoint": "https://push.example/1", **_KEYS},
        {"endpoint": "https://push.example/1", "expirationTime": None, "keys": _KEYS},
    ),
    Case(
        "get_push_subscription",
        "GET",
        "/push/subscriptions/7",
        "ListPushSubscriptions",
        delivery.ListPushSubscriptionsResponse(subscriptions=[_DEVICE]),
    ),
    Case(
        "delete_push_subscription",
        "DELETE",
        "/push/subscriptions/7",
        "DeletePushSubscription",
        delivery.DeletePushSubscriptionResponse(),
        {"subscription_id": 7},
    ),
    Case(
        "get_email",
        "GET",
        "/users/me/email",
        "GetEmailAddress",
        delivery.GetEmailAddressResponse(email=_EMAIL),
    ),
    Case(
        "set_email",
        "PUT",
        "/users/me/email",
        "SetEmailAddress",
        delivery.SetEmailAddressResponse(email=_EMAIL),
        {"address": "alice@mail.example"},
        {"address": "alice@mail.example"},
    ),
    Case(
        "remove_email",
        "DELETE",
        "/users/me/email",
        "RemoveEmailAddress",
        delivery.RemoveEmailAddressResponse(),
    ),
    Case(
        "confirm_email",
        "POST",
        "/users/me/email/confirmation",
        "ConfirmEmailAddress",
        delivery.ConfirmEmailAddressResponse(email=_EMAIL),
        {"code": "012345"},
        {"code": "012345"},
    ),
    Case(
        "unsubscribe",
        "POST",
        "/email/unsubscribe?token=t0ken",
        "Unsubscribe",
        delivery.UnsubscribeResponse(),
        {"token": "t0ken"},
    ),
    Case(
        "search_posts",
        "GET",
        f"/search/posts?q=heron+-from%3Abob&order=latest&{_PAGE}",
        "SearchPosts",
        search.SearchPostsResponse(
            post_ids=[100, 101], matches=_MATCHES, next_page_token="next", next_post_id=100
        ),
        {"query": "heron -from:bob", "order": search_pb2.POST_ORDER_LATEST, **_PAGE_ASKS},
        also={"BatchGetPosts": _FOUND},
    ),
    Case(
        "search_users",
        "GET",
        f"/search/users?q=bob&{_PAGE}",
        "SearchUsers",
        search.SearchUsersResponse(
            user_ids=[BOB, CAROL],
            matches=[
                search_pb2.UserMatch(field=search_pb2.USER_FIELD_HANDLE),
                search_pb2.UserMatch(field=search_pb2.USER_FIELD_BIO),
            ],
            next_page_token="next",
            next_user_id=BOB,
        ),
        {"query": "bob", **_PAGE_ASKS},
        also={"BatchGetPosts": _FOUND_PEOPLE},
    ),
    Case(
        "search_hashtags",
        "GET",
        f"/search/hashtags?q=ro&{_PAGE}",
        "SearchHashtags",
        search.SearchHashtagsResponse(hashtags=[_USE], next_page_token="next"),
        {"query": "ro", **_PAGE_ASKS},
    ),
    Case(
        "suggest",
        "GET",
        "/search/typeahead?q=%40bo&limit=2",
        "Typeahead",
        search.TypeaheadResponse(
            suggestions=[
                search_pb2.Suggestion(user_id=BOB),
                search_pb2.Suggestion(hashtag=search_pb2.HashtagUse(tag="bob")),
            ]
        ),
        {"query": "@bo", "page_size": 2},
        also={"BatchGetPosts": _FOUND_PEOPLE},
    ),
    Case(
        "list_trends",
        "GET",
        "/trends?language=en",
        "ListTrends",
        search.ListTrendsResponse(
            trends=[_USE],
            measures=[search_pb2.TrendMeasure(score=5.5, observed=13, baseline=1.25)],
            as_of_time=_AS_OF,
        ),
        {"language": "en"},
    ),
    Case(
        "get_hashtag",
        "GET",
        "/hashtags/Roost",
        "GetHashtag",
        search.GetHashtagResponse(hashtag=_USE),
        {"tag": "Roost"},
        also={
            "BatchGetFollowedHashtags": timelines.BatchGetFollowedHashtagsResponse(tags=["roost"])
        },
    ),
    Case(
        "list_hashtag_posts",
        "GET",
        f"/hashtags/roost/posts?only_media=true&{_PAGE}",
        "ListHashtagPosts",
        search.ListHashtagPostsResponse(
            post_ids=[100, 101], next_page_token="next", next_post_id=100
        ),
        {"tag": "roost", "only_media": True, **_PAGE_ASKS},
        also={"BatchGetPosts": _FOUND},
    ),
    Case(
        "follow_hashtag",
        "PUT",
        "/hashtags/roost/follow",
        "FollowHashtag",
        timelines.FollowHashtagResponse(hashtag=_FOLLOWED),
        {"tag": "roost"},
    ),
    Case(
        "unfollow_hashtag",
        "DELETE",
        "/hashtags/roost/follow",
        "UnfollowHashtag",
        timelines.UnfollowHashtagResponse(tag="roost"),
        {"tag": "roost"},
    ),
    Case(
        "list_followed_hashtags",
        "GET",
        f"/followed-hashtags?{_PAGE}",
        "ListFollowedHashtags",
        timelines.ListFollowedHashtagsResponse(hashtags=[_FOLLOWED], next_page_token="next"),
        _PAGE_ASKS,
    ),
)

CASES = tuple(case.under(version) for version in VERSIONS for case in _CASES)
