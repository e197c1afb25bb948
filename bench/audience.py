"""WebSockets that listen, and the delay from an activity to its frames."""

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
# The id of a post in an answer, in a frame, and in the path of a request.
_ID = re.compile(rb'"id":"(\d+)"')
_POST_OF_FRAME = re.compile(rb'"post":\{"id":"(\d+)"')
_ACTED_ON = re.compile(rb"^[A-Z]+ /v1/posts/(\d+)/")

_PATH = "/v1/stream"
# How many sockets open side by side.
_AT_ONCE = 32
# The wait after the last activity for frames that have not arrived.
_LATE_SECONDS = 15.0


class Audience:
    """WebSockets, each of one user, that are subscribed and listen."""

    def __init__(self, job: Listen) -> None:
        self._job = job
        self._subscribe = b'{"type":"subscribe","topics":[%s]}' % b",".join(
            b'"%s"' % topic.encode() for topic in job.topics
        )
        self._sockets: list[WebSocket] = []
        self._opening: dict[WebSocket, asyncio.Future[None]] = {}
        # Arrival times of frames, by post id.
        self._received: dict[bytes, list[float]] = {}
        self.opened = Measured([], {}, 0)

    async def gather(self) -> None:
        """Opens all sockets. Raises the error of the first that cannot be opened."""
        tickets = iter(enumerate(self._job.tickets))
        async with asyncio.TaskGroup() as group:
            for _ in range(_AT_ONCE):
                group.create_task(self._open_some(tickets))

    async def act(self, seconds: float) -> tuple[Measured, Measured, Measured]:
        """Sends the requests of activities when they are due.

        Returns what was measured of answers, of each frame, and of the last frame of each activity.
        """
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
                # No frame follows from an act that concerns no socket.
                last.latencies += [max(moments) - since] if moments else []
            else:
                missing = job.each_to - len(moments)
                frames.refusals[504] = frames.refusals.get(504, 0) + missing
        return answers, frames, last

    def close(self) -> None:
        """Closes all sockets."""
        for socket in self._sockets:
            socket.close()

    async def _open_some(self, tickets: Iterator[tuple[int, bytes]]) -> None:
        for number, request in tickets:
            host, port = self._job.edges[number % len(self._job.edges)]
            began = perf_counter()
            client = await Connection.open(host, port, on_lost=_give_up)
            _, body = await client.exchange(request)
            client.close()
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
        status, body = await connection.exchange(request)
        free.append(connection)
        if status == HTTPStatus.SERVICE_UNAVAILABLE:
            # An overloaded stack refuses the request, and no frame follows.
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
