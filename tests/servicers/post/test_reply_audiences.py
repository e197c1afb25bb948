"""A reply is for those who may see its ancestors, also after these become closed."""

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
from tests.servicers.grpc_server import raises_reason
from tests.servicers.post.conftest import Scenario


async def seen_by(scenario: Scenario, post: Post) -> set[int | None]:
    profiles = (None, scenario.alice, scenario.bob, scenario.carol)
    return {who for who in profiles if await scenario.sees(who, post.id)}


async def test_a_public_reply_to_a_protected_user_is_for_that_users_followers(
    scenario: Scenario,
) -> None:
    dave = scenario.users.add(scenario.alice + 1, "dave")
    scenario.users.protect(scenario.alice)
    for follower in (scenario.bob, scenario.carol):
        scenario.users.follow(follower, scenario.alice)
    scenario.users.follow(dave, scenario.bob)
    post = await scenario.write(scenario.alice)

    reply = await scenario.write(scenario.bob, "@dave look", reply_to_post_id=post.id)

    assert reply.visibility == VISIBILITY_PUBLIC
    assert await seen_by(scenario, reply) == {scenario.alice, scenario.bob, scenario.carol}
    assert not await scenario.sees(dave, reply.id)


async def test_a_reply_follows_its_parent_when_that_becomes_protected(
    scenario: Scenario,
) -> None:
    scenario.users.follow(scenario.carol, scenario.alice)
    post = await scenario.write(scenario.alice)
    reply = await scenario.write(scenario.bob, reply_to_post_id=post.id)
    below = await scenario.write(scenario.carol, reply_to_post_id=reply.id)
    assert len(await seen_by(scenario, reply)) == len(await seen_by(scenario, below)) == 4

    scenario.users.protect(scenario.alice)

    # Authors see their own posts, and the replies to them.
    assert await seen_by(scenario, reply) == {scenario.alice, scenario.bob, scenario.carol}
    assert await seen_by(scenario, below) == {scenario.alice, scenario.bob, scenario.carol}


async def test_no_response_has_a_reply_that_the_viewer_may_not_see(scenario: Scenario) -> None:
    scenario.users.protect(scenario.alice)
    scenario.users.follow(scenario.bob, scenario.alice)
    post = await scenario.write(scenario.alice)
    reply = await scenario.write(scenario.bob, reply_to_post_id=post.id)
    await scenario.like(scenario.bob, reply.id)
    anonymous, carol = scenario.posts(), scenario.posts(scenario.carol)

    for caller in (anonymous, carol):
        listed = await caller.ListUserPosts(
            rpc.ListUserPostsRequest(user_id=scenario.bob, include_replies=True)
        )
        assert list(listed.posts) == []
        for name, request in (
            ("GetPost", rpc.GetPostRequest(post_id=reply.id)),
            ("GetThread", rpc.GetThreadRequest(post_id=reply.id)),
            ("ListReplies", rpc.ListRepliesRequest(post_id=reply.id)),
        ):
            with raises_reason(NotFound, "POST_NOT_FOUND"):
                await getattr(caller, name)(request)
    liked = await scenario.engagement(scenario.carol).ListLikedPosts(
        engagement.ListLikedPostsRequest(user_id=scenario.bob)
    )
    assert list(liked.posts) == []
    with raises_reason(NotFound, "POST_NOT_FOUND"):
        await scenario.like(scenario.carol, reply.id)
    with raises_reason(NotFound, "POST_NOT_FOUND"):
        await scenario.write(scenario.carol, reply_to_post_id=reply.id)


