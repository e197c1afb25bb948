"""Timelines: places with posts, and posts that somebody reposted."""

from collections.abc import Sequence

from roost.post.v1.post_service_pb2 import (
    ListUserPostsRequest,
)
from roost.timeline.v1.timeline_pb2 import HomeOrder
from roost.timeline.v1.timeline_service_pb2 import (
    GetHomeTimelineRequest,
    GetHomeTimelineResponse,
    GetPublicTimelineRequest,
    GetPublicTimelineResponse,
)

from gateway.api.timelines import rules
from gateway.core.clients import Backends
from gateway.core.hydrate import Entry, Hydrated, hydrate_entries
from gateway.core.kept.dependencies import Dependencies
from gateway.core.pipeline import (
    Page,
    Skeleton,
    read_page,
)


async def home(
    backends: Backends,
    *,
    viewer_id: int,
    order: HomeOrder,
    token: str,
    size: int,
    dependencies: Dependencies | None = None,
) -> Page[Entry]:
    """A page of the viewer's home: two calls, and more only where rules dropped entries. Adds what
    it was made from to `dependencies`, if they are wanted."""

    async def entries(token: str, size: int) -> Skeleton[Entry]:
        response = await backends.timelines.GetHomeTimeline(
            GetHomeTimelineRequest(
                order=order,
                page_size=size,
                page_token=token,
                include_dependencies=dependencies is not None,
            )
        )
        if dependencies is not None:
            dependencies.add(response.dependencies)
        return _skeleton(response)

    async def bodies(found: Sequence[Entry]) -> Hydrated:
        return await hydrate_entries(backends, found, dependencies)

    return await read_page(
        entries, rules.on_home(viewer_id), token=token, size=size, hydrate=bodies
    )


async def public(backends: Backends, *, token: str, size: int) -> Page[Entry]:
    """A page of everybody's public posts that answer nobody: two calls, as for a home."""

    async def entries(token: str, size: int) -> Skeleton[Entry]:
        response = await backends.timelines.GetPublicTimeline(
            GetPublicTimelineRequest(page_size=size, page_token=token)
        )
        return _skeleton(response)

    async def bodies(found: Sequence[Entry]) -> Hydrated:
        return await hydrate_entries(backends, found)

    return await read_page(entries, rules.in_public, token=token, size=size, hydrate=bodies)


def _skeleton(response: GetHomeTimelineResponse | GetPublicTimelineResponse) -> Skeleton[Entry]:
    following = [response.next_entry] if response.HasField("next_entry") else []
    return Skeleton(
        Entry.all_of(response.entries),
        response.next_page_token,
        next_entry=next(iter(Entry.all_of(following)), None),
    )


async def by_user(
    backends: Backends,
    *,
    user_id: int,
    include_replies: bool,
    only_media: bool,
    token: str,
    size: int,
) -> Page[Entry]:
    """A page of a user's posts and reposts, newest first; or of their own posts with media."""

    async def entries(token: str, size: int) -> Skeleton[Entry]:
        response = await backends.posts.ListUserPosts(
            ListUserPostsRequest(
                user_id=user_id,
                include_replies=include_replies,
                only_media=only_media,
                page_size=size,
                page_token=token,
            )
        )
        found = Hydrated.of(response.posts, response.includes)
        return Skeleton(Entry.all_of(response.entries), response.next_page_token, found)

    return await read_page(entries, rules.visible, token=token, size=size)
