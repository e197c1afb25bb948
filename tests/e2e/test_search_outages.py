"""The Search service, its worker or its database is away: what goes on, and what is caught up."""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncIterator, Sequence

import asyncpg
import pytest
import pytest_asyncio

from local.edge import Account
from tests.e2e.stacks import TestStack
from tests.e2e.test_graphql_resuming import kill
from tests.e2e.test_media_outages import away
from tests.e2e.test_search import World, all_found, until_equal, world_of
from tests.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.soak, pytest.mark.asyncio(loop_scope="module")]

CAUGHT_UP_SECONDS = 60.0  # the promise
ANSWER_SECONDS = 6.0  # more than the time limit of a read at the edge
REFUSED = (503, "DEPENDENCY_UNAVAILABLE")

ROUTES: dict[str, dict[str, str]] = {
    "/v2/search/posts": {"q": "sorrel"},
    "/v2/search/users": {"q": "sorrel"},
    "/v2/search/hashtags": {"q": "sorrel"},
    "/v2/search/typeahead": {"q": "sorrel"},
    "/v2/hashtags/sorrel": {},
    "/v2/hashtags/sorrel/posts": {},
    "/v2/trends": {},
}
SCREEN = """
{
  homeTimeline(first: 5) { nodes { __typename } }
  searchPosts(query: "sorrel", first: 5) { nodes { id } }
}
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[TestStack]:
    async with TestStack(tmp_path_factory.mktemp("search_outages")) as stack:
        yield stack


async def test_without_the_search_service_only_searches_are_refused(stack: TestStack) -> None:
    async with world_of(stack) as world:
        author, follower = await world.accounts("sorrelauthor", "sorrelreader")
        await world.edge.follow(follower, author.user_id)
        before = await world.posts(author, "sorrel before")
        await world.finds("sorrel", before)

        async with away(stack, "search"):
            await searches_are_refused(world, follower)
            during = await everything_else_goes_on(world, author, follower)

        await caught_up(world, [*reversed(during), *before])


async def test_without_its_database_only_searches_are_refused(stack: TestStack) -> None:
    async with world_of(stack) as world:
        author, follower = await world.accounts("chicoryauthor", "chicoryreader")
        await world.edge.follow(follower, author.user_id)
        earlier = await all_found(world, "sorrel")

        async with without_role(stack, "roost_search"):
            await searches_are_refused(world, follower)
            during = await everything_else_goes_on(world, author, follower)

        await caught_up(world, [*reversed(during), *earlier])


async def test_without_its_worker_searches_go_on_and_new_posts_wait(stack: TestStack) -> None:
    async with world_of(stack) as world:
        author, follower = await world.accounts("fennelauthor", "fennelreader")
        await world.edge.follow(follower, author.user_id)
        earlier = await all_found(world, "sorrel")

        kill(stack, "search-work")
        async with away(stack, "search-work"):
            during = await everything_else_goes_on(world, author, follower)
            found = await all_found(world, "sorrel")

        await caught_up(world, [*reversed(during), *earlier])

    assert found == earlier


async def searches_are_refused(world: World, reader: Account) -> None:
    """Every search says soon that it is not available, and when to come back."""
    for path, query in ROUTES.items():
        for by in (reader, None):

            async def is_refused(
                path: str = path, query: dict[str, str] = query, by: Account | None = by
            ) -> bool:
                begun = time.monotonic()
                answer = await world.edge.send("GET", path, by=by, query=query)
                assert time.monotonic() - begun < ANSWER_SECONDS, path
                if answer.is_success:  # sessions end a moment later than the role
                    return False
                assert (answer.status_code, answer.json()["reason"]) == REFUSED, path
                assert int(answer.headers["retry-after"]) >= 1, path
                return True

            await eventually(is_refused)
    body = {"query": SCREEN}
    screen = await world.edge.call("POST", "/graphql", by=reader, body=body)
    (error,) = screen["errors"]
    assert (error["path"], error["extensions"]["reason"]) == (["searchPosts"], REFUSED[1])
    assert screen["data"]["homeTimeline"] is not None


async def everything_else_goes_on(world: World, author: Account, follower: Account) -> list[str]:
    """Posts, reading, homes and following a hashtag; the ids of the posts that stay."""
    followed = await world.edge.call("PUT", "/v2/hashtags/sorreltag/follow", by=follower)
    assert followed["following"]
    kept = await world.posts(author, *(f"sorrel {number}" for number in range(5)))
    (edited, deleted, tagged) = await world.posts(
        author, "a plant", "sorrel to delete", "sorrel by tag #sorreltag"
    )
    body = {"text": "sorrel after an edit"}
    await world.edge.call("PATCH", f"/v2/posts/{edited}", by=author, body=body)
    await world.edge.call("DELETE", f"/v2/posts/{deleted}", by=author)
    await world.like(follower, tagged)
    shown = await world.edge.call("GET", f"/v1/posts/{edited}", by=follower)
    assert shown["text"] == body["text"]
    stay = [*kept, edited, tagged]

    async def home() -> list[str]:
        items = (await world.edge.call("GET", "/v2/timelines/home", by=follower))["items"]
        return [each["id"] for each in items][: len(stay)]

    await until_equal(home, stay[::-1])
    return stay


async def caught_up(world: World, ids: Sequence[str]) -> None:
    """Everything that was written is found by then."""
    begun = time.monotonic()
    await until_equal(lambda: all_found(world, "sorrel"), list(ids), limit=CAUGHT_UP_SECONDS)
    print(f"caught up after {time.monotonic() - begun:.1f} s")  # shown by pytest -s


@contextlib.asynccontextmanager
async def without_role(stack: TestStack, name: str) -> AsyncIterator[None]:
    """Keeps the role of a service from its database for the block, and ends its sessions."""
    connection = await asyncpg.connect(stack.stack.postgres.admin_url)
    try:
        await connection.execute(f"ALTER ROLE {name} NOLOGIN")
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1", name
        )
        try:
            yield
        finally:
            await connection.execute(f"ALTER ROLE {name} LOGIN")
    finally:
        await connection.close()
