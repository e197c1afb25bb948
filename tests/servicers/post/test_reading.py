"""GetPost and BatchGetPosts through a real channel: what is returned, and to whom."""

from collections.abc import Sequence
from typing import Any

import pytest
from roost.post.v1 import post_service_pb2 as rpc
from roost.post.v1.post_pb2 import (
    VISIBILITY_FOLLOWERS,
    VISIBILITY_MENTIONED,
    VISIBILITY_PUBLIC,
)
from roost.post.v1.profile_cache_service_pb2 import InvalidateProfilesRequest

from services.chassis.auth.caller import ServiceCaller
from services.chassis.runtime.errors import NotFound
from tests.servicers.grpc_server import raises_reason
from tests.servicers.post.conftest import Scenario


async def test_a_page_of_posts_calls_the_user_service_once(scenario: Scenario) -> None:
    quoted = await scenario.write(scenario.carol)
    posts = [
        await scenario.write(author, f"Number {number} @bob", quoted_post_id=quoted.id)
        for number in range(10)
        for author in (scenario.alice, scenario.bob)
    ]
    scenario.users.calls.clear()

    response = await scenario.posts(scenario.carol).BatchGetPosts(
        rpc.BatchGetPostsRequest(post_ids=[post.id for post in posts])
    )

    assert [post.id for post in response.posts] == [post.id for post in posts]
    (call,) = scenario.users.calls
    assert call.viewer_id == scenario.carol
    assert set(call.user_ids) == {scenario.alice, scenario.bob, scenario.carol}


async def test_a_batch_has_the_order_of_the_request_and_no_missing_posts(
    scenario: Scenario,
) -> None:
    first, second, third = [await scenario.write(scenario.alice) for _ in range(3)]
    await scenario.delete(scenario.alice, second.id)

    response = await scenario.posts().BatchGetPosts(
        rpc.BatchGetPostsRequest(post_ids=[third.id, 404, second.id, first.id, third.id])
    )

    assert [post.id for post in response.posts] == [third.id, first.id]


async def test_a_page_has_quoted_posts_users_counts_and_viewer_state(scenario: Scenario) -> None:
    quoted = await scenario.write(scenario.carol, "Original")
    post = await scenario.write(scenario.alice, "See this", quoted_post_id=quoted.id)
    await scenario.like(scenario.bob, post.id)
    await scenario.repost(scenario.bob, quoted.id)

    response = await scenario.posts(scenario.bob).BatchGetPosts(
        rpc.BatchGetPostsRequest(post_ids=[post.id], include_user_ids=[scenario.bob])
    )

    (shown,) = response.posts
    assert (shown.counts.likes, shown.viewer_state.liked) == (1, True)
    (beside,) = response.includes.quoted_posts
    assert (beside.id, beside.text) == (quoted.id, "Original")
    assert (beside.counts.quotes, beside.viewer_state.reposted) == (1, True)
    users = {user.id: user for user in response.includes.users}
    assert list(users) == sorted([scenario.alice, scenario.bob, scenario.carol])
    assert users[scenario.alice].HasField("viewer_relationship")


async def test_a_batch_may_have_users_without_posts(scenario: Scenario) -> None:
    response = await scenario.posts(scenario.bob).BatchGetPosts(
        rpc.BatchGetPostsRequest(include_user_ids=[scenario.carol])
    )

    assert list(response.posts) == []
    assert [user.id for user in response.includes.users] == [scenario.carol]


async def test_an_anonymous_viewer_gets_no_viewer_state(scenario: Scenario) -> None:
    post = await scenario.write(scenario.alice)

    shown = await scenario.read(post.id)

    assert shown.HasField("counts")
    assert not shown.HasField("viewer_state")


async def test_a_service_reads_like_an_anonymous_viewer(scenario: Scenario) -> None:
    public = await scenario.write(scenario.alice)
    narrow = await scenario.write(scenario.alice, visibility=VISIBILITY_FOLLOWERS)

    response = await scenario.posts(ServiceCaller("timeline")).BatchGetPosts(
        rpc.BatchGetPostsRequest(post_ids=[public.id, narrow.id])
    )

    assert [post.id for post in response.posts] == [public.id]


async def test_a_hidden_quoted_post_is_left_out_with_its_users(scenario: Scenario) -> None:
    quoted = await scenario.write(scenario.carol)
    post = await scenario.write(scenario.alice, quoted_post_id=quoted.id)
    scenario.users.block(scenario.carol, scenario.bob)

    response = await scenario.posts(scenario.bob).BatchGetPosts(
        rpc.BatchGetPostsRequest(post_ids=[post.id])
    )

    assert [each.quoted_post_id for each in response.posts] == [quoted.id]
    assert list(response.includes.quoted_posts) == []
    assert [user.id for user in response.includes.users] == [scenario.alice]


async def test_users_of_hidden_posts_are_left_out(scenario: Scenario) -> None:
    hidden = await scenario.write(scenario.carol, visibility=VISIBILITY_FOLLOWERS)
    post = await scenario.write(scenario.alice)

    response = await scenario.posts(scenario.bob).BatchGetPosts(
        rpc.BatchGetPostsRequest(post_ids=[post.id, hidden.id])
    )

    assert [user.id for user in response.includes.users] == [scenario.alice]


async def test_a_requested_user_who_blocks_the_caller_is_not_shown(
    scenario: Scenario,
) -> None:
    post = await scenario.write(scenario.alice, "@carol hello")
    scenario.users.block(scenario.carol, scenario.bob)

    response = await scenario.posts(scenario.bob).BatchGetPosts(
        rpc.BatchGetPostsRequest(post_ids=[post.id], include_user_ids=[scenario.carol])
    )

    assert [user.id for user in response.includes.users] == [scenario.alice]


