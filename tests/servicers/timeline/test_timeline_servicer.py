"""TimelineService through a real channel."""

from datetime import timedelta
from itertools import chain
from typing import Any

import pytest
from roost.timeline.v1.timeline_events_pb2 import ReadMarkerMoved
from roost.timeline.v1.timeline_pb2 import HOME_ORDER_LATEST, HOME_ORDER_RELEVANT
from roost.timeline.v1.timeline_service_pb2 import (
    GetHomeTimelineRequest,
    GetPublicTimelineRequest,
    GetReadMarkerRequest,
    RebuildHomeTimelineRequest,
    SetReadMarkerRequest,
)

from services.chassis.auth.caller import ServiceCaller
from services.chassis.cache.redis_client import RedisUnavailable
from services.chassis.rpc.paging import PageTokenInvalid
from services.chassis.runtime.errors import (
    Forbidden,
    Invalid,
    RuleBroken,
    TooMany,
    Unauthenticated,
    Unavailable,
)
from services.chassis.runtime.ids import MAX_ID, first_id_at
from services.timeline.domain.model import Entry, PublicEntry, home_of
from tests.servicers.grpc_server import raises_reason
from tests.servicers.timeline.conftest import MAX_HOME, Timeline

ALICE, BOB, CAROL = 1, 2, 3


def entry_ids(response: Any) -> list[int]:
    return [entry.entry_id for entry in response.entries]


def joined(pages: list[list[int]]) -> list[int]:
    return list(chain.from_iterable(pages))


async def all_pages(stub: Any, *, size: int, order: int = HOME_ORDER_LATEST) -> list[list[int]]:
    pages: list[list[int]] = []
    token = ""
    while True:
        response = await stub.GetHomeTimeline(
            GetHomeTimelineRequest(order=order, page_size=size, page_token=token)
        )
        pages.append(entry_ids(response))
        token = response.next_page_token
        if not token:
            return pages


class TestHome:
    async def test_shows_own_posts_posts_of_followed_people_and_their_reposts(
        self, timeline: Timeline
    ) -> None:
        timeline.peers.follow(ALICE, BOB)
        timeline.peers.post(10, BOB)
        timeline.peers.post(11, CAROL)
        timeline.peers.post(12, ALICE)
        timeline.peers.entries.append(Entry(13, BOB, 11, CAROL))

        response = await timeline.of(ALICE).GetHomeTimeline(GetHomeTimelineRequest())

        shown = [
            (each.entry_id, each.post_id, each.author_id, each.reposter_id)
            for each in response.entries
        ]
        assert shown == [(13, 11, CAROL, BOB), (12, 12, ALICE, 0), (10, 10, BOB, 0)]
        assert response.next_page_token == ""

    async def test_pages_through_the_full_history(self, timeline: Timeline) -> None:
        timeline.peers.follow(ALICE, BOB)
        for entry_id in range(1, 3 * MAX_HOME):
            timeline.peers.post(entry_id, BOB)

        pages = await all_pages(timeline.of(ALICE), size=7)

        assert joined(pages) == list(range(3 * MAX_HOME - 1, 0, -1))
        assert all(len(page) == 7 for page in pages[:-1])

    @pytest.mark.parametrize("order", [HOME_ORDER_LATEST, HOME_ORDER_RELEVANT])
    async def test_a_page_tells_what_the_next_one_begins_with(
        self, timeline: Timeline, order: int
    ) -> None:
        now = first_id_at(timeline.clock.now())
        for each in range(5):
            timeline.peers.post(now + each, ALICE)
        asked = {"order": order, "page_size": 3}

        first = await timeline.of(ALICE).GetHomeTimeline(GetHomeTimelineRequest(**asked))
        last = await timeline.of(ALICE).GetHomeTimeline(
            GetHomeTimelineRequest(**asked, page_token=first.next_page_token)
        )

        assert first.next_entry == last.entries[0]
        assert not last.HasField("next_entry")

    async def test_a_second_read_makes_no_call(self, timeline: Timeline) -> None:
        timeline.peers.follow(ALICE, BOB)
        timeline.peers.post(10, BOB)
        await timeline.of(ALICE).GetHomeTimeline(GetHomeTimelineRequest())
        timeline.peers.calls.clear()

        response = await timeline.of(ALICE).GetHomeTimeline(GetHomeTimelineRequest())

        assert entry_ids(response) == [10]
        assert timeline.peers.calls == []

    async def test_twenty_entries_are_a_page_and_a_hundred_the_most(
        self, timeline: Timeline
    ) -> None:
        for entry_id in range(1, 150):
            timeline.peers.post(entry_id, ALICE)

        usual = await timeline.of(ALICE).GetHomeTimeline(GetHomeTimelineRequest())
        most = await timeline.of(ALICE).GetHomeTimeline(GetHomeTimelineRequest(page_size=1000))

        assert (len(usual.entries), len(most.entries)) == (20, 100)

    async def test_is_for_people(self, timeline: Timeline) -> None:
        with raises_reason(Unauthenticated, "TOKEN_MISSING"):
            await timeline.stub().GetHomeTimeline(GetHomeTimelineRequest())
        with raises_reason(Forbidden, "CALLER_NOT_ALLOWED"):
            await timeline.stub(ServiceCaller("gateway")).GetHomeTimeline(GetHomeTimelineRequest())

    async def test_refuses_page_tokens_of_another_order(self, timeline: Timeline) -> None:
        for entry_id in range(1, 30):
            timeline.peers.post(entry_id, ALICE)
        response = await timeline.of(ALICE).GetHomeTimeline(GetHomeTimelineRequest())

        with raises_reason(Invalid, PageTokenInvalid.reason):
            await timeline.of(ALICE).GetHomeTimeline(
                GetHomeTimelineRequest(
                    order=HOME_ORDER_RELEVANT, page_token=response.next_page_token
                )
            )

    async def test_refuses_a_negative_page(self, timeline: Timeline) -> None:
        with raises_reason(Invalid, "VALIDATION_FAILED"):
            await timeline.of(ALICE).GetHomeTimeline(GetHomeTimelineRequest(page_size=-1))


