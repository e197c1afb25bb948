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
class Asked:
    """Somebody of a role asks about the owner's account, or about a post of it."""

    role: str
    protected: bool
    visibility: str = "public"

    @property
    def apart(self) -> bool:
        return self.role in {"blocked", "blocker"}

    @property
    def near(self) -> bool:
        return self.role in {"follower", "owner"}


# The reason of the refusal, or YES.
Rule = Callable[[Asked], str]
# What is sent along: from the scene, whoever asks, and the id of what it is about.
Sent = Callable[["Scenario", "Account | None", str], Json]


@dataclass(frozen=True)
class Row:
    """An operation: by whom it is answered, what it is about, and what is sent along."""

    rule: Rule
    about: str = ""
    body: Sent | None = None
    query: Sent | None = None


def anyone(asked: Asked) -> str:
    return YES


def signed_in(asked: Asked) -> str:
    return "TOKEN_MISSING" if asked.role == "stranger" else YES


def finds(asked: Asked) -> str:
    """Everyone finds an account but whom it has blocked."""
    return "USER_NOT_FOUND" if asked.role == "blocked" else YES


def sees_lists(asked: Asked) -> str:
    """Lists of a protected account are for followers."""
    if asked.role == "blocked":
        return "USER_NOT_FOUND"
    return "ACCOUNT_PROTECTED" if asked.protected and not asked.near else YES


def follows(asked: Asked) -> str:
    """One may follow, or ask to, whoever has not blocked one, and whom one has not blocked."""
    refusals = {
        "blocked": "USER_NOT_FOUND",
        "blocker": "BLOCKING",
        "owner": "CANNOT_FOLLOW_SELF",
    }
    return signed_in(asked) or refusals.get(asked.role, YES)


def blocks(asked: Asked) -> str:
    """One may block anybody else, whoever has blocked one too."""
    return signed_in(asked) or ("CANNOT_BLOCK_SELF" if asked.role == "owner" else YES)


def mutes(asked: Asked) -> str:
    """One may mute anybody else whom one finds."""
    refused = signed_in(asked) or finds(asked)
    return refused or ("CANNOT_MUTE_SELF" if asked.role == "owner" else YES)


def takes_back(asked: Asked) -> str:
    """One takes back what one did; where that is nothing, it is about somebody whom one finds."""
    return signed_in(asked) or finds(asked)


def is_asked(asked: Asked) -> str:
    """Only whom a request is made to may grant it; who follows already needs no more."""
    granted = asked.role == "owner"
    return signed_in(asked) or (YES if granted else "FOLLOW_REQUEST_NOT_FOUND")


def has_session(asked: Asked) -> str:
    """Sessions are their owner's alone."""
    return signed_in(asked) or (YES if asked.role == "owner" else "SESSION_NOT_FOUND")


def watches(asked: Asked) -> str:
    """One watches whose posts one may see, but not oneself."""
    refusals = {"blocker": "BLOCKING", "owner": "CANNOT_WATCH_SELF"}
    return signed_in(asked) or refusals.get(asked.role) or sees_lists(asked)


def has_device(asked: Asked) -> str:
    """And so are devices."""
    return signed_in(asked) or (YES if asked.role == "owner" else "PUSH_SUBSCRIPTION_NOT_FOUND")


def sends_mail(asked: Asked) -> str:
    """There is no mail server where the rows are tried."""
    return signed_in(asked) or "EMAIL_NOT_OFFERED"


def confirms_mail(asked: Asked) -> str:
    """Nor is there a code to confirm an address with."""
    return signed_in(asked) or "EMAIL_CODE_INVALID"


def unsubscribes(asked: Asked) -> str:
    """Whoever has the token of a letter; nobody else, whoever asks."""
    return "UNSUBSCRIBE_TOKEN_INVALID"


def reads(asked: Asked) -> str:
    """The table of visibility: a post that one may not see does not exist."""
    if asked.role == "owner":
        return YES
    hidden = (
        asked.apart
        or asked.visibility == "mentioned"
        or ((asked.protected or asked.visibility == "followers") and asked.role != "follower")
    )
    return "POST_NOT_FOUND" if hidden else YES