async def test_an_edit_shows_at_once(scenario: Scenario) -> None:
    post = await scenario.write(scenario.alice, "Old")
    assert (await scenario.read(post.id)).text == "Old"

    await scenario.posts(scenario.alice).UpdatePost(
        rpc.UpdatePostRequest(post_id=post.id, text="New")
    )

    assert (await scenario.read(post.id)).text == "New"


async def test_posts_of_a_deleted_account_are_not_found(scenario: Scenario) -> None:
    post = await scenario.write(scenario.alice)

    scenario.users.delete(scenario.alice)

    assert not await scenario.sees(scenario.bob, post.id)
    with raises_reason(NotFound, "POST_NOT_FOUND"):
        await scenario.read(post.id)


async def test_muted_users_are_shown_and_marked(scenario: Scenario) -> None:
    post = await scenario.write(scenario.alice)
    scenario.users.mute(scenario.bob, scenario.alice)

    response = await scenario.posts(scenario.bob).GetPost(rpc.GetPostRequest(post_id=post.id))

    assert response.includes.users[0].viewer_relationship.muting


@pytest.mark.parametrize("protected", [False, True])
@pytest.mark.parametrize(
    "visibility", [VISIBILITY_PUBLIC, VISIBILITY_FOLLOWERS, VISIBILITY_MENTIONED]
)
async def test_each_viewer_sees_what_the_table_says(
    scenario: Scenario, visibility: int, protected: bool
) -> None:
    users = scenario.users
    follower, other, blocked, blocker, follower_named = (
        users.add(number, name)
        for number, name in enumerate(["follower", "other", "blocked", "blocker", "named"], 1)
    )
    users.follow(follower, scenario.alice)
    users.follow(follower_named, scenario.alice)
    post = await scenario.write(scenario.alice, "For @bob and @named", visibility=visibility)
    users.block(scenario.alice, blocked)
    users.block(blocker, scenario.alice)
    if protected:
        users.protect(scenario.alice)

    seen_by = {
        name
        for name, who in {
            "anonymous": None,
            "other": other,
            "follower": follower,
            "mentioned": scenario.bob,
            "mentioned follower": follower_named,
            "blocked": blocked,
            "blocker": blocker,
            "owner": scenario.alice,
        }.items()
        if await scenario.sees(who, post.id)
    }

    inner = {"owner", "mentioned follower"}
    expected = {
        (VISIBILITY_PUBLIC, False): inner | {"anonymous", "other", "follower", "mentioned"},
        (VISIBILITY_FOLLOWERS, False): inner | {"follower", "mentioned"},
        (VISIBILITY_MENTIONED, False): inner | {"mentioned"},
        (VISIBILITY_PUBLIC, True): inner | {"follower"},
        (VISIBILITY_FOLLOWERS, True): inner | {"follower"},
        (VISIBILITY_MENTIONED, True): inner,
    }
    assert seen_by == expected[visibility, protected]


async def filtered(
    scenario: Scenario, viewer: int, *posts: int, profiles: Sequence[int] = ()
) -> Any:
    return await scenario.posts(ServiceCaller("notification")).FilterVisible(
        rpc.FilterVisibleRequest(viewer_id=viewer, post_ids=posts, user_ids=profiles)
    )


async def test_services_read_which_posts_a_viewer_may_see(scenario: Scenario) -> None:
    public = await scenario.write(scenario.alice)
    followers = await scenario.write(scenario.alice, visibility=VISIBILITY_FOLLOWERS)
    gone = await scenario.write(scenario.alice)
    await scenario.delete(scenario.alice, gone.id)
    asked = (followers.id, public.id, gone.id, 404, public.id)

    others = await filtered(scenario, scenario.bob, *asked)
    scenario.users.follow(scenario.carol, scenario.alice)
    followers_own = await filtered(scenario, scenario.carol, *asked)
    author = await filtered(scenario, scenario.alice, *asked)

    assert list(others.post_ids) == [public.id]
    assert list(followers_own.post_ids) == [followers.id, public.id]
    assert list(author.post_ids) == [followers.id, public.id]


async def test_services_read_which_users_a_viewer_may_see(scenario: Scenario) -> None:
    scenario.users.mute(scenario.alice, scenario.carol)
    scenario.users.block(scenario.bob, scenario.alice)

    found = await filtered(
        scenario, scenario.alice, profiles=(scenario.carol, scenario.bob, 404, scenario.alice)
    )
    other = await filtered(scenario, scenario.carol, profiles=(scenario.bob, scenario.carol))

    assert list(found.user_ids) == [scenario.carol, scenario.alice]
    assert list(found.muted_user_ids) == [scenario.carol]
    assert list(other.user_ids) == [scenario.bob, scenario.carol]
    assert list(other.muted_user_ids) == []


async def test_visible_posts_are_those_that_a_batch_returns(scenario: Scenario) -> None:
    posts = [await scenario.write(scenario.alice) for _ in range(3)]
    ids = [post.id for post in posts]
    before = await filtered(scenario, scenario.bob, *ids)
    scenario.users.protect(scenario.alice)
    await scenario.profiles(ServiceCaller("user")).InvalidateProfiles(
        InvalidateProfilesRequest(user_ids=[scenario.alice])
    )

    hidden = await filtered(scenario, scenario.bob, *ids)
    batch = await scenario.posts(scenario.bob).BatchGetPosts(rpc.BatchGetPostsRequest(post_ids=ids))

    assert list(before.post_ids) == ids
    assert list(hidden.post_ids) == [post.id for post in batch.posts] == []
