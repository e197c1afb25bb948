"""What a block between two people ends for everybody else."""

import pytest
from roost.post.v1 import post_service_pb2 as rpc

from tests.servicers.post.conftest import Scene


async def entries(scene: Scene, who: int | None, person: int) -> list[int]:
    request = rpc.ListUserPostsRequest(user_id=person)
    return [each.post_id for each in (await scene.posts(who).ListUserPosts(request)).entries]


async def quoted_in(scene: Scene, who: int | None, *post_ids: int) -> list[tuple[bool, bool]]:
    """Of each post whether its quote is withdrawn, and whether the quoted post came along."""
    response = await scene.posts(who).BatchGetPosts(rpc.BatchGetPostsRequest(post_ids=post_ids))
    quoted = {each.id for each in response.includes.quoted_posts}
    return [(each.quote_hidden, each.quoted_post_id in quoted) for each in response.posts]


@pytest.mark.parametrize("by_author", [True, False])
async def test_a_profile_does_not_show_reposts_of_somebody_apart(
    scene: Scene, by_author: bool
) -> None:
    post, other = await scene.write(scene.alice), await scene.write(scene.carol)
    own = await scene.write(scene.bob)
    for each in (post, other, own):
        await scene.repost(scene.bob, each.id)
    assert await entries(scene, None, scene.bob) == [own.id, other.id, post.id, own.id]

    pair = (scene.alice, scene.bob) if by_author else (scene.bob, scene.alice)
    scene.users.block(*pair)

    for who in (None, scene.carol):
        assert await entries(scene, who, scene.bob) == [own.id, other.id, own.id]
    assert await scene.sees(None, post.id)


@pytest.mark.parametrize("by_author", [True, False])
async def test_a_quote_of_somebody_apart_is_withdrawn_while_the_block_stands(
    scene: Scene, by_author: bool
) -> None:
    post = await scene.write(scene.alice)
    theirs = await scene.write(scene.bob, quoted_post_id=post.id)
    others = await scene.write(scene.carol, quoted_post_id=post.id)
    own = await scene.write(scene.alice, quoted_post_id=post.id)
    ids = (theirs.id, others.id, own.id)
    pair = (scene.alice, scene.bob) if by_author else (scene.bob, scene.alice)

    scene.users.block(*pair)

    # Others quote it too, so it comes along; by itself the one brings nothing.
    assert await quoted_in(scene, None, *ids) == [(True, True), (False, True), (False, True)]
    for who in (None, scene.carol):
        assert await quoted_in(scene, who, theirs.id) == [(True, False)]

    scene.users.unblock(*pair)

    assert await quoted_in(scene, None, theirs.id) == [(False, True)]


async def test_a_quote_is_withdrawn_in_every_list(scene: Scene) -> None:
    post = await scene.write(scene.alice)
    quote = await scene.write(scene.bob, quoted_post_id=post.id)
    await scene.repost(scene.carol, quote.id)
    scene.users.block(scene.alice, scene.bob)
    stranger = scene.posts()

    for response in (
        await stranger.ListUserPosts(rpc.ListUserPostsRequest(user_id=scene.bob)),
        await stranger.ListUserPosts(rpc.ListUserPostsRequest(user_id=scene.carol)),
        await stranger.ListQuotes(rpc.ListQuotesRequest(post_id=post.id)),
    ):
        assert [each.quote_hidden for each in response.posts] == [True]
        assert list(response.includes.quoted_posts) == []
    single = await stranger.GetPost(rpc.GetPostRequest(post_id=quote.id))
    assert single.post.quote_hidden
    assert list(single.includes.quoted_posts) == []
