"""Calls to a service that several requests make as one."""

import asyncio
import contextvars
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, NamedTuple, Self, TypeVar

from roost.post.v1 import post_service_pb2 as post
from roost.timeline.v1 import timeline_service_pb2 as timeline

from gateway.core.clients import Backends, ServiceBackends
from services.chassis.auth import caller
from services.chassis.runtime.errors import TooMany, Unavailable

Q = TypeVar("Q")
R = TypeVar("R")

# Calls in one, as the contracts allow.
MOST = 32
# Others wait no longer than this for the call under way, in seconds.
LATE_SECONDS = 0.1


class Asked(NamedTuple, Generic[Q]):
    """A request, and the token of its caller."""

    token: str
    request: Q


@dataclass(slots=True)
class _Waiting(Generic[Q, R]):
    asked: Asked[Q]
    # None: the call failed, or could not be made.
    answer: "asyncio.Future[R | None]"


class JointCall(Generic[Q, R]):
    """A call that several requests make as one, under load.

    A request that finds no call under way makes it alone. Those that arrive meanwhile wait, and
    then make one call together. Each has the rights of its own caller. A request that fails among
    others is made again alone, so its error is its own.
    """

    def __init__(
        self,
        alone: Callable[[Q], Awaitable[R]],
        together: Callable[[Sequence[Asked[Q]]], Awaitable[Sequence[R | None]]],
    ) -> None:
        """`together` runs outside of any request, and returns a response or None for each."""
        self.alone = alone
        self._together = together
        self._waiting: list[_Waiting[Q, R]] = []
        # Counts the calls. The last one is under way, unless it is late or ended.
        self._number = 0
        self._under_way = False
        self._tasks: set[asyncio.Task[None]] = set()

    async def __call__(self, request: Q) -> R:
        token = caller.token()
        if token is None:
            return await self.alone(request)
        if not self._under_way:
            number = self._begin()
            try:
                return await self.alone(request)
            finally:
                self._end(number)
        waiting: _Waiting[Q, R] = _Waiting(
            Asked(token, request), asyncio.get_running_loop().create_future()
        )
        self._waiting.append(waiting)
        found = await waiting.answer
        return await self.alone(request) if found is None else found

    def _begin(self) -> int:
        self._number += 1
        self._under_way = True
        asyncio.get_running_loop().call_later(LATE_SECONDS, self._end, self._number)
        return self._number

    def _end(self, number: int) -> None:
        """The call of that number has ended, or is late."""
        if number != self._number or not self._under_way:
            return
        self._under_way = False
        waiting = [each for each in self._waiting[:MOST] if not each.answer.done()]
        del self._waiting[:MOST]
        if waiting:
            # Without the caller, deadline and trace of whichever request came first.
            task = contextvars.Context().run(
                asyncio.get_running_loop().create_task, self._run(self._begin(), waiting)
            )
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _run(self, number: int, waiting: "Sequence[_Waiting[Q, R]]") -> None:
        try:
            found = await self._together([each.asked for each in waiting])
        except (TooMany, Unavailable) as error:
            for each in waiting:
                if not each.answer.done():
                    each.answer.set_exception(error)
        except Exception:
            # It took too long, or is older than this contract: each is made alone.
            _answer(waiting, [None] * len(waiting))
        else:
            _answer(waiting, found)
        finally:
            self._end(number)


def _answer(waiting: Sequence[_Waiting[Q, R]], found: Sequence[R | None]) -> None:
    for each, response in zip(waiting, found, strict=True):
        if not each.answer.done():
            each.answer.set_result(response)


@dataclass(frozen=True, slots=True)
class JointCalls:
    """The calls that many requests make at the same time."""

    homes: JointCall[timeline.GetHomeTimelineRequest, timeline.GetHomeTimelineResponse]
    posts: JointCall[post.BatchGetPostsRequest, post.BatchGetPostsResponse]

    @classmethod
    def of(cls, backends: Backends, own: ServiceBackends) -> Self:
        """Calls with the rights of their callers, in calls of the gateway's own."""

        async def homes(
            asked: Sequence[Asked[timeline.GetHomeTimelineRequest]],
        ) -> list[timeline.GetHomeTimelineResponse | None]:
            response = await own.timelines.GetHomeTimelineForCallers(
                timeline.GetHomeTimelineForCallersRequest(
                    calls=[
                        timeline.HomeTimelineCall(token=each.token, request=each.request)
                        for each in asked
                    ]
                )
            )
            return [
                each.response if each.HasField("response") else None for each in response.results
            ]

        async def posts(
            asked: Sequence[Asked[post.BatchGetPostsRequest]],
        ) -> list[post.BatchGetPostsResponse | None]:
            response = await own.posts.BatchGetPostsForCallers(
                post.BatchGetPostsForCallersRequest(
                    calls=[
                        post.BatchGetPostsCall(token=each.token, request=each.request)
                        for each in asked
                    ]
                )
            )
            return [
                each.response if each.HasField("response") else None for each in response.results
            ]

        return cls(
            homes=JointCall(backends.timelines.GetHomeTimeline, homes),
            posts=JointCall(backends.posts.BatchGetPosts, posts),
        )
