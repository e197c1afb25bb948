"""For every REST route: the field that does the same, with a document and variables."""

from dataclasses import dataclass, field
from typing import Any

from gateway.protocols.graphql.global_ids import global_id
from tests.gateway.samples import BOB, CAROL

PASSWORD = "correct horse"
_POST = {"id": global_id("Post", 100)}
_BOB = {"id": global_id("User", BOB)}
_MEDIA_IDS = [global_id("Medium", 7), global_id("Medium", 8)]
_MEDIUM_ID = {"id": _MEDIA_IDS[0]}
_PAGE = {"first": 2, "after": "c"}
_PAGE_ARGS = "$first: Int!, $after: String"
_ON_PAGE = "first: $first, after: $after"
_ERROR = "error { reason status detail metadata { key value } violations { field rule } }"
_INFO = "pageInfo { hasNextPage endCursor }"


@dataclass(frozen=True)
class FieldCase:
    """A field, in a document that selects it."""

    # Where it stands: `Query.me`.
    field: str
    document: str
    variables: dict[str, Any] = field(default_factory=dict)
    # The RPCs for what it is a field of, before its own.
    before: tuple[str, ...] = ()


def _given(name: str, result: str, /, **given: tuple[str, Any]) -> FieldCase:
    """A mutation whose arguments are variables of these types, with a key."""
    signature = ", ".join(f"${each}: {kind}" for each, (kind, _) in given.items())
    args = ", ".join(f"{each}: ${each}" for each in given)
    return _change(
        name,
        f"{signature}, $key: String",
        f"{args}, idempotencyKey: $key",
        result,
        **{each: value for each, (_, value) in given.items()},
    )


def _change(name: str, given: str, args: str, result: str, **variables: Any) -> FieldCase:
    """A mutation with a result."""
    shown = "done" if not result else f"result {{ {result} }}"
    called = f"{name}({args})" if args else name
    signature = f"({given})" if given else ""
    return FieldCase(
        f"Mutation.{name}", f"mutation{signature} {{ {called} {{ {shown} {_ERROR} }} }}", variables
    )


def _about(kind: str, name: str, result: str) -> FieldCase:
    """A keyed mutation about one post or user."""
    variable = f"{kind.lower()}Id"
    return _change(
        name,
        "$id: ID!, $key: String",
        f"{variable}: $id, idempotencyKey: $key",
        result,
        id=(_POST if kind == "Post" else _BOB)["id"],
    )


def _of_medium(name: str, result: str) -> FieldCase:
    """A keyed mutation about one medium."""
    return _change(
        name, "$id: ID!, $key: String", "id: $id, idempotencyKey: $key", result, **_MEDIUM_ID
    )


def _list(parent: str, name: str, shown: str, more: str = "") -> FieldCase:
    """A list below a post or a user."""
    kind, about = ("Post", _POST) if parent == "post" else ("User", _BOB)
    return FieldCase(
        f"{kind}.{name}",
        f"query($id: ID!, {_PAGE_ARGS}) {{ {parent}(id: $id) {{ "
        f"{name}({_ON_PAGE}{more}) {{ nodes {{ {shown} }} {_INFO} }} }} }}",
        about | _PAGE,
        before=("GetPost" if kind == "Post" else "GetUser",),
    )


def _own_list(name: str, shown: str, more: str = "", /, **variables: Any) -> FieldCase:
    """A list at the top."""
    return FieldCase(
        f"Query.{name}",
        f"query({_PAGE_ARGS}) {{ {name}({_ON_PAGE}{more}) {{ nodes {{ {shown} }} {_INFO} }} }}",
        _PAGE | variables,
    )


def _read(name: str, shown: str = "") -> FieldCase:
    """A thing at the top."""
    return FieldCase(f"Query.{name}", f"{{ {name} {shown and '{ ' + shown + ' }'} }}")


