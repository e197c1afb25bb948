"""Searches for posts: what is returned, page by page, and to whom."""

from __future__ import annotations

import pytest
from roost.post.v1.post_pb2 import VISIBILITY_FOLLOWERS
from roost.search.v1 import search_service_pb2 as rpc
from roost.search.v1.search_pb2 import POST_ORDER_LATEST, POST_ORDER_TOP

from services.chassis.auth.caller import ServiceCaller
from services.chassis.runtime.errors import Invalid, RuleBroken, Unauthenticated, Unavailable
from services.search.domain.posts.model import Viewer
from tests.builders.search_worker import likes
from tests.servicers.grpc_server import raises_reason
from tests.servicers.search.conftest import Scenario

ORDERS = (POST_ORDER_TOP, POST_ORDER_LATEST)


async def test_the_newest_come_first_by_the_order_latest(scenario: Scenario) -> None:
    first = await scenario.post(scenario.alice, "wombats dig")
    second = await scenario.post(scenario.bob, "wombats sleep")
    await scenario.post(scenario.bob, "kangaroos jump")

    found = await scenario.posts("wombats", order=POST_ORDER_LATEST)

    assert list(found.post_ids) == [second, first]
    assert (found.next_page_token, found.next_post_id) == ("", 0)


async def test_top_is_the_order_without_one(scenario: Scenario) -> None:
    stem = await scenario.post(scenario.alice, "a wombat digs")
    exact = await scenario.post(scenario.alice, "wombats dig")
    await scenario.post(scenario.bob, "nothing")

    found = await scenario.posts("wombats")

    assert list(found.post_ids) == [exact, stem]
    assert found == await scenario.posts("wombats", order=POST_ORDER_TOP)


async def test_matches_say_which_revision_and_where(scenario: Scenario) -> None:
    post_id = await scenario.post(scenario.alice, "look")
    await scenario.consume(scenario.world.edit(post_id, "all wombats"))

    found = await scenario.posts("wombats from:alice")

    (match,) = found.matches
    assert match.revision == 2
    assert [(each.start, each.end, each.media_id) for each in match.ranges] == [(4, 11, 0)]


async def test_a_match_by_properties_alone_has_no_ranges(scenario: Scenario) -> None:
    await scenario.post(scenario.alice, "wombats")

    found = await scenario.posts("from:alice")

    assert len(found.post_ids) == 1
    assert not found.matches[0].ranges


@pytest.mark.parametrize("order", ORDERS)
async def test_pages_are_full_with_an_exact_next_post(scenario: Scenario, order: int) -> None:
    ids = [await scenario.post(scenario.alice, f"wombat {number}") for number in range(7)]
    for number in range(20):
        await scenario.post(
            scenario.bob, f"wombat hidden {number}", visibility=VISIBILITY_FOLLOWERS
        )

    seen: list[int] = []
    token, expected_next = "", 0
    for _ in range(10):
        page = await scenario.posts("wombat", order=order, page_size=3, page_token=token)
        assert not expected_next or page.post_ids[0] == expected_next
        seen += page.post_ids
        token, expected_next = page.next_page_token, page.next_post_id
        if not token:
            break
        assert len(page.post_ids) == 3

    assert sorted(seen) == ids
    assert expected_next == 0


@pytest.mark.parametrize("order", ORDERS)
async def test_hidden_posts_change_no_byte_of_the_answer(scenario: Scenario, order: int) -> None:
    for number in range(5):
        await scenario.post(scenario.alice, f"wombat {number}")
    before = await scenario.posts("wombat", order=order, page_size=2)

    for number in range(5):
        await scenario.post(scenario.bob, f"wombat {number}", visibility=VISIBILITY_FOLLOWERS)

    after = await scenario.posts("wombat", order=order, page_size=2)
    assert after.SerializeToString() == before.SerializeToString()


async def test_a_page_token_belongs_to_its_request(scenario: Scenario) -> None:
    for number in range(3):
        await scenario.post(scenario.alice, f"wombat {number}")
    token = (await scenario.posts("wombat", page_size=1)).next_page_token

    with raises_reason(Invalid, "PAGE_TOKEN_INVALID"):
        await scenario.posts("wombats", page_size=1, page_token=token)
    with raises_reason(Invalid, "PAGE_TOKEN_INVALID"):
        await scenario.posts("wombat", order=POST_ORDER_LATEST, page_size=1, page_token=token)


async def test_top_continues_as_of_the_first_page(scenario: Scenario) -> None:
    ids = [await scenario.post(scenario.alice, f"wombat {number}") for number in range(4)]
    first = await scenario.posts("wombat", page_size=2)
    scenario.world.clock.advance(60.0)
    await scenario.post(scenario.alice, "wombat wombat new", counts=likes(50))

    second = await scenario.posts("wombat", page_size=2, page_token=first.next_page_token)

    assert sorted([*first.post_ids, *second.post_ids]) == ids
    assert second.post_ids[0] == first.next_post_id


async def test_ones_own_closed_post_is_found(scenario: Scenario) -> None:
    post_id = await scenario.post(scenario.alice, "wombat", visibility=VISIBILITY_FOLLOWERS)

    assert list((await scenario.posts("wombat", scenario.alice)).post_ids) == [post_id]


async def test_followers_find_closed_posts(scenario: Scenario) -> None:
    post_id = await scenario.post(scenario.alice, "wombat", visibility=VISIBILITY_FOLLOWERS)
    scenario.follow(scenario.bob, scenario.alice)

    assert list((await scenario.posts("wombat", scenario.bob)).post_ids) == [post_id]
    assert not (await scenario.posts("wombat")).post_ids


