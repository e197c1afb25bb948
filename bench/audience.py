"""Sockets that listen, and acts that they are frames of: how late each one is."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Iterator
from http import HTTPStatus
from time import perf_counter

from bench.arrivals import poisson
from bench.jobs import Listen, Measured
from bench.websocket import WebSocket, upgrade
from bench.wire import Connection

_TICKET = re.compile(rb'"ticket":"([^"]+)"')
# Of a post in an answer or in a frame, of a post that is acted on.
_ID = re.compile(rb'"id":"(\d+)"')
_POST_OF_FRAME = re.compile(rb'"post":\{"id":"(\d+)"')
_ACTED_ON = re.compile(rb"^[A-Z]+ /v1/posts/(\d+)/")

_PATH = "/v1/stream"
# Opening goes on while so many are under way.
_AT_ONCE = 32
# After the last act, for what was not frames yet.
_LATE_SECONDS = 15.0


class Audience:
    """So many sockets, each of one person, subscribed and listening. Made by `gathered`."""

    def __init__(self, job: Listen) -> None:
        self._job = job
        self._subscribe = b'{"type":"subscribe","topics":[%s]}' % b",".join(
            b'"%s"' % topic.encode() for topic in job.topics
        )
        self._sockets: list[WebSocket] = []
        self._opening: dict[WebSocket, asyncio.Future[None]] = {}
        # When frames came, by the post that they are about.
        self._received: dict[bytes, list[float]] = {}
        self.opened = Measured([], {}, 0)

    async def gather(self) -> None:
        """Opens all sockets. Raises what the first that could not be opened raised."""
        tickets = iter(enumerate(self._job.tickets))
        async with asyncio.TaskGroup() as group:
            for _ in range(_AT_ONCE):
                group.create_task(self._open_some(tickets))

    async def act(self, seconds: float) -> tuple[Measured, Measured, Measured]:
        """Does the acts as they are due: answers; each frame; and the last one of each act."""
        job = self._job
        host, port = job.edges[0]
        answers, frames, last = Measured([], {}, 0), Measured([], {}, 0), Measured([], {}, 0)
        due: dict[bytes, float] = {}
        free = [await Connection.open(host, port, on_lost=_give_up) for _ in range(_AT_ONCE)]
        start = perf_counter()
        async with asyncio.TaskGroup() as group:
            for request, moment in zip(job.acts, poisson(job.rate, seconds, seed=1), strict=False):
                await asyncio.sleep(start + moment - perf_counter())
                group.create_task(self._do(free, request, start + moment, answers, due))
        await self._until_received(due)
        for post_id, since in due.items():
            moments = self._received.get(post_id, [])
            frames.latencies += [moment - since for moment in moments]
            if len(moments) == job.each_to:
                last.latencies.append(max(moments) - since)
            else:
                missing = job.each_to - len(moments)
                frames.refusals[504] = frames.refusals.get(504, 0) + missing
        return answers, frames, last

    def close(self) -> None:
        """Lets all go."""
        for socket in self._sockets:
            socket.close()

    async def _open_some(self, tickets: Iterator[tuple[int, bytes]]) -> None:
        for number, request in tickets:
            host, port = self._job.edges[number % len(self._job.edges)]
            began = perf_counter()
            sample_requests = await Connection.open(host, port, on_lost=_give_up)
            _, body = await sample_requests.ask(request)
            sample_requests.close()
            found = _TICKET.search(body)
            if found is None:
                sys.exit(f"No ticket: {body[:300]!r}")
            ticket = found[1].decode()
            socket = await WebSocket.open(
                host,
                port,
                upgrade(_PATH, f"roost.v1, roost.ticket.{ticket}"),
                on_text=self._take,
                on_lost=_lost,
            )
            self._sockets.append(socket)
            is_open = self._opening[socket] = asyncio.get_running_loop().create_future()
            await is_open
            self.opened.latencies.append(perf_counter() - began)

    async def _do(
        self,
        free: list[Connection],
        request: bytes,
        moment: float,
        answers: Measured,
        due: dict[bytes, float],
    ) -> None:
        connection = free.pop()
        status, body = await connection.ask(request)
        free.append(connection)
        if status == HTTPStatus.SERVICE_UNAVAILABLE:
            # A stack that has more to do than it can says so, and nobody is frames of the act.
            answers.refusals[status] = answers.refusals.get(status, 0) + 1
            return
        if status >= 400:
            sys.exit(f"An act was refused: {status} {body[:300]!r}")
        answers.latencies.append(perf_counter() - moment)
        about = _ACTED_ON.match(request) or _ID.search(body)
        if about is None:
            sys.exit(f"No post is named: {body[:300]!r}")
        due[about[1]] = moment

    async def _until_received(self, due: dict[bytes, float]) -> None:
        deadline = perf_counter() + _LATE_SECONDS
        while perf_counter() < deadline:
            if all(len(self._received.get(each, ())) >= self._job.each_to for each in due):
                return
            await asyncio.sleep(0.01)

    def _take(self, socket: WebSocket, text: bytes) -> None:
        now = perf_counter()
        if text.startswith(b'{"type":"event"'):
            found = _POST_OF_FRAME.search(text)
            if found is not None:
                self._received.setdefault(found[1], []).append(now)
        elif text.startswith(b'{"type":"ping"'):
            socket.send(b'{"type":"pong"}')
        elif text.startswith(b'{"type":"hello"'):
            socket.send(self._subscribe)
        elif text.startswith(b'{"type":"subscribed"'):
            self._opening.pop(socket).set_result(None)


def _give_up(error: Exception) -> None:
    sys.exit(f"A connection was lost: {error}")


def _lost(_: WebSocket, error: Exception) -> None:
    sys.exit(f"A socket was lost: {error}")
