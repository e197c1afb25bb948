"""The requests of a walk, on a stack whose processes are recorded."""

from __future__ import annotations

import asyncio
import itertools
import mmap
import os
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx2

from local.edge import Account, Edge, Json
from local.rate_limits import GENEROUS
from local.stack import Stack
from local.state import State
from local.stream import Stream, opened
from tests.waiting import LIMIT
from tests.walk import recorder

PASSWORD = "a long pass phrase"
# Ten authors with three posts each: a page of 20, and a next one.
AUTHORS, POSTS, PAGE = 10, 3, 20
HOME = f"/v2/timelines/home?limit={PAGE}"

# The number of requests of each case.
TIMES = 5
# Sweeps, probes and measurements of lag run in this time. The first ping of a new stream comes
# later, since it is sent like events and would hide them.
IDLE_SECONDS = 15.0
# Work after the response, such as metrics, belongs to the request.
AFTER_SECONDS = 0.1
# After a request: commits of offsets, and other work after the response.
SETTLE_SECONDS = 2.0
FRAME_SECONDS = 60.0

# Every request has spans, since they link events to their causes. No collector runs.
TRACED = {"ROOST_TRACE_RATIO": "1", "ROOST_OTLP_ENDPOINT": "http://127.0.0.1:1"}

# The cases of a walk, in the order of the report.
CHANGED = "home"
UNCHANGED = "home, nothing new"
FIRST = "home, first read"
POST = "post"


