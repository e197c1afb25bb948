"""Who may do what: a row for each operation, as docs and contracts say, not as the code does."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from local.edge import Account, Json
from tests.push import Browser

if TYPE_CHECKING:
    from tests.authorization.scenario import Scenario

ROLES = ("stranger", "other", "blocked", "blocker", "muted", "follower", "owner")
VISIBILITIES = ("public", "followers", "mentioned")
PASSWORD = "zebra lamp 9"

YES = ""


@dataclass(frozen=True)
class Attempt:
    """A user of a role requests something about the owner's account, or about a post of it."""

    role: str
    protected: bool
    visibility: str = "public"

    @property
    def is_blocked(self) -> bool:
        return self.role in {"blocked", "blocker"}

    @property
    def is_close(self) -> bool:
        return self.role in {"follower", "owner"}


# The reason of the refusal, or YES.
Rule = Callable[[Attempt], str]
# Parameters of the request: from the scenario, its sender, and the id of the resource.
Sent = Callable[["Scenario", "Account | None", str], Json]


@dataclass(frozen=True)
class Row:
    """An operation: its rule, the kind of its resource, and the parameters of the request."""

    rule: Rule
    resource: str = ""
    body: Sent | None = None
    query: Sent | None = None
    # The file of a form.
    png: bytes = b""
    headers: Callable[[Scenario, Account | None], dict[str, str]] | None = None


def anyone(attempt: Attempt) -> str:
    return YES


def signed_in(attempt: Attempt) -> str:
    return "TOKEN_MISSING" if attempt.role == "stranger" else YES


def finds(attempt: Attempt) -> str:
    """Everyone finds an account, except users whom it blocks."""
    return "USER_NOT_FOUND" if attempt.role == "blocked" else YES


def sees_lists(attempt: Attempt) -> str:
    """Lists of a protected account are for followers."""
    if attempt.role == "blocked":
        return "USER_NOT_FOUND"
    return "ACCOUNT_PROTECTED" if attempt.protected and not attempt.is_close else YES


def follows(attempt: Attempt) -> str:
    """A user may follow another, or request it, if neither blocks the other."""
    refusals = {
        "blocked": "USER_NOT_FOUND",
        "blocker": "BLOCKING",
        "owner": "CANNOT_FOLLOW_SELF",
    }
    return signed_in(attempt) or refusals.get(attempt.role, YES)


def blocks(attempt: Attempt) -> str:
    """A user may block any other user, also one who blocks them."""
    return signed_in(attempt) or ("CANNOT_BLOCK_SELF" if attempt.role == "owner" else YES)


def mutes(attempt: Attempt) -> str:
    """A user may mute any other user whom they find."""
    refused = signed_in(attempt) or finds(attempt)
    return refused or ("CANNOT_MUTE_SELF" if attempt.role == "owner" else YES)


def undoes(attempt: Attempt) -> str:
    """A user may undo what they did. If there is nothing to undo, they must find the other."""
    return signed_in(attempt) or finds(attempt)


def decides_request(attempt: Attempt) -> str:
    """Only the recipient of a follow request may accept it."""
    granted = attempt.role == "owner"
    return signed_in(attempt) or (YES if granted else "FOLLOW_REQUEST_NOT_FOUND")


def has_session(attempt: Attempt) -> str:
    """Sessions are their owner's alone."""
    return signed_in(attempt) or (YES if attempt.role == "owner" else "SESSION_NOT_FOUND")


def watches(attempt: Attempt) -> str:
    """A user may watch other users whose posts they may see."""
    refusals = {"blocker": "BLOCKING", "owner": "CANNOT_WATCH_SELF"}
    return signed_in(attempt) or refusals.get(attempt.role) or sees_lists(attempt)


def has_device(attempt: Attempt) -> str:
    """Devices are their owner's alone."""
    return signed_in(attempt) or (YES if attempt.role == "owner" else "PUSH_SUBSCRIPTION_NOT_FOUND")


def sets_email(attempt: Attempt) -> str:
    """No mail server is configured where the rows run."""
    return signed_in(attempt) or "EMAIL_NOT_OFFERED"


def confirms_email(attempt: Attempt) -> str:
    """No code was sent that confirms an address."""
    return signed_in(attempt) or "EMAIL_CODE_INVALID"


def unsubscribes(attempt: Attempt) -> str:
    """The token of an email decides, not the caller. The rows send an invented one."""
    return "UNSUBSCRIBE_TOKEN_INVALID"


def reads(attempt: Attempt) -> str:
    """The table of visibility: a post that the viewer may not see does not exist."""
    if attempt.role == "owner":
        return YES
    hidden = (
        attempt.is_blocked
        or attempt.visibility == "mentioned"
        or ((attempt.protected or attempt.visibility == "followers") and attempt.role != "follower")
    )
    return "POST_NOT_FOUND" if hidden else YES


