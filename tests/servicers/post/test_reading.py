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

from services.chassis.caller import ServiceCaller
from services.chassis.errors import NotFound
from tests.servicers.post.conftest import Scene
from tests.servicers.serving import raises_reason


async def test_a_page_of_posts_asks_the_user_service_once(scene: Scene) -> None:
    quoted = await scene.write(scene.carol)
    posts = [
        await scene.write(author, f"Number {number} @bob", quoted_post_id=quoted.id)
        for number in range(10)
        for author in (scene.alice, scene.bob)
    ]
    scene.users.calls.clear()

    response = await scene.posts(scene.carol).BatchGetPosts(
        rpc.BatchGetPostsRequest(post_ids=[post.id for post in posts])
    )

    assert [post.id for post in response.posts] == [post.id for post in posts]
    (call,) = scene.users.calls
    assert call.viewer_id == scene.carol
    assert set(call.user_ids) == {scene.alice, scene.bob, scene.carol}


async def test_a_batch_keeps_the_order_of_the_request_and_leaves_out_what_is_not_there(
    scene: Scene,
) -> None:
    first, second, third = [await scene.write(scene.alice) for _ in range(3)]
    await scene.delete(scene.alice, second.id)

    response = await scene.posts().BatchGetPosts(
        rpc.BatchGetPostsRequest(post_ids=[third.id, 404, second.id, first.id, third.id])
    )

    assert [post.id for post in response.posts] == [third.id, first.id]


async def test_posts_come_with_quotes_people_counts_and_responses(scene: Scene) -> None:
    quoted = await scene.write(scene.carol, "Original")
    post = await scene.write(scene.alice, "See this", quoted_post_id=quoted.id)
    await scene.like(scene.bob, post.id)
    await scene.repost(scene.bob, quoted.id)

    response = await scene.posts(scene.bob).BatchGetPosts(
        rpc.BatchGetPostsRequest(post_ids=[post.id], include_user_ids=[scene.bob])
    )

    (shown,) = response.posts
    assert (shown.counts.likes, shown.viewer_state.liked) == (1, True)
    (beside,) = response.includes.quoted_posts
    assert (beside.id, beside.text) == (quoted.id, "Original")
    assert (beside.counts.quotes, beside.viewer_state.reposted) == (1, True)
    users = {user.id: user for user in response.includes.users}
    assert list(users) == sorted([scene.alice, scene.bob, scene.carol])
    assert users[scene.alice].HasField("viewer_relationship")


async def test_people_may_be_asked_for_without_posts(scene: Scene) -> None:
    response = await scene.posts(scene.bob).BatchGetPosts(
        rpc.BatchGetPostsRequest(include_user_ids=[scene.carol])
    )

    assert list(response.posts) == []
    assert [user.id for user in response.includes.users] == [scene.carol]


async def test_a_stranger_gets_no_viewer_state(scene: Scene) -> None:
    post = await scene.write(scene.alice)

    shown = await scene.read(post.id)

    assert shown.HasField("counts")
    assert not shown.HasField("viewer_state")


async def test_a_service_reads_as_a_stranger_does(scene: Scene) -> None:
    public = await scene.write(scene.alice)
    narrow = await scene.write(scene.alice, visibility=VISIBILITY_FOLLOWERS)

    response = await scene.posts(ServiceCaller("timeline")).BatchGetPosts(
        rpc.BatchGetPostsRequest(post_ids=[public.id, narrow.id])
    )

    assert [post.id for post in response.posts] == [public.id]


async def test_a_hidden_quote_is_left_out_with_its_people(scene: Scene) -> None:
    quoted = await scene.write(scene.carol)
    post = await scene.write(scene.alice, quoted_post_id=quoted.id)
    scene.users.block(scene.carol, scene.bob)

    response = await scene.posts(scene.bob).BatchGetPosts(
        rpc.BatchGetPostsRequest(post_ids=[post.id])
    )

    assert [each.quoted_post_id for each in response.posts] == [quoted.id]
    assert list(response.includes.quoted_posts) == []
    assert [user.id for user in response.includes.users] == [scene.alice]


async def test_people_of_hidden_posts_are_left_out(scene: Scene) -> None:
    hidden = await scene.write(scene.carol, visibility=VISIBILITY_FOLLOWERS)
    post = await scene.write(scene.alice)

    response = await scene.posts(scene.bob).BatchGetPosts(
        rpc.BatchGetPostsRequest(post_ids=[post.id, hidden.id])
    )

    assert [user.id for user in response.includes.users] == [scene.alice]


async def test_somebody_who_blocks_the_caller_is_not_shown_though_asked_for(scene: Scene) -> None:
    post = await scene.write(scene.alice, "@carol hello")
    scene.users.block(scene.carol, scene.bob)

    response = await scene.posts(scene.bob).BatchGetPosts(
        rpc.BatchGetPostsRequest(post_ids=[post.id], include_user_ids=[scene.carol])
    )

    assert [user.id for user in response.includes.users] == [scene.alice]