class Board:
    """Switches recording on and off in all processes, by a byte in shared memory."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "board"
        self.path.write_bytes(b"\0")
        with self.path.open("r+b") as file:
            self._byte = mmap.mmap(file.fileno(), 1)
        self._numbers = itertools.count(1)

    @contextmanager
    def window(self) -> Iterator[int]:
        """Records within the context; yields the number of the window."""
        number = next(self._numbers)
        self._byte[0] = number
        try:
            yield number
        finally:
            self._byte[0] = 0


@dataclass
class Windows:
    """The windows of each case, and those without requests."""

    idle: list[int] = field(default_factory=list)
    cases: dict[str, list[int]] = field(default_factory=dict)


async def record(folder: Path) -> Windows:
    """Walks every case on a stack in `folder`; the entries are in `folder / "entries"`."""
    entries = folder / "entries"
    entries.mkdir()
    board = Board(folder)
    environ = {
        **os.environ,
        **GENEROUS,
        **TRACED,
        recorder.BOARD: str(board.path),
        recorder.FOLDER: str(entries),
    }
    python = (sys.executable, str(Path(recorder.__file__)))
    async with Stack(
        State(folder / "state"), environ=environ, usual_ports={}, python=python
    ) as stack:
        await stack.up()
        async with Edge(stack.edge) as edge:
            return await _Walk(edge, board).all()


class _Walk:
    def __init__(self, edge: Edge, board: Board) -> None:
        self._edge = edge
        self._board = board
        self._windows = Windows()

    async def all(self) -> Windows:
        authors = [await self._account(f"author{number}") for number in range(AUTHORS)]
        newcomers = [await self._account(f"newcomer{number}") for number in range(TIMES + 1)]
        reader, follower = await self._account("reader"), await self._account("follower")
        for user in (reader, follower, *newcomers):
            for author in authors:
                await self._edge.follow(user, author.user_id)
        for number, author in itertools.product(range(POSTS), authors):
            await self._edge.post(author, f"Post {number}")
        await self._settle_homes([reader, follower])
        async with _arrivals(self._edge, follower) as arrivals:
            await self._idle()
            await self._case(FIRST, self._first_reads(newcomers))
            await self._case(UNCHANGED, self._reads(reader))
            await self._case(CHANGED, self._reads_of_news(reader, authors[0], arrivals))
            await self._case(POST, self._posts(authors[0], arrivals))
        return self._windows

    async def _case(self, name: str, walks: AsyncIterator[int]) -> None:
        """Walks a case; the first request only warms up."""
        _, *counted = [window async for window in walks]
        self._windows.cases[name] = counted

    async def _idle(self) -> None:
        await asyncio.sleep(SETTLE_SECONDS)
        with self._board.window() as number:
            await asyncio.sleep(IDLE_SECONDS)
        self._windows.idle = [number]

    async def _first_reads(self, newcomers: list[Account]) -> AsyncIterator[int]:
        for newcomer in newcomers:
            yield await self._read(newcomer)

    async def _reads(self, reader: Account) -> AsyncIterator[int]:
        for _ in range(TIMES + 1):
            yield await self._read(reader)

    async def _reads_of_news(
        self, reader: Account, author: Account, arrivals: _Arrivals
    ) -> AsyncIterator[int]:
        for number in range(TIMES + 1):
            text = f"News {number}"
            await self._edge.post(author, text)
            # The reader's home has it when this one has: they are in one step of the fan-out.
            await arrivals.wait_for(text)
            yield await self._read(reader)

    async def _posts(self, author: Account, arrivals: _Arrivals) -> AsyncIterator[int]:
        for number in range(TIMES + 1):
            text = f"Morning {number}"
            await asyncio.sleep(SETTLE_SECONDS)
            with self._board.window() as window:
                request = self._traced(window, "POST", "/v2/posts", author, {"text": text})
                await asyncio.gather(request, arrivals.wait_for(text))
                await asyncio.sleep(AFTER_SECONDS)
            yield window

    async def _read(self, reader: Account) -> int:
        await asyncio.sleep(SETTLE_SECONDS)
        with self._board.window() as window:
            page = await self._traced(window, "GET", HOME, reader)
            await asyncio.sleep(AFTER_SECONDS)
        if len(page["items"]) != PAGE:
            raise RuntimeError(f"The home of {reader.handle} has {len(page['items'])} posts")
        return window

    async def _traced(
        self, window: int, method: str, path: str, by: Account, body: Json | None = None
    ) -> Json:
        """A request in the trace of the window."""
        headers = {
            "authorization": f"Bearer {by.access_token}",
            "traceparent": f"00-{recorder.trace_id_of(window)}-{window:016x}-00",
        }
        async with httpx2.AsyncClient(
            base_url=self._edge.address, trust_env=False, timeout=LIMIT
        ) as client:
            answer = await client.request(method, path, headers=headers, json=body)
        answer.raise_for_status()
        found: Json = answer.json()
        return found

    async def _settle_homes(self, users: list[Account]) -> None:
        """Waits until the homes hold every post: fan-out continues after the last response."""
        async with asyncio.timeout(FRAME_SECONDS):
            for user in users:
                while True:
                    items = [item async for item in self._edge.walk("/v2/timelines/home", by=user)]
                    if len(items) == AUTHORS * POSTS:
                        break
                    await asyncio.sleep(0.1)

    async def _account(self, handle: str) -> Account:
        return await self._edge.register(handle, PASSWORD)


class _Arrivals:
    """The arrivals of a home, read from a stream continuously, so that pings are answered."""

    def __init__(self) -> None:
        self._texts: set[str] = set()
        self._came = asyncio.Condition()

    async def wait_for(self, text: str) -> None:
        """Waits for the frame with the post of that text."""
        async with asyncio.timeout(FRAME_SECONDS), self._came:
            await self._came.wait_for(lambda: text in self._texts)

    async def read(self, stream: Stream) -> None:
        """Reads until it is cancelled."""
        while True:
            frame = await stream.next()
            post = frame.get("change", {}).get("item", {}).get("post", {})
            async with self._came:
                self._texts.add(post.get("text", ""))
                self._came.notify_all()


@asynccontextmanager
async def _arrivals(edge: Edge, by: Account) -> AsyncIterator[_Arrivals]:
    arrivals = _Arrivals()
    async with opened(edge, by, ("home",)) as stream, asyncio.TaskGroup() as group:
        reading = group.create_task(arrivals.read(stream))
        yield arrivals
        reading.cancel()
