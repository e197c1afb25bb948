"""What the Search service reads of posts and bookmarks, through a real channel."""

from datetime import UTC, datetime
from typing import Any

import pytest
from google.protobuf.message import Message
from roost.post.v1 import engagement_service_pb2 as engagement_rpc
from roost.post.v1 import post_service_pb2 as rpc
from roost.post.v1.post_pb2 import VISIBILITY_FOLLOWERS, VISIBILITY_MENTIONED

from services.chassis.auth.caller import ServiceCaller
from services.chassis.cache import redis_client
from services.chassis.runtime.errors import Invalid
from services.post.adapters.memory import MemoryStore
from services.post.domain.model import Post
from services.post.rpc import post_scans
from tests.servicers.grpc_server import raises_reason
from tests.servicers.post.conftest import NOWHERE, Scenario, a_scenario

SEARCH = ServiceCaller("search")


async def scan(scenario: Scenario, **given: Any) -> rpc.ScanPostsResponse:
    response: rpc.ScanPostsResponse = await scenario.posts(SEARCH).ScanPosts(
        rpc.ScanPostsRequest(**given)
    )
    return response


async def scan_all(scenario: Scenario, **given: Any) -> list[int]:
    pages = [await scan(scenario, **given)]
    while pages[-1].has_more:
        pages.append(await scan(scenario, **given, after_id=pages[-1].posts[-1].id))
    return [post.id for page in pages for post in page.posts]


async def test_a_scan_pages_through_all_posts_of_every_visibility(scenario: Scenario) -> None:
    scenario.users.protect(scenario.bob)
    written = [
        await scenario.write(scenario.alice),
        await scenario.write(scenario.bob),
        await scenario.write(scenario.alice, visibility=VISIBILITY_FOLLOWERS),
        await scenario.write(scenario.carol, visibility=VISIBILITY_MENTIONED),
        await scenario.write(scenario.carol),
    ]
    await scenario.delete(scenario.carol, written[-1].id)

    for page_size in (1, 2, 3, 0):
        assert await scan_all(scenario, page_size=page_size) == [post.id for post in written[:4]]


async def test_a_scan_ends_at_its_bound(scenario: Scenario) -> None:
    written = [await scenario.write(scenario.alice) for _ in range(4)]

    page = await scan(scenario, after_id=written[0].id, until_id=written[2].id)

    assert [post.id for post in page.posts] == [written[1].id, written[2].id]
    assert not page.has_more


async def test_a_scan_has_what_a_reader_gets_without_viewer_state(scenario: Scenario) -> None:
    medium = scenario.media.add(scenario.alice, alt_text="A heron")
    post = await scenario.write(scenario.alice, "Hello @bob #birds", media_ids=[medium])
    await scenario.write(scenario.bob, "Yes", reply_to_post_id=post.id)
    await scenario.like(scenario.carol, post.id)

    page = await scan(scenario)

    expected = await scenario.read(post.id)
    expected.ClearField("viewer_state")
    assert page.posts[0] == expected
    assert page.posts[0].media[0].alt_text == "A heron"
    assert (page.posts[0].counts.likes, page.posts[0].counts.replies) == (1, 1)
    assert [limit.author_id for limit in page.posts[1].audience_limits] == [scenario.alice]


async def test_only_the_first_page_has_an_estimate(scenario: Scenario) -> None:
    written = [await scenario.write(scenario.alice) for _ in range(3)]

    first = await scan(scenario, page_size=1)
    second = await scan(scenario, page_size=1, after_id=written[0].id)

    assert (first.total_estimate, second.total_estimate) == (3, 0)


