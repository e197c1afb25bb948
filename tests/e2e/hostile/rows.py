"""Who may do what: a row for each route, as docs and contracts say, not as the code does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

ROLES = ("stranger", "other", "blocked", "blocker", "muted", "follower", "owner")
VISIBILITIES = ("public", "followers", "mentioned")

YES = ""


@dataclass(frozen=True)
class Asked:
    """Somebody of a role asks about an account, or about a post of it."""

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


def watches(asked: Asked) -> str:
    """One watches whom one finds, but not oneself."""
    refused = signed_in(asked) or finds(asked)
    return refused or ("CANNOT_WATCH_SELF" if asked.role == "owner" else YES)


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


def reposts(asked: Asked) -> str:
    """Public posts of open accounts, and one's own that are not for mentioned people alone."""
    refused = signed_in(asked) or reads(asked)
    if refused:
        return refused
    if asked.role == "owner":
        return "REPOST_NOT_ALLOWED" if asked.visibility == "mentioned" else YES
    free = not asked.protected and asked.visibility == "public"
    return YES if free else "REPOST_NOT_ALLOWED"


# Routes about an account, and about a post. What is done to an account stands last, since it
# changes who is what.
ACCOUNTS: dict[str, Rule] = {
    "get_user": finds,
    "list_followers": sees_lists,
    "list_following": sees_lists,
    "list_user_posts": sees_lists,
    "list_liked_posts": sees_lists,
    "watch": watches,
}
POSTS: dict[str, Rule] = {
    "get_post": reads,
    "get_thread": reads,
    "list_replies": reads,
    "list_quotes": reads,
    "list_revisions": reads,
    "list_likers": reads,
    "list_reposters": reads,
    "like": responds,
    "bookmark": responds,
    "mute_conversation": responds,
    "repost": reposts,
    "update_post": owns,
    "delete_post": owns,
}
# Routes that are about nobody but the caller, or whose answer does not depend on the role.
OPEN = {
    "register",
    "sign_in",
    "refresh_session",
    "find_users",
    "get_posts",
    "get_public_timeline",
    "get_push_key",
}
SIGNED_IN = {
    "get_me",
    "update_me",
    "delete_me",
    "change_password",
    "list_sessions",
    "get_session",
    "sign_out_everywhere",
    "sign_out",
    "revoke_session",
    "follow",
    "unfollow",
    "block",
    "unblock",
    "mute",
    "unmute",
    "list_follow_requests",
    "accept_follow_request",
    "reject_follow_request",
    "list_blocks",
    "list_mutes",
    "get_relationships",
    "create_post",
    "unlike",
    "undo_repost",
    "remove_bookmark",
    "list_bookmarks",
    "get_home_timeline",
    "get_read_marker",
    "set_read_marker",
    "rebuild_home_timeline",
    "list_notifications",
    "count_unread_notifications",
    "get_notifications_marker",
    "set_notifications_marker",
    "get_notification_preferences",
    "update_notification_preferences",
    "unmute_conversation",
    "unwatch",
    "issue_stream_ticket",
    "list_push_subscriptions",
    "create_push_subscription",
    "get_push_subscription",
    "delete_push_subscription",
    "get_email",
    "set_email",
    "remove_email",
    "confirm_email",
}
