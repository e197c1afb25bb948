"""Responses that a process keeps, until something that they were made from changed.

    found = await kept.find(key)
    if found.response is None:
        response = ...  # made of found.parts, and
        kept.keep(key, response, size=..., parts=found.parts, until=...)

A kept response, or a part of one, is sent again only after a check: every service that it was made
from has answered, after the read began, which dependencies changed (ADR 70).
"""

import asyncio
from array import array
from collections import OrderedDict
from collections.abc import AsyncIterator, Hashable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

from prometheus_client import CollectorRegistry
from roost.post.v1 import invalidation_service_pb2 as post
from roost.timeline.v1 import invalidation_service_pb2 as timeline

from gateway.core.clients import ServiceBackends
from gateway.core.kept.changes import Changes
from gateway.core.kept.metrics import KeptMetrics
from gateway.core.kept.parts import Earlier, Part, Parts
from gateway.core.kept.watch import Watch, Watched
from services.chassis.runtime.backoff import spread
from services.chassis.runtime.clock import Clock

R = TypeVar("R")

# How long a response is kept, ten minutes at most with its jitter: it bounds what a report that was
# never written could do.
LIFE_SECONDS = 540.0
# By which share the life is shorter or longer, so that responses which were read together are not
# read again together.
_JITTER = 0.1
# What a response takes beside its bytes and its parts: its key, headers and place.
_OVERHEAD_BYTES = 1_000
# What a part takes beside its texts: its key, its place and its value. The texts of a page that is
# kept whole are mostly those of other pages too, and are not counted again.
_PART_BYTES = 600
_DEPENDENCY_BYTES = 8


@dataclass(slots=True, frozen=True)
class Found(Generic[R]):
    """What there is for a key: a current response; or the parts to make one of."""

    response: R | None = None
    parts: Parts = field(default_factory=Parts)


@dataclass(slots=True)
class _Kept(Generic[R]):
    # None if the dependencies of some of its parts are unknown.
    response: R | None
    parts: dict[Hashable, Part]
    size: int
    # Those of all parts.
    dependencies: "array[int]"
    # The number of the last change that is known not to affect it.
    since: int
    # On the monotonic clock.
    expires: float


class KeptPages(Generic[R]):
    """The kept responses of a process, at most `most_bytes` of them, those that were read last."""

    def __init__(
        self,
        services: Iterable[Watched],
        *,
        most_bytes: int,
        clock: Clock,
        metrics: KeptMetrics,
    ) -> None:
        self._changes = Changes()
        self._watches = [
            Watch(
                each,
                changes=self._changes,
                on_lost=self._lose,
                seconds=metrics.check_seconds.labels(each.name),
            )
            for each in services
        ]
        self._most_bytes = most_bytes
        self._clock = clock
        self._metrics = metrics
        self._pages: OrderedDict[Hashable, _Kept[R]] = OrderedDict()
        self._bytes = 0
        metrics.pages.set_function(lambda: len(self._pages))
        metrics.bytes.set_function(lambda: self._bytes)

    async def find(self, key: Hashable) -> Found[R]:
        """The response that is kept under the key, if it is proved current; everything that changed
        before this call counts."""
        if not await self._check():
            self._metrics.unproven.inc()
            return Found()
        since, now = self._changes.sequence, self._clock.monotonic()
        page = self._pages.get(key)
        if page is None:
            self._metrics.absent.inc()
            return Found(parts=Parts(since, wanted=True))
        if page.response is None or page.expires <= now:
            self._metrics.absent.inc()
        elif self._changes.affect(page.dependencies, page.since):
            self._metrics.changed.inc()
        else:
            self._metrics.kept.inc()
            page.since = since
            self._pages.move_to_end(key)
            return Found(page.response)
        # The page stays until it is replaced, for others who read it meanwhile.
        earlier = Earlier(page.parts, page.since, self._changes, now)
        return Found(parts=Parts(since, wanted=True, earlier=earlier))

    def keep(
        self,
        key: Hashable,
        response: R,
        *,
        size: int,
        parts: Parts,
        until: datetime | None = None,
    ) -> None:
        """Keeps a response of `size` bytes, until this time at most, if all dependencies of its
        parts are known and none of them was reported as changed since reading began. Otherwise
        keeps those parts for which that is so."""
        if not parts.wanted:
            return
        life = spread(LIFE_SECONDS, _JITTER)
        if until is not None:
            life = min(life, (until - self._clock.now()).total_seconds())
        read = parts.read(expires=self._clock.monotonic() + life)
        kept = {
            name: part
            for name, part in (*parts.taken.items(), *read.items())
            if part.dependencies and not self._changes.affect(part.dependencies, parts.since)
        }
        self._metrics.taken.inc(len(parts.taken))
        self._metrics.read.inc(len(read))
        before = self._pages.get(key)
        if not kept or (before is not None and before.since > parts.since):
            # Another reader began later, and has kept its page.
            return
        self._drop(key)
        whole = len(kept) == len(parts.taken) + len(read)
        dependencies = array("Q", {each for part in kept.values() for each in part.dependencies})
        numbers = sum([len(part.dependencies) for part in kept.values()]) + len(dependencies)
        # The size of the response, or of the texts of its parts if it is not kept.
        size += _OVERHEAD_BYTES + _PART_BYTES * len(kept) + _DEPENDENCY_BYTES * numbers
        self._pages[key] = _Kept(
            response if whole else None,
            kept,
            size,
            dependencies,
            parts.since,
            min([part.expires for part in kept.values()]),
        )
        self._bytes += size
        while self._bytes > self._most_bytes:
            _, oldest = self._pages.popitem(last=False)
            self._bytes -= oldest.size

    async def run(self) -> None:
        """Reads the streams of the services until it is cancelled."""
        await asyncio.gather(*[watch.run() for watch in self._watches])

    def _lose(self) -> None:
        """Discards everything, and what is being read: changes may have been missed."""
        self._changes.lose()
        self._pages.clear()
        self._bytes = 0

    async def _check(self) -> bool:
        # All are sent before the first is waited for.
        checks = [watch.check() for watch in self._watches]
        under_way = [check for check in checks if check is not None]
        if len(under_way) < len(checks):
            return False
        answers = [await check for check in under_way]
        return all(answers)

    def _drop(self, key: Hashable) -> None:
        page = self._pages.pop(key, None)
        if page is not None:
            self._bytes -= page.size


@asynccontextmanager
async def open_kept_pages(
    own: ServiceBackends, *, most_bytes: int, clock: Clock, registry: CollectorRegistry
) -> AsyncIterator[KeptPages[Any] | None]:
    """The kept pages of a process, whose streams end with the block. None where no byte may be
    kept."""
    if not most_bytes:
        yield None
        return
    pages: KeptPages[Any] = KeptPages(
        (
            Watched("post", own.post_changes.Watch, post.WatchRequest),
            Watched("timeline", own.timeline_changes.Watch, timeline.WatchRequest),
        ),
        most_bytes=most_bytes,
        clock=clock,
        metrics=KeptMetrics(registry),
    )
    running = asyncio.create_task(pages.run(), name="kept pages")
    try:
        yield pages
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
