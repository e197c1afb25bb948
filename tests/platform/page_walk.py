"""Reads every list in GraphQL page by page, as `pageInfo` says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from gateway.protocols.graphql.global_ids import global_id
from local.edge import Account, Edge, Json

# Small pages end in many places; the other size is the largest that is allowed.
_PAGE_SIZE, _MAXIMUM = 2, 40

_ARGUMENTS = "first: $first, after: $after"


def _page(node: str = "restId") -> str:
    return f"{{ nodes {{ {node} }} pageInfo {{ hasNextPage hasPreviousPage endCursor }} }}"


def _of_viewer(field: str, node: str = "restId") -> str:
    return f"{field}({_ARGUMENTS}) {_page(node)}"


def _of_user(field: str) -> str:
    return f"user(id: $id) {{ {field} {_page()} }}"


def _of_post(field: str, node: str = "restId") -> str:
    return f"post(id: $id) {{ {field}({_ARGUMENTS}) {_page(node)} }}"


# For each list route of REST, the same list in GraphQL.
# Every post of the random operations has this word and this hashtag.
PUBLIC_LISTS = {
    "/timelines/public": [f"publicTimeline({_ARGUMENTS}) {_page()}"],
    "/search/posts": [f'searchPosts(query: "hello", order: LATEST, {_ARGUMENTS}) {_page()}'],
    "/search/users": [f'searchUsers(query: "a", {_ARGUMENTS}) {_page()}'],
    "/search/hashtags": [f'searchHashtags(query: "he", {_ARGUMENTS}) {_page("restId: tag")}'],
    "/hashtags/{tag}/posts": [f'hashtag(tag: "heron") {{ posts({_ARGUMENTS}) {_page()} }}'],
}
VIEWER_LISTS = {
    "/timelines/home": [
        f"homeTimeline({_ARGUMENTS}) {_page()}",
        f"homeTimeline({_ARGUMENTS}, order: RELEVANT) {_page()}",
    ],
    "/bookmarks": [_of_viewer("bookmarks")],
    "/followed-hashtags": [_of_viewer("followedHashtags", "restId: tag")],
    "/notifications": [_of_viewer("notifications")],
    "/blocks": [_of_viewer("blocks")],
    "/mutes": [_of_viewer("mutes")],
    "/follow-requests": [_of_viewer("followRequests")],
    "/sessions": [_of_viewer("sessions")],
}
USER_LISTS = {
    "/users/{user_id}/posts": [_of_user(f"posts({_ARGUMENTS}, includeReplies: true)")],
    "/users/{user_id}/likes": [_of_user(f"likedPosts({_ARGUMENTS})")],
    "/users/{user_id}/followers": [_of_user(f"followers({_ARGUMENTS})")],
    "/users/{user_id}/following": [_of_user(f"following({_ARGUMENTS})")],
}
POST_LISTS = {
    "/posts/{post_id}/thread": [f"thread(id: $id, {_ARGUMENTS}) {{ replies {_page()} }}"],
    "/posts/{post_id}/replies": [_of_post("replies")],
    "/posts/{post_id}/quotes": [_of_post("quotes")],
    "/posts/{post_id}/likers": [_of_post("likers")],
    "/posts/{post_id}/reposters": [_of_post("reposters")],
    "/posts/{post_id}/revisions": [_of_post("revisions", "restId: revision")],
}


class PageWalk:
    """Reads as one user, or anonymously. Records where small pages differ from the whole list."""

    def __init__(self, edge: Edge, viewer: Account | None) -> None:
        self._edge = edge
        self._viewer = viewer
        self.faults: list[str] = []

    async def everything(self, user: str, post_id: str | None) -> None:
        """Reads every list, with those of this user and this post."""
        for selection in _selections(PUBLIC_LISTS | (VIEWER_LISTS if self._viewer else {})):
            await self._compare(selection)
        for selection in _selections(USER_LISTS):
            await self._compare(selection, id=global_id("User", int(user)))
        if post_id:
            for selection in _selections(POST_LISTS):
                await self._compare(selection, id=global_id("Post", int(post_id)))

    async def _compare(self, selection: str, **about: str) -> None:
        whole = await self._read_pages(selection, _MAXIMUM, **about)
        pages = await self._read_pages(selection, _PAGE_SIZE, **about)
        expected = [each for page in whole for each in page]
        if pages != [expected[n : n + _PAGE_SIZE] for n in range(0, len(expected), _PAGE_SIZE)]:
            viewer = self._viewer.handle if self._viewer else "anonymous"
            self.faults.append(f"{viewer}: {selection}: {pages} rather than {expected}")

    async def _read_pages(self, selection: str, size: int, **about: str) -> list[list[str]]:
        """The pages of a list. None of an empty list, and none where the request is refused."""
        pages: list[list[str]] = []
        after = None
        while True:
            connection = await self._send(selection, first=size, after=after, **about)
            if connection is None:
                return pages
            pages.append([each["restId"] for each in connection["nodes"]])
            info = connection["pageInfo"]
            right = {
                "hasNextPage": info["endCursor"] is not None,
                "hasPreviousPage": len(pages) > 1,
            }
            if any(info[name] is not value for name, value in right.items()):
                self.faults.append(f"{selection}: {info} on page {len(pages)}")
            after = info["endCursor"]
            if not info["hasNextPage"]:
                return pages if pages != [[]] else []

    async def _send(self, selection: str, **variables: Any) -> Json | None:
        declared = "$first: Int!, $after: String" + (", $id: ID!" if "id" in variables else "")
        body = {"query": f"query({declared}) {{ {selection} }}", "variables": variables}
        answer = await self._edge.send("POST", "/graphql", by=self._viewer, body=body)
        found = answer.json()
        if found.get("errors"):
            return None
        (connection,) = found["data"].values()
        return _inner(connection)


def _selections(lists: Mapping[str, Sequence[str]]) -> Iterator[str]:
    return chain.from_iterable(lists.values())


def _inner(found: Json) -> Json:
    while "nodes" not in found:
        (found,) = found.values()
    return found