_RELATIONSHIP = "userId following followRequested blocking muting"
_ENGAGED = "postId counts { likes } viewer { liked } repostId"
_SIGNED = "user { handle } session { id deviceName } tokens { accessToken refreshToken }"
_MARKER = "lastReadId updatedAt"
_DEVICE = "id restId endpoint createdAt expiresAt"
_KIND_PREFERENCES = (
    "kinds { kind sender push } mutedConversationIds watchedUserIds emailDigest etag timeZone "
    "quietHours { startHour endHour }"
)
_MEDIUM = (
    "id kind state failure progress altText width height durationMs hasSound blurhash "
    "dominantColor "
    "focalPoint { x y } waveform urlExpiresAt expiresAt etag "
    "variants { name url width height contentType sizeBytes codec }"
)
_UPLOAD = "mediumId sizeBytes urlsExpireAt expiresAt parts { number sizeBytes received url }"
_USE = "tag postsCount authorsCount history { startAt postsCount authorsCount }"
_HASHTAG_FOLLOW = "tag following followedAt"
_ITEM = "id post { text } repostedBy { handle }"

FIELDS: dict[str, FieldCase] = {
    "register": _given(
        "register",
        _SIGNED,
        handle=("String!", "alice"),
        password=("String!", PASSWORD),
        displayName=("String!", "Al"),
        deviceName=("String!", "phone"),
    ),
    "find_users": FieldCase(
        "Query.userByHandle",
        "query($handle: String!) { userByHandle(handle: $handle) { handle } }",
        {"handle": "Bob"},
    ),
    "get_me": _read("me", "id handle etag"),
    "get_user": FieldCase(
        "Query.user", "query($id: ID!) { user(id: $id) { handle relationship { muting } } }", _BOB
    ),
    "update_me": _change(
        "updateMe",
        "$avatarMediaId: ID, $bannerMediaId: ID, $key: String",
        'bio: "New", protected: true, avatarMediaId: $avatarMediaId, '
        "bannerMediaId: $bannerMediaId, "
        "idempotencyKey: $key",
        "bio etag avatarMediaId bannerMediaId",
        avatarMediaId=_MEDIA_IDS[1],
        bannerMediaId=None,
    ),
    "get_settings": _read("settings", "altTextReminder"),
    "update_settings": _change(
        "updateSettings",
        "$key: String",
        "altTextReminder: false, idempotencyKey: $key",
        "altTextReminder",
    ),
    "delete_me": _given("deleteMe", "", password=("String!", PASSWORD)),
    "change_password": _given(
        "changePassword",
        "",
        oldPassword=("String!", "old"),
        newPassword=("String!", PASSWORD),
    ),
    "sign_in": _given(
        "signIn", _SIGNED, handle=("String!", "alice"), password=("String!", PASSWORD)
    ),
    "refresh_session": _change(
        "refreshSession",
        "$refreshToken: String!",
        "refreshToken: $refreshToken",
        "session { id } tokens { accessToken }",
        refreshToken="secret",
    ),
    "list_sessions": _own_list("sessions", "id deviceName current createdAt lastUsedAt expiresAt"),
    "get_session": FieldCase(
        "Query.session",
        "query($id: ID!) { session(id: $id) { restId } }",
        {"id": global_id("Session", 7)},
    ),
    "sign_out_everywhere": _change("signOutEverywhere", "", "", ""),
    "sign_out": _change("signOut", "$key: String", "idempotencyKey: $key", ""),
    "revoke_session": _change(
        "revokeSession",
        "$id: ID!, $key: String",
        "id: $id, idempotencyKey: $key",
        "",
        id=global_id("Session", 7),
    ),
    **{
        name: _about("User", camel, _RELATIONSHIP)
        for name, camel in (
            ("follow", "follow"),
            ("unfollow", "unfollow"),
            ("block", "block"),
            ("unblock", "unblock"),
            ("mute", "mute"),
            ("unmute", "unmute"),
            ("accept_follow_request", "acceptFollowRequest"),
            ("reject_follow_request", "rejectFollowRequest"),
        )
    },
    "list_followers": _list("user", "followers", "handle"),
    "list_following": _list("user", "following", "handle"),
    "list_follow_requests": _own_list("followRequests", "handle"),
    "list_blocks": _own_list("blocks", "handle"),
    "list_mutes": _own_list("mutes", "handle"),
    "get_relationships": FieldCase(
        "Query.relationships",
        f"query($ids: [ID!]!) {{ relationships(userIds: $ids) {{ {_RELATIONSHIP} }} }}",
        {"ids": [global_id("User", each) for each in (BOB, CAROL, BOB)]},
    ),
    "create_post": _given(
        "createPost",
        "id text author { handle }",
        text=("String!", "Hello"),
        visibility=("Visibility!", "FOLLOWERS"),
        replyToId=("ID", global_id("Post", 5)),
        quotedPostId=("ID", global_id("Post", 6)),
        mediaIds=("[ID!]", _MEDIA_IDS),
        language=("String", "en"),
    ),
    "get_posts": FieldCase(
        "Query.posts",
        "query($ids: [ID!]!) { posts(ids: $ids) { text author { handle } } }",
        {"ids": [global_id("Post", 100), global_id("Post", 101)]},
    ),
    "get_post": FieldCase("Query.post", "query($id: ID!) { post(id: $id) { text etag } }", _POST),
    "update_post": _change(
        "updatePost",
        "$id: ID!, $mediaIds: [ID!], $key: String",
        'postId: $id, text: "New", mediaIds: $mediaIds, language: "de", idempotencyKey: $key',
        f"text etag media {{ {_MEDIUM} }}",
        mediaIds=_MEDIA_IDS[::-1],
        **_POST,
    ),
    "delete_post": _about("Post", "deletePost", ""),
    "get_thread": FieldCase(
        "Query.thread",
        f"query($id: ID!, {_PAGE_ARGS}) {{ thread(id: $id, {_ON_PAGE}) {{ "
        f"ancestors {{ text author {{ handle }} }} post {{ text }} "
        f"replies {{ nodes {{ text }} {_INFO} }} }} }}",
        _POST | _PAGE,
    ),
    "list_replies": _list("post", "replies", "text"),
    "list_quotes": _list("post", "quotes", "text"),
    "list_revisions": _list("post", "revisions", "revision text createdAt"),
    "list_user_posts": _list("user", "posts", _ITEM, ", includeReplies: true, onlyMedia: true"),
    "start_upload": _given(
        "startUpload",
        _UPLOAD,
        contentType=("String!", "image/jpeg"),
        sizeBytes=("Bytes!", 12),
        altText=("String", "A heron"),
    ),
    "get_upload": FieldCase(
        "Query.upload", f"query($id: ID!) {{ upload(id: $id) {{ {_UPLOAD} }} }}", _MEDIUM_ID
    ),
    "complete_upload": _of_medium("completeUpload", _MEDIUM),
    "abort_upload": _of_medium("abortUpload", ""),
    "get_media": FieldCase(
        "Query.media",
        f"query($ids: [ID!]!) {{ media(ids: $ids) {{ {_MEDIUM} }} }}",
        {"ids": [*_MEDIA_IDS, _MEDIA_IDS[0]]},
    ),
    "get_media_usage": _read(
        "mediaUsage", "dayBytes dayUploads maxDayBytes maxDayUploads resetsAt storedBytes"
    ),
    "get_medium": FieldCase(
        "Query.medium", f"query($id: ID!) {{ medium(id: $id) {{ {_MEDIUM} }} }}", _MEDIUM_ID
    ),
    "update_medium": _change(
        "updateMedium",
        "$id: ID!, $key: String",
        'id: $id, altText: "A heron", focalPoint: {x: 0.5, y: -1}, idempotencyKey: $key',
        _MEDIUM,
        **_MEDIUM_ID,
    ),
    "delete_medium": _of_medium("deleteMedium", ""),
    "get_limits": _read(
        "limits",
        "texts { post { maxCharacters maxCodePoints } altText { maxCharacters } } "
        "media { kinds { kind contentTypes maxBytes maxPixels maxFrames maxTotalPixels "
        "maxDurationMs maxPerPost } maxFormBytes maxDayBytes maxDayUploads unattachedSeconds }",
    ),
    **{
        name: _about("Post", camel, _ENGAGED)
        for name, camel in (
            ("like", "like"),
            ("unlike", "unlike"),
            ("repost", "repost"),
            ("undo_repost", "undoRepost"),
            ("bookmark", "bookmark"),
            ("remove_bookmark", "removeBookmark"),
        )
    },
    "list_likers": _list("post", "likers", "handle"),
    "list_reposters": _list("post", "reposters", "handle"),
    "list_liked_posts": _list("user", "likedPosts", "text"),
    "list_bookmarks": _own_list("bookmarks", "text"),
    "get_home_timeline": _own_list("homeTimeline", _ITEM, ", order: RELEVANT"),
    "get_public_timeline": _own_list("publicTimeline", _ITEM),
    "get_read_marker": _read("homeMarker", _MARKER),
    "set_read_marker": _change(
        "setHomeMarker",
        "$id: ID!, $key: String",
        "lastReadId: $id, idempotencyKey: $key",
        _MARKER,
        id=global_id("TimelineItem", 100),
    ),
    "rebuild_home_timeline": _change("rebuildHomeTimeline", "", "", "entryCount"),
    "search_posts": FieldCase(
        "Query.searchPosts",
        f"query($q: String!, {_PAGE_ARGS}) {{ searchPosts(query: $q, order: LATEST, {_ON_PAGE}) {{ "
        "edges { node { text author { handle } } cursor "
        f"matches {{ revision ranges {{ start end mediumId }} }} }} {_INFO} }} }}",
        {"q": "heron -from:bob", **_PAGE},
    ),
    "search_users": FieldCase(
        "Query.searchUsers",
        f"query($q: String!, {_PAGE_ARGS}) {{ searchUsers(query: $q, {_ON_PAGE}) {{ "
        f"edges {{ node {{ handle }} matchedField }} nodes {{ bio }} {_INFO} }} }}",
        {"q": "bob", **_PAGE},
    ),
    "search_hashtags": FieldCase(
        "Query.searchHashtags",
        f"query($q: String!, {_PAGE_ARGS}) {{ searchHashtags(query: $q, {_ON_PAGE}) {{ "
        f"nodes {{ {_USE} }} {_INFO} }} }}",
        {"q": "ro", **_PAGE},
    ),
    "suggest": FieldCase(
        "Query.typeahead",
        "query($q: String!) { typeahead(query: $q, first: 2) { "
        "... on User { handle } ... on HashtagUse { tag } } }",
        {"q": "@bo"},
    ),
    "list_trends": FieldCase(
        "Query.trends",
        f'{{ trends(language: "en") {{ asOf items {{ score observed baseline '
        f"hashtag {{ {_USE} }} }} }} }}",
    ),
    "get_hashtag": FieldCase(
        "Query.hashtag",
        f"query($tag: String!) {{ hashtag(tag: $tag) {{ {_USE} viewerFollows }} }}",
        {"tag": "Roost"},
    ),
    "list_hashtag_posts": FieldCase(
        "HashtagUse.posts",
        f"query($tag: String!, {_PAGE_ARGS}) {{ hashtag(tag: $tag) {{ "
        f"posts({_ON_PAGE}, onlyMedia: true) {{ nodes {{ text }} {_INFO} }} }} }}",
        {"tag": "roost", **_PAGE},
        before=("GetHashtag",),
    ),
    "follow_hashtag": _given("followHashtag", _HASHTAG_FOLLOW, tag=("String!", "roost")),
    "unfollow_hashtag": _given("unfollowHashtag", _HASHTAG_FOLLOW, tag=("String!", "roost")),
    "list_followed_hashtags": _own_list("followedHashtags", _HASHTAG_FOLLOW),
    "list_notifications": _own_list(
        "notifications",
        "id kind count read firstAt lastAt post { text } people { handle }",
        ", kinds: [LIKE, FOLLOW]",
    ),
    "count_unread_notifications": _read("unreadNotificationsCount"),
    "get_notifications_marker": _read("notificationsMarker", _MARKER),
    "set_notifications_marker": _change(
        "setNotificationsMarker",
        "$id: ID!, $key: String",
        "lastReadId: $id, idempotencyKey: $key",
        _MARKER,
        id=global_id("Notification", 300),
    ),
    "get_notification_preferences": _read("notificationPreferences", _KIND_PREFERENCES),
    "update_notification_preferences": _change(
        "updateNotificationPreferences",
        "$key: String",
        "kinds: [{kind: LIKE, sender: FOLLOWING, push: true}], emailDigest: false, "
        'timeZone: "Europe/Berlin", quietHours: {startHour: 22, endHour: 7}, '
        "idempotencyKey: $key",
        _KIND_PREFERENCES,
    ),
    "mute_conversation": _about("Post", "muteConversation", ""),
    "unmute_conversation": _about("Post", "unmuteConversation", ""),
    "watch": _about("User", "watch", ""),
    "unwatch": _about("User", "unwatch", ""),
    "issue_stream_ticket": _change("issueStreamTicket", "", "", "ticket expiresIn"),
    "get_push_key": _read("pushKey"),
    "list_push_subscriptions": _read("pushSubscriptions", _DEVICE),
    "create_push_subscription": _given(
        "createPushSubscription",
        _DEVICE,
        endpoint=("String!", "https://push.example/1"),
        p256dh=("String!", "B" + "A" * 86),
        auth=("String!", "A" * 22),
    ),
    "get_push_subscription": FieldCase(
        "Query.pushSubscription",
        f"query($id: ID!) {{ pushSubscription(id: $id) {{ {_DEVICE} }} }}",
        {"id": global_id("PushSubscription", 7)},
    ),
    "delete_push_subscription": _change(
        "deletePushSubscription",
        "$id: ID!, $key: String",
        "id: $id, idempotencyKey: $key",
        "",
        id=global_id("PushSubscription", 7),
    ),
    "get_email": _read("email", "address confirmed"),
    "set_email": _given("setEmail", "address confirmed", address=("String!", "alice@mail.example")),
    "remove_email": _change("removeEmail", "$key: String", "idempotencyKey: $key", ""),
    "confirm_email": _given("confirmEmail", "address confirmed", code=("String!", "012345")),
    "unsubscribe": _change("unsubscribe", "$token: String!", "token: $token", "", token="t0ken"),
}

# Routes without a field, and why.
_COOKIES = "GraphQL sets no cookies: its tokens are in the result"
REST_ONLY = {
    "sign_in_with_cookie": _COOKIES,
    "register_with_cookie": _COOKIES,
    "refresh_with_cookie": _COOKIES,
    "sign_out_with_cookie": _COOKIES,
    "sign_out_everywhere_with_cookie": _COOKIES,
    "upload_medium": "bytes do not pass through GraphQL: see startUpload",
    "wait_medium": "subscriptions say when processing has ended",
}
# Fields that do what no single route does, and why they are there.
BESIDE_ROUTES = {
    "Query.node": "Relay's way to any thing by its global id",
    "Query.nodes": "Relay's way to several",
}
# Fields below the top that resolve an object to which their parent refers, and the field at the top
# that resolves the same object. It has the case and the row.
REFERENCES = {
    "Relationship.user": "Query.user",
    "Mention.user": "Query.user",
    "MentionSegment.user": "Query.user",
    "Post.replyTo": "Query.post",
    "Post.quotedPost": "Query.post",
    "Post.quoteHidden": "Query.post",
    "Engagement.post": "Query.post",
    "HashtagUse.viewerFollows": "Query.hashtag",
}