def responds(attempt: Attempt) -> str:
    """A user may engage with a post that they may see."""
    return signed_in(attempt) or reads(attempt)


def owns(attempt: Attempt) -> str:
    """Only the author may change a post."""
    refused = signed_in(attempt) or reads(attempt)
    return refused or (YES if attempt.role == "owner" else "NOT_AUTHOR")


def quotes(attempt: Attempt) -> str:
    """Public posts of open accounts."""
    free = not attempt.protected and attempt.visibility == "public"
    return responds(attempt) or (YES if free else "QUOTE_NOT_ALLOWED")


def reposts(attempt: Attempt) -> str:
    """The same, and own posts that are not for mentioned users alone."""
    if attempt.role == "owner":
        return "REPOST_NOT_ALLOWED" if attempt.visibility == "mentioned" else YES
    return responds(attempt) or ("REPOST_NOT_ALLOWED" if quotes(attempt) else YES)


def has_upload(attempt: Attempt) -> str:
    """Uploads are their owner's alone."""
    return signed_in(attempt) or (YES if attempt.role == "owner" else "UPLOAD_NOT_FOUND")


def completes(attempt: Attempt) -> str:
    """The parts of the upload have not arrived."""
    return has_upload(attempt) or "UPLOAD_INCOMPLETE"


def sees_unused(attempt: Attempt) -> str:
    """A medium that nothing uses exists for its owner alone."""
    return YES if attempt.role == "owner" else "MEDIUM_NOT_FOUND"


def has_medium(attempt: Attempt) -> str:
    return signed_in(attempt) or sees_unused(attempt)


def _sent(**fields: str | bool | int) -> Sent:
    return lambda scenario, by, target: dict(fields)


def _newcomer(scenario: Scenario, by: Account | None, target: str) -> Json:
    return {"handle": f"n{secrets.token_hex(6)}", "password": PASSWORD}


def _device(scenario: Scenario, by: Account | None, target: str) -> Json:
    return device()


def _from_our_page(scenario: Scenario, by: Account | None) -> dict[str, str]:
    return {"X-CSRF": "1", "Origin": scenario.edge.address}


def _with_cookie(scenario: Scenario, by: Account | None) -> dict[str, str]:
    token = (by or scenario.owner).refresh_token
    return _from_our_page(scenario, by) | {"Cookie": f"roost-refresh={token}"}


def device() -> Json:
    """What a browser registers with."""
    browser = Browser()
    return {
        "endpoint": f"https://push.example/{secrets.token_hex(8)}",
        "keys": {"p256dh": browser.p256dh, "auth": browser.auth},
    }


