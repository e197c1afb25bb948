"""Following a hashtag, as acts."""

from typing import Annotated, Any

import strawberry
from roost.timeline.v1.timeline_service_pb2 import (
    FollowHashtagRequest,
    FollowHashtagResponse,
    UnfollowHashtagRequest,
    UnfollowHashtagResponse,
)

from gateway.api.hashtags.types import HashtagFollow
from gateway.protocols.acts import Act, Result, Target
from gateway.views import search as views
from gateway.views import search_shapes

TagName = Annotated[
    str,
    strawberry.argument(description="The hashtag, with or without its #, in any spelling."),
]
_HASHTAG = Target(kind="", argument="tag", type=TagName)


def _act(
    name: str,
    method: str,
    request: type[Any],
    summary: str,
    result: Result,
    *,
    details: str = "",
    reasons: tuple[str, ...] = ("HASHTAG_INVALID",),
) -> Act:
    return Act(
        name=name,
        method=method,
        path="/hashtags/{tag}/follow",
        summary=summary,
        details=details,
        reasons=reasons,
        service="timelines",
        request=request,
        target=_HASHTAG,
        result=result,
    )


def _present_follow(response: FollowHashtagResponse) -> search_shapes.HashtagFollow:
    return views.followed_hashtag(response.hashtag)


def _show_follow(response: FollowHashtagResponse) -> HashtagFollow:
    return HashtagFollow(followed=response.hashtag, tag=response.hashtag.tag)


def _present_unfollow(response: UnfollowHashtagResponse) -> search_shapes.HashtagFollow:
    return search_shapes.HashtagFollow(response.tag, following=False, followed_at=None)


def _show_unfollow(response: UnfollowHashtagResponse) -> HashtagFollow:
    return HashtagFollow(followed=None, tag=response.tag)


FOLLOW_HASHTAG = _act(
    "follow_hashtag",
    "PUT",
    FollowHashtagRequest,
    "Follow a hashtag.",
    Result(
        shape=search_shapes.HashtagFollow,
        present=_present_follow,
        type=HashtagFollow,
        show=_show_follow,
    ),
    details="Public posts with it that answer nothing come to the caller's home timeline, recent "
    "ones within seconds.",
    reasons=("HASHTAG_INVALID", "TOO_MANY_HASHTAGS"),
)
UNFOLLOW_HASHTAG = _act(
    "unfollow_hashtag",
    "DELETE",
    UnfollowHashtagRequest,
    "Stop following a hashtag.",
    Result(
        shape=search_shapes.HashtagFollow,
        present=_present_unfollow,
        type=HashtagFollow,
        show=_show_unfollow,
    ),
    details="Posts that came only by it leave the caller's home timeline.",
)