async def test_posts_of_blocked_users_are_never_found(scenario: Scenario) -> None:
    await scenario.post(scenario.alice, "wombat")
    scenario.user_service.viewers[scenario.bob] = Viewer(
        user_id=scenario.bob, blocked=frozenset({scenario.alice})
    )

    assert not (await scenario.posts("wombat", scenario.bob)).post_ids
    assert not (await scenario.posts("wombat from:alice", scenario.bob)).post_ids


async def test_muted_authors_are_found_only_by_name(scenario: Scenario) -> None:
    post_id = await scenario.post(scenario.alice, "wombat")
    scenario.user_service.viewers[scenario.bob] = Viewer(
        user_id=scenario.bob, muted=frozenset({scenario.alice})
    )

    assert not (await scenario.posts("wombat", scenario.bob)).post_ids
    assert not (await scenario.posts("wombat OR -from:bob wombat", scenario.bob)).post_ids
    assert list((await scenario.posts("from:alice", scenario.bob)).post_ids) == [post_id]


async def test_bookmarks_are_searched_for_their_owner(scenario: Scenario) -> None:
    first = await scenario.post(scenario.alice, "wombat one")
    await scenario.post(scenario.alice, "wombat two")
    scenario.bookmarks.bookmarked[scenario.bob] = [first]

    found = await scenario.posts("wombat in:bookmarks", scenario.bob)

    assert list(found.post_ids) == [first]


async def test_collections_need_a_signed_in_caller(scenario: Scenario) -> None:
    with raises_reason(Unauthenticated, "TOKEN_MISSING"):
        await scenario.posts("wombat in:bookmarks")


async def test_a_query_with_a_fault_is_refused_with_its_column(scenario: Scenario) -> None:
    with raises_reason(Invalid, "QUERY_INVALID") as caught:
        await scenario.posts("wombat from:nobody")

    assert caught.value.metadata["column"] == "13"
    assert caught.value.metadata["token"] == "nobody"


async def test_a_query_with_too_many_words_is_too_costly(scenario: Scenario) -> None:
    with raises_reason(RuleBroken, "QUERY_TOO_COSTLY"):
        await scenario.posts(" ".join(f"w{number}" for number in range(21)))


async def test_posts_of_a_hashtag_are_its_newest_in_any_spelling(scenario: Scenario) -> None:
    ids = [await scenario.post(scenario.alice, f"{number} #Zoo") for number in range(3)]
    await scenario.post(scenario.alice, "zoo")

    request = rpc.ListHashtagPostsRequest(tag="#ZOO", page_size=2)
    page = await scenario.search().ListHashtagPosts(request)
    assert list(page.post_ids) == [ids[2], ids[1]]
    assert page.next_post_id == ids[0]

    request.page_token = page.next_page_token
    last = await scenario.search().ListHashtagPosts(request)
    assert list(last.post_ids) == [ids[0]]
    assert (last.next_page_token, last.next_post_id) == ("", 0)


async def test_what_is_no_hashtag_is_refused(scenario: Scenario) -> None:
    for tag in ("#123", "two words", "#"):
        with raises_reason(Invalid, "HASHTAG_INVALID"):
            await scenario.search().ListHashtagPosts(rpc.ListHashtagPostsRequest(tag=tag))


async def test_timelines_get_open_posts_that_reply_to_nothing(scenario: Scenario) -> None:
    first = await scenario.post(scenario.alice, "#one")
    second = await scenario.post(scenario.bob, "#two")
    await scenario.post(scenario.bob, "#one", visibility=VISIBILITY_FOLLOWERS)
    await scenario.post(
        scenario.bob, "#one", reply_to_post_id=first, reply_to_author_id=scenario.alice
    )
    timeline = scenario.search(ServiceCaller("timeline"))

    request = rpc.ListHashtagEntriesRequest(tags=["one", "two"])
    entries = (await timeline.ListHashtagEntries(request)).entries
    assert [(each.entry_id, each.post_id, each.author_id) for each in entries] == [
        (second, second, scenario.bob),
        (first, first, scenario.alice),
    ]

    request.before_post_id = second
    assert [each.post_id for each in (await timeline.ListHashtagEntries(request)).entries] == [
        first
    ]


async def test_without_relations_a_signed_in_search_is_refused(scenario: Scenario) -> None:
    await scenario.post(scenario.alice, "wombat")
    scenario.user_service.is_away = True

    with raises_reason(Unavailable, "DEPENDENCY_UNAVAILABLE"):
        await scenario.posts("wombat", scenario.bob)
    with raises_reason(Unavailable, "DEPENDENCY_UNAVAILABLE"):
        await scenario.users("alice", scenario.bob)
    assert len((await scenario.posts("wombat")).post_ids) == 1


async def test_relations_are_used_for_half_a_minute(scenario: Scenario) -> None:
    await scenario.post(scenario.alice, "wombat")
    await scenario.posts("wombat", scenario.bob)
    scenario.user_service.is_away = True

    scenario.world.clock.advance(29.0)
    assert len((await scenario.posts("wombat", scenario.bob)).post_ids) == 1

    scenario.world.clock.advance(2.0)
    with raises_reason(Unavailable, "DEPENDENCY_UNAVAILABLE"):
        await scenario.posts("wombat", scenario.bob)


async def test_an_anonymous_search_reads_no_relations(scenario: Scenario) -> None:
    await scenario.posts("wombat")
    await scenario.users("wombat")
    await scenario.typed("wombat")

    assert scenario.user_service.reads == 0
