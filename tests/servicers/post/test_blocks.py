"""What a block between two users hides from everyone."""

import pytest
from roost.post.v1 import post_service_pb2 as rpc

from tests.servicers.post.conftest import Scenario


async def entries(scenario: Scenario, who: int | None, person: int) -> list[int]:
    request = rpc.ListUserPostsRequest(user_id=person)
    return [each.post_id for each in (await scenario.posts(who).ListUserPosts(request)).entries]


async def quoted_in(scenario: Scenario, who: int | None, *post_ids: int) -> list[tuple[bool, bool]]:
    """For each post: whether its quote is hidden, and whether the quoted post is included."""
    response = await scenario.posts(who).BatchGetPosts(rpc.BatchGetPostsRequest(post_ids=post_ids))
    quoted = {each.id for each in response.includes.quoted_posts}
    return [(each.quote_hidden, each.quoted_post_id in quoted) for each in response.posts]


@pytest.mark.parametrize("by_author", [True, False])
async def test_a_profile_does_not_show_reposts_across_a_block(
    scenario: Scenario, by_author: bool
) -> None:
    post, other = await scenario.write(scenario.alice), await scenario.write(scenario.carol)
    own = await scenario.write(scenario.bob)
    for each in (post, other, own):
        await scenario.repost(scenario.bob, each.id)
    assert await entries(scenario, None, scenario.bob) == [own.id, other.id, post.id, own.id]

    pair = (scenario.alice, scenario.bob) if by_author else (scenario.bob, scenario.alice)
    scenario.users.block(*pair)

    for who in (None, scenario.carol):
        assert await entries(scenario, who, scenario.bob) == [own.id, other.id, own.id]
    assert await scenario.sees(None, post.id)


@pytest.mark.parametrize("by_author", [True, False])
async def test_a_quote_across_a_block_is_hidden_while_the_block_exists(
    scenario: Scenario, by_author: bool
) -> None:
    post = await scenario.write(scenario.alice)
    theirs = await scenario.write(scenario.bob, quoted_post_id=post.id)
    others = await scenario.write(scenario.carol, quoted_post_id=post.id)
    own = await scenario.write(scenario.alice, quoted_post_id=post.id)
    ids = (theirs.id, others.id, own.id)
    pair = (scenario.alice, scenario.bob) if by_author else (scenario.bob, scenario.alice)

    scenario.users.block(*pair)

    # Another post quotes it too, so it is included; the hidden quote alone includes nothing.
    assert await quoted_in(scenario, None, *ids) == [(True, True), (False, True), (False, True)]
    for who in (None, scenario.carol):
        assert await quoted_in(scenario, who, theirs.id) == [(True, False)]

    scenario.users.unblock(*pair)

    assert await quoted_in(scenario, None, theirs.id) == [(False, True)]


async def test_a_quote_is_hidden_in_every_list(scenario: Scenario) -> None:
    post = await scenario.write(scenario.alice)
    quote = await scenario.write(scenario.bob, quoted_post_id=post.id)
    await scenario.repost(scenario.carol, quote.id)
    scenario.users.block(scenario.alice, scenario.bob)
    anonymous = scenario.posts()

    for response in (
        await anonymous.ListUserPosts(rpc.ListUserPostsRequest(user_id=scenario.bob)),
        await anonymous.ListUserPosts(rpc.ListUserPostsRequest(user_id=scenario.carol)),
        await anonymous.ListQuotes(rpc.ListQuotesRequest(post_id=post.id)),
    ):
        assert [each.quote_hidden for each in response.posts] == [True]
        assert list(response.includes.quoted_posts) == []
    single = await anonymous.GetPost(rpc.GetPostRequest(post_id=quote.id))
    assert single.post.quote_hidden
    assert list(single.includes.quoted_posts) == []
