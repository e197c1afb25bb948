"""Homes that a whole stack keeps in its gateway show every change at the next read."""

from __future__ import annotations

import itertools
import os
import re
import signal
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from local.edge import Account, Edge, Refused
from tests.e2e.stacks import TestStack
from tests.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]

PASSWORD = "a long pass phrase"
_KEPT = re.compile(r'^roost_kept_reads_total\{outcome="kept"\} (\S+)$', re.MULTILINE)
_REPEATS = re.compile(
    r'^roost_cache_repeats_total\{cache="([^"]+)",outcome="([^"]+)"\} (\S+)$', re.MULTILINE
)
# The caches that a like changes.
_LIKED = ("state.1", "engagement.1")

Post = dict[str, Any]


class Reader:
    """A user who follows others, and their home."""

    def __init__(self, stack: TestStack, edge: Edge, account: Account) -> None:
        self.stack = stack
        self.edge = edge
        self.account = account

    async def home(self) -> dict[str, Post]:
        """The posts on the home, by id."""
        page = await self.edge.call("GET", "/v1/timelines/home", by=self.account)
        return {item["post"]["id"]: item["post"] for item in page["items"]}

    async def keep(self) -> None:
        """Reads until the gateway sends the home from memory."""

        async def came_from_memory() -> bool:
            before = await self._kept()
            await self.home()
            return await self._kept() > before

        await eventually(came_from_memory)

    async def receive(self, author: Account, text: str) -> Post:
        """A new post of somebody who is followed, once it is on the home; the home is kept."""
        written = await self.edge.post(author, text)

        async def arrived() -> bool:
            return written["id"] in await self.home()

        await eventually(arrived)
        await self.keep()
        return written

    async def act(self, method: str, path: str, body: Any = None) -> None:
        await self.edge.call(method, path, by=self.account, body=body)

    async def _kept(self) -> float:
        found = _KEPT.search(await _exposed(self.stack, "gateway"))
        return float(found.group(1)) if found else 0.0


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[TestStack]:
    async with TestStack(tmp_path_factory.mktemp("kept") / "stack", durable=False) as started:
        yield started


async def cast(stack: TestStack, edge: Edge, name: str) -> tuple[Reader, Account]:
    """A reader who follows an author."""
    reader = await edge.register(f"reader_{name}", PASSWORD)
    author = await edge.register(f"author_{name}", PASSWORD)
    await edge.follow(reader, author.user_id)
    return Reader(stack, edge, reader), author


async def test_own_likes_and_posts_and_edits_and_deletions_show_at_the_next_read(
    stack: TestStack,
) -> None:
    async with stack.edge() as edge:
        reader, author = await cast(stack, edge, "posts")
        post = (await reader.receive(author, "first"))["id"]

        await reader.act("PUT", f"/v2/posts/{post}/like")
        shown = (await reader.home())[post]
        assert (shown["viewer"]["liked"], shown["counts"]["likes"]) == (True, 1)

        await reader.keep()
        await reader.act("DELETE", f"/v2/posts/{post}/like")
        shown = (await reader.home())[post]
        assert (shown["viewer"]["liked"], shown["counts"]["likes"]) == (False, 0)

        await reader.keep()
        await edge.call(
            "PATCH", f"/v2/posts/{post}", by=author, body={"text": "edited", "media_ids": []}
        )
        assert (await reader.home())[post]["text"] == "edited"

        await reader.keep()
        await edge.call("DELETE", f"/v2/posts/{post}", by=author)
        assert post not in await reader.home()

        await reader.receive(author, "another")
        await reader.receive(reader.account, "my own")


@pytest.mark.parametrize("act", ["mute", "block", "unfollow"])
async def test_who_is_muted_or_blocked_or_no_longer_followed_is_gone_at_the_next_read(
    stack: TestStack, act: str
) -> None:
    async with stack.edge() as edge:
        reader, author = await cast(stack, edge, act)
        post = (await reader.receive(author, "here"))["id"]

        if act == "unfollow":
            await reader.act("DELETE", f"/v2/users/{author.user_id}/follow")
        else:
            await reader.act("PUT", f"/v2/users/{author.user_id}/{act}")

        assert post not in await reader.home()


