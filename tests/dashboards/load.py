"""A small load of all kinds: the mix of the bench (homes, posts of a user, new posts), and what the
other dashboards show."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from itertools import count

import httpx2

from local import drawings
from local.edge import Account, Edge
from local.search_operator import local_access, search_operator
from local.stream import opened
from tests.e2e.stacks import TestStack
from tests.push import Browser, PushServer
from tests.waiting import LIMIT

PASSWORD = "a long pass phrase"
PEOPLE = 5
PAUSE_SECONDS = 0.05
DICE = random.Random(14)


class Load:
    """Users who do everything, one act after another, until they are cancelled."""

    def __init__(self, edge: Edge, people: list[Account]) -> None:
        self._edge = edge
        self._people = people
        self._posts: list[str] = []
        self._numbers = count()
        self._files = httpx2.AsyncClient(trust_env=False, timeout=LIMIT)
        # Acts with their weights: the first three are the mix of the bench.
        self._acts: list[tuple[Callable[[Account], Awaitable[object]], int]] = [
            (self._home, 60),
            (self._posts_of_a_user, 30),
            (self._post, 10),
            (self._like, 10),
            (self._follow, 3),
            (self._search, 8),
            (self._notifications, 5),
            (self._graphql, 3),
            (self._picture, 2),
            (self._hashtag, 2),
            (self._sign_in, 1),
            (self._wrong_token, 1),
        ]

    async def run(self) -> None:
        """Runs until it is cancelled."""
        acts, weights = zip(*self._acts, strict=True)
        for act in acts:
            await act(DICE.choice(self._people))
        while True:
            (act,) = DICE.choices(acts, weights)
            await act(DICE.choice(self._people))
            await asyncio.sleep(PAUSE_SECONDS)

    async def _home(self, by: Account) -> None:
        await self._edge.call("GET", "/v2/timelines/home", by=by)

    async def _posts_of_a_user(self, by: Account) -> None:
        other = DICE.choice(self._people)
        await self._edge.call("GET", f"/v2/users/{other.user_id}/posts", by=by)

    async def _post(self, by: Account, **fields: object) -> None:
        text = f"Number {next(self._numbers)} of #chess"
        self._posts.append((await self._edge.post(by, text, **fields))["id"])

    async def _like(self, by: Account) -> None:
        await self._edge.call("PUT", f"/v2/posts/{DICE.choice(self._posts)}/like", by=by)

    async def _follow(self, by: Account) -> None:
        other = DICE.choice([each for each in self._people if each is not by])
        await self._edge.call("DELETE", f"/v2/users/{other.user_id}/follow", by=by)
        await self._edge.follow(by, other.user_id)

    async def _search(self, by: Account) -> None:
        query = {"q": "number"}
        await self._edge.call("GET", "/v2/search/posts", by=by, query=query)
        await self._edge.call("GET", "/v2/search/typeahead", by=by, query={"q": "us"})

    async def _notifications(self, by: Account) -> None:
        await self._edge.call("GET", "/v2/notifications", by=by)

    async def _graphql(self, by: Account) -> None:
        await self._edge.call("POST", "/graphql", by=by, body={"query": "{ me { handle } }"})

    async def _picture(self, by: Account) -> None:
        picture = drawings.jpeg(drawings.landscape(next(self._numbers), width=320, height=240))
        medium = await self._edge.upload(by, picture, "image/jpeg")
        await self._post(by, media_ids=[medium["id"]])
        for _ in range(2):
            await self._files.get(medium["variants"][0]["url"])

    async def _hashtag(self, by: Account) -> None:
        await self._edge.call("DELETE", "/v2/hashtags/chess/follow", by=by)
        await self._edge.call("PUT", "/v2/hashtags/chess/follow", by=by)

    async def _sign_in(self, by: Account) -> None:
        await self._edge.sign_in(by.handle, PASSWORD)

    async def _wrong_token(self, by: Account) -> None:
        token, signature = by.access_token.rsplit(".", 1)
        forged = Account(by.user_id, by.handle, f"{token}.{signature[::-1]}", "")
        await self._edge.send("GET", "/v2/timelines/home", by=forged)

    async def close(self) -> None:
        await self._files.aclose()


@asynccontextmanager
async def running(stack: TestStack, pushes: PushServer) -> AsyncIterator[None]:
    """A load for the duration of the block. If an act fails, the block does."""
    async with stack.edge() as edge:
        people = [await edge.register(f"user{number}", PASSWORD) for number in range(PEOPLE)]
        for number, each in enumerate(people):
            await _prepare(edge, each, number, pushes)
        load = Load(edge, people)
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(load.run())]
                tasks += [group.create_task(_listen(edge, each)) for each in people[1:]]
                yield
                for task in tasks:
                    task.cancel()
        finally:
            await load.close()


async def _prepare(edge: Edge, by: Account, number: int, pushes: PushServer) -> None:
    browser = Browser()
    device = {
        "endpoint": f"{pushes.origin}/{by.handle}",
        "expirationTime": None,
        "keys": {"p256dh": browser.p256dh, "auth": browser.auth},
    }
    await edge.call("POST", "/v1/push/subscriptions", by=by, body=device)
    address = {"address": f"user{number}@mail.example"}
    await edge.call("PUT", "/v1/users/me/email", by=by, body=address)


async def _listen(edge: Edge, by: Account) -> None:
    """A device that acknowledges what it receives, and connects again after a while."""
    sequence = None
    while True:
        async with opened(edge, by, resume_after=sequence) as stream:
            for _ in range(200):
                await stream.next(seconds=None)
                await stream.send("ack", sequence=stream.sequence)
            sequence = stream.sequence


async def rebuild_the_index(stack: TestStack) -> None:
    """Begins a rebuild of the index of posts."""
    async with search_operator(local_access(stack.state)) as search:
        await search.start_reindex()