async def test_an_edit_shows_at_once(scene: Scene) -> None:
    post = await scene.write(scene.alice, "Old")
    assert (await scene.read(post.id)).text == "Old"

    await scene.posts(scene.alice).UpdatePost(rpc.UpdatePostRequest(post_id=post.id, text="New"))

    assert (await scene.read(post.id)).text == "New"


async def test_posts_of_a_deleted_person_are_gone(scene: Scene) -> None:
    post = await scene.write(scene.alice)

    scene.users.delete(scene.alice)

    assert not await scene.sees(scene.bob, post.id)
    with raises_reason(NotFound, "POST_NOT_FOUND"):
        await scene.read(post.id)


async def test_muted_people_are_shown_and_marked(scene: Scene) -> None:
    post = await scene.write(scene.alice)
    scene.users.mute(scene.bob, scene.alice)

    response = await scene.posts(scene.bob).GetPost(rpc.GetPostRequest(post_id=post.id))

    assert response.includes.users[0].viewer_relationship.muting


@pytest.mark.parametrize("protected", [False, True])
@pytest.mark.parametrize(
    "visibility", [VISIBILITY_PUBLIC, VISIBILITY_FOLLOWERS, VISIBILITY_MENTIONED]
)
async def test_each_reader_sees_what_the_table_says(
    scene: Scene, visibility: int, protected: bool
) -> None:
    users = scene.users
    follower, other, blocked, blocker, follower_named = (
        users.add(number, name)
        for number, name in enumerate(["follower", "other", "blocked", "blocker", "named"], 1)
    )
    users.follow(follower, scene.alice)
    users.follow(follower_named, scene.alice)
    post = await scene.write(scene.alice, "For @bob and @named", visibility=visibility)
    users.block(scene.alice, blocked)
    users.block(blocker, scene.alice)
    if protected:
        users.protect(scene.alice)

    seen_by = {
        name
        for name, who in {
            "stranger": None,
            "other": other,
            "follower": follower,
            "mentioned": scene.bob,
            "mentioned follower": follower_named,
            "blocked": blocked,
            "blocker": blocker,
            "owner": scene.alice,
        }.items()
        if await scene.sees(who, post.id)
    }

    inner = {"owner", "mentioned follower"}
    expected = {
        (VISIBILITY_PUBLIC, False): inner | {"stranger", "other", "follower", "mentioned"},
        (VISIBILITY_FOLLOWERS, False): inner | {"follower", "mentioned"},
        (VISIBILITY_MENTIONED, False): inner | {"mentioned"},
        (VISIBILITY_PUBLIC, True): inner | {"follower"},
        (VISIBILITY_FOLLOWERS, True): inner | {"follower"},
        (VISIBILITY_MENTIONED, True): inner,
    }
    assert seen_by == expected[visibility, protected]


async def filtered(scene: Scene, viewer: int, *posts: int, people: Sequence[int] = ()) -> Any:
    return await scene.posts(ServiceCaller("notification")).FilterVisible(
        rpc.FilterVisibleRequest(viewer_id=viewer, post_ids=posts, user_ids=people)
    )


async def test_services_learn_which_posts_somebody_may_see(scene: Scene) -> None:
    public = await scene.write(scene.alice)
    followers = await scene.write(scene.alice, visibility=VISIBILITY_FOLLOWERS)
    gone = await scene.write(scene.alice)
    await scene.delete(scene.alice, gone.id)
    asked = (followers.id, public.id, gone.id, 404, public.id)

    others = await filtered(scene, scene.bob, *asked)
    scene.users.follow(scene.carol, scene.alice)
    followers_own = await filtered(scene, scene.carol, *asked)
    author = await filtered(scene, scene.alice, *asked)

    assert list(others.post_ids) == [public.id]
    assert list(followers_own.post_ids) == [followers.id, public.id]
    assert list(author.post_ids) == [followers.id, public.id]


async def test_services_learn_which_people_somebody_may_see(scene: Scene) -> None:
    scene.users.mute(scene.alice, scene.carol)
    scene.users.block(scene.bob, scene.alice)

    found = await filtered(scene, scene.alice, people=(scene.carol, scene.bob, 404, scene.alice))
    other = await filtered(scene, scene.carol, people=(scene.bob, scene.carol))

    assert list(found.user_ids) == [scene.carol, scene.alice]
    assert list(found.muted_user_ids) == [scene.carol]
    assert list(other.user_ids) == [scene.bob, scene.carol]
    assert list(other.muted_user_ids) == []


async def test_what_may_be_seen_is_what_a_batch_brings(scene: Scene) -> None:
    posts = [await scene.write(scene.alice) for _ in range(3)]
    ids = [post.id for post in posts]
    before = await filtered(scene, scene.bob, *ids)
    scene.users.protect(scene.alice)
    await scene.people(ServiceCaller("user")).InvalidateProfiles(
        InvalidateProfilesRequest(user_ids=[scene.alice])
    )

    hidden = await filtered(scene, scene.bob, *ids)
    batch = await scene.posts(scene.bob).BatchGetPosts(rpc.BatchGetPostsRequest(post_ids=ids))

    assert list(before.post_ids) == ids
    assert list(hidden.post_ids) == [post.id for post in batch.posts] == []