# By the operation's id in the OpenAPI document. Its further rows have a note in brackets.
ROWS: dict[str, Row] = {
    "getUser": Row(finds, "account"),
    "listFollowers": Row(sees_lists, "account"),
    "listFollowing": Row(sees_lists, "account"),
    "listUserPosts": Row(sees_lists, "account"),
    "listLikedPosts": Row(sees_lists, "account"),
    "follow": Row(follows, "account"),
    "unfollow": Row(undoes, "account"),
    "block": Row(blocks, "account"),
    "unblock": Row(undoes, "account"),
    "watch": Row(watches, "account"),
    "unwatch": Row(signed_in, "account"),
    "mute": Row(mutes, "account"),
    "unmute": Row(undoes, "account"),
    "acceptFollowRequest": Row(decides_request, "request"),
    "rejectFollowRequest": Row(signed_in, "request"),
    "getSession": Row(has_session, "session"),
    "revokeSession": Row(has_session, "session"),
    "getPost": Row(reads, "post"),
    "getThread": Row(reads, "post"),
    "listReplies": Row(reads, "post"),
    "listQuotes": Row(reads, "post"),
    "listRevisions": Row(reads, "post"),
    "listLikers": Row(reads, "post"),
    "listReposters": Row(reads, "post"),
    "muteConversation": Row(responds, "post"),
    "unmuteConversation": Row(signed_in, "post"),
    "like": Row(responds, "post"),
    "unlike": Row(signed_in, "post"),
    "bookmark": Row(responds, "post"),
    "removeBookmark": Row(signed_in, "post"),
    "repost": Row(reposts, "post"),
    "undoRepost": Row(signed_in, "post"),
    "createPost (a reply)": Row(
        responds,
        "post",
        body=lambda scenario, by, target: {"text": "re", "reply_to_post_id": target},
    ),
    "createPost (a quote)": Row(
        quotes,
        "post",
        body=lambda scenario, by, target: {"text": "see", "quoted_post_id": target},
    ),
    "updatePost": Row(owns, "post", body=_sent(text="changed")),
    "deletePost": Row(owns, "post"),
    "register": Row(anyone, body=_newcomer),
    "signIn": Row(
        anyone,
        body=lambda scenario, by, target: {
            "handle": scenario.owner.handle,
            "password": PASSWORD,
        },
    ),
    "refreshSession": Row(
        anyone,
        body=lambda scenario, by, target: {"refresh_token": (by or scenario.owner).refresh_token},
    ),
    "signInWithCookie": Row(
        anyone,
        body=lambda scenario, by, target: {
            "handle": scenario.owner.handle,
            "password": PASSWORD,
        },
        headers=_from_our_page,
    ),
    "registerWithCookie": Row(anyone, body=_newcomer, headers=_from_our_page),
    "refreshWithCookie": Row(anyone, headers=_with_cookie),
    "findUsers": Row(anyone, query=lambda scenario, by, target: {"handle": scenario.owner.handle}),
    "getPosts": Row(
        anyone, query=lambda scenario, by, target: {"ids": ",".join(scenario.posts.values())}
    ),
    "getPublicTimeline": Row(anyone),
    "getRelationships": Row(
        signed_in, query=lambda scenario, by, target: {"ids": scenario.owner.user_id}
    ),
    "createPost": Row(signed_in, body=_sent(text="hello")),
    "getMe": Row(signed_in),
    "updateMe": Row(signed_in, body=_sent(bio="changed")),
    "listFollowRequests": Row(signed_in),
    "listBlocks": Row(signed_in),
    "listMutes": Row(signed_in),
    "listBookmarks": Row(signed_in),
    "listSessions": Row(signed_in),
    "getHomeTimeline": Row(signed_in),
    "issueStreamTicket": Row(signed_in),
    "getReadMarker": Row(signed_in),
    "setReadMarker": Row(
        signed_in, body=lambda scenario, by, target: {"last_read_id": scenario.posts["public"]}
    ),
    "rebuildHomeTimeline": Row(signed_in),
    "listNotifications": Row(signed_in),
    "countUnreadNotifications": Row(signed_in),
    "getNotificationsMarker": Row(signed_in),
    "setNotificationsMarker": Row(signed_in, body=_sent(last_read_id="1")),
    "getNotificationPreferences": Row(signed_in),
    "updateNotificationPreferences": Row(signed_in, body=_sent(email_digest=True)),
    "getPushKey": Row(anyone),
    "listPushSubscriptions": Row(signed_in),
    "createPushSubscription": Row(signed_in, body=_device),
    "getPushSubscription": Row(has_device, "device"),
    "deletePushSubscription": Row(has_device, "device"),
    "getEmail": Row(signed_in),
    "setEmail": Row(sets_email, body=_sent(address="somebody@example.org")),
    "removeEmail": Row(signed_in),
    "confirmEmail": Row(confirms_email, body=_sent(code="123456")),
    "unsubscribe": Row(unsubscribes, query=_sent(token="invented")),
    "searchPosts": Row(anyone, query=_sent(q="for")),
    "searchPosts (of the caller)": Row(signed_in, query=_sent(q="for in:bookmarks")),
    "searchUsers": Row(anyone, query=lambda scenario, by, target: {"q": scenario.owner.handle}),
    "searchHashtags": Row(anyone, query=_sent(q="ro")),
    "suggest": Row(anyone, query=_sent(q="ro")),
    "listTrends": Row(anyone),
    "getHashtag": Row(anyone, "hashtag"),
    "listHashtagPosts": Row(anyone, "hashtag"),
    "followHashtag": Row(signed_in, "hashtag"),
    "unfollowHashtag": Row(signed_in, "hashtag"),
    "listFollowedHashtags": Row(signed_in),
    "startUpload": Row(signed_in, body=_sent(content_type="image/png", size_bytes=3)),
    "getUpload": Row(has_upload, "upload"),
    "completeUpload": Row(completes, "upload"),
    "abortUpload": Row(has_upload, "upload"),
    "uploadMedium": Row(signed_in, png=b"a picture"),
    "getMedium": Row(sees_unused, "upload"),
    "getMedia": Row(anyone, query=lambda scenario, by, target: {"ids": scenario.upload}),
    "waitMedium": Row(has_medium, "upload", query=_sent(seconds="1")),
    "updateMedium": Row(has_medium, "upload", body=_sent(alt_text="A heron")),
    "deleteMedium": Row(signed_in, "upload"),
    "getMediaUsage": Row(signed_in),
    "getLimits": Row(anyone),
    "getSettings": Row(signed_in),
    "updateSettings": Row(signed_in, body=_sent(alt_text_reminder=False)),
    "changePassword": Row(
        signed_in, body=_sent(old_password=PASSWORD, new_password="lamp 9 zebra")
    ),
    "signOut": Row(signed_in),
    "signOutEverywhere": Row(signed_in),
    "signOutWithCookie": Row(signed_in, headers=_from_our_page),
    "signOutEverywhereWithCookie": Row(signed_in, headers=_from_our_page),
    "deleteMe": Row(signed_in, body=_sent(password=PASSWORD)),
}
