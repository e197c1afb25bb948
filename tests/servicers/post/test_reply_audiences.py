"""A reply is for those who may see what it answers, whenever that becomes closed."""

import pytest
from roost.post.v1 import engagement_service_pb2 as engagement
from roost.post.v1 import post_service_pb2 as rpc
from roost.post.v1.post_pb2 import (
    VISIBILITY_FOLLOWERS,
    VISIBILITY_MENTIONED,
    VISIBILITY_PUBLIC,
    Post,
)

from services.chassis.runtime.errors import NotFound, RuleBroken, WrongState
from tests.servicers.post.conftest import Scene
from tests.servicers.serving import raises_reason


async def seen_by(scene: Scene, post: Post) -> set[int | None]:
    people = (None, scene.alice, scene.bob, scene.carol)
    return {who for who in people if await scene.sees(who, post.id)}


async def test_a_public_reply_to_a_protected_person_is_for_that_person_s_followers(
    scene: Scene,
) -> None:
    dave = scene.users.add(scene.alice + 1, "dave")
    scene.users.protect(scene.alice)
    for follower in (scene.bob, scene.carol):
        scene.users.follow(follower, scene.alice)
    scene.users.follow(dave, scene.bob)
    post = await scene.write(scene.alice)

    reply = await scene.write(scene.bob, "@dave look", reply_to_post_id=post.id)

    assert reply.visibility == VISIBILITY_PUBLIC
    assert await seen_by(scene, reply) == {scene.alice, scene.bob, scene.carol}
    assert not await scene.sees(dave, reply.id)


async def test_a_reply_follows_what_it_answers_when_that_becomes_protected(scene: Scene) -> None:
    scene.users.follow(scene.carol, scene.alice)
    post = await scene.write(scene.alice)
    reply = await scene.write(scene.bob, reply_to_post_id=post.id)
    below = await scene.write(scene.carol, reply_to_post_id=reply.id)
    assert len(await seen_by(scene, reply)) == len(await seen_by(scene, below)) == 4

    scene.users.protect(scene.alice)

    # Everybody sees what they wrote themselves, and what answers it.
    assert await seen_by(scene, reply) == {scene.alice, scene.bob, scene.carol}
    assert await seen_by(scene, below) == {scene.alice, scene.bob, scene.carol}


async def test_a_reply_is_nowhere_for_those_who_may_not_see_it(scene: Scene) -> None:
    scene.users.protect(scene.alice)
    scene.users.follow(scene.bob, scene.alice)
    post = await scene.write(scene.alice)
    reply = await scene.write(scene.bob, reply_to_post_id=post.id)
    await scene.like(scene.bob, reply.id)
    stranger, carol = scene.posts(), scene.posts(scene.carol)

    for caller in (stranger, carol):
        listed = await caller.ListUserPosts(
            rpc.ListUserPostsRequest(user_id=scene.bob, include_replies=True)
        )
        assert list(listed.posts) == []
        for name, request in (
            ("GetPost", rpc.GetPostRequest(post_id=reply.id)),
            ("GetThread", rpc.GetThreadRequest(post_id=reply.id)),
            ("ListReplies", rpc.ListRepliesRequest(post_id=reply.id)),
        ):
            with raises_reason(NotFound, "POST_NOT_FOUND"):
                await getattr(caller, name)(request)
    liked = await scene.engagement(scene.carol).ListLikedPosts(
        engagement.ListLikedPostsRequest(user_id=scene.bob)
    )
    assert list(liked.posts) == []
    with raises_reason(NotFound, "POST_NOT_FOUND"):
        await scene.like(scene.carol, reply.id)
    with raises_reason(NotFound, "POST_NOT_FOUND"):
        await scene.write(scene.carol, reply_to_post_id=reply.id)


async def test_a_reply_to_followers_is_no_wider_than_the_followers_of_both(scene: Scene) -> None:
    dave = scene.users.add(scene.alice + 1, "dave")
    post = await scene.write(scene.alice, visibility=VISIBILITY_FOLLOWERS)
    scene.users.follow(scene.bob, scene.alice)
    scene.users.follow(dave, scene.bob)
    scene.users.follow(scene.carol, scene.bob)
    scene.users.follow(scene.carol, scene.alice)

    reply = await scene.write(scene.bob, reply_to_post_id=post.id, visibility=VISIBILITY_PUBLIC)

    assert reply.visibility == VISIBILITY_FOLLOWERS
    assert await seen_by(scene, reply) == {scene.alice, scene.bob, scene.carol}
    assert not await scene.sees(dave, reply.id)


async def test_nobody_is_drawn_into_a_conversation_of_others(scene: Scene) -> None:
    post = await scene.write(scene.alice, "@bob", visibility=VISIBILITY_MENTIONED)
    reply = await scene.write(scene.bob, "@carol", reply_to_post_id=post.id)
    own = await scene.write(scene.alice, "@carol", reply_to_post_id=post.id)

    assert reply.visibility == VISIBILITY_MENTIONED
    assert await seen_by(scene, reply) == {scene.alice, scene.bob}
    # Who wrote the post may tell others of it.
    assert await seen_by(scene, own) == {scene.alice, scene.carol}


async def test_people_in_a_closed_conversation_see_its_answers(scene: Scene) -> None:
    post = await scene.write(scene.alice, "@bob @carol", visibility=VISIBILITY_MENTIONED)
    reply = await scene.write(scene.bob, "@carol", reply_to_post_id=post.id)
    answer = await scene.write(scene.alice, "@bob @carol", reply_to_post_id=reply.id)

    for each in (reply, answer):
        assert await seen_by(scene, each) == {scene.alice, scene.bob, scene.carol}


async def test_a_reply_to_somebody_protected_is_not_carried_further(scene: Scene) -> None:
    scene.users.protect(scene.alice)
    for follower in (scene.bob, scene.carol):
        scene.users.follow(follower, scene.alice)
    post = await scene.write(scene.alice)
    reply = await scene.write(scene.bob, reply_to_post_id=post.id)

    with raises_reason(WrongState, "REPOST_NOT_ALLOWED"):
        await scene.repost(scene.carol, reply.id)
    with raises_reason(RuleBroken, "QUOTE_NOT_ALLOWED"):
        await scene.write(scene.carol, quoted_post_id=reply.id)


async def test_reposts_and_quotes_follow_a_post_whose_author_becomes_protected(
    scene: Scene,
) -> None:
    post = await scene.write(scene.alice)
    reply = await scene.write(scene.carol, reply_to_post_id=post.id)
    quotes = [await scene.write(scene.bob, quoted_post_id=each.id) for each in (post, reply)]
    for each in (post, reply):
        await scene.repost(scene.bob, each.id)
    request = rpc.ListUserPostsRequest(user_id=scene.bob)
    assert len((await scene.posts().ListUserPosts(request)).entries) == 4

    scene.users.protect(scene.alice)

    response = await scene.posts().ListUserPosts(request)
    assert [each.post_id for each in response.entries] == [each.id for each in reversed(quotes)]
    assert list(response.includes.quoted_posts) == []


@pytest.mark.parametrize("again", [False, True])
async def test_what_a_protected_person_who_left_was_answered_stays_closed(
    scene: Scene, again: bool
) -> None:
    scene.users.protect(scene.alice)
    scene.users.follow(scene.bob, scene.alice)
    post = await scene.write(scene.alice)
    reply = await scene.write(scene.bob, reply_to_post_id=post.id)
    if again:
        reply = await scene.write(scene.bob, reply_to_post_id=reply.id)
    scene.users.delete(scene.alice)

    assert await seen_by(scene, reply) - {scene.alice} == {scene.bob}
