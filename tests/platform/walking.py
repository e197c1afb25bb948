"""Every connection of GraphQL walked page by page, by nothing but what `pageInfo` says."""

from __future__ import annotations

from typing import Any

from gateway.protocols.graphql.global_ids import global_id
from local.edge import Account, Edge, Json

# Small, so that pages end in many places; and as large as any page may be.
_SIZE, _WHOLE = 2, 40

_PAGE = "{ nodes { restId } pageInfo { hasNextPage hasPreviousPage endCursor } }"
_ON = "first: $first, after: $after"
_ANYBODYS = [f"publicTimeline({_ON}) {_PAGE}"]
_OWN = [
    f"homeTimeline({_ON}) {_PAGE}",
    f"homeTimeline({_ON}, order: RELEVANT) {_PAGE}",
    *(
        f"{each}({_ON}) {_PAGE}"
        for each in ("bookmarks", "notifications", "blocks", "mutes", "followRequests")
    ),
]
_OF_PEOPLE = [
    f"user(id: $id) {{ {each} {_PAGE} }}"
    for each in (
        f"posts({_ON}, includeReplies: true)",
        f"likedPosts({_ON})",
        f"followers({_ON})",
        f"following({_ON})",
    )
]
_OF_POSTS = [
    f"thread(id: $id, {_ON}) {{ replies {_PAGE} }}",
    *(
        f"post(id: $id) {{ {each}({_ON}) {_PAGE} }}"
        for each in ("replies", "quotes", "likers", "reposters")
    ),
]


class Walking:
    """Walks as one person, or as a stranger, and notes where pages are not the list, cut evenly."""

    def __init__(self, edge: Edge, reader: Account | None) -> None:
        self._edge = edge
        self._reader = reader
        self.faults: list[str] = []

    async def everything(self, person: str, post_id: str | None) -> None:
        """Every list that there is, with those of this person and this post."""
        for selection in [*_ANYBODYS, *(_OWN if self._reader else ())]:
            await self._compare(selection)
        for selection in _OF_PEOPLE:
            await self._compare(selection, id=global_id("User", int(person)))
        for selection in _OF_POSTS if post_id else ():
            await self._compare(selection, id=global_id("Post", int(post_id or 0)))

    async def _compare(self, selection: str, **about: str) -> None:
        shared_platform = await self._walk(selection, _WHOLE, **about)
        pages = await self._walk(selection, _SIZE, **about)
        expected = [each for page in shared_platform for each in page]
        if pages != [expected[n : n + _SIZE] for n in range(0, len(expected), _SIZE)]:
            reader = self._reader.handle if self._reader else "a stranger"
            self.faults.append(f"{reader}: {selection}: {pages} rather than {expected}")

    async def _walk(self, selection: str, size: int, **about: str) -> list[list[str]]:
        """The pages of a list, without an empty first one; none of a list that is refused."""
        pages: list[list[str]] = []
        after = None
        while True:
            connection = await self._ask(selection, first=size, after=after, **about)
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

    async def _ask(self, selection: str, **variables: Any) -> Json | None:
        declared = "$first: Int!, $after: String" + (", $id: ID!" if "id" in variables else "")
        body = {"query": f"query({declared}) {{ {selection} }}", "variables": variables}
        answer = await self._edge.send("POST", "/graphql", by=self._reader, body=body)
        found = answer.json()
        if found.get("errors"):
            return None
        (connection,) = found["data"].values()
        return _inner(connection)


def _inner(found: Json) -> Json:
    while "nodes" not in found:
        (found,) = found.values()
    return found
