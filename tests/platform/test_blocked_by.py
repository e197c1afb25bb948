"""A block is not revealed to the blocked user.

In every protocol, a user who blocks the caller has the same responses as one who does not exist.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from gateway.api.routes import SECTIONS
from gateway.api.versions import VERSIONS
from gateway.protocols.graphql.global_ids import global_id
from gateway.protocols.rest.routes import routes_of
from local.edge import Account
from tests.platform.platform import Platform

_TRACE = re.compile(r"[0-9a-f]{32}")

# A blocked user may block the other one as well, so this response may differ.
MAY_DIFFER = {("PUT", "/users/{user_id}/block")}
BODIES: dict[tuple[str, str], Any] = {("PATCH", "/posts/{post_id}"): {"text": "ChangedIds"}}

USER_QUERY = """
query($user: ID!, $handle: String!) {
  node(id: $user) { id }
  nodes(ids: [$user]) { id }
  userByHandle(handle: $handle) { id }
  relationships(userIds: [$user]) {
    following followedBy followRequested followRequestedBy blocking blockedBy muting user { id }
  }
}
"""
POST_QUERY = "query($post: ID!) { node(id: $post) { id } posts(ids: [$post]) { id } }"
USER_FIELDS = (
    "query($user: ID!) { user(id: $user) { id } }",
    "mutation($user: ID!) { follow(userId: $user) { __typename } }",
    "mutation($user: ID!) { unfollow(userId: $user) { __typename } }",
    "mutation($user: ID!) { mute(userId: $user) { __typename } }",
    "mutation($user: ID!) { unmute(userId: $user) { __typename } }",
    "mutation($user: ID!) { unblock(userId: $user) { __typename } }",
)
POST_FIELDS = (
    "query($post: ID!) { post(id: $post) { id } }",
    "query($post: ID!) { thread(id: $post) { post { id } } }",
)


class Target:
    """A user who blocks the viewer, or ids that do not exist; with a post."""

    def __init__(self, *, user_id: str, post_id: str, handle: str) -> None:
        self.user_id = user_id
        self.post_id = post_id
        self.handle = handle

    def without_names(self, text: str) -> str:
        """A response with the same placeholders for each target."""
        names = {
            global_id("User", int(self.user_id)): "USER",
            global_id("Post", int(self.post_id)): "POST",
            self.user_id: "USER",
            self.post_id: "POST",
            self.handle: "HANDLE",
        }
        for name, word in names.items():
            text = text.replace(name, word)
        return _TRACE.sub("TRACE", text)


def rest_requests(target: Target) -> Iterator[tuple[str, str, Any]]:
    """Every route with a user or a post in its path, and those with one in query or body."""
    for version in VERSIONS:
        for route in routes_of(version, SECTIONS):
            named = "{user_id}" in route.path or "{post_id}" in route.path
            if not named or (route.method, route.path.removeprefix(version.prefix)) in MAY_DIFFER:
                continue
            path = route.path.format(user_id=target.user_id, post_id=target.post_id)
            plain = route.path.removeprefix(version.prefix)
            yield route.method, path, BODIES.get((route.method, plain))
        prefix = version.prefix
        yield "GET", f"{prefix}/users?handle={target.handle}", None
        yield "GET", f"{prefix}/relationships?ids={target.user_id}", None
        yield "GET", f"{prefix}/posts?ids={target.post_id}", None
        yield "POST", f"{prefix}/posts", {"text": "Hello", "reply_to_post_id": target.post_id}
        yield "POST", f"{prefix}/posts", {"text": "Hello", "quoted_post_id": target.post_id}


def graphql_requests(target: Target) -> Iterator[tuple[str, dict[str, str]]]:
    user, post = global_id("User", int(target.user_id)), global_id("Post", int(target.post_id))
    yield USER_QUERY, {"user": user, "handle": target.handle}
    yield POST_QUERY, {"post": post}
    for query in USER_FIELDS:
        yield query, {"user": user}
    for query in POST_FIELDS:
        yield query, {"post": post}


async def scenario(shared_platform: Platform) -> tuple[Account, Target, Target]:
    """A viewer, a target who blocks the viewer, and a target that does not exist."""
    viewer, blocker = await shared_platform.register("ben"), await shared_platform.register("ana")
    made = await shared_platform.edge.send("POST", "/v1/posts", by=blocker, body={"text": "Hello"})
    await shared_platform.edge.send("PUT", f"/v1/users/{viewer.user_id}/block", by=blocker)
    blocker_target = Target(user_id=blocker.user_id, post_id=made.json()["id"], handle="ana")
    # Ids of the same shards that no user has.
    unknown_target = Target(
        user_id=str(int(blocker_target.user_id) - (1 << 40)),
        post_id=str(int(blocker_target.post_id) - (1 << 40)),
        handle="zoe",
    )
    return viewer, blocker_target, unknown_target


async def test_rest_responses_do_not_reveal_a_block(shared_platform: Platform) -> None:
    viewer, blocker_target, unknown_target = await scenario(shared_platform)

    answers = []
    for target in (blocker_target, unknown_target):
        found = []
        for method, path, body in rest_requests(target):
            answer = await shared_platform.edge.send(method, path, by=viewer, body=body)
            assert answer.status_code < 500
            shown = target.without_names(answer.text)
            found.append((method, target.without_names(path), answer.status_code, shown))
        answers.append(found)

    for one, other in zip(*answers, strict=True):
        assert one == other


async def test_graphql_responses_do_not_reveal_a_block(shared_platform: Platform) -> None:
    viewer, blocker_target, unknown_target = await scenario(shared_platform)

    answers = []
    for target in (blocker_target, unknown_target):
        found = []
        for query, variables in graphql_requests(target):
            body = {"query": query, "variables": variables}
            answer = await shared_platform.edge.send("POST", "/graphql", by=viewer, body=body)
            assert "DOCUMENT_INVALID" not in answer.text, answer.text
            found.append((query, target.without_names(answer.text)))
        answers.append(found)

    for one, other in zip(*answers, strict=True):
        assert one == other


async def test_a_mention_of_a_blocker_is_plain_text(shared_platform: Platform) -> None:
    viewer, blocker_target, unknown_target = await scenario(shared_platform)

    for target in (blocker_target, unknown_target):
        body = {"text": f"Hello @{target.handle}"}
        answer = await shared_platform.edge.send("POST", "/v1/posts", by=viewer, body=body)
        assert (answer.status_code, answer.json()["entities"]) == (201, [])


@pytest.mark.parametrize("kind", ["block", "mute"])
async def test_own_block_or_mute_can_be_removed_after_being_blocked(
    shared_platform: Platform, kind: str
) -> None:
    viewer, blocker = await shared_platform.register("ben"), await shared_platform.register("ana")
    edge = shared_platform.edge
    path = f"/v1/users/{blocker.user_id}/{kind}"
    first = await edge.send("PUT", path, by=viewer)
    await edge.send("PUT", f"/v1/users/{viewer.user_id}/block", by=blocker)

    again = await edge.send("PUT", path, by=viewer)
    listed = await edge.send("GET", f"/v1/{kind}s", by=viewer)
    ended = await edge.send("DELETE", path, by=viewer)
    once_more = await edge.send("DELETE", path, by=viewer)

    assert [each.status_code for each in (first, again, ended)] == [200, 200, 200]
    assert [each["id"] for each in listed.json()["items"]] == [blocker.user_id]
    assert not listed.json()["items"][0]["relationship"]["blocked_by"]
    assert (once_more.status_code, once_more.json()["reason"]) == (404, "USER_NOT_FOUND")


async def test_a_blocked_user_may_block_the_blocker(shared_platform: Platform) -> None:
    viewer, blocker_target, _ = await scenario(shared_platform)

    answer = await shared_platform.edge.send(
        "PUT", f"/v1/users/{blocker_target.user_id}/block", by=viewer
    )

    assert answer.status_code == 200
    assert (answer.json()["blocking"], answer.json()["blocked_by"]) == (True, False)
