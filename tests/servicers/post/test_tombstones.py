"""What is left of deleted posts in conversations, and for whom."""

from typing import Any

import pytest
from roost.post.v1 import post_service_pb2 as rpc
from roost.post.v1.post_pb2 import VISIBILITY_FOLLOWERS, VISIBILITY_MENTIONED, Post

from services.chassis.runtime.errors import NotFound
from tests.servicers.post.conftest import Scene
from tests.servicers.serving import raises_reason


async def thread(scene: Scene, who: int | None, post: Post, **given: Any) -> rpc.GetThreadResponse:
    request = rpc.GetThreadRequest(post_id=post.id, **given)
    response: rpc.GetThreadResponse = await scene.posts(who).GetThread(request)
    return response


async def replies(scene: Scene, who: int | None, post: Post) -> list[int]:
    response = await scene.posts(who).ListReplies(rpc.ListRepliesRequest(post_id=post.id))
    return [each.id for each in response.posts]


async def test_a_deleted_post_keeps_its_place_between_what_it_answers_and_its_replies(
    scene: Scene,
) -> None:
    root = await scene.write(scene.alice)
    gone = await scene.write(scene.bob, "A secret for @carol", reply_to_post_id=root.id)
    reply = await scene.write(scene.carol, reply_to_post_id=gone.id)
    await scene.delete(scene.bob, gone.id)

    for who in (None, scene.alice, scene.bob, scene.carol):
        shown = await thread(scene, who, gone)
        assert [post.id for post in shown.ancestors] == [root.id]
        assert shown.post == Post(
            id=gone.id,
            conversation_id=root.id,
            reply_to_post_id=root.id,
            create_time=gone.create_time,
            deleted=True,
        )
        assert [post.id for post in shown.replies] == [reply.id]
        assert await replies(scene, who, gone) == [reply.id]


async def test_replies_under_several_deleted_posts_are_reached_from_above(scene: Scene) -> None:
    root = await scene.write(scene.alice)
    first = await scene.write(scene.bob, reply_to_post_id=root.id)
    second = await scene.write(scene.bob, reply_to_post_id=first.id)
    reply = await scene.write(scene.carol, reply_to_post_id=second.id)
    barren = await scene.write(scene.bob, reply_to_post_id=root.id)
    below_barren = await scene.write(scene.bob, reply_to_post_id=barren.id)
    for post in (first, second, barren, below_barren):
        await scene.delete(scene.bob, post.id)

    walked = root
    for expected in (first, second, reply):
        shown = await thread(scene, None, walked)
        assert [post.id for post in shown.replies] == [expected.id]
        assert await replies(scene, None, walked) == [expected.id]
        walked = shown.replies[0]


@pytest.mark.parametrize("visibility", [0, VISIBILITY_FOLLOWERS, VISIBILITY_MENTIONED])
async def test_a_tombstone_is_for_those_who_could_see_the_post(
    scene: Scene, visibility: Any
) -> None:
    dave = scene.users.add(scene.alice + 1, "dave")
    root = await scene.write(scene.alice)
    scene.users.follow(dave, scene.bob)
    gone = await scene.write(scene.bob, reply_to_post_id=root.id, visibility=visibility)
    await scene.write(scene.bob, reply_to_post_id=gone.id, visibility=visibility)
    people = (None, scene.alice, scene.bob, scene.carol, dave)
    before = {who for who in people if await scene.sees(who, gone.id)}
    await scene.delete(scene.bob, gone.id)

    for who in people:
        listed = gone.id in await replies(scene, who, root)
        assert listed == (who in before)
        if who in before:
            assert (await thread(scene, who, gone)).post.deleted
            continue
        for call in (thread, replies):
            with raises_reason(NotFound, "POST_NOT_FOUND"):
                await call(scene, who, gone)


async def test_a_tombstone_is_hidden_by_a_block_and_by_protection(scene: Scene) -> None:
    root = await scene.write(scene.alice)
    gone = await scene.write(scene.bob, reply_to_post_id=root.id)
    await scene.write(scene.bob, reply_to_post_id=gone.id)
    await scene.delete(scene.bob, gone.id)

    scene.users.block(scene.bob, scene.carol)
    with raises_reason(NotFound, "POST_NOT_FOUND"):
        await thread(scene, scene.carol, gone)
    assert await replies(scene, scene.carol, root) == []

    scene.users.protect(scene.bob)
    with raises_reason(NotFound, "POST_NOT_FOUND"):
        await thread(scene, None, gone)
    assert await replies(scene, None, root) == []


async def test_replies_to_people_who_left_are_reached_from_above(scene: Scene) -> None:
    root = await scene.write(scene.alice)
    gone = await scene.write(scene.bob, reply_to_post_id=root.id)
    closed = await scene.write(scene.bob, reply_to_post_id=root.id, visibility=VISIBILITY_FOLLOWERS)
    reply = await scene.write(scene.carol, reply_to_post_id=gone.id)
    for post in (gone, closed):
        await scene.delete(scene.bob, post.id)
    scene.users.delete(scene.bob)

    assert await replies(scene, scene.alice, root) == [gone.id]
    assert [post.id for post in (await thread(scene, None, gone)).replies] == [reply.id]
    with raises_reason(NotFound, "POST_NOT_FOUND"):
        await thread(scene, scene.alice, closed)


async def test_a_deleted_post_is_read_in_batches_only_as_a_tombstone_where_asked(
    scene: Scene,
) -> None:
    live, gone = [await scene.write(scene.alice) for _ in range(2)]
    await scene.delete(scene.alice, gone.id)
    closed = await scene.write(scene.alice, visibility=VISIBILITY_FOLLOWERS)
    await scene.delete(scene.alice, closed.id)
    ids = [gone.id, live.id, closed.id, 404]

    async def found(*, tombstones: bool) -> list[tuple[int, bool]]:
        response = await scene.posts(scene.bob).BatchGetPosts(
            rpc.BatchGetPostsRequest(post_ids=ids, include_tombstones=tombstones)
        )
        return [(post.id, post.deleted) for post in response.posts]

    assert await found(tombstones=False) == [(live.id, False)]
    assert await found(tombstones=True) == [(gone.id, True), (live.id, False)]