async def test_a_block_by_the_author_shows_at_the_next_read(stack: TestStack) -> None:
    async with stack.edge() as edge:
        reader, author = await cast(stack, edge, "blocked")
        post = (await reader.receive(author, "here"))["id"]

        await edge.call("PUT", f"/v2/users/{reader.account.user_id}/block", by=author)

        assert post not in await reader.home()


async def test_a_repost_of_an_account_that_becomes_protected_is_gone_at_the_next_read(
    stack: TestStack,
) -> None:
    async with stack.edge() as edge:
        reader, author = await cast(stack, edge, "protect")
        stranger = await edge.register("stranger", PASSWORD)
        post = (await edge.post(stranger, "public"))["id"]
        await edge.call("PUT", f"/v2/posts/{post}/repost", by=author)
        await eventually(lambda: _shows(reader, post))
        await reader.keep()

        await edge.call("PATCH", "/v2/users/me", by=stranger, body={"protected": True})

        assert post not in await reader.home()


async def test_a_killed_post_service_makes_no_home_wrong(stack: TestStack) -> None:
    async with stack.edge() as edge:
        reader, author = await cast(stack, edge, "killed")
        post = (await reader.receive(author, "first"))["id"]

        (killed,) = (each.pid for each in stack.stack.supervisor.statuses() if each.name == "post")
        assert killed is not None
        os.kill(killed, signal.SIGKILL)

        # Refused until the supervisor has started it again.
        await eventually(lambda: _liked(edge, reader.account, post), pause=0.1)

        assert (await reader.home())[post]["viewer"]["liked"] is True
        await reader.keep()


async def test_events_repeat_no_report_of_a_like(stack: TestStack) -> None:
    async with stack.edge() as edge:
        reader, author = await cast(stack, edge, "repeats")
        post = (await reader.receive(author, "first"))["id"]
        verbs = itertools.cycle(["PUT", "DELETE"])

        async def is_skipped() -> bool:
            before = await _repeats(stack)
            await edge.call(next(verbs), f"/v2/posts/{post}/like", by=author)

            async def is_handled() -> bool:
                return sum((await _repeats(stack)).values()) >= sum(before.values()) + 2

            await eventually(is_handled)
            after = await _repeats(stack)
            return all(after["skipped", each] > before["skipped", each] for each in _LIKED)

        # On a busy machine an event may be handled before its write has invalidated the caches.
        await eventually(is_skipped)


async def test_a_count_of_the_author_reaches_a_kept_home(stack: TestStack) -> None:
    async with stack.edge() as edge:
        reader, author = await cast(stack, edge, "counts")
        post = (await reader.receive(author, "first"))["id"]
        stranger = await edge.register("fan_of_counts", PASSWORD)

        await edge.follow(stranger, author.user_id)

        async def is_counted() -> bool:
            return (await reader.home())[post]["author"]["followers_count"] == 2

        await eventually(is_counted)


async def _liked(edge: Edge, by: Account, post: str) -> bool:
    try:
        await edge.call("PUT", f"/v2/posts/{post}/like", by=by)
    except Refused:
        return False
    return True


async def _repeats(stack: TestStack) -> Counter[tuple[str, str]]:
    """The invalidations that events asked the Post service to repeat, by outcome and cache."""
    exposed = await _exposed(stack, "post-work")
    found = Counter({("skipped", each): 0 for each in _LIKED})
    for cache, outcome, value in _REPEATS.findall(exposed):
        found[outcome, cache] = round(float(value))
    return found


async def _exposed(stack: TestStack, process: str) -> str:
    statuses = stack.stack.supervisor.statuses()
    (admin,) = (each.admin for each in statuses if each.name == process)
    async with httpx2.AsyncClient(timeout=10) as client:
        return (await client.get(f"http://{admin}/metrics")).text


async def _shows(reader: Reader, post: str) -> bool:
    return post in await reader.home()