class TestRelevant:
    @pytest.fixture
    def day(self, timeline: Timeline) -> list[int]:
        """Posts of the last ten hours, one an hour, newest first."""
        timeline.peers.follow(ALICE, BOB)
        hours = [timeline.clock.now() - timedelta(hours=hour) for hour in range(1, 11)]
        return [timeline.peers.post(first_id_at(hour) + 1, BOB).post_id for hour in hours]

    async def test_without_responses_the_newest_come_first(
        self, timeline: Timeline, day: list[int]
    ) -> None:
        assert await all_pages(timeline.of(ALICE), size=100, order=HOME_ORDER_RELEVANT) == [day]

    async def test_what_people_respond_to_rises(self, timeline: Timeline, day: list[int]) -> None:
        timeline.peers.likes[day[4]] = 50

        pages = await all_pages(timeline.of(ALICE), size=3, order=HOME_ORDER_RELEVANT)

        assert pages[0] == [day[4], day[0], day[1]]
        assert sorted(joined(pages), reverse=True) == day

    async def test_pages_do_not_move_while_responses_and_posts_come_in(
        self, timeline: Timeline, day: list[int]
    ) -> None:
        request = GetHomeTimelineRequest(order=HOME_ORDER_RELEVANT, page_size=4)
        first = await timeline.of(ALICE).GetHomeTimeline(request)
        timeline.peers.likes[day[0]] = timeline.peers.likes[day[9]] = 1000
        newest = first_id_at(timeline.clock.now()) + 1
        await timeline.feeds.add(Entry(newest, BOB, newest, BOB), [home_of(ALICE)])

        request.page_token = first.next_page_token
        second = await timeline.of(ALICE).GetHomeTimeline(request)

        assert entry_ids(first) + entry_ids(second) == day[:8]

    async def test_a_ranking_ends_after_a_while(self, timeline: Timeline, day: list[int]) -> None:
        request = GetHomeTimelineRequest(order=HOME_ORDER_RELEVANT, page_size=4)
        first = await timeline.of(ALICE).GetHomeTimeline(request)
        timeline.clock.advance(3600)

        request.page_token = first.next_page_token
        with raises_reason(Invalid, PageTokenInvalid.reason):
            await timeline.of(ALICE).GetHomeTimeline(request)

    async def test_older_entries_follow_in_plain_order(self, timeline: Timeline) -> None:
        now = first_id_at(timeline.clock.now())
        posted = [timeline.peers.post(now - each, ALICE).post_id for each in range(1, 260)]

        pages = await all_pages(timeline.of(ALICE), size=90, order=HOME_ORDER_RELEVANT)

        assert joined(pages) == posted

    async def test_recency_alone_ranks_while_engagement_is_away(
        self, timeline: Timeline, day: list[int]
    ) -> None:
        timeline.peers.engagement_away = True

        assert await all_pages(timeline.of(ALICE), size=4, order=HOME_ORDER_RELEVANT) == [
            day[:4],
            day[4:8],
            day[8:],
        ]


