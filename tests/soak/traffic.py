"""A light load of reads, posts, searches, media and open streams, whatever the stack answers."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable

import httpx2
from websockets.exceptions import InvalidHandshake, WebSocketException

from local.edge import Account, Edge, Refused
from local.stream import opened

PEOPLE = 8
PASSWORD = "a pass phrase of the game day"
# Seconds between two requests of a kind.
READ, POST, LIKE, SEARCH, FILE = 0.15, 0.4, 1.0, 1.0, 0.5
REFRESH_SECONDS = 300.0  # a token is valid for 15 minutes
RECONNECT_SECONDS = 1.0
AT_ONCE = 64
REQUEST_SECONDS = 10.0

_AWAY = (Refused, httpx2.HTTPError, WebSocketException, InvalidHandshake, OSError, TimeoutError)


class Traffic:
    """Users who follow each other, and what they do."""

    def __init__(self, edge: Edge, media: str, accounts: list[Account]) -> None:
        self._edge = edge
        self._media = media
        self._accounts = accounts
        self._turns = itertools.count()
        self._posts: list[str] = []
        self._places = asyncio.Semaphore(AT_ONCE)

    async def run(self) -> None:
        """Goes on until it is cancelled. Requests are due at their times, whatever the answers."""
        async with asyncio.TaskGroup() as group:
            for seconds, act in (
                (READ, self._read),
                (POST, self._post),
                (LIKE, self._like),
                (SEARCH, self._search),
                (FILE, self._load_file),
            ):
                group.create_task(self._repeat(group, seconds, act))
            group.create_task(self._refresh())
            for each in range(2):
                group.create_task(self._follow_stream(each))

    async def _repeat(
        self, group: asyncio.TaskGroup, seconds: float, act: Callable[[], Awaitable[object]]
    ) -> None:
        while True:
            if not self._places.locked():
                group.create_task(self._once(act))
            await asyncio.sleep(seconds)

    async def _once(self, act: Callable[[], Awaitable[object]]) -> None:
        async with self._places:
            with contextlib.suppress(*_AWAY):
                async with asyncio.timeout(REQUEST_SECONDS):
                    await act()

    def _somebody(self) -> Account:
        return self._accounts[next(self._turns) % PEOPLE]

    async def _read(self) -> None:
        by = self._somebody()
        author = self._somebody().user_id
        path = ("/v2/timelines/home", f"/v2/users/{author}/posts")[next(self._turns) % 3 == 0]
        await self._edge.send("GET", path, by=by)

    async def _post(self) -> None:
        text = f"The game day goes on, {secrets.token_hex(4)} #game"
        post = await self._edge.post(self._somebody(), text, key=secrets.token_hex(8))
        self._posts = [*self._posts[-9:], post["id"]]

    async def _like(self) -> None:
        if self._posts:
            post = self._posts[next(self._turns) % len(self._posts)]
            await self._edge.send("PUT", f"/v2/posts/{post}/like", by=self._somebody())

    async def _search(self) -> None:
        await self._edge.send("GET", "/v2/search/posts", by=self._somebody(), query={"q": "game"})

    async def _load_file(self) -> None:
        """Requests a file that no cache has, so Envoy looks for it in the store."""
        async with httpx2.AsyncClient(trust_env=False) as client:
            await client.get(f"{self._media}/m/{secrets.token_hex(8)}/small.webp")

    async def _refresh(self) -> None:
        while True:
            await asyncio.sleep(REFRESH_SECONDS)
            for place, account in enumerate(self._accounts):
                with contextlib.suppress(*_AWAY):
                    self._accounts[place] = await self._edge.sign_in(account.handle, PASSWORD)

    async def _follow_stream(self, place: int) -> None:
        while True:
            with contextlib.suppress(*_AWAY):
                async with opened(self._edge, self._accounts[place]) as stream:
                    while True:
                        await stream.next()
            await asyncio.sleep(RECONNECT_SECONDS)


@contextlib.asynccontextmanager
async def traffic(edge: Edge, *, media: str) -> AsyncIterator[None]:
    """Sign up some users, who follow each other, and keep them busy inside the block."""
    accounts = [await edge.register(f"player{each}", PASSWORD) for each in range(PEOPLE)]
    for follower, followee in itertools.permutations(accounts, 2):
        await edge.follow(follower, followee.user_id)
    running = asyncio.create_task(Traffic(edge, media, accounts).run())
    try:
        yield
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
