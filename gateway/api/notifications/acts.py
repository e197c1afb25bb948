"""Muting a conversation and watching a user, as acts."""

from roost.notification.v1.notification_service_pb2 import (
    MuteConversationRequest,
    UnmuteConversationRequest,
    UnwatchUserRequest,
    WatchUserRequest,
)

from gateway.api.posts.types import POST
from gateway.api.users.types import USER
from gateway.protocols.acts import Act

MUTE_CONVERSATION = Act(
    name="mute_conversation",
    method="PUT",
    path="/posts/{post_id}/conversation-mute",
    summary="Get no more notifications of the conversation that a post is in.",
    details="This covers mentions, replies and quotes anywhere in it, and responses to its first "
    "post, also past ones.",
    reasons=("POST_NOT_FOUND", "TOO_MANY_MUTED_CONVERSATIONS"),
    service="notifications",
    request=MuteConversationRequest,
    target=POST,
)
UNMUTE_CONVERSATION = Act(
    name="unmute_conversation",
    method="DELETE",
    path="/posts/{post_id}/conversation-mute",
    summary="Get notifications of a conversation again, also of what happened in between.",
    service="notifications",
    request=UnmuteConversationRequest,
    target=POST,
)
WATCH = Act(
    name="watch",
    method="PUT",
    path="/users/{user_id}/watch",
    summary="Be notified of a user's new posts.",
    details="An open account need not be followed for that, a protected one must be. It ends when "
    "the caller ceases to follow the user, with a block, and when an account that the "
    "caller does not follow "
    "becomes protected.",
    reasons=(
        "USER_NOT_FOUND",
        "ACCOUNT_PROTECTED",
        "BLOCKING",
        "CANNOT_WATCH_SELF",
        "TOO_MANY_WATCHED",
    ),
    service="notifications",
    request=WatchUserRequest,
    target=USER,
)
UNWATCH = Act(
    name="unwatch",
    method="DELETE",
    path="/users/{user_id}/watch",
    summary="Get no more notifications of a user's new posts.",
    service="notifications",
    request=UnwatchUserRequest,
    target=USER,
)
