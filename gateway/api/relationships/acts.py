"""Following, blocking and muting, as acts on a user."""

from typing import Any

from roost.user.v1.graph_service_pb2 import (
    AcceptFollowRequestRequest,
    BlockRequest,
    FollowRequest,
    MuteRequest,
    RejectFollowRequestRequest,
    UnblockRequest,
    UnfollowRequest,
    UnmuteRequest,
)

from gateway.api.users.types import USER, Relationship
from gateway.protocols.acts import Act, Result
from gateway.views import presentation, shapes

_RELATIONSHIP = Result(
    shape=shapes.Relationship,
    present=lambda response: presentation.relationship(response.relationship),
    type=Relationship,
    show=lambda response: Relationship(message=response.relationship),
)


def _act(
    name: str,
    method: str,
    path: str,
    request: type[Any],
    summary: str,
    *,
    details: str = "",
    reasons: tuple[str, ...] = ("USER_NOT_FOUND",),
) -> Act:
    return Act(
        name=name,
        method=method,
        path=path,
        summary=summary,
        details=details,
        reasons=reasons,
        service="graph",
        request=request,
        target=USER,
        result=_RELATIONSHIP,
    )


FOLLOW = _act(
    "follow",
    "PUT",
    "/users/{user_id}/follow",
    FollowRequest,
    "Follow a user.",
    details="Where the user is protected this asks for consent: `follow_requested` is true then.",
    reasons=("USER_NOT_FOUND", "BLOCKING", "CANNOT_FOLLOW_SELF", "TOO_MANY_FOLLOWS"),
)
UNFOLLOW = _act(
    "unfollow",
    "DELETE",
    "/users/{user_id}/follow",
    UnfollowRequest,
    "Stop following a user, or withdraw the request to.",
)
BLOCK = _act(
    "block",
    "PUT",
    "/users/{user_id}/block",
    BlockRequest,
    "Block a user.",
    details="Follows and requests end both ways, and neither sees the other's posts from then on.",
    reasons=("USER_NOT_FOUND", "CANNOT_BLOCK_SELF"),
)
UNBLOCK = _act(
    "unblock",
    "DELETE",
    "/users/{user_id}/block",
    UnblockRequest,
    "Stop blocking a user; follows do not come back.",
)
MUTE = _act(
    "mute",
    "PUT",
    "/users/{user_id}/mute",
    MuteRequest,
    "Mute a user.",
    details="Their posts stay off the caller's timelines; they are not notified.",
    reasons=("USER_NOT_FOUND", "CANNOT_MUTE_SELF"),
)
UNMUTE = _act("unmute", "DELETE", "/users/{user_id}/mute", UnmuteRequest, "Stop muting a user.")
ACCEPT_FOLLOW_REQUEST = _act(
    "accept_follow_request",
    "PUT",
    "/follow-requests/{user_id}",
    AcceptFollowRequestRequest,
    "Accept a user's follow request.",
    reasons=("FOLLOW_REQUEST_NOT_FOUND",),
)
REJECT_FOLLOW_REQUEST = _act(
    "reject_follow_request",
    "DELETE",
    "/follow-requests/{user_id}",
    RejectFollowRequestRequest,
    "Reject a user's follow request; they are not notified.",
    reasons=(),
)