class TestPublic:
    async def test_is_open_to_strangers_and_paged(self, timeline: Timeline) -> None:
        await timeline.store.add_public([PublicEntry(each, BOB) for each in range(1, 6)])

        first = await timeline.stub().GetPublicTimeline(GetPublicTimelineRequest(page_size=3))
        rest = await timeline.stub().GetPublicTimeline(
            GetPublicTimelineRequest(page_size=3, page_token=first.next_page_token)
        )

        assert entry_ids(first) + entry_ids(rest) == [5, 4, 3, 2, 1]
        assert [each.author_id for each in first.entries] == [BOB] * 3
        assert first.next_entry == rest.entries[0]
        assert not rest.HasField("next_entry")
        assert rest.next_page_token == ""

    async def test_leaves_closed_authors_out(self, timeline: Timeline) -> None:
        await timeline.store.add_public([PublicEntry(1, BOB), PublicEntry(2, CAROL)])
        await timeline.store.set_protected(CAROL, protected=True)

        response = await timeline.stub().GetPublicTimeline(GetPublicTimelineRequest())

        assert entry_ids(response) == [1]


class TestMarker:
    async def test_is_empty_at_first(self, timeline: Timeline) -> None:
        response = await timeline.of(ALICE).GetReadMarker(GetReadMarkerRequest())

        assert response.marker.last_read_entry_id == 0
        assert not response.marker.HasField("update_time")

    async def test_moves_forward_only(self, timeline: Timeline) -> None:
        alice = timeline.of(ALICE)
        timeline.peers.post(10, ALICE)
        set_at = timeline.clock.now()
        await alice.SetReadMarker(SetReadMarkerRequest(last_read_entry_id=10))
        timeline.clock.advance(60)

        back = await alice.SetReadMarker(SetReadMarkerRequest(last_read_entry_id=9))

        read = await alice.GetReadMarker(GetReadMarkerRequest())
        assert back.marker == read.marker
        assert read.marker.last_read_entry_id == 10
        assert read.marker.update_time.ToDatetime(tzinfo=set_at.tzinfo) == set_at

    async def test_stops_at_the_newest_entry(self, timeline: Timeline) -> None:
        alice = timeline.of(ALICE)
        nothing = await alice.SetReadMarker(SetReadMarkerRequest(last_read_entry_id=MAX_ID))
        timeline.peers.post(10, ALICE)
        # The home that was read before knows it by its event only.
        await alice.RebuildHomeTimeline(RebuildHomeTimelineRequest())

        moved = await alice.SetReadMarker(SetReadMarkerRequest(last_read_entry_id=MAX_ID))

        assert nothing.marker.last_read_entry_id == 0
        assert not nothing.marker.HasField("update_time")
        assert moved.marker.last_read_entry_id == 10

    async def test_tells_of_each_move_once(self, timeline: Timeline) -> None:
        alice = timeline.of(ALICE)
        timeline.peers.post(10, ALICE)
        timeline.peers.post(11, ALICE)
        request = SetReadMarkerRequest(last_read_entry_id=10, request_id="r1")
        await alice.SetReadMarker(request)
        await alice.SetReadMarker(request)
        await alice.SetReadMarker(SetReadMarkerRequest(last_read_entry_id=9))
        await alice.SetReadMarker(SetReadMarkerRequest(last_read_entry_id=10))
        await alice.SetReadMarker(SetReadMarkerRequest(last_read_entry_id=11))

        published = timeline.store.database.published

        assert [(each.topic, each.key) for each in published] == [("roost.timeline.v1", "1")] * 2
        moves = [ReadMarkerMoved.FromString(each.payload) for each in published]
        assert [(each.user_id, each.last_read_id) for each in moves] == [(ALICE, 10), (ALICE, 11)]

    async def test_belongs_to_one_person(self, timeline: Timeline) -> None:
        timeline.peers.post(10, ALICE)
        await timeline.of(ALICE).SetReadMarker(SetReadMarkerRequest(last_read_entry_id=10))

        bobs = await timeline.of(BOB).GetReadMarker(GetReadMarkerRequest())

        assert bobs.marker.last_read_entry_id == 0

    async def test_a_repeated_request_gets_the_first_answer(self, timeline: Timeline) -> None:
        alice = timeline.of(ALICE)
        timeline.peers.post(10, ALICE)
        timeline.peers.post(20, ALICE)
        request = SetReadMarkerRequest(last_read_entry_id=10, request_id="r1")
        first = await alice.SetReadMarker(request)
        await alice.SetReadMarker(SetReadMarkerRequest(last_read_entry_id=20))

        assert await alice.SetReadMarker(request) == first
        with raises_reason(RuleBroken, "IDEMPOTENCY_KEY_REUSED"):
            await alice.SetReadMarker(SetReadMarkerRequest(last_read_entry_id=11, request_id="r1"))

    async def test_is_for_people(self, timeline: Timeline) -> None:
        with raises_reason(Unauthenticated, "TOKEN_MISSING"):
            await timeline.stub().GetReadMarker(GetReadMarkerRequest())
        with raises_reason(Unauthenticated, "TOKEN_MISSING"):
            await timeline.stub().SetReadMarker(SetReadMarkerRequest(last_read_entry_id=1))

    async def test_needs_an_entry(self, timeline: Timeline) -> None:
        with raises_reason(Invalid, "VALIDATION_FAILED"):
            await timeline.of(ALICE).SetReadMarker(SetReadMarkerRequest())