def responds(asked: Asked) -> str:
    """One may respond to what one may see."""
    return signed_in(asked) or reads(asked)


def owns(asked: Asked) -> str:
    """Authors alone change what they wrote; to others it is there or not."""
    refused = signed_in(asked) or reads(asked)
    return refused or (YES if asked.role == "owner" else "NOT_AUTHOR")


def quotes(asked: Asked) -> str:
    """Public posts of open accounts."""
    free = not asked.protected and asked.visibility == "public"
    return responds(asked) or (YES if free else "QUOTE_NOT_ALLOWED")


def reposts(asked: Asked) -> str:
    """The same, and one's own that are not for mentioned people alone."""
    if asked.role == "owner":
        return "REPOST_NOT_ALLOWED" if asked.visibility == "mentioned" else YES
    return responds(asked) or ("REPOST_NOT_ALLOWED" if quotes(asked) else YES)


def _sent(**fields: str | bool) -> Sent:
    return lambda scenario, by, thing: dict(fields)


def _newcomer(scenario: Scenario, by: Account | None, thing: str) -> Json:
    return {"handle": f"n{secrets.token_hex(6)}", "password": PASSWORD}


def _device(scenario: Scenario, by: Account | None, thing: str) -> Json:
    return device()


def device() -> Json:
    """What a browser registers with."""
    browser = Browser()
    return {
        "endpoint": f"https://push.example/{secrets.token_hex(8)}",
        "keys": {"p256dh": browser.p256dh, "auth": browser.auth},
    }


# By the operation's id in the OpenAPI document; a second row of an operation says in brackets what
# it shows.
ROWS: dict[str, Row] = {
    "getUser": Row(finds, "account"),
    "listFollowers": Row(sees_lists, "account"),
    "listFollowing": Row(sees_lists, "account"),
    "listUserPosts": Row(sees_lists, "account"),
    "listLikedPosts": Row(sees_lists, "account"),
    "follow": Row(follows, "account"),
    "unfollow": Row(takes_back, "account"),
    "block": Row(blocks, "account"),
    "unblock": Row(takes_back, "account"),
    "watch": Row(watches, "account"),
    "unwatch": Row(signed_in, "account"),
    "mute": Row(mutes, "account"),
    "unmute": Row(takes_back, "account"),
    "acceptFollowRequest": Row(is_asked, "request"),
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
        responds, "post", body=lambda scenario, by, thing: {"text": "re", "reply_to_post_id": thing}
    ),
    "createPost (a quote)": Row(
        quotes, "post", body=lambda scenario, by, thing: {"text": "see", "quoted_post_id": thing}
    ),
    "updatePost": Row(owns, "post", body=_sent(text="changed")),
    "deletePost": Row(owns, "post"),
    "register": Row(anyone, body=_newcomer),
    "signIn": Row(
        anyone,
        body=lambda scenario, by, thing: {"handle": scenario.owner.handle, "password": PASSWORD},
    ),
    "refreshSession": Row(
        anyone,
        body=lambda scenario, by, thing: {"refresh_token": (by or scenario.owner).refresh_token},
    ),
    "findUsers": Row(anyone, query=lambda scenario, by, thing: {"handle": scenario.owner.handle}),
    "getPosts": Row(
        anyone, query=lambda scenario, by, thing: {"ids": ",".join(scenario.posts.values())}
    ),
    "getPublicTimeline": Row(anyone),
    "getRelationships": Row(
        signed_in, query=lambda scenario, by, thing: {"ids": scenario.owner.user_id}
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
        signed_in, body=lambda scenario, by, thing: {"last_read_id": scenario.posts["public"]}
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
    "setEmail": Row(sends_mail, body=_sent(address="somebody@example.org")),
    "removeEmail": Row(signed_in),
    "confirmEmail": Row(confirms_mail, body=_sent(code="123456")),
    "unsubscribe": Row(unsubscribes, query=_sent(token="invented")),
    "changePassword": Row(
        signed_in, body=_sent(old_password=PASSWORD, new_password="lamp 9 zebra")
    ),
    "signOut": Row(signed_in),
    "signOutEverywhere": Row(signed_in),
    "deleteMe": Row(signed_in, body=_sent(password=PASSWORD)),
}