async def test_a_reply_to_followers_is_no_wider_than_the_followers_of_both(
    scenario: Scenario,
) -> None:
    dave = scenario.users.add(scenario.alice + 1, "dave")
    post = await scenario.write(scenario.alice, visibility=VISIBILITY_FOLLOWERS)
    scenario.users.follow(scenario.bob, scenario.alice)
    scenario.users.follow(dave, scenario.bob)
    scenario.users.follow(scenario.carol, scenario.bob)
    scenario.users.follow(scenario.carol, scenario.alice)

    reply = await scenario.write(
        scenario.bob, reply_to_post_id=post.id, visibility=VISIBILITY_PUBLIC
    )

    assert reply.visibility == VISIBILITY_FOLLOWERS
    assert await seen_by(scenario, reply) == {scenario.alice, scenario.bob, scenario.carol}
    assert not await scenario.sees(dave, reply.id)


async def test_a_mention_does_not_reveal_a_closed_conversation(scenario: Scenario) -> None:
    post = await scenario.write(scenario.alice, "@bob", visibility=VISIBILITY_MENTIONED)
    reply = await scenario.write(scenario.bob, "@carol", reply_to_post_id=post.id)
    own = await scenario.write(scenario.alice, "@carol", reply_to_post_id=post.id)

    assert reply.visibility == VISIBILITY_MENTIONED
    assert await seen_by(scenario, reply) == {scenario.alice, scenario.bob}
    # The author of the post may mention it to others.
    assert await seen_by(scenario, own) == {scenario.alice, scenario.carol}


async def test_participants_of_a_closed_conversation_see_its_replies(scenario: Scenario) -> None:
    post = await scenario.write(scenario.alice, "@bob @carol", visibility=VISIBILITY_MENTIONED)
    reply = await scenario.write(scenario.bob, "@carol", reply_to_post_id=post.id)
    answer = await scenario.write(scenario.alice, "@bob @carol", reply_to_post_id=reply.id)

    for each in (reply, answer):
        assert await seen_by(scenario, each) == {scenario.alice, scenario.bob, scenario.carol}


async def test_a_reply_to_a_protected_user_cannot_be_quoted_or_reposted(scenario: Scenario) -> None:
    scenario.users.protect(scenario.alice)
    for follower in (scenario.bob, scenario.carol):
        scenario.users.follow(follower, scenario.alice)
    post = await scenario.write(scenario.alice)
    reply = await scenario.write(scenario.bob, reply_to_post_id=post.id)

    with raises_reason(WrongState, "REPOST_NOT_ALLOWED"):
        await scenario.repost(scenario.carol, reply.id)
    with raises_reason(RuleBroken, "QUOTE_NOT_ALLOWED"):
        await scenario.write(scenario.carol, quoted_post_id=reply.id)


async def test_reposts_and_quotes_follow_a_post_whose_author_becomes_protected(
    scenario: Scenario,
) -> None:
    post = await scenario.write(scenario.alice)
    reply = await scenario.write(scenario.carol, reply_to_post_id=post.id)
    quotes = [await scenario.write(scenario.bob, quoted_post_id=each.id) for each in (post, reply)]
    for each in (post, reply):
        await scenario.repost(scenario.bob, each.id)
    request = rpc.ListUserPostsRequest(user_id=scenario.bob)
    assert len((await scenario.posts().ListUserPosts(request)).entries) == 4

    scenario.users.protect(scenario.alice)

    response = await scenario.posts().ListUserPosts(request)
    assert [each.post_id for each in response.entries] == [each.id for each in reversed(quotes)]
    assert list(response.includes.quoted_posts) == []


@pytest.mark.parametrize("again", [False, True])
async def test_replies_to_a_deleted_protected_account_stay_closed(
    scenario: Scenario, again: bool
) -> None:
    scenario.users.protect(scenario.alice)
    scenario.users.follow(scenario.bob, scenario.alice)
    post = await scenario.write(scenario.alice)
    reply = await scenario.write(scenario.bob, reply_to_post_id=post.id)
    if again:
        reply = await scenario.write(scenario.bob, reply_to_post_id=reply.id)
    scenario.users.delete(scenario.alice)

    assert await seen_by(scenario, reply) - {scenario.alice} == {scenario.bob}
