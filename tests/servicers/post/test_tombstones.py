"""Tombstones in conversations, and who may see them."""

from typing import Any

import pytest
from roost.post.v1 import post_service_pb2 as rpc
from roost.post.v1.post_pb2 import VISIBILITY_FOLLOWERS, VISIBILITY_MENTIONED, Post

from services.chassis.runtime.errors import NotFound
from tests.servicers.grpc_server import raises_reason
from tests.servicers.post.conftest import Scenario


async def thread(
    scenario: Scenario, who: int | None, post: Post, **given: Any
) -> rpc.GetThreadResponse:
    request = rpc.GetThreadRequest(post_id=post.id, **given)
    response: rpc.GetThreadResponse = await scenario.posts(who).GetThread(request)
    return response


async def replies(scenario: Scenario, who: int | None, post: Post) -> list[int]:
    response = await scenario.posts(who).ListReplies(rpc.ListRepliesRequest(post_id=post.id))
    return [each.id for each in response.posts]


async def test_a_deleted_post_keeps_its_place_between_its_parent_and_its_replies(
    scenario: Scenario,
) -> None:
    root = await scenario.write(scenario.alice)
    gone = await scenario.write(scenario.bob, "A secret for @carol", reply_to_post_id=root.id)
    reply = await scenario.write(scenario.carol, reply_to_post_id=gone.id)
    await scenario.delete(scenario.bob, gone.id)

    for who in (None, scenario.alice, scenario.bob, scenario.carol):
        shown = await thread(scenario, who, gone)
        assert [post.id for post in shown.ancestors] == [root.id]
        assert shown.post == Post(
            id=gone.id,
            conversation_id=root.id,
            reply_to_post_id=root.id,
            create_time=gone.create_time,
            deleted=True,
        )
        assert [post.id for post in shown.replies] == [reply.id]
        assert await replies(scenario, who, gone) == [reply.id]


async def test_replies_under_several_deleted_posts_are_reached_from_above(
    scenario: Scenario,
) -> None:
    root = await scenario.write(scenario.alice)
    first = await scenario.write(scenario.bob, reply_to_post_id=root.id)
    second = await scenario.write(scenario.bob, reply_to_post_id=first.id)
    reply = await scenario.write(scenario.carol, reply_to_post_id=second.id)
    barren = await scenario.write(scenario.bob, reply_to_post_id=root.id)
    below_barren = await scenario.write(scenario.bob, reply_to_post_id=barren.id)
    for post in (first, second, barren, below_barren):
        await scenario.delete(scenario.bob, post.id)

    walked = root
    for expected in (first, second, reply):
        shown = await thread(scenario, None, walked)
        assert [post.id for post in shown.replies] == [expected.id]
        assert await replies(scenario, None, walked) == [expected.id]
        walked = shown.replies[0]


@pytest.mark.parametrize("visibility", [0, VISIBILITY_FOLLOWERS, VISIBILITY_MENTIONED])
async def test_a_tombstone_is_for_those_who_could_see_the_post(
    scenario: Scenario, visibility: Any
) -> None:
    dave = scenario.users.add(scenario.alice + 1, "dave")
    root = await scenario.write(scenario.alice)
    scenario.users.follow(dave, scenario.bob)
    gone = await scenario.write(scenario.bob, reply_to_post_id=root.id, visibility=visibility)
    await scenario.write(scenario.bob, reply_to_post_id=gone.id, visibility=visibility)
    profiles = (None, scenario.alice, scenario.bob, scenario.carol, dave)
    before = {who for who in profiles if await scenario.sees(who, gone.id)}
    await scenario.delete(scenario.bob, gone.id)

    for who in profiles:
        listed = gone.id in await replies(scenario, who, root)
        assert listed == (who in before)
        if who in before:
            assert (await thread(scenario, who, gone)).post.deleted
            continue
        for call in (thread, replies):
            with raises_reason(NotFound, "POST_NOT_FOUND"):
                await call(scenario, who, gone)


async def test_a_tombstone_is_hidden_by_a_block_and_by_protection(scenario: Scenario) -> None:
    root = await scenario.write(scenario.alice)
    gone = await scenario.write(scenario.bob, reply_to_post_id=root.id)
    await scenario.write(scenario.bob, reply_to_post_id=gone.id)
    await scenario.delete(scenario.bob, gone.id)

    scenario.users.block(scenario.bob, scenario.carol)
    with raises_reason(NotFound, "POST_NOT_FOUND"):
        await thread(scenario, scenario.carol, gone)
    assert await replies(scenario, scenario.carol, root) == []

    scenario.users.protect(scenario.bob)
    with raises_reason(NotFound, "POST_NOT_FOUND"):
        await thread(scenario, None, gone)
    assert await replies(scenario, None, root) == []


async def test_replies_to_deleted_accounts_are_reached_from_above(scenario: Scenario) -> None:
    root = await scenario.write(scenario.alice)
    gone = await scenario.write(scenario.bob, reply_to_post_id=root.id)
    closed = await scenario.write(
        scenario.bob, reply_to_post_id=root.id, visibility=VISIBILITY_FOLLOWERS
    )
    reply = await scenario.write(scenario.carol, reply_to_post_id=gone.id)
    for post in (gone, closed):
        await scenario.delete(scenario.bob, post.id)
    scenario.users.delete(scenario.bob)

    assert await replies(scenario, scenario.alice, root) == [gone.id]
    assert [post.id for post in (await thread(scenario, None, gone)).replies] == [reply.id]
    with raises_reason(NotFound, "POST_NOT_FOUND"):
        await thread(scenario, scenario.alice, closed)


async def test_a_batch_includes_tombstones_only_on_request(
    scenario: Scenario,
) -> None:
    live, gone = [await scenario.write(scenario.alice) for _ in range(2)]
    await scenario.delete(scenario.alice, gone.id)
    closed = await scenario.write(scenario.alice, visibility=VISIBILITY_FOLLOWERS)
    await scenario.delete(scenario.alice, closed.id)
    ids = [gone.id, live.id, closed.id, 404]

    async def found(*, tombstones: bool) -> list[tuple[int, bool]]:
        response = await scenario.posts(scenario.bob).BatchGetPosts(
            rpc.BatchGetPostsRequest(post_ids=ids, include_tombstones=tombstones)
        )
        return [(post.id, post.deleted) for post in response.posts]

    assert await found(tombstones=False) == [(live.id, False)]
    assert await found(tombstones=True) == [(gone.id, True), (live.id, False)]
