"""EventService through a real channel."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any

import pytest
from prometheus_client import REGISTRY
from roost.notification.v1.event_service_pb2 import ReadEventsRequest
from roost.notification.v1.event_service_pb2_grpc import (
    EventServiceStub,
    add_EventServiceServicer_to_server,
)

from services.chassis.auth.caller import ANONYMOUS, Caller, UserCaller
from services.chassis.rpc.server import MountedServicer, policies
from services.chassis.runtime.clock import ManualClock
from services.chassis.runtime.errors import (
    Forbidden,
    Invalid,
    TooMany,
    Unauthenticated,
    Unavailable,
)
from services.chassis.storage.memory import MemoryDatabase
from services.eventlog import compose
from services.eventlog.adapters.memory import LogTables, MemoryLogStore
from services.eventlog.domain.bounded_queue import MAX_WAITING
from services.eventlog.domain.live import LiveDelivery
from services.eventlog.domain.model import (
    MAX_EVENTS,
    PRESENCE_GRACE,
    TRIM_EVERY,
    Change,
    LogEntry,
    PostActivity,
)
from services.eventlog.rpc import convert
from services.eventlog.rpc.servicer import EventServicer
from tests.servicers.access import assert_complete, services, user_or
from tests.servicers.eventlog.streaming import GATEWAY, streaming
from tests.servicers.grpc_server import Served, raises_reason, serving
from tests.waiting import LIMIT, eventually

ALICE, BOB, CAROL = 1, 2, 3


class Place:
    """A log, and processes that serve it; wake-ups reach them while `wired`."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.wired = True
        self.running: list[LiveDelivery] = []
        self.store = MemoryLogStore(MemoryDatabase(LogTables()), announce=self._announce)

    def _announce(self, entries: Sequence[LogEntry]) -> None:
        if self.wired:
            for live in self.running:
                live.on_events(entries)

    async def append(self, user_id: int, count: int = 1, *, size: int = 0) -> None:
        changes = [
            Change(user_id, convert.resource_changed(user_id, "x" * size, number).content)
            for number in range(count)
        ]
        async with self.store.transaction() as transaction:
            await transaction.append_events(changes, self.clock.now())

    async def attach_users(self, user_id: int) -> None:
        await self.store.attach_users([user_id], self.clock.now(), missed=convert.ARRIVALS_MISSED)

    async def append_unheard(self, user_id: int, count: int = 1) -> None:
        """Appends without a wake-up."""
        self.wired = False
        await self.append(user_id, count)
        self.wired = True

    @asynccontextmanager
    async def process(
        self, *, max_waiting: int = MAX_WAITING, stall_seconds: float = 10.0
    ) -> AsyncIterator[tuple[Served, LiveDelivery]]:
        """A serving process for the duration of the block."""
        live = LiveDelivery(
            store=self.store,
            clock=self.clock,
            missed=convert.ARRIVALS_MISSED,
            max_waiting=max_waiting,
        )
        servicer = EventServicer(
            store=self.store, live=live, clock=self.clock, stall_seconds=stall_seconds
        )
        running = asyncio.create_task(live.run())
        self.running.append(live)
        try:
            async with serving(
                MountedServicer(add_EventServiceServicer_to_server, servicer)
            ) as served:
                yield served, live
        finally:
            self.running.remove(live)
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running


MATRIX = {
    "EventService": {"Attach": services("gateway"), "ReadEvents": user_or("gateway")},
}


def open_streams() -> float | None:
    return REGISTRY.get_sample_value("roost_eventlog_streams")


@pytest.fixture
def place() -> Place:
    return Place()


@pytest.fixture
async def served(place: Place) -> AsyncIterator[Served]:
    async with place.process() as (served, _):
        yield served


async def test_every_method_says_who_may_call(place: Place) -> None:
    live = LiveDelivery(store=place.store, clock=place.clock, missed=convert.ARRIVALS_MISSED)
    mount = compose.mount(store=place.store, live=live, clock=place.clock)

    found = {name.rpartition("/")[2]: each for name, each in policies([mount]).items()}

    assert_complete(found, MATRIX["EventService"], __file__)


