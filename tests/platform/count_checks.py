"""Compares every count that one viewer is shown with its list and with the reference model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.protocols.graphql.global_ids import global_id
from local.edge import Account, Edge, Json
from tests.platform.reference_model import ANONYMOUS, ReferenceModel

# The list of each count in REST.
_OF_POSTS = {
    "likes": "likers",
    "reposts": "reposters",
    "replies": "replies",
    "quotes": "quotes",
}
_OF_USERS = {
    "followers_count": "followers",
    "following_count": "following",
    "posts_count": "posts",
}
_POST = "query($id: ID!) { post(id: $id) { counts { likes reposts replies quotes } } }"
_USER = "query($id: ID!) { user(id: $id) { followersCount followingCount postsCount } }"


@dataclass(frozen=True)
class _ExpectedCount:
    """What a count must be for one viewer: the counted users, once per counted thing."""

    users: Sequence[str]
    # Whether the viewer may read the list. If not, the count is 0.
    listed: bool = True


class CountChecks:
    """Reads as one user, or anonymously, after all events are handled. Records each count that is
    larger than its list, or differs from the rule.
    """

    def __init__(self, edge: Edge, model: ReferenceModel, viewer: Account | None) -> None:
        self._edge = edge
        self._model = model
        self._account = viewer
        self._viewer = viewer.user_id if viewer else ANONYMOUS
        self.faults: list[str] = []

    async def everything(self, users: Sequence[str]) -> None:
        """All of these users, and all posts."""
        for user in users:
            await self.user(user)
        for post_id in self._model.posts:
            await self.post(post_id)

    async def post(self, post_id: str) -> None:
        """The counts of a post, if the viewer may see it."""
        if not self._model.may_see(self._viewer, post_id):
            return
        path = f"/posts/{post_id}"
        found = await self._shown(f"/v1{path}", "counts")
        newer = await self._shown(f"/v2{path}", "counts")
        graphql = await self._graphql(_POST, global_id("Post", int(post_id)), "post", "counts")
        if not found == newer == graphql:
            self._fault(path, f"{found} in v1, {newer} in v2, {graphql} in GraphQL")
        for counter, users in self._model.counted_users(post_id).items():
            part = f"{path}/{_OF_POSTS[counter]}"
            await self._compare(part, found[counter], _ExpectedCount(users))

    async def user(self, user: str) -> None:
        """The counts of a profile, if the viewer may see it."""
        if (user, self._viewer) in self._model.blocks:
            return
        path = f"/users/{user}"
        found = await self._shown(f"/v1{path}")
        newer = await self._shown(f"/v2{path}")
        graphql = await self._graphql(_USER, global_id("User", int(user)), "user")
        for counter, part in _OF_USERS.items():
            numbers = found[counter], newer[counter], graphql[_camel(counter)]
            if len(set(numbers)) > 1:
                self._fault(path, f"{counter}: {numbers} in v1, v2, GraphQL")
            expected = self._expected(counter, user)
            await self._compare(f"{path}/{part}", found[counter], expected)

    def _expected(self, counter: str, user: str) -> _ExpectedCount:
        listed = self._model.may_list(self._viewer, user)
        match counter:
            case "followers_count":
                users = [one for one, other in self._model.follows if other == user]
            case "following_count":
                users = [other for one, other in self._model.follows if one == user]
            case _:
                listed = listed and (self._viewer, user) not in self._model.blocks
                users = [user] * self._model.public_posts(user)
        return _ExpectedCount(users, listed)

    async def _compare(self, path: str, count: int, expected: _ExpectedCount) -> None:
        right = len(expected.users) if expected.listed else 0
        if count != right:
            self._fault(path, f"{count} are counted instead of {right}")
        listed = await self._list(path)
        # The one exception: a block hides users from each other, and the count still has them.
        blocked = sum(self._model.either_blocks(self._viewer, each) for each in expected.users)
        if count > listed + (blocked if expected.listed else 0):
            self._fault(path, f"{count} are counted, {listed} listed, {blocked} are blocked")
        if self._viewer == ANONYMOUS and count != listed:
            self._fault(path, f"{count} are counted, {listed} listed")

    async def _list(self, path: str) -> int:
        """The length of the list. Replies are not counted in quotes and in a user's posts, and
        tombstones nowhere: they stay in lists of replies while a live post is below them."""
        answer = await self._edge.send("GET", f"/v1{path}?limit=100", by=self._account)
        items = answer.json().get("items", [])
        for each in items:
            self._check_profile(path, each.get("author") or each)
        if path.endswith("/replies"):
            return sum(not each.get("deleted") for each in items)
        return sum(
            each.get("reposted_by") is None and (each.get("post") or each).get("reply_to") is None
            for each in items
        )

    def _check_profile(self, where: str, profile: Json) -> None:
        """Profiles in lists and on posts reveal no more counts than the profile itself."""
        counts = {profile[each] for each in _OF_USERS if each in profile}
        if counts - {0} and not self._model.may_list(self._viewer, profile["id"]):
            self._fault(where, f"reveals the counts of {profile['id']}")

    async def _shown(self, path: str, part: str = "") -> Json:
        answer = await self._edge.send("GET", path, by=self._account)
        found: Json = answer.json()
        if not answer.is_success:
            self._fault(path, answer.text[:200])
        return found[part] if part else found

    async def _graphql(self, query: str, id_: str, *parts: str) -> Json:
        body = {"query": query, "variables": {"id": id_}}
        answer = await self._edge.send("POST", "/graphql", by=self._account, body=body)
        found: Json = answer.json()["data"]
        for part in parts:
            found = found[part]
        return found

    def _fault(self, where: str, what: str) -> None:
        self.faults.append(f"{self._viewer or 'anonymous'}: {where}: {what}")


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(each.title() for each in rest)
