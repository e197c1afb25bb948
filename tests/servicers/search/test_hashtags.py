"""Hashtags: searches, usage, and what the operator hides."""

from __future__ import annotations

from datetime import UTC

from roost.post.v1.post_pb2 import VISIBILITY_FOLLOWERS
from roost.search.v1 import search_admin_service_pb2 as admin
from roost.search.v1 import search_service_pb2 as rpc

from services.chassis.runtime.errors import Invalid
from services.search.domain.hashtags.model import (
    HashtagHour,
    HashtagUse,
    Measure,
    Trend,
    TrendList,
)
from tests.servicers.grpc_server import raises_reason
from tests.servicers.search.conftest import Scenario


async def test_hashtags_are_found_by_their_beginning_most_used_first(scenario: Scenario) -> None:
    for text in ("#zoo #zone", "#zone", "#other"):
        await scenario.post(scenario.alice, text)
    await scenario.post(scenario.bob, "#zone")

    found = await scenario.search().SearchHashtags(rpc.SearchHashtagsRequest(query="#ZO"))

    assert [(each.tag, each.posts_count, each.authors_count) for each in found.hashtags] == [
        ("zone", 3, 2),
        ("zoo", 1, 1),
    ]
    assert {len(each.history) for each in found.hashtags} == {24}
    assert found.hashtags[0].history[-1].posts_count == 3


async def test_pages_of_hashtags_continue_where_the_last_one_ended(scenario: Scenario) -> None:
    for number in range(5):
        await scenario.post(scenario.alice, f"#zoo{'abcde'[number]}")
    request = rpc.SearchHashtagsRequest(query="zoo", page_size=2)
    seen: list[str] = []
    while True:
        page = await scenario.search().SearchHashtags(request)
        seen += [each.tag for each in page.hashtags]
        request.page_token = page.next_page_token
        if not page.next_page_token:
            break

    assert seen == ["zooa", "zoob", "zooc", "zood", "zooe"]


async def test_the_usage_of_a_hashtag_is_the_same_in_every_spelling(scenario: Scenario) -> None:
    await scenario.post(scenario.alice, "#Zoo")

    usage = [
        (await scenario.search().GetHashtag(rpc.GetHashtagRequest(tag=tag))).hashtag
        for tag in ("zoo", "#ZOO", "＃ｚｏｏ")
    ]

    assert usage[0] == usage[1] == usage[2]
    assert usage[0].posts_count == 1


async def test_a_hashtag_that_nobody_uses_has_zeros(scenario: Scenario) -> None:
    usage = (await scenario.search().GetHashtag(rpc.GetHashtagRequest(tag="nothing"))).hashtag

    assert (usage.tag, usage.posts_count, usage.authors_count) == ("nothing", 0, 0)
    assert len(usage.history) == 24


async def test_closed_posts_and_deleted_posts_are_not_counted(scenario: Scenario) -> None:
    await scenario.post(scenario.alice, "#zoo", visibility=VISIBILITY_FOLLOWERS)
    deleted = await scenario.post(scenario.alice, "#zoo")
    await scenario.consume(scenario.world.delete(deleted))

    usage = (
        await scenario.search(scenario.alice).GetHashtag(rpc.GetHashtagRequest(tag="zoo"))
    ).hashtag

    assert usage.posts_count == 0


async def test_what_is_no_hashtag_is_refused(scenario: Scenario) -> None:
    with raises_reason(Invalid, "HASHTAG_INVALID"):
        await scenario.search().GetHashtag(rpc.GetHashtagRequest(tag="#1"))
    with raises_reason(Invalid, "HASHTAG_INVALID"):
        await scenario.admin().HideHashtag(admin.HideHashtagRequest(tag="a b"))


async def test_a_hidden_hashtag_is_in_no_list_but_its_posts_are_found(scenario: Scenario) -> None:
    post_id = await scenario.post(scenario.alice, "#zoo")
    await scenario.admin().HideHashtag(admin.HideHashtagRequest(tag="#ZOO"))

    found = await scenario.search().SearchHashtags(rpc.SearchHashtagsRequest(query="zoo"))
    assert not found.hashtags
    assert await scenario.typed("zoo") == []
    assert list((await scenario.posts("#zoo")).post_ids) == [post_id]

    await scenario.admin().UnhideHashtag(admin.UnhideHashtagRequest(tag="zoo"))
    assert await scenario.typed("zoo") == ["#zoo"]


async def test_hidden_hashtags_are_listed_page_by_page(scenario: Scenario) -> None:
    for tag in ("c", "a", "b", "a"):
        await scenario.admin().HideHashtag(admin.HideHashtagRequest(tag=tag))
    request = admin.ListHiddenHashtagsRequest(page_size=2)

    first = await scenario.admin().ListHiddenHashtags(request)
    request.page_token = first.next_page_token
    last = await scenario.admin().ListHiddenHashtags(request)

    assert (list(first.tags), list(last.tags)) == (["a", "b"], ["c"])
    assert last.next_page_token == ""


async def test_before_the_first_computation_nothing_trends(scenario: Scenario) -> None:
    listed = await scenario.search().ListTrends(rpc.ListTrendsRequest())

    assert not listed.trends
    assert not listed.HasField("as_of_time")


async def test_trends_are_listed_with_their_measures_strongest_first(scenario: Scenario) -> None:
    now = scenario.world.clock.now()
    use = HashtagUse("zoo", 9, 8, (HashtagHour(now, 9, 8),))
    other = HashtagUse("zone", 5, 5, (HashtagHour(now, 5, 5),))
    trends = TrendList(now, (Trend(use, Measure(4.5, 8, 0.0)), Trend(other, Measure(2.5, 5, 0.0))))
    await scenario.world.stores.trend_store.save_trends({"": trends, "de": TrendList(now)})

    listed = await scenario.search().ListTrends(rpc.ListTrendsRequest())
    assert [each.tag for each in listed.trends] == ["zoo", "zone"]
    assert [(each.score, each.observed) for each in listed.measures] == [(4.5, 8), (2.5, 5)]
    assert listed.as_of_time.ToDatetime(UTC) == now

    german = await scenario.search().ListTrends(rpc.ListTrendsRequest(language="de"))
    assert not german.trends
    assert german.HasField("as_of_time")
