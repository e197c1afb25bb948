"""Compares what searches find with acknowledged posts, and the index with a fresh rebuild."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import TypeVar

from roost.search.v1.search_pb2 import (
    REINDEX_STATE_COPYING,
    REINDEX_STATE_DONE,
    REINDEX_STATE_VERIFYING,
)

from local.edge import Edge
from local.search_operator import SearchOperator, local_access, search_operator
from local.seed import retrying
from services.chassis.runtime.errors import DeadlineExceeded, Unavailable
from tests.e2e.audit import POLL_SECONDS
from tests.e2e.clients import Clients
from tests.e2e.history import Post
from tests.e2e.oracle import SETTLE_SECONDS, gather_limited
from tests.e2e.stacks import TestStack

Result = TypeVar("Result")

# A query has at most 512 characters: each word of a post takes up to 36 of them.
WORDS_AT_ONCE = 12
RUNNING = {REINDEX_STATE_COPYING, REINDEX_STATE_VERIFYING}


class SearchAudit:
    """Checks all posts of a group of clients. No client may write during this."""

    def __init__(self, edge: Edge, clients: Clients, operator: SearchOperator) -> None:
        self._edge = edge
        self._clients = clients
        self._operator = operator
        self._counts: Counter[str] = Counter()
        self._slowest = 0.0

    def figure(self) -> str:
        """What the last check saw."""
        counts = ", ".join(f"{count} {what}" for what, count in sorted(self._counts.items()))
        return f"{counts}; all caught up after {self._slowest:.1f} s at most"

    async def check(self) -> list[str]:
        """The faults that are left when everything had time to catch up."""
        begun = time.monotonic()
        while wrong := await self._differences():
            if time.monotonic() > begun + SETTLE_SECONDS:
                return wrong
            await asyncio.sleep(POLL_SECONDS)
        self._slowest = max(self._slowest, time.monotonic() - begun)
        return await self._rebuild()

    async def _differences(self) -> list[str]:
        self._counts.clear()
        words = [(post.key, post) for post in self._posts]
        # A deleted post has no picture that its description could find.
        words += [
            (post.picture.alt_text, post)
            for post in self._posts
            if post.picture and post.picture.alt_text
        ]
        batches = [
            words[first : first + WORDS_AT_ONCE] for first in range(0, len(words), WORDS_AT_ONCE)
        ]
        users = range(len(self._clients.accounts))
        found = await gather_limited(
            self._search(batch, viewer)
            for place, batch in enumerate(batches)
            for viewer in (None, users[place % len(users)])
        )
        return [each for wrong in found for each in wrong] + await self._compare_hashtags()

    @property
    def _posts(self) -> list[Post]:
        return [post for post in self._clients.history.posts if post.id is not None]

    async def _search(self, words: Sequence[tuple[str, Post]], viewer: int | None) -> list[str]:
        """Those posts of a batch are found that exist and that the viewer may see.

        Each has words of its own, so one query with all of them shows which of them find a post.
        """
        query = " OR ".join(f'"{word}"' for word, _ in words)
        asked = {"q": query, "order": "latest", "limit": "100"}
        by = None if viewer is None else self._clients.accounts[viewer]
        page = await retrying(
            lambda: self._edge.call("GET", "/v2/search/posts", by=by, query=asked)
        )
        found = {item["post"]["id"] for item in page["items"]}
        wrong = []
        for word, post in words:
            hidden = viewer is not None and self._clients.history.either_blocks(viewer, post.author)
            if hidden is None:
                continue
            right = not (post.deleted or hidden)
            self._counts["found" if right else "not found"] += 1
            if right is not (post.id in found):
                who = "a stranger" if viewer is None else f"user {viewer}"
                state = "does not find" if right else "finds"
                wrong.append(f"{who} {state} {post.id} by {word}")
        wrong += [f"{each} is found by {query}" for each in found - {post.id for _, post in words}]
        return wrong

    async def _compare_hashtags(self) -> list[str]:
        posts: Counter[str] = Counter()
        authors: defaultdict[str, set[int]] = defaultdict(set)
        for post in self._posts:
            if not post.deleted:
                posts[post.hashtag] += 1
                authors[post.hashtag].add(post.author)
        tags = sorted({post.hashtag for post in self._posts})
        return [
            each
            for each in await gather_limited(
                self._compare_hashtag(tag, posts[tag], len(authors[tag])) for tag in tags
            )
            if each
        ]

    async def _compare_hashtag(self, tag: str, posts: int, authors: int) -> str:
        use = await retrying(lambda: self._edge.call("GET", f"/v2/hashtags/{tag}"))
        counts = use["posts_count"], use["authors_count"]
        hours = sum(each["posts_count"] for each in use["history"])
        self._counts["hashtags"] += 1
        if (counts, hours) == ((posts, authors), posts):
            return ""
        return f"#{tag} has (posts, authors) {counts}, {hours} by hours, not {(posts, authors)}"

    async def _rebuild(self) -> list[str]:
        """Nothing of the index differs from a rebuild."""
        before = await _repeated(self._operator.reindex)
        started = await _repeated(self._operator.start_reindex)
        if started.id <= before.id:
            return [f"rebuild {started.id} began after {before.id}"]
        deadline = time.monotonic() + SETTLE_SECONDS
        latest = started
        while latest.state in RUNNING:
            if time.monotonic() > deadline:
                return [f"rebuild {started.id} takes longer than {SETTLE_SECONDS:.0f} s"]
            await asyncio.sleep(POLL_SECONDS)
            latest = await _repeated(lambda: self._operator.reindex(started.id))
        if latest.state != REINDEX_STATE_DONE:
            return [f"rebuild {started.id} ended with {latest.state}: {latest.failure}"]
        self._counts["posts rebuilt"] = latest.posts_scanned
        if latest.segments_repaired:
            return [f"rebuild {started.id} repaired {latest.segments_repaired} segments"]
        return []


async def _repeated(call: Callable[[], Awaitable[Result]]) -> Result:
    """The result, also if the service restarted a moment ago."""
    deadline = time.monotonic() + SETTLE_SECONDS
    while True:
        try:
            return await call()
        except (Unavailable, DeadlineExceeded):
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(POLL_SECONDS)


@asynccontextmanager
async def auditing_search(stack: TestStack, clients: Clients) -> AsyncIterator[SearchAudit]:
    """An audit of this stack."""
    async with stack.edge() as edge, search_operator(local_access(stack.state)) as operator:
        yield SearchAudit(edge, clients, operator)
