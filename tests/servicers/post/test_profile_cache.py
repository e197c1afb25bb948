"""The profile cache: users are read once, until the User service invalidates them."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from roost.media.v1.media_pb2 import Medium
from roost.post.v1 import post_service_pb2 as rpc
from roost.post.v1.profile_cache_service_pb2 import InvalidateProfilesRequest, UserPair

from services.chassis.auth.caller import ServiceCaller
from services.chassis.cache import redis_client
from services.chassis.runtime.errors import Unauthenticated
from tests.builders.media import picture
from tests.servicers.grpc_server import raises_reason
from tests.servicers.post.conftest import Scenario, a_scenario
from tests.waiting import LIMIT

USER_SERVICE = ServiceCaller("user")


@pytest.fixture
async def scenario(valkey: str) -> AsyncIterator[Scenario]:
    """The scenario of the other tests, with a cache."""
    async with (
        redis_client.connect(valkey, call_seconds=LIMIT) as server,
        a_scenario(server) as scenario,
    ):
        yield scenario


async def forget(
    scenario: Scenario, *, profiles: tuple[int, ...] = (), pair: tuple[int, ...] = ()
) -> None:
    pairs = [UserPair(user_id=pair[0], other_user_id=pair[1])] if pair else []
    request = InvalidateProfilesRequest(user_ids=profiles, pairs=pairs)
    await scenario.profiles(USER_SERVICE).InvalidateProfiles(request)


async def test_a_page_that_was_read_needs_no_call_to_the_user_service(scenario: Scenario) -> None:
    post_id = (await scenario.write(scenario.alice, "Hello @carol")).id
    assert await scenario.sees(scenario.bob, post_id)
    scenario.users.calls.clear()

    request = rpc.BatchGetPostsRequest(post_ids=[post_id])
    response = await scenario.posts(scenario.bob).BatchGetPosts(request)

    assert {user.id for user in response.includes.users} == {scenario.alice, scenario.carol}
    assert all(user.HasField("viewer_relationship") for user in response.includes.users)
    assert scenario.users.calls == []


async def test_each_viewer_has_relationships_of_their_own(scenario: Scenario) -> None:
    post_id = (await scenario.write(scenario.alice)).id
    assert await scenario.sees(scenario.bob, post_id)
    scenario.users.block(scenario.alice, scenario.carol)

    assert not await scenario.sees(scenario.carol, post_id)
    assert await scenario.sees(scenario.bob, post_id)
    assert await scenario.sees(None, post_id)


@pytest.mark.parametrize("named_first", ["blocker", "blocked"])
async def test_a_block_hides_at_once_both_ways(scenario: Scenario, named_first: str) -> None:
    hers = (await scenario.write(scenario.alice)).id
    his = (await scenario.write(scenario.bob)).id
    assert await scenario.sees(scenario.bob, hers)
    assert await scenario.sees(scenario.alice, his)

    scenario.users.block(scenario.alice, scenario.bob)
    pair = (scenario.alice, scenario.bob)
    await forget(scenario, pair=pair if named_first == "blocker" else pair[::-1])

    assert not await scenario.sees(scenario.bob, hers)
    assert not await scenario.sees(scenario.alice, his)


async def test_an_account_that_becomes_protected_hides_its_posts_at_once(
    scenario: Scenario,
) -> None:
    post_id = (await scenario.write(scenario.alice)).id
    assert await scenario.sees(scenario.bob, post_id)
    assert await scenario.sees(None, post_id)

    scenario.users.protect(scenario.alice)
    await forget(scenario, profiles=(scenario.alice,))

    assert not await scenario.sees(scenario.bob, post_id)
    assert not await scenario.sees(None, post_id)


async def test_followers_and_the_user_see_the_counts_of_a_protected_user(
    scenario: Scenario,
) -> None:
    request = rpc.BatchGetPostsRequest(include_user_ids=[scenario.alice])
    scenario.users.count(scenario.alice, 3)
    scenario.users.protect(scenario.alice)

    async def counted(who: int | None) -> set[int]:
        (user,) = (await scenario.posts(who).BatchGetPosts(request)).includes.users
        return {user.followers_count, user.following_count, user.posts_count}

    first = {who: await counted(who) for who in (None, scenario.bob, scenario.alice)}
    scenario.users.follow(scenario.bob, scenario.alice)
    await forget(scenario, pair=(scenario.bob, scenario.alice))

    assert first == {None: {0}, scenario.bob: {0}, scenario.alice: {3}}
    assert {who: await counted(who) for who in (None, scenario.bob)} == {
        None: {0},
        scenario.bob: {3},
    }


async def test_a_profile_picture_comes_with_the_author_and_a_new_one_at_once(
    scenario: Scenario,
) -> None:
    post_id = (await scenario.write(scenario.alice)).id
    request = rpc.BatchGetPostsRequest(post_ids=[post_id])
    first, second = picture(71, scenario.alice), picture(72, scenario.alice)

    async def shown(who: int | None) -> Medium:
        (user,) = (await scenario.posts(who).BatchGetPosts(request)).includes.users
        assert user.avatar_media_id == user.avatar.id
        return user.avatar

    scenario.users.show_picture(scenario.alice, first)
    await forget(scenario, profiles=(scenario.alice,))
    before = [await shown(who) for who in (scenario.alice, scenario.bob, None)]
    scenario.users.show_picture(scenario.alice, second)
    cached = await shown(scenario.bob)
    await forget(scenario, profiles=(scenario.alice,))

    assert before == [first] * 3
    assert cached == first
    assert [await shown(who) for who in (scenario.alice, scenario.bob, None)] == [second] * 3


async def test_a_deleted_account_hides_its_posts_at_once(scenario: Scenario) -> None:
    post_id = (await scenario.write(scenario.alice)).id
    assert await scenario.sees(scenario.bob, post_id)

    scenario.users.delete(scenario.alice)
    await forget(scenario, profiles=(scenario.alice,))

    assert not await scenario.sees(scenario.bob, post_id)


async def test_invalidating_one_profile_keeps_the_others(scenario: Scenario) -> None:
    first = (await scenario.write(scenario.alice)).id
    second = (await scenario.write(scenario.carol)).id
    assert await scenario.sees(scenario.bob, first)
    assert await scenario.sees(scenario.bob, second)
    scenario.users.calls.clear()

    await forget(scenario, profiles=(scenario.alice,), pair=(scenario.alice, scenario.bob))
    assert await scenario.sees(scenario.bob, first)
    assert await scenario.sees(scenario.bob, second)

    assert [list(call.user_ids) for call in scenario.users.calls] == [[scenario.alice]]


async def test_an_author_who_addresses_nobody_needs_no_second_call(scenario: Scenario) -> None:
    await scenario.write(scenario.alice)
    scenario.users.calls.clear()

    post = await scenario.write(scenario.alice)
    await scenario.write(scenario.alice, reply_to_post_id=post.id)

    assert scenario.users.calls == []


@pytest.mark.parametrize("addressed", ["mention", "reply", "quote"])
async def test_a_post_that_addresses_users_reads_their_blocks_from_the_user_service(
    scenario: Scenario, addressed: str
) -> None:
    hers = (await scenario.write(scenario.bob)).id
    await scenario.write(scenario.alice)
    given: dict[str, dict[str, Any]] = {
        "mention": {"text": "Hello @bob"},
        "reply": {"reply_to_post_id": hers},
        "quote": {"quoted_post_id": hers},
    }
    scenario.users.calls.clear()

    await scenario.write(scenario.alice, **given[addressed])

    assert [call.viewer_id for call in scenario.users.calls] == [scenario.alice]


async def test_a_user_who_deleted_the_account_cannot_write(scenario: Scenario) -> None:
    await scenario.write(scenario.alice)

    scenario.users.delete(scenario.alice)
    await forget(scenario, profiles=(scenario.alice,))

    with raises_reason(Unauthenticated, "TOKEN_INVALID"):
        await scenario.write(scenario.alice)
