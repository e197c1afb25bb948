"""Likes, reposts and bookmarks, as acts on a post."""

from typing import Any

from roost.post.v1.engagement_service_pb2 import (
    BookmarkRequest,
    LikeRequest,
    RemoveBookmarkRequest,
    RepostRequest,
    RepostResponse,
    UndoRepostRequest,
    UnlikeRequest,
)

from gateway.api.engagement.types import Engagement
from gateway.api.posts.types import POST
from gateway.protocols.acts import Act, Result
from gateway.views import presentation, shapes

_ENGAGEMENT = Result(
    shape=shapes.Engagement,
    present=lambda response: presentation.engagement(response.engagement),
    type=Engagement,
    show=lambda response: Engagement(message=response.engagement),
)


def _present_repost(response: RepostResponse) -> shapes.Engagement:
    return presentation.engagement(response.engagement, repost_id=response.repost_id)


def _show_repost(response: RepostResponse) -> Engagement:
    return Engagement(message=response.engagement, repost_number=response.repost_id)


def _act(
    name: str,
    method: str,
    path: str,
    request: type[Any],
    summary: str,
    *,
    reasons: tuple[str, ...] = (),
    result: Result = _ENGAGEMENT,
) -> Act:
    return Act(
        name=name,
        method=method,
        path=f"/posts/{{post_id}}/{path}",
        summary=summary,
        reasons=reasons,
        service="engagement",
        request=request,
        target=POST,
        result=result,
    )


LIKE = _act("like", "PUT", "like", LikeRequest, "Like a post.", reasons=("POST_NOT_FOUND",))
UNLIKE = _act(
    "unlike", "DELETE", "like", UnlikeRequest, "Take a like back, whatever became of the post."
)
REPOST = _act(
    "repost",
    "PUT",
    "repost",
    RepostRequest,
    "Show a post to the caller's followers.",
    reasons=("POST_NOT_FOUND", "REPOST_NOT_ALLOWED"),
    result=Result(
        shape=shapes.Engagement, present=_present_repost, type=Engagement, show=_show_repost
    ),
)
UNDO_REPOST = _act(
    "undo_repost",
    "DELETE",
    "repost",
    UndoRepostRequest,
    "Take a repost back, whatever became of the post.",
)
BOOKMARK = _act(
    "bookmark",
    "PUT",
    "bookmark",
    BookmarkRequest,
    "Keep a post in the caller's private list.",
    reasons=("POST_NOT_FOUND",),
)
REMOVE_BOOKMARK = _act(
    "remove_bookmark",
    "DELETE",
    "bookmark",
    RemoveBookmarkRequest,
    "Take a post off the caller's private list, whatever became of it.",
)
