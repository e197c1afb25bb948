"""Every count that one reader is shown beside the list that it belongs to, and beside the truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.protocols.graphql.global_ids import global_id
from local.edge import Account, Edge, Json
from tests.platform.truth import STRANGER, Truth

# Where the list of each count is, in REST.
_OF_POSTS = {
    "likes": "likers",
    "reposts": "reposters",
    "replies": "replies",
    "quotes": "quotes",
}
_OF_PEOPLE = {
    "followers_count": "followers",
    "following_count": "following",
    "posts_count": "posts",
}
_POST = "query($id: ID!) { post(id: $id) { counts { likes reposts replies quotes } } }"
_USER = "query($id: ID!) { user(id: $id) { followersCount followingCount postsCount } }"


@dataclass(frozen=True)
class _Counted:
    """What a count ought to be for one reader: those who are counted, each as often as they are."""

    people: Sequence[str]
    # Whether the reader gets the list; if not, nothing is counted.
    listed: bool = True


class Counting:
    """Reads as one person, or as a stranger, once all events have arrived, and notes each count
    that says more than its list, or is another one than the rule says.
    """

    def __init__(self, edge: Edge, truth: Truth, reader: Account | None) -> None:
        self._edge = edge
        self._truth = truth
        self._by = reader
        self._reader = reader.user_id if reader else STRANGER
        self.faults: list[str] = []

    async def everything(self, people: Sequence[str]) -> None:
        """All of these people, and all posts."""
        for person in people:
            await self.person(person)
        for post_id in self._truth.posts:
            await self.post(post_id)

    async def post(self, post_id: str) -> None:
        """How people responded to a post, if the reader may see it."""
        if not self._truth.may_see(self._reader, post_id):
            return
        path = f"/posts/{post_id}"
        found = await self._shown(f"/v1{path}", "counts")
        newer = await self._shown(f"/v2{path}", "counts")
        graphql = await self._graphql(_POST, global_id("Post", int(post_id)), "post", "counts")
        if not found == newer == graphql:
            self._fault(path, f"{found} in v1, {newer} in v2, {graphql} in GraphQL")
        for counter, people in self._truth.contributors(post_id).items():
            part = f"{path}/{_OF_POSTS[counter]}"
            await self._compare(part, found[counter], _Counted(people))

    async def person(self, person: str) -> None:
        """The counts of a profile, if the reader may see it."""
        if (person, self._reader) in self._truth.blocks:
            return
        path = f"/users/{person}"
        found = await self._shown(f"/v1{path}")
        newer = await self._shown(f"/v2{path}")
        graphql = await self._graphql(_USER, global_id("User", int(person)), "user")
        for counter, part in _OF_PEOPLE.items():
            numbers = found[counter], newer[counter], graphql[_camel(counter)]
            if len(set(numbers)) > 1:
                self._fault(path, f"{counter}: {numbers} in v1, v2, GraphQL")
            counted = self._counted(counter, person)
            await self._compare(f"{path}/{part}", found[counter], counted)

    def _counted(self, counter: str, person: str) -> _Counted:
        listed = self._truth.may_list(self._reader, person)
        match counter:
            case "followers_count":
                people = [one for one, other in self._truth.follows if other == person]
            case "following_count":
                people = [other for one, other in self._truth.follows if one == person]
            case _:
                listed = listed and (self._reader, person) not in self._truth.blocks
                people = [person] * self._truth.public_posts(person)
        return _Counted(people, listed)

    async def _compare(self, path: str, count: int, counted: _Counted) -> None:
        right = len(counted.people) if counted.listed else 0
        if count != right:
            self._fault(path, f"{count} are counted rather than {right}")
        listed = await self._list(path)
        # The one exception: a block hides people from each other, and is not subtracted.
        apart = sum(self._truth.apart(self._reader, each) for each in counted.people)
        if count > listed + (apart if counted.listed else 0):
            self._fault(path, f"{count} are counted, {listed} listed, {apart} are apart")
        if self._reader == STRANGER and count != listed:
            self._fault(path, f"{count} are counted, {listed} listed")

    async def _list(self, path: str) -> int:
        """How many the list shows: of quotes and of a person's posts, those that answer nothing."""
        answer = await self._edge.send("GET", f"/v1{path}?limit=100", by=self._by)
        items = answer.json().get("items", [])
        for each in items:
            self._check_profile(path, each.get("author") or each)
        if path.endswith("/replies"):
            return len(items)
        return sum(
            each.get("reposted_by") is None and (each.get("post") or each).get("reply_to") is None
            for each in items
        )

    def _check_profile(self, where: str, profile: Json) -> None:
        """Those who stand in lists and beside posts tell as little as their profiles."""
        counts = {profile[each] for each in _OF_PEOPLE if each in profile}
        if counts - {0} and not self._truth.may_list(self._reader, profile["id"]):
            self._fault(where, f"tells the counts of {profile['id']}")

    async def _shown(self, path: str, part: str = "") -> Json:
        answer = await self._edge.send("GET", path, by=self._by)
        found: Json = answer.json()
        if not answer.is_success:
            self._fault(path, answer.text[:200])
        return found[part] if part else found

    async def _graphql(self, query: str, id_: str, *parts: str) -> Json:
        body = {"query": query, "variables": {"id": id_}}
        answer = await self._edge.send("POST", "/graphql", by=self._by, body=body)
        found: Json = answer.json()["data"]
        for part in parts:
            found = found[part]
        return found

    def _fault(self, where: str, what: str) -> None:
        self.faults.append(f"{self._reader or 'a stranger'}: {where}: {what}")


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(each.title() for each in rest)