class TestRebuild:
    async def test_replaces_what_was_kept(self, timeline: Timeline) -> None:
        alice = timeline.of(ALICE)
        timeline.peers.post(10, ALICE)
        await alice.GetHomeTimeline(GetHomeTimelineRequest())
        await timeline.feeds.add(Entry(99, BOB, 99, BOB), [home_of(ALICE)])

        response = await alice.RebuildHomeTimeline(RebuildHomeTimelineRequest())

        assert response.entry_count == 1
        assert entry_ids(await alice.GetHomeTimeline(GetHomeTimelineRequest())) == [10]

    async def test_is_done_once_in_ten_seconds(self, timeline: Timeline) -> None:
        alice = timeline.of(ALICE)
        await alice.RebuildHomeTimeline(RebuildHomeTimelineRequest())

        with raises_reason(TooMany, "REBUILD_TOO_SOON") as refusal:
            await alice.RebuildHomeTimeline(RebuildHomeTimelineRequest(user_id=ALICE))
        timeline.clock.advance(10)
        await alice.RebuildHomeTimeline(RebuildHomeTimelineRequest())

        assert refusal.value.retry_after == 10
        await timeline.of(BOB).RebuildHomeTimeline(RebuildHomeTimelineRequest())

    async def test_a_service_names_the_person(self, timeline: Timeline) -> None:
        gateway = timeline.stub(ServiceCaller("gateway"))
        timeline.peers.post(10, ALICE)

        response = await gateway.RebuildHomeTimeline(RebuildHomeTimelineRequest(user_id=ALICE))

        assert response.entry_count == 1
        with raises_reason(Invalid, "VALIDATION_FAILED"):
            await gateway.RebuildHomeTimeline(RebuildHomeTimelineRequest())

    async def test_a_person_names_nobody_else(self, timeline: Timeline) -> None:
        with raises_reason(Forbidden, "CALLER_NOT_ALLOWED"):
            await timeline.of(ALICE).RebuildHomeTimeline(RebuildHomeTimelineRequest(user_id=BOB))
        with raises_reason(Unauthenticated, "TOKEN_MISSING"):
            await timeline.stub().RebuildHomeTimeline(RebuildHomeTimelineRequest(user_id=BOB))


class TestWithoutValkey:
    @pytest.fixture(autouse=True)
    def away(self, timeline: Timeline, monkeypatch: pytest.MonkeyPatch) -> None:
        async def fail(*_: object, **__: object) -> None:
            raise RedisUnavailable

        for kept in (timeline.feeds, timeline.cache):
            for name in vars(type(kept)):
                if not name.startswith("_"):
                    monkeypatch.setattr(kept, name, fail)

    async def test_homes_are_read_to_the_end(self, timeline: Timeline) -> None:
        timeline.peers.follow(ALICE, BOB)
        for entry_id in range(1, 50):
            timeline.peers.post(entry_id, BOB)

        pages = await all_pages(timeline.of(ALICE), size=20)

        assert joined(pages) == list(range(49, 0, -1))

    async def test_relevant_homes_are_in_plain_order(self, timeline: Timeline) -> None:
        for entry_id in range(1, 50):
            timeline.peers.post(entry_id, ALICE)
        timeline.peers.likes[1] = 1000

        pages = await all_pages(timeline.of(ALICE), size=20, order=HOME_ORDER_RELEVANT)

        assert joined(pages) == list(range(49, 0, -1))

    async def test_nothing_can_be_rebuilt(self, timeline: Timeline) -> None:
        with raises_reason(Unavailable, "DEPENDENCY_UNAVAILABLE"):
            await timeline.of(ALICE).RebuildHomeTimeline(RebuildHomeTimelineRequest())
