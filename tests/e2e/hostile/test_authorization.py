"""The authorization matrix, through the edge: every route, every role, open and protected."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
import pytest_asyncio

from gateway.rest.routes import ANYONE
from gateway.rest.v1.table import ROUTES
from local.edge import Account, Edge
from tests.e2e.hostile.conftest import SignUp
from tests.e2e.hostile.rows import (
    ACCOUNTS,
    OPEN,
    POSTS,
    ROLES,
    SIGNED_IN,
    VISIBILITIES,
    YES,
    Asked,
)

pytestmark = [pytest.mark.e2e, pytest.mark.soak]
on_the_stack = pytest.mark.asyncio(loop_scope="session")

BY_NAME = {route.name: route for route in ROUTES}
BODIES = {"update_post": {"text": "changed"}}


@dataclass(frozen=True)
class Scene:
    """An account, its posts, and one person of each role."""

    people: dict[str, Account | None]
    posts: dict[str, str]

    @property
    def owner(self) -> Account:
        owner = self.people["owner"]
        assert owner is not None
        return owner


@pytest_asyncio.fixture(scope="module", loop_scope="session", params=["open", "protected"])
async def scene(request: pytest.FixtureRequest, edge: Edge, sign_up: SignUp) -> Scene:
    kind = request.param
    people: dict[str, Account | None] = {
        role: None if role == "stranger" else await sign_up(f"{kind[:4]}_{role}") for role in ROLES
    }
    found = Scene(people, {})
    owner, follower, blocked, blocker, muted = (
        people[role] for role in ("owner", "follower", "blocked", "blocker", "muted")
    )
    assert owner
    assert follower
    assert blocked
    assert blocker
    assert muted
    await edge.follow(follower, owner.user_id)
    await edge.call("PUT", f"/v1/users/{blocked.user_id}/block", by=owner)
    await edge.call("PUT", f"/v1/users/{owner.user_id}/block", by=blocker)
    await edge.call("PUT", f"/v1/users/{muted.user_id}/mute", by=owner)
    if kind == "protected":
        await edge.call("PATCH", "/v1/users/me", by=owner, body={"protected": True})
    for visibility in VISIBILITIES:
        post = await edge.post(owner, f"for {visibility}", visibility=visibility)
        found.posts[visibility] = post["id"]
    return found


def test_every_route_has_a_row() -> None:
    rows = [*ACCOUNTS, *POSTS, *OPEN, *SIGNED_IN]

    assert sorted(rows) == sorted(BY_NAME)


def test_document_names_the_same_routes() -> None:
    assert {name for name, route in BY_NAME.items() if route.access is ANYONE} == {
        *OPEN,
        *(name for name in (*ACCOUNTS, *POSTS) if BY_NAME[name].method == "GET"),
    }


async def reason(edge: Edge, name: str, thing: str, by: Account | None) -> str:
    """Why the route refuses; YES if it does not."""
    route = BY_NAME[name]
    path = route.path.replace(f"{{{route.parameter}}}", thing)
    answer = await edge.send(route.method, path, by=by, body=BODIES.get(name))
    return YES if answer.is_success else str(answer.json()["reason"])


@on_the_stack
async def test_pages_show_nobody_what_a_single_read_would_hide(edge: Edge, scene: Scene) -> None:
    for role in ROLES:
        by = scene.people[role]
        batch = await edge.call(
            "GET", "/v1/posts", by=by, query={"ids": ",".join(scene.posts.values())}
        )

        for post in batch["items"]:
            assert await reason(edge, "get_post", post["id"], by) == YES


@on_the_stack
@pytest.mark.parametrize("name", [*ACCOUNTS, *POSTS])
async def test_route_serves_whom_its_row_names(
    request: pytest.FixtureRequest, edge: Edge, scene: Scene, name: str
) -> None:
    protected = "protected" in request.node.callspec.id
    things = [("public", scene.owner.user_id)] if name in ACCOUNTS else list(scene.posts.items())
    rule = ACCOUNTS.get(name) or POSTS[name]
    wrong = {}
    for visibility, thing in things:
        for role in ROLES:  # the owner last: it may delete
            expected = rule(Asked(role, protected, visibility))

            found = await reason(edge, name, thing, scene.people[role])

            if found != expected:
                wrong[visibility, role] = (found, f"expected {expected or 'an answer'}")
    assert wrong == {}


@on_the_stack
@pytest.mark.parametrize("name", sorted(SIGNED_IN))
async def test_route_is_closed_to_strangers(edge: Edge, scene: Scene, name: str) -> None:
    assert await reason(edge, name, scene.owner.user_id, None) == "TOKEN_MISSING"
