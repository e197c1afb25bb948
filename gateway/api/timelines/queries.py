"""Timelines: places with posts, and posts that somebody reposted."""

from collections.abc import Callable, Sequence
from typing import TypeVar, cast

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
from gateway.core.hydrate import Entry, Hydrated, hydrate_entries, hydrate_parts
from gateway.core.kept.parts import Parts
from gateway.core.pipeline import (
    Page,
    Skeleton,
    read_page,
)

ItemT = TypeVar("ItemT")

# Stands for an item that is not shown.
_HIDDEN = object()


async def home(
    backends: Backends, *, viewer_id: int, order: HomeOrder, token: str, size: int
) -> Page[Entry]:
    """A page of the viewer's home: two calls, and more only where rules dropped entries."""

    async def entries(token: str, size: int) -> Skeleton[Entry]:
        request = GetHomeTimelineRequest(order=order, page_size=size, page_token=token)
        return _skeleton(await backends.timelines.GetHomeTimeline(request))

    async def bodies(found: Sequence[Entry]) -> Hydrated:
        return await hydrate_entries(backends, found)

    return await read_page(
        entries, rules.on_home(viewer_id), token=token, size=size, hydrate=bodies
    )


async def home_items(
    backends: Backends,
    *,
    viewer_id: int,
    order: HomeOrder,
    token: str,
    size: int,
    parts: Parts,
    present: Callable[[Sequence[Entry], Hydrated], Sequence[ItemT]],
) -> Page[ItemT]:
    """The page of `home` in items, as `present` makes them. Calls are made for what `parts` lack,
    which are skeletons by token and size, and items by entry."""
    belongs = rules.on_home(viewer_id)

    async def entries(token: str, size: int) -> Skeleton[Entry]:
        key = (token, size)
        skeleton: Skeleton[Entry] | None = parts.find(key)
        if skeleton is None:
            response = await backends.timelines.GetHomeTimeline(
                GetHomeTimelineRequest(
                    order=order,
                    page_size=size,
                    page_token=token,
                    include_dependencies=parts.wanted,
                )
            )
            skeleton = _skeleton(response)
            parts.add(key, skeleton, response.dependencies)
        return skeleton

    async def bodies(wanted: Sequence[Entry]) -> Hydrated:
        missing = [entry for entry in wanted if parts.find(entry) is None]
        found, dependencies = await hydrate_parts(backends, missing, wanted=parts.wanted)
        shown = [entry for entry in missing if belongs(entry, found)]
        items = dict(zip(shown, present(shown, found), strict=True))
        for entry in missing:
            parts.add(entry, items.get(entry, _HIDDEN), dependencies.get(entry, ()))
        return found

    def rule(entry: Entry, _: Hydrated) -> bool:
        return parts.find(entry) is not _HIDDEN

    page = await read_page(entries, rule, token=token, size=size, hydrate=bodies)
    items = cast("list[ItemT]", [parts.find(entry) for entry in page.entries])
    return Page(items, Hydrated(), page.next_token)


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