class TestAttach:
    async def test_brings_everything_in_sequence_and_nothing_twice(
        self, place: Place, served: Served
    ) -> None:
        async with streaming(served) as stream:
            stream.attach(ALICE, 0)
            await stream.attached(ALICE)
            for _ in range(20):
                await place.append(ALICE, 3)
                await place.append(BOB)

            await stream.has(ALICE, list(range(1, 61)))
            assert stream.events(BOB) == []

    async def test_carries_what_happened_and_when(self, place: Place, served: Served) -> None:
        async with streaming(served) as stream:
            stream.attach(ALICE)
            await stream.attached(ALICE)
            async with place.store.transaction() as transaction:
                await transaction.append_events(
                    [convert.marker_moved(ALICE, "home", 70)], place.clock.now()
                )

            await stream.has(ALICE, [1])
            (event,) = stream.events(ALICE)
            assert (event.marker.timeline, event.marker.last_read_id) == ("home", 70)
            now = place.clock.now()
            assert event.event_time.ToDatetime(tzinfo=now.tzinfo) == now

    async def test_begins_after_the_sequence_that_is_known(
        self, place: Place, served: Served
    ) -> None:
        await place.attach_users(ALICE)
        await place.append(ALICE, 5)

        async with streaming(served) as stream:
            stream.attach(ALICE, 3)
            await stream.has(ALICE, [4, 5])

            assert [each.last_sequence for each in stream.of("attached")] == [5]
            assert stream.of("gap") == []

    async def test_begins_now_if_nothing_is_known(self, place: Place, served: Served) -> None:
        await place.append(ALICE, 5)

        async with streaming(served) as stream:
            stream.attach(ALICE)
            await stream.attached(ALICE)
            await place.append(ALICE)

            await stream.has(ALICE, [7])
            assert stream.of("gap") == []

    async def test_serves_many_people_on_several_streams(
        self, place: Place, served: Served
    ) -> None:
        crowd = range(100, 400)
        async with streaming(served) as one, streaming(served) as other:
            for user_id in crowd:
                one.attach(user_id, 0)
            other.attach(100, 0)
            await one.attached(*crowd)
            await other.attached(100)
            async with place.store.transaction() as transaction:
                await transaction.append_events(
                    [convert.session_ended(user_id, 9) for user_id in crowd], place.clock.now()
                )

            await one.until(lambda: len(one.everything()) == len(crowd))
            assert sorted(each.user_id for each in one.everything()) == list(crowd)
            await other.has(100, [1])

    async def test_fills_a_hole_from_the_log(self, place: Place, served: Served) -> None:
        async with streaming(served) as stream:
            stream.attach(ALICE)
            await stream.attached(ALICE)
            await place.append(ALICE)
            await place.append_unheard(ALICE, 3)
            await place.append(ALICE)

            await stream.has(ALICE, [1, 2, 3, 4, 5])

    async def test_finds_entries_without_a_wake_up(self, place: Place, served: Served) -> None:
        place.wired = False
        async with streaming(served) as stream:
            stream.attach(ALICE, 0)
            stream.attach(BOB, 0)
            await stream.attached(ALICE, BOB)
            await place.append(ALICE, 250)
            await place.append(BOB, 1)

            await stream.has(ALICE, list(range(1, 251)))
            await stream.has(BOB, [1])

    async def test_sends_a_gap_where_the_log_was_trimmed(
        self, place: Place, served: Served
    ) -> None:
        await place.attach_users(ALICE)
        await place.append(ALICE, MAX_EVENTS + TRIM_EVERY)

        async with streaming(served) as stream:
            stream.attach(ALICE, 50)
            await stream.has(ALICE, list(range(TRIM_EVERY + 1, MAX_EVENTS + TRIM_EVERY + 1)))

            (gap,) = stream.of("gap")
            assert (gap.user_id, gap.first_sequence) == (ALICE, TRIM_EVERY + 1)

    @pytest.mark.parametrize("known", [2, 4])
    async def test_sends_all_but_arrivals_after_a_long_absence(
        self, place: Place, served: Served, known: int
    ) -> None:
        await place.attach_users(ALICE)
        await place.append(ALICE, 4)
        place.clock.advance((PRESENCE_GRACE + timedelta(minutes=2)).total_seconds())

        async with streaming(served) as stream:
            stream.attach(ALICE, known)
            await stream.attached(ALICE)
            await place.append(ALICE)

            await stream.has(ALICE, list(range(known + 1, 7)))
            gaps = [(each.first_sequence, each.home_only) for each in stream.of("gap")]
            assert gaps == [(5, True)]

    async def test_sends_a_gap_before_its_event(self, place: Place, served: Served) -> None:
        await place.append(ALICE, 3)

        async with streaming(served) as stream:
            stream.attach(ALICE, 0)
            await stream.has(ALICE, [1, 2, 3, 4])

            before, *_ = [place for place, step in enumerate(stream.steps) if step.HasField("gap")]
            last = stream.steps[before + 1]
            assert last.event.WhichOneof("kind") == "arrivals_missed"
            assert last.event.sequence == stream.steps[before].gap.first_sequence == 4

    async def test_sends_a_gap_where_a_sequence_is_not_reached_yet(
        self, place: Place, served: Served
    ) -> None:
        async with streaming(served) as stream:
            stream.attach(ALICE, 99)
            await stream.attached(ALICE)
            await place.append(ALICE)

            await stream.has(ALICE, [1])
            assert [each.first_sequence for each in stream.of("gap")] == [1]

    @pytest.mark.parametrize("left", [0, 2])
    async def test_sends_a_gap_where_the_log_is_trimmed_while_attached(
        self, place: Place, served: Served, left: int
    ) -> None:
        async with streaming(served) as stream:
            stream.attach(ALICE)
            await stream.attached(ALICE)
            await place.append(ALICE)
            await stream.has(ALICE, [1])
            place.wired = False
            async with place.store.transaction() as transaction:
                await transaction.append_events(
                    [convert.session_ended(ALICE, 9)] * 5, place.clock.now()
                )
                transaction.tables.begin_at(ALICE, 7 - left)

            await stream.until(lambda: stream.of("gap"))
            assert [each.first_sequence for each in stream.of("gap")] == [7 - left]
            place.wired = True
            await place.append(ALICE)
            await stream.has(ALICE, [1, *range(7 - left, 8)])

    async def test_ends_for_a_detached_user(self, place: Place, served: Served) -> None:
        async with streaming(served) as stream:
            for user_id in (ALICE, BOB):
                stream.attach(user_id)
            await stream.attached(ALICE, BOB)
            stream.detach(ALICE)
            stream.detach(CAROL)
            stream.attach(CAROL)
            await stream.attached(CAROL)

            for user_id in (ALICE, BOB):
                await place.append(user_id)

            await stream.has(BOB, [1])
            assert stream.events(ALICE) == []

    async def test_may_begin_again_elsewhere_on_the_same_stream(
        self, place: Place, served: Served
    ) -> None:
        await place.attach_users(ALICE)
        await place.append(ALICE, 3)

        async with streaming(served) as stream:
            stream.attach(ALICE, 0)
            await stream.has(ALICE, [1, 2, 3])
            stream.attach(ALICE, 1)

            await stream.has(ALICE, [1, 2, 3, 2, 3])
            await place.append(ALICE)
            await stream.has(ALICE, [1, 2, 3, 2, 3, 4])

    async def test_ends_after_the_last_request(self, place: Place, served: Served) -> None:
        # Those of the tests before may still be closing.
        await eventually(lambda: open_streams() == 0)
        async with streaming(served) as stream:
            stream.attach(ALICE)
            await stream.attached(ALICE)
            opened = open_streams()
            stream.finish()

            assert await stream.over() is None
        assert opened == 1
        await eventually(lambda: open_streams() == 0)

    async def test_refuses_what_is_no_request(self, served: Served) -> None:
        async with streaming(served) as stream:
            stream.attach(0)

            failure = await stream.over()

        assert isinstance(failure, Invalid)
        assert failure.reason == "VALIDATION_FAILED"

    async def test_fails_while_the_log_is_unavailable(
        self, place: Place, served: Served, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def fail(*_: object, **__: object) -> None:
            raise Unavailable

        monkeypatch.setattr(place.store, "attach_users", fail)
        async with streaming(served) as stream:
            stream.attach(ALICE)

            assert isinstance(await stream.over(), Unavailable)

    async def test_continues_after_the_log_was_unavailable(
        self, place: Place, served: Served, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def fail(*_: object, **__: object) -> Any:
            raise Unavailable

        async with streaming(served) as stream:
            stream.attach(ALICE)
            await stream.attached(ALICE)
            with monkeypatch.context() as away:
                for read in ("events", "newer_than"):
                    away.setattr(place.store, read, fail)
                await place.append_unheard(ALICE)
                await place.append(ALICE)
                await asyncio.sleep(0.05)
                assert stream.events(ALICE) == []

            await stream.has(ALICE, [1, 2])

    @pytest.mark.parametrize(
        ("caller", "kind", "reason"),
        [
            (ANONYMOUS, Unauthenticated, "TOKEN_MISSING"),
            (UserCaller(ALICE, 1), Forbidden, "CALLER_NOT_ALLOWED"),
        ],
    )
    async def test_is_for_services(
        self, served: Served, caller: Caller, kind: type[Exception], reason: str
    ) -> None:
        # Nothing is sent: a message on its way to a call that has ended may hide its status.
        async with streaming(served, caller=caller) as stream:
            failure = await stream.over()

        assert type(failure) is kind
        assert failure is not None
        assert failure.reason == reason


class TestBackpressure:
    async def test_what_does_not_fit_comes_from_the_log(self, place: Place) -> None:
        async with place.process(max_waiting=20) as (served, _), streaming(served) as stream:
            stream.reading.clear()
            stream.attach(ALICE)
            stream.attach(BOB)
            await eventually(lambda: len(place.store.database.tables.heads) == 2)
            for _ in range(10):
                await place.append(ALICE, 100, size=2_000)
                await place.append(BOB)
            stream.reading.set()

            await stream.has(ALICE, list(range(1, 1_001)))
            await stream.has(BOB, list(range(1, 11)))

    async def test_a_stream_that_is_not_read_is_cut_off(self, place: Place) -> None:
        async with (
            place.process(stall_seconds=3.0) as (served, live),
            streaming(served) as slow,
            streaming(served) as other,
        ):
            slow.attach(ALICE)
            await slow.attached(ALICE)
            slow.reading.clear()
            other.attach(ALICE)
            await other.attached(ALICE)
            count = 0
            async with asyncio.timeout(LIMIT):
                while live.streams == 2:
                    await place.append(ALICE, 100, size=2_000)
                    count += 100
                    await other.has(ALICE, list(range(1, count + 1)))
            slow.reading.set()
            failure = await slow.over()

            assert isinstance(failure, TooMany)
            assert failure.reason == "READER_TOO_SLOW"
            assert slow.sequences(ALICE) == list(range(1, len(slow.sequences(ALICE)) + 1))
            await place.append(ALICE)
            await other.has(ALICE, list(range(1, count + 2)))


class TestPosts:
    async def test_send_activity_while_they_are_attached(self, place: Place) -> None:
        async with place.process() as (served, live), streaming(served) as stream:
            for post_id in (50, 51):
                stream.attach_post(post_id)
            stream.detach_post(51)
            stream.detach_post(52)
            stream.attach(ALICE)
            await stream.attached(ALICE)

            live.on_activities(
                [PostActivity(51), PostActivity(50, 60), PostActivity(50, deleted=True)]
            )

            await stream.until(lambda: len(stream.of("activity")) == 2)
            assert [
                (each.post_id, each.reply_post_id, each.deleted) for each in stream.of("activity")
            ] == [(50, 60, False), (50, 0, True)]

    async def test_are_forgotten_with_their_stream(self, place: Place) -> None:
        async with place.process() as (served, live):
            async with streaming(served) as stream:
                stream.attach_post(50)
                stream.attach(ALICE)
                await stream.attached(ALICE)
            await eventually(lambda: live.streams == 0)

            live.on_activities([PostActivity(50)])
            await place.append(ALICE)


class TestStopping:
    async def test_streams_end_and_go_on_elsewhere(self, place: Place) -> None:
        async with place.process() as (served, live), streaming(served) as stream:
            stream.attach(ALICE)
            await stream.attached(ALICE)
            await place.append(ALICE, 2)
            await stream.has(ALICE, [1, 2])

            live.stop()
            failure = await stream.over()
            async with streaming(served) as late:
                late.attach(ALICE)
                refusal = await late.over()

        await place.append(ALICE, 2)
        async with place.process() as (next_served, _), streaming(next_served) as resumed:
            resumed.attach(ALICE, stream.sequences(ALICE)[-1])
            await place.append(ALICE)
            await resumed.has(ALICE, [3, 4, 5])
            assert resumed.of("gap") == []

        assert isinstance(failure, Unavailable)
        assert isinstance(refusal, Unavailable)
        assert failure.retry_after == 1.0


class TestReading:
    async def read(self, served: Served, caller: Caller = GATEWAY, **request: int) -> Any:
        stub = served.stub(EventServiceStub, caller=caller)
        return await stub.ReadEvents(ReadEventsRequest(**{"user_id": ALICE, **request}))

    async def test_goes_page_by_page(self, place: Place, served: Served) -> None:
        await self.read(served)
        await place.append(ALICE, 150)

        usual = await self.read(served)
        last = await self.read(served, after_sequence=140, page_size=1_000)
        nothing = await self.read(served, after_sequence=150)

        assert [event.sequence for event in usual.events] == list(range(1, 101))
        assert [event.sequence for event in last.events] == list(range(141, 151))
        assert list(nothing.events) == []
        for response in (usual, last, nothing):
            assert (response.last_sequence, response.limited) == (150, False)

    async def test_says_where_something_is_gone(self, place: Place, served: Served) -> None:
        await place.attach_users(ALICE)
        await place.append(ALICE, MAX_EVENTS + TRIM_EVERY)

        gone = await self.read(served, after_sequence=1, page_size=3)
        ahead = await self.read(served, after_sequence=9_999)
        known = await self.read(served, after_sequence=gone.last_sequence)

        assert [each.sequence for each in gone.events] == [
            TRIM_EVERY + number for number in (1, 2, 3)
        ]
        assert (gone.limited, gone.home_only) == (True, False)
        assert (ahead.limited, ahead.home_only) == (True, False)
        assert not known.limited

    async def test_says_where_arrivals_are_missing(self, place: Place, served: Served) -> None:
        await place.append(ALICE, 3)

        missing = await self.read(served, after_sequence=1)
        known = await self.read(served, after_sequence=missing.last_sequence)

        assert [each.WhichOneof("kind") for each in missing.events][-1] == "arrivals_missed"
        assert [each.sequence for each in missing.events] == [2, 3, 4]
        assert (missing.limited, missing.home_only) == (True, True)
        assert (known.limited, known.home_only) == (False, False)

    async def test_counts_as_being_there(self, place: Place, served: Served) -> None:
        await self.read(served)

        assert await place.store.present_users(after=0, limit=9, now=place.clock.now()) == [ALICE]

    async def test_is_for_services_and_oneself(self, place: Place, served: Served) -> None:
        await self.read(served, UserCaller(ALICE, 1))

        with raises_reason(Forbidden, "CALLER_NOT_ALLOWED"):
            await self.read(served, UserCaller(BOB, 1))
        with raises_reason(Unauthenticated, "TOKEN_MISSING"):
            await self.read(served, ANONYMOUS)
        with raises_reason(Invalid, "VALIDATION_FAILED"):
            await self.read(served, page_size=1_001)
