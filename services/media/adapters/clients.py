"""The clients of the other services."""

import asyncio
from collections.abc import Collection
from typing import TYPE_CHECKING

from roost.post.v1.post_service_pb2 import FilterVisibleRequest

if TYPE_CHECKING:
    from roost.post.v1.post_service_pb2_grpc import PostServiceAsyncStub

# What the contract allows in one call.
MAX_POSTS = 200


class MeshPostVisibility:
    """See `ports.PostVisibility`. Calls in the Media service's own name."""

    def __init__(self, posts: "PostServiceAsyncStub") -> None:
        self._posts = posts

    async def visible(self, viewer_id: int, post_ids: Collection[int]) -> set[int]:
        listed = sorted(post_ids)
        batches = await asyncio.gather(
            *(
                self._visible(viewer_id, listed[start : start + MAX_POSTS])
                for start in range(0, len(listed), MAX_POSTS)
            )
        )
        return set().union(*batches)

    async def _visible(self, viewer_id: int, post_ids: list[int]) -> set[int]:
        response = await self._posts.FilterVisible(
            FilterVisibleRequest(viewer_id=viewer_id, post_ids=post_ids)
        )
        return set(response.post_ids)
