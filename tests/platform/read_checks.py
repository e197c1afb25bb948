"""Reads everything as one viewer, and compares it with the reference model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from gateway.protocols.graphql.global_ids import global_id
from local.edge import Account, Edge, Json
from tests.platform.reference_model import ANONYMOUS, ReferenceModel

SEARCHES = (
    "/v1/search/posts?q=hello&limit=100",
    "/v1/search/posts?q=hello&order=latest&limit=100",
    "/v1/hashtags/heron/posts?limit=100",
)


class ReadChecks:
    """Reads as one user, or anonymously. Records what the viewer must not be shown."""

    def __init__(self, edge: Edge, model: ReferenceModel, viewer: Account | None) -> None:
        self._edge = edge
        self._model = model
        self._account = viewer
        self._viewer = viewer.user_id if viewer else ANONYMOUS
        self.faults: list[str] = []

    async def timelines(self) -> None:
        """The public timeline, the home in both orders, bookmarks and notifications."""
        for item in await self._items("/v1/timelines/public"):
            self._check_post("public", item["post"])
            if (self._viewer, item["post"]["author"]["id"]) in self._model.mutes:
                self._fault("public", "shows a muted user")
        if self._account is None:
            return
        for path in ("/v1/timelines/home", "/v1/timelines/home?order=relevant"):
            for item in await self._items(path):
                self._check_item(path, item)
                self._check_belongs(path, item)
        for post in await self._items("/v1/bookmarks"):
            self._check_post("bookmarks", post)
        for notification in await self._items("/v1/notifications"):
            self._check_users("notifications", notification["people"])
            if notification["post"] is not None:
                self._check_post("notifications", notification["post"])

    async def searches(self) -> None:
        """Searches for a word and a hashtag of all posts."""
        for path in SEARCHES:
            for item in await self._items(path):
                post = item.get("post", item)
                self._check_post(path, post)
                if post["deleted"]:
                    self._fault(path, "shows a tombstone")
                elif (self._viewer, post["author"]["id"]) in self._model.mutes:
                    self._fault(path, "shows a muted user")
        users = await self._items("/v1/search/users?q=a")
        self._check_users("users", [each["user"] for each in users])

    async def all_is_found(self) -> None:
        """After all events, searches find exactly what the viewer may read of users who are not
        muted."""
        due = {
            post.id
            for post in self._model.posts.values()
            if self._model.may_see(self._viewer, post.id)
            and (self._viewer, post.author) not in self._model.mutes
        }
        for path in SEARCHES:
            shown = {each.get("post", each)["id"] for each in await self._items(path)}
            if shown != due:
                self._fault(path, f"{shown - due} too many, {due - shown} missing")

    async def user(self, user: str) -> None:
        """A profile and its lists."""
        blocked = (user, self._viewer) in self._model.blocks
        profile = await self._edge.send("GET", f"/v1/users/{user}", by=self._account)
        if (profile.status_code == 404) != blocked:
            self._fault("profile", f"{profile.status_code}, blocked: {blocked}")
        for name in ("followers", "following"):
            answer = await self._edge.send("GET", f"/v1/users/{user}/{name}", by=self._account)
            if answer.is_success != self._model.may_list(self._viewer, user):
                self._fault(name, f"{answer.status_code} for a list of {user}")
            self._check_users(name, answer.json().get("items", []))
        for item in await self._items(f"/v1/users/{user}/posts?include_replies=true"):
            self._check_item("posts", item)
            reposted = item["reposted_by"] and item["post"]["author"]["id"]
            if reposted and self._model.either_blocks(user, reposted):
                self._fault("posts", f"shows a repost of {reposted} despite a block")
        for post in await self._items(f"/v1/users/{user}/likes"):
            self._check_post("likes", post)

    async def post(self, post_id: str) -> None:
        """A post, its thread and its engagements: readable if the viewer may see it."""
        may_see = self._model.may_see(self._viewer, post_id)
        may_know = self._model.may_see_tombstone(self._viewer, post_id)
        for part in ("", "/replies", "/quotes", "/revisions", "/likers", "/reposters"):
            path = f"/v1/posts/{post_id}{part}"
            answer = await self._edge.send("GET", path, by=self._account)
            expected = may_see or (part == "/replies" and may_know)
            if answer.is_success != expected:
                self._fault(path, f"{answer.status_code}: {answer.text[:200]}")
            if answer.is_success:
                found = answer.json()
                items = [found] if part == "" else found["items"]
                if part in ("/likers", "/reposters"):
                    self._check_users(path, items)
                elif part != "/revisions":
                    for each in items:
                        self._check_post(path, each)
        await self._thread(post_id, expected=may_see or may_know)

    async def batch(self) -> None:
        """A batch of all posts has exactly the visible ones."""
        ids = list(self._model.posts)[-50:]
        if not ids:
            return
        found = await self._items(f"/v1/posts?ids={','.join(ids)}")
        for each in found:
            self._check_post("batch", each)
        shown = {each["id"] for each in found if not each["deleted"]}
        hidden = {each for each in ids if self._model.may_see(self._viewer, each)} - shown
        if hidden:
            self._fault("batch", f"{hidden} is missing")

    async def graphql(self, users: Sequence[str]) -> None:
        """GraphQL has the same lists, posts and users as REST."""
        ids = list(self._model.posts)[-50:]
        lists = {"publicTimeline": "/v1/timelines/public"}
        if self._account is not None:
            lists |= {
                "homeTimeline": "/v1/timelines/home",
                "bookmarks": "/v1/bookmarks",
                "notifications": "/v1/notifications",
            }
        variables = {
            "posts": [global_id("Post", int(each)) for each in ids],
            "people": [global_id("User", int(each)) for each in users],
        }
        body = {"query": _document(lists), "variables": variables}
        answer = await self._edge.send("POST", "/graphql", by=self._account, body=body)
        data = answer.json().get("data")
        if data is None or "errors" in answer.json():
            self._fault("graphql", answer.text[:300])
            return
        for field, path in lists.items():
            self._check_same(field, data[field]["nodes"], await self._items(path))
        found = await self._items(f"/v1/posts?ids={','.join(ids)}") if ids else []
        live = [each for each in data["posts"] if each and not each["deleted"]]
        self._check_same("posts", live, found)
        gone = {each["restId"] for each in data["posts"] if each and each["deleted"]}
        known = {each for each in ids if self._model.may_see_tombstone(self._viewer, each)}
        if gone != known:
            self._fault("posts", f"{gone} are tombstones in GraphQL, not {known}")
        self._check_same("nodes", data["people"], await self._profiles(users))

    async def _profiles(self, users: Sequence[str]) -> list[Json | None]:
        found: list[Json | None] = []
        for each in users:
            answer = await self._edge.send("GET", f"/v1/users/{each}", by=self._account)
            found.append(answer.json() if answer.is_success else None)
        return found

    def _check_same(
        self, where: str, graphql: Sequence[Json | None], rest: Sequence[Json | None]
    ) -> None:
        shown = [each and each["restId"] for each in graphql]
        expected = [each and each["id"] for each in rest]
        if shown != expected:
            self._fault(where, f"{shown} in GraphQL, {expected} in REST")
        for one, other in zip(graphql, rest, strict=False):
            text = (other or {}).get("text")
            if one and text is not None and one.get("text", text) != text:
                self._fault(where, f"{one['text']!r} in GraphQL, {text!r} in REST")

    async def _thread(self, post_id: str, *, expected: bool) -> None:
        answer = await self._edge.send("GET", f"/v1/posts/{post_id}/thread", by=self._account)
        if answer.is_success != expected:
            self._fault("thread", f"{answer.status_code} for {post_id}")
        if answer.is_success:
            thread = answer.json()
            for each in (*thread["ancestors"], thread["post"], *thread["replies"]["items"]):
                self._check_post("thread", each)

    async def _items(self, path: str) -> list[Json]:
        answer = await self._edge.send("GET", path, by=self._account)
        if answer.status_code >= 500:
            self._fault(path, answer.text[:200])
        found: list[Json] = answer.json().get("items", [])
        return found

    def _check_item(self, where: str, item: Json) -> None:
        self._check_post(where, item["post"])
        if item["reposted_by"] is not None:
            self._check_users(where, [item["reposted_by"]])

    def _check_belongs(self, where: str, item: Json) -> None:
        author = item["post"]["author"]["id"]
        actor = (item["reposted_by"] or item["post"]["author"])["id"]
        if not self._model.belongs_on_home(self._viewer, actor):
            self._fault(where, f"shows a post or repost of {actor}")
        if (self._viewer, author) in self._model.mutes:
            self._fault(where, f"shows {author}, who is muted")

    def _check_post(self, where: str, post: Json) -> None:
        for each in _with_quoted(post):
            if each["deleted"]:
                if each["text"] or each["entities"] or each["author"] or each["visibility"]:
                    self._fault(where, f"tombstone {each['id']} has content")
            elif not self._model.may_see(self._viewer, each["id"]):
                self._fault(where, f"shows post {each['id']}")
            self._check_quoted(where, each)

    def _check_quoted(self, where: str, post: Json) -> None:
        quoted = post["quoted_post"]
        if quoted and self._model.either_blocks(post["author"]["id"], quoted["author"]["id"]):
            self._fault(
                where, f"shows {quoted['id']} quoted by {post['author']['id']} despite a block"
            )

    def _check_users(self, where: str, users: Sequence[Json]) -> None:
        for each in users:
            if self._model.either_blocks(self._viewer, each["id"]):
                self._fault(where, f"shows {each['id']}, despite a block")

    def _fault(self, where: str, what: str) -> None:
        self.faults.append(f"{self._viewer or 'anonymous'}: {where}: {what}")


def _document(lists: Iterable[str]) -> str:
    fields = [f"{each} {{ nodes {{ restId }} }}" for each in lists]
    fields.append("posts: nodes(ids: $posts) { ... on Post { restId text deleted } }")
    fields.append("people: nodes(ids: $people) { ... on User { restId } }")
    return f"query($posts: [ID!]!, $people: [ID!]!) {{ {' '.join(fields)} }}"


def _with_quoted(post: Json) -> Iterator[Json]:
    yield post
    if post["quoted_post"] is not None:
        yield from _with_quoted(post["quoted_post"])
