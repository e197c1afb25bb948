"""People at hand: asked for once, and forgotten as soon as the User service says so."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from roost.post.v1 import post_service_pb2 as rpc
from roost.post.v1.profile_cache_service_pb2 import InvalidateProfilesRequest, UserPair

from services.chassis import redis
from services.chassis.caller import ServiceCaller
from services.chassis.errors import Unauthenticated
from tests.servicers.post.conftest import Scene, a_scene
from tests.servicers.serving import raises_reason

USER_SERVICE = ServiceCaller("user")


@pytest.fixture
async def scene(valkey: str) -> AsyncIterator[Scene]:
    """As everywhere, with a cache."""
    async with redis.connect(valkey) as server, a_scene(server) as scene:
        yield scene


async def forget(scene: Scene, *, people: tuple[int, ...] = (), pair: tuple[int, ...] = ()) -> None:
    pairs = [UserPair(user_id=pair[0], other_user_id=pair[1])] if pair else []
    request = InvalidateProfilesRequest(user_ids=people, pairs=pairs)
    await scene.people(USER_SERVICE).InvalidateProfiles(request)


async def test_a_page_that_was_read_asks_nobody_again(scene: Scene) -> None:
    post_id = (await scene.write(scene.alice, "Hello @carol")).id
    assert await scene.sees(scene.bob, post_id)
    scene.users.calls.clear()

    request = rpc.BatchGetPostsRequest(post_ids=[post_id])
    response = await scene.posts(scene.bob).BatchGetPosts(request)

    assert {user.id for user in response.includes.users} == {scene.alice, scene.carol}
    assert all(user.HasField("viewer_relationship") for user in response.includes.users)
    assert scene.users.calls == []


async def test_each_viewer_has_ties_of_their_own(scene: Scene) -> None:
    post_id = (await scene.write(scene.alice)).id
    assert await scene.sees(scene.bob, post_id)
    scene.users.block(scene.alice, scene.carol)

    assert not await scene.sees(scene.carol, post_id)
    assert await scene.sees(scene.bob, post_id)
    assert await scene.sees(None, post_id)


@pytest.mark.parametrize("named_first", ["blocker", "blocked"])
async def test_a_block_hides_at_once_both_ways(scene: Scene, named_first: str) -> None:
    hers = (await scene.write(scene.alice)).id
    his = (await scene.write(scene.bob)).id
    assert await scene.sees(scene.bob, hers)
    assert await scene.sees(scene.alice, his)

    scene.users.block(scene.alice, scene.bob)
    pair = (scene.alice, scene.bob)
    await forget(scene, pair=pair if named_first == "blocker" else pair[::-1])

    assert not await scene.sees(scene.bob, hers)
    assert not await scene.sees(scene.alice, his)


async def test_an_account_that_becomes_protected_hides_its_posts_at_once(scene: Scene) -> None:
    post_id = (await scene.write(scene.alice)).id
    assert await scene.sees(scene.bob, post_id)
    assert await scene.sees(None, post_id)

    scene.users.protect(scene.alice)
    await forget(scene, people=(scene.alice,))

    assert not await scene.sees(scene.bob, post_id)
    assert not await scene.sees(None, post_id)


async def test_counts_of_a_protected_person_are_shown_to_followers_and_the_person(
    scene: Scene,
) -> None:
    request = rpc.BatchGetPostsRequest(include_user_ids=[scene.alice])
    scene.users.count(scene.alice, 3)
    scene.users.protect(scene.alice)

    async def counted(who: int | None) -> set[int]:
        (user,) = (await scene.posts(who).BatchGetPosts(request)).includes.users
        return {user.followers_count, user.following_count, user.posts_count}

    first = {who: await counted(who) for who in (None, scene.bob, scene.alice)}
    scene.users.follow(scene.bob, scene.alice)
    await forget(scene, pair=(scene.bob, scene.alice))

    assert first == {None: {0}, scene.bob: {0}, scene.alice: {3}}
    assert {who: await counted(who) for who in (None, scene.bob)} == {None: {0}, scene.bob: {3}}


async def test_a_deleted_account_hides_its_posts_at_once(scene: Scene) -> None:
    post_id = (await scene.write(scene.alice)).id
    assert await scene.sees(scene.bob, post_id)

    scene.users.delete(scene.alice)
    await forget(scene, people=(scene.alice,))

    assert not await scene.sees(scene.bob, post_id)


async def test_what_is_forgotten_of_one_stays_known_of_others(scene: Scene) -> None:
    first = (await scene.write(scene.alice)).id
    second = (await scene.write(scene.carol)).id
    assert await scene.sees(scene.bob, first)
    assert await scene.sees(scene.bob, second)
    scene.users.calls.clear()

    await forget(scene, people=(scene.alice,), pair=(scene.alice, scene.bob))
    assert await scene.sees(scene.bob, first)
    assert await scene.sees(scene.bob, second)

    assert [list(call.user_ids) for call in scene.users.calls] == [[scene.alice]]


async def test_an_author_who_addresses_nobody_is_not_asked_about_again(scene: Scene) -> None:
    await scene.write(scene.alice)
    scene.users.calls.clear()

    post = await scene.write(scene.alice)
    await scene.write(scene.alice, reply_to_post_id=post.id)

    assert scene.users.calls == []


@pytest.mark.parametrize("addressed", ["mention", "reply", "quote"])
async def test_a_block_is_asked_about_whenever_somebody_is_addressed(
    scene: Scene, addressed: str
) -> None:
    hers = (await scene.write(scene.bob)).id
    await scene.write(scene.alice)
    given: dict[str, dict[str, Any]] = {
        "mention": {"text": "Hello @bob"},
        "reply": {"reply_to_post_id": hers},
        "quote": {"quoted_post_id": hers},
    }
    scene.users.calls.clear()

    await scene.write(scene.alice, **given[addressed])

    assert [call.viewer_id for call in scene.users.calls] == [scene.alice]


async def test_who_deleted_the_account_writes_no_more(scene: Scene) -> None:
    await scene.write(scene.alice)

    scene.users.delete(scene.alice)
    await forget(scene, people=(scene.alice,))

    with raises_reason(Unauthenticated, "TOKEN_INVALID"):
        await scene.write(scene.alice)
