"""Likes, reposts, bookmarks and their lists through a real channel."""

from typing import Any

import pytest
from roost.post.v1 import engagement_service_pb2 as rpc
from roost.post.v1 import post_events_pb2 as events
from roost.post.v1 import post_service_pb2
from roost.post.v1.post_pb2 import VISIBILITY_FOLLOWERS, VISIBILITY_MENTIONED, ViewerState

from services.chassis.runtime.errors import (
    Forbidden,
    NotFound,
    RuleBroken,
    Unauthenticated,
    WrongState,
)
from services.chassis.runtime.ids import bucket_of
from tests.servicers.grpc_server import raises_reason
from tests.servicers.post.conftest import Scenario
from tests.servicers.post.test_lists import every_page

ACTS = ("Like", "Repost", "Bookmark")
BACK = {"Unlike": "Like", "UndoRepost": "Repost", "RemoveBookmark": "Bookmark"}


async def act(scenario: Scenario, who: int | None, name: str, post_id: int, **given: Any) -> Any:
    request = getattr(rpc, f"{name}Request")(post_id=post_id, **given)
    return await getattr(scenario.engagement(who), name)(request)


async def test_a_like_counts_once_and_has_one_event(scenario: Scenario) -> None:
    post = await scenario.write(scenario.alice)

    first = await scenario.like(scenario.bob, post.id)
    second = await scenario.like(scenario.bob, post.id)

    assert first == second
    assert (first.post_id, first.counts.likes, first.viewer_state.liked) == (post.id, 1, True)
    (event,) = scenario.published("PostLiked")
    assert event.key == str(scenario.bob)
    event_body = events.PostLiked.FromString(event.payload)
    assert (event_body.post_id, event_body.author_id, event_body.user_id) == (
        post.id,
        scenario.alice,
        scenario.bob,
    )


async def test_a_like_is_taken_back_once(scenario: Scenario) -> None:
    post = await scenario.write(scenario.alice)
    await scenario.like(scenario.bob, post.id)

    for _ in range(2):
        response = await act(scenario, scenario.bob, "Unlike", post.id)
        assert (response.engagement.counts.likes, response.engagement.viewer_state.liked) == (
            0,
            False,
        )

    (event,) = scenario.published("PostUnliked")
    assert event.key == str(scenario.bob)


async def test_a_repost_has_an_id_of_its_own_that_leads_to_the_reposter(scenario: Scenario) -> None:
    post = await scenario.write(scenario.alice)

    first = await scenario.repost(scenario.bob, post.id)
    second = await scenario.repost(scenario.bob, post.id)

    assert first == second
    assert first.repost_id > post.id
    assert bucket_of(first.repost_id) == bucket_of(scenario.bob)
    assert (first.engagement.counts.reposts, first.engagement.viewer_state.reposted) == (1, True)
    (event,) = scenario.published("PostReposted")
    entry = events.PostReposted.FromString(event.payload).entry
    assert event.key == str(scenario.bob)
    assert (entry.entry_id, entry.post_id, entry.author_id, entry.reposter_id) == (
        first.repost_id,
        post.id,
        scenario.alice,
        scenario.bob,
    )


async def test_the_event_of_an_undone_repost_has_its_entry(scenario: Scenario) -> None:
    post = await scenario.write(scenario.alice)
    repost = await scenario.repost(scenario.bob, post.id)

    for _ in range(2):
        response = await act(scenario, scenario.bob, "UndoRepost", post.id)
        assert response.engagement.counts.reposts == 0

    (event,) = scenario.published("RepostUndone")
    assert events.RepostUndone.FromString(event.payload).entry.entry_id == repost.repost_id


async def test_only_open_posts_may_be_reposted(scenario: Scenario) -> None:
    scenario.users.follow(scenario.bob, scenario.alice)
    narrow = await scenario.write(scenario.alice, visibility=VISIBILITY_FOLLOWERS)
    public = await scenario.write(scenario.alice)
    scenario.users.protect(scenario.alice)

    for post in (narrow, public):
        with raises_reason(WrongState, "REPOST_NOT_ALLOWED"):
            await scenario.repost(scenario.bob, post.id)


async def test_ones_own_post_may_be_reposted_unless_for_mentioned_users(scenario: Scenario) -> None:
    scenario.users.protect(scenario.alice)
    narrow = await scenario.write(scenario.alice, visibility=VISIBILITY_FOLLOWERS)
    named = await scenario.write(scenario.alice, "@bob", visibility=VISIBILITY_MENTIONED)

    assert (await scenario.repost(scenario.alice, narrow.id)).repost_id
    with raises_reason(WrongState, "REPOST_NOT_ALLOWED"):
        await scenario.repost(scenario.alice, named.id)


async def test_a_bookmark_is_private(scenario: Scenario) -> None:
    post = await scenario.write(scenario.alice)

    response = await act(scenario, scenario.bob, "Bookmark", post.id)

    assert response.engagement.viewer_state.bookmarked
    assert not (await scenario.read(post.id, scenario.alice)).viewer_state.bookmarked
    assert [event.type for event in scenario.store.database.published] == [
        "roost.post.v1.PostCreated"
    ]