async def test_a_page_of_long_posts_fits_into_a_message(
    scenario: Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = [await scenario.write(scenario.alice, "a" * 400) for _ in range(5)]
    monkeypatch.setattr(post_scans, "MAX_PAGE_BYTES", 1_000)

    page = await scan(scenario)

    assert page.has_more
    assert 0 < len(page.posts) < 3
    assert await scan_all(scenario) == [post.id for post in written]


async def test_a_post_that_is_larger_than_a_page_is_alone_on_it(
    scenario: Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = [await scenario.write(scenario.alice) for _ in range(2)]
    monkeypatch.setattr(post_scans, "MAX_PAGE_BYTES", 1)

    assert await scan_all(scenario) == [post.id for post in written]


class DeletingStore(MemoryStore):
    """Deletes the posts of a scan before their counts are read."""

    async def scan(self, *, after: int, limit: int) -> list[Post]:
        found = await super().scan(after=after, limit=limit)
        async with self.transaction() as transaction:
            await transaction.delete([post.id for post in found], datetime.now(UTC))
        return found


async def test_a_post_that_is_deleted_during_a_scan_does_not_end_it() -> None:
    async with (
        redis_client.connect(NOWHERE) as nowhere,
        a_scenario(nowhere, store=DeletingStore) as scenario,
    ):
        written = [await scenario.write(scenario.alice) for _ in range(3)]

        page = await scan(scenario, page_size=2)

        assert [post.id for post in page.posts] == [post.id for post in written[:2]]
        assert page.has_more


async def test_counts_come_in_request_order_without_deleted_posts(scenario: Scenario) -> None:
    first = await scenario.write(scenario.alice)
    second = await scenario.write(scenario.bob)
    gone = await scenario.write(scenario.bob)
    await scenario.delete(scenario.bob, gone.id)
    await scenario.like(scenario.carol, first.id)
    await scenario.repost(scenario.carol, second.id)
    await scenario.write(scenario.carol, quoted_post_id=second.id)

    response = await scenario.posts(SEARCH).BatchGetPostCounts(
        rpc.BatchGetPostCountsRequest(post_ids=[second.id, gone.id, 5, first.id, second.id])
    )

    assert [
        (each.post_id, each.counts.likes, each.counts.reposts, each.counts.quotes)
        for each in response.posts
    ] == [(second.id, 0, 1, 1), (first.id, 1, 0, 0)]


async def test_bookmarked_posts_are_listed_newest_bookmark_first(scenario: Scenario) -> None:
    posts = [await scenario.write(scenario.alice) for _ in range(3)]
    for post in (posts[1], posts[2], posts[0]):
        await scenario.engagement(scenario.bob).Bookmark(
            engagement_rpc.BookmarkRequest(post_id=post.id)
        )
    await scenario.like(scenario.bob, posts[1].id)

    search = scenario.engagement(SEARCH)
    everything = await search.ListBookmarkIds(
        engagement_rpc.ListBookmarkIdsRequest(user_id=scenario.bob)
    )
    newest = await search.ListBookmarkIds(
        engagement_rpc.ListBookmarkIdsRequest(user_id=scenario.bob, page_size=2)
    )
    nobodys = await search.ListBookmarkIds(
        engagement_rpc.ListBookmarkIdsRequest(user_id=scenario.carol)
    )

    assert list(everything.post_ids) == [posts[0].id, posts[2].id, posts[1].id]
    assert list(newest.post_ids) == [posts[0].id, posts[2].id]
    assert list(nobodys.post_ids) == []


@pytest.mark.parametrize(
    "request_",
    [
        rpc.ScanPostsRequest(page_size=1001),
        rpc.ScanPostsRequest(after_id=-1),
        rpc.BatchGetPostCountsRequest(),
        rpc.BatchGetPostCountsRequest(post_ids=[0]),
        engagement_rpc.ListBookmarkIdsRequest(),
        engagement_rpc.ListBookmarkIdsRequest(user_id=1, page_size=10_001),
    ],
)
async def test_requests_outside_of_the_contract_are_refused(
    scenario: Scenario, request_: Message
) -> None:
    stub = (
        scenario.engagement(SEARCH)
        if isinstance(request_, engagement_rpc.ListBookmarkIdsRequest)
        else scenario.posts(SEARCH)
    )

    with raises_reason(Invalid, "VALIDATION_FAILED"):
        await getattr(stub, type(request_).__name__.removesuffix("Request"))(request_)