@pytest.mark.parametrize("name", list(BACK))
async def test_engagement_can_be_removed_after_the_post_is_hidden_or_deleted(
    scenario: Scenario, name: str
) -> None:
    scenario.users.follow(scenario.carol, scenario.alice)
    hidden = await scenario.write(scenario.alice)
    deleted = await scenario.write(scenario.alice)
    for post in (hidden, deleted):
        await act(scenario, scenario.bob, BACK[name], post.id)
    scenario.users.block(scenario.alice, scenario.bob)
    await scenario.delete(scenario.alice, deleted.id)

    for post_id in (hidden.id, deleted.id, 404):
        response = await act(scenario, scenario.bob, name, post_id)

        assert response.engagement.post_id == post_id
        assert not response.engagement.HasField("counts")
        assert response.engagement.viewer_state == ViewerState()
    counts = (await scenario.read(hidden.id, scenario.carol)).counts
    assert (counts.likes, counts.reposts) == (0, 0)


async def test_removing_a_bookmark_of_a_visible_post_returns_its_counts(
    scenario: Scenario,
) -> None:
    post = await scenario.write(scenario.alice)
    await scenario.like(scenario.carol, post.id)
    await act(scenario, scenario.bob, "Bookmark", post.id)

    response = await act(scenario, scenario.bob, "RemoveBookmark", post.id)

    assert response.engagement.counts.likes == 1
    assert not response.engagement.viewer_state.bookmarked


@pytest.mark.parametrize("name", ACTS)
async def test_nothing_is_done_with_a_post_that_does_not_exist_for_the_caller(
    scenario: Scenario, name: str
) -> None:
    hidden = await scenario.write(scenario.alice, visibility=VISIBILITY_FOLLOWERS)
    deleted = await scenario.write(scenario.alice)
    await scenario.delete(scenario.alice, deleted.id)

    for post_id in (hidden.id, deleted.id, 404):
        with raises_reason(NotFound, "POST_NOT_FOUND"):
            await act(scenario, scenario.bob, name, post_id)


@pytest.mark.parametrize("name", [*ACTS, *BACK])
async def test_anonymous_callers_cannot_engage(scenario: Scenario, name: str) -> None:
    with raises_reason(Unauthenticated, "TOKEN_MISSING"):
        await act(scenario, None, name, 1)


async def test_a_deleted_account_cannot_engage(scenario: Scenario) -> None:
    post = await scenario.write(scenario.alice)
    scenario.users.delete(scenario.bob)

    with raises_reason(Unauthenticated, "TOKEN_INVALID"):
        await scenario.like(scenario.bob, post.id)


@pytest.mark.parametrize("name", [*ACTS, *BACK])
async def test_a_repeated_request_gets_the_first_response(scenario: Scenario, name: str) -> None:
    post = await scenario.write(scenario.alice)
    await scenario.like(scenario.bob, post.id)

    first = await act(scenario, scenario.bob, name, post.id, request_id="key-1")
    await scenario.like(scenario.carol, post.id)
    second = await act(scenario, scenario.bob, name, post.id, request_id="key-1")
    await scenario.delete(scenario.alice, post.id)
    third = await act(scenario, scenario.bob, name, post.id, request_id="key-1")

    assert first.SerializeToString() == second.SerializeToString() == third.SerializeToString()


async def test_a_key_is_not_taken_for_another_act(scenario: Scenario) -> None:
    post = await scenario.write(scenario.alice)
    await scenario.like(scenario.bob, post.id, request_id="key-1")

    with raises_reason(RuleBroken, "IDEMPOTENCY_KEY_REUSED"):
        await scenario.repost(scenario.bob, post.id, request_id="key-1")


@pytest.mark.parametrize(
    ("name", "request_of", "respond"),
    [
        ("ListLikers", rpc.ListLikersRequest, "Like"),
        ("ListReposters", rpc.ListRepostersRequest, "Repost"),
    ],
)
async def test_lists_of_users_who_engaged_leave_out_blocks(
    scenario: Scenario, name: str, request_of: Any, respond: str
) -> None:
    post = await scenario.write(scenario.alice)
    users = [scenario.users.add(number, f"p{number}") for number in range(1, 10)]
    for user_id in users:
        await act(scenario, user_id, respond, post.id)
    scenario.users.block(users[7], scenario.bob)
    scenario.users.block(scenario.bob, users[3])
    scenario.users.delete(users[0])

    pages = await every_page(
        getattr(scenario.engagement(scenario.bob), name), request_of(post_id=post.id, page_size=3)
    )

    left = [users[n] for n in (8, 6, 5, 4, 2, 1)]
    assert [user_id for page in pages for user_id in page.user_ids] == left
    assert [len(page.user_ids) for page in pages] == [3, 3]
    assert [user.id for user in pages[0].includes.users] == sorted(left[:3])


@pytest.mark.parametrize("name", ["ListLikers", "ListReposters"])
async def test_engagement_with_a_hidden_post_is_not_listed(scenario: Scenario, name: str) -> None:
    hidden = await scenario.write(scenario.alice, visibility=VISIBILITY_FOLLOWERS)
    request_of = {"ListLikers": rpc.ListLikersRequest, "ListReposters": rpc.ListRepostersRequest}

    with raises_reason(NotFound, "POST_NOT_FOUND"):
        await getattr(scenario.engagement(), name)(request_of[name](post_id=hidden.id))


async def test_liked_posts_go_by_the_newest_like_without_those_hidden(scenario: Scenario) -> None:
    posts = [await scenario.write(scenario.alice) for _ in range(4)]
    hidden = await scenario.write(scenario.carol)
    for post in (posts[2], posts[0], hidden, posts[3], posts[1]):
        await scenario.like(scenario.bob, post.id)
    scenario.users.protect(scenario.carol)

    pages = await every_page(
        scenario.engagement(scenario.alice).ListLikedPosts,
        rpc.ListLikedPostsRequest(user_id=scenario.bob, page_size=3),
    )

    assert [[post.id for post in page.posts] for page in pages] == [
        [posts[1].id, posts[3].id, posts[0].id],
        [posts[2].id],
    ]


async def test_liked_posts_follow_the_rules_of_the_profile(scenario: Scenario) -> None:
    request = rpc.ListLikedPostsRequest(user_id=scenario.alice)

    with raises_reason(NotFound, "USER_NOT_FOUND"):
        await scenario.engagement().ListLikedPosts(rpc.ListLikedPostsRequest(user_id=99))
    scenario.users.block(scenario.alice, scenario.bob)
    with raises_reason(NotFound, "USER_NOT_FOUND"):
        await scenario.engagement(scenario.bob).ListLikedPosts(request)
    scenario.users.protect(scenario.alice)
    with raises_reason(Forbidden, "ACCOUNT_PROTECTED"):
        await scenario.engagement(scenario.carol).ListLikedPosts(request)


@pytest.mark.parametrize("named_first", ["bob", "carol"])
async def test_liked_posts_leave_out_authors_with_a_block(
    scenario: Scenario, named_first: str
) -> None:
    bob, carol = scenario.bob, scenario.carol
    for author in (scenario.alice, bob, carol):
        await scenario.like(bob, (await scenario.write(author)).id)
    scenario.users.block(*((bob, carol) if named_first == "bob" else (carol, bob)))

    liked = await scenario.engagement().ListLikedPosts(rpc.ListLikedPostsRequest(user_id=bob))

    assert [post.author_id for post in liked.posts] == [bob, scenario.alice]


async def test_bookmarks_are_the_callers_own_newest_first(scenario: Scenario) -> None:
    posts = [await scenario.write(scenario.alice) for _ in range(3)]
    for post in posts:
        await act(scenario, scenario.bob, "Bookmark", post.id)
    await act(scenario, scenario.carol, "Bookmark", posts[0].id)
    await scenario.delete(scenario.alice, posts[1].id)

    pages = await every_page(
        scenario.engagement(scenario.bob).ListBookmarks, rpc.ListBookmarksRequest(page_size=1)
    )

    assert [post.id for page in pages for post in page.posts] == [posts[2].id, posts[0].id]
    assert pages[0].posts[0].viewer_state.bookmarked


async def test_an_anonymous_caller_has_no_bookmarks(scenario: Scenario) -> None:
    response = await scenario.engagement(scenario.bob).ListBookmarks(rpc.ListBookmarksRequest())
    assert list(response.posts) == []

    with raises_reason(Unauthenticated, "TOKEN_MISSING"):
        await scenario.engagement().ListBookmarks(rpc.ListBookmarksRequest())


async def test_engagement_of_visible_posts_has_the_order_of_the_request(scenario: Scenario) -> None:
    first, second = [await scenario.write(scenario.alice) for _ in range(2)]
    hidden = await scenario.write(scenario.alice, visibility=VISIBILITY_FOLLOWERS)
    await scenario.like(scenario.bob, second.id)
    request = rpc.BatchGetEngagementRequest(post_ids=[second.id, hidden.id, 404, first.id])

    own = await scenario.engagement(scenario.bob).BatchGetEngagement(request)
    anonymous = await scenario.engagement().BatchGetEngagement(request)

    assert [(each.post_id, each.counts.likes) for each in own.engagements] == [
        (second.id, 1),
        (first.id, 0),
    ]
    assert [each.viewer_state.liked for each in own.engagements] == [True, False]
    assert not any(each.HasField("viewer_state") for each in anonymous.engagements)


async def test_a_deleted_post_takes_its_reposts_from_profiles(scenario: Scenario) -> None:
    post = await scenario.write(scenario.alice)
    await scenario.repost(scenario.bob, post.id)
    await scenario.delete(scenario.alice, post.id)

    response = await scenario.posts().ListUserPosts(
        post_service_pb2.ListUserPostsRequest(user_id=scenario.bob)
    )

    assert list(response.entries) == []
