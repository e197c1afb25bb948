"""Lists from a standby show what the rules allow now, and what their reader has written."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest
from roost.post.v1 import engagement_service_pb2 as engagement_rpc
from roost.post.v1 import post_service_pb2 as rpc
from roost.post.v1.profile_cache_service_pb2 import InvalidateProfilesRequest, UserPair

from services.chassis.auth.caller import ServiceCaller
from services.chassis.runtime.errors import Forbidden, NotFound
from services.chassis.storage import replica
from services.post.adapters.postgres import PostgresStore
from tests.replication import Replicated, Replication, connected, outcome_of, reads
from tests.servicers.grpc_server import raises_reason
from tests.servicers.post.conftest import Scenario, a_scenario
from tests.waiting import LIMIT, eventually


@pytest.fixture(scope="module")
def urls(running_replication: Replication) -> Replicated:
    return running_replication.fresh("post")


class Lists:
    """Lists of a Post service with a standby."""

    def __init__(self, scenario: Scenario, replication: Replication) -> None:
        self.scenario = scenario
        self._replication = replication

    async def profile(self, who: int | None, **given: Any) -> rpc.ListUserPostsResponse:
        request = rpc.ListUserPostsRequest(user_id=self.scenario.alice, **given)
        response: rpc.ListUserPostsResponse = await self.scenario.posts(who).ListUserPosts(request)
        return response

    async def posts(self, who: int | None) -> list[int]:
        return [post.id for post in (await self.profile(who)).posts]

    async def likers(self, who: int | None, post_id: int) -> list[int]:
        request = engagement_rpc.ListLikersRequest(post_id=post_id)
        return list((await self.scenario.engagement(who).ListLikers(request)).user_ids)

    async def pause(self) -> None:
        """Lets the standby have all that is written so far, and nothing more."""
        await asyncio.to_thread(self._replication.run, self._replication.catch_up())
        for who in (None, self.scenario.bob, self.scenario.carol):

            async def is_read(who: int | None = who) -> bool:
                return await outcome_of(lambda: self.profile(who)) == "replica"

            await eventually(is_read)
        await asyncio.to_thread(self._replication.run, self._replication.pause())

    async def resume(self) -> None:
        await asyncio.to_thread(self._replication.run, self._replication.resume())


@pytest.fixture
async def lists(replication: Replication, urls: Replicated, valkey: str) -> AsyncIterator[Lists]:
    async with connected(urls, valkey, service="post") as (database, cache_server):
        store = cast(Any, lambda clock: PostgresStore(database))
        async with a_scenario(cache_server, store=store) as scenario:
            yield Lists(scenario, replication)


async def test_who_liked_is_among_the_likers_for_themselves_at_once(lists: Lists) -> None:
    scenario = lists.scenario
    post = await scenario.write(scenario.alice)
    await lists.pause()

    await scenario.like(scenario.bob, post.id)

    assert await lists.likers(scenario.bob, post.id) == [scenario.bob]
    assert await lists.likers(scenario.alice, post.id) == [scenario.bob]
    assert await lists.likers(scenario.carol, post.id) == []

    await lists.resume()

    async def seen() -> bool:
        return await lists.likers(scenario.carol, post.id) == [scenario.bob]

    await eventually(seen)


async def test_new_post_is_in_the_list_of_its_author_at_once(lists: Lists) -> None:
    scenario = lists.scenario
    first = await scenario.write(scenario.alice)
    await lists.pause()

    quote = await scenario.write(scenario.bob, quoted_post_id=first.id)
    second = await scenario.write(scenario.alice)

    assert await lists.posts(scenario.alice) == [second.id, first.id]
    assert await lists.posts(None) == [first.id]
    quotes = rpc.ListQuotesRequest(post_id=first.id)
    for who, expected in ((scenario.bob, [quote.id]), (scenario.carol, [])):
        found = await scenario.posts(who).ListQuotes(quotes)
        assert [each.id for each in found.posts] == expected


async def test_what_is_shown_follows_from_the_present_although_the_list_is_old(
    lists: Lists,
) -> None:
    scenario = lists.scenario
    deleted, edited = [await scenario.write(scenario.alice) for _ in range(2)]
    await lists.pause()

    await scenario.delete(scenario.alice, deleted.id)
    await scenario.posts(scenario.alice).UpdatePost(
        rpc.UpdatePostRequest(post_id=edited.id, text="Now", etag=edited.etag)
    )

    (shown,) = (await lists.profile(scenario.bob)).posts
    assert (shown.id, shown.text) == (edited.id, "Now")


async def test_the_blocked_see_nothing_although_the_list_is_old(lists: Lists) -> None:
    scenario = lists.scenario
    post = await scenario.write(scenario.alice)
    await scenario.like(scenario.carol, post.id)
    await lists.pause()

    scenario.users.block(scenario.alice, scenario.bob)
    pair = UserPair(user_id=scenario.alice, other_user_id=scenario.bob)
    # As the User service does in the call that blocks.
    await scenario.profiles(ServiceCaller("user")).InvalidateProfiles(
        InvalidateProfilesRequest(pairs=[pair])
    )

    with raises_reason(NotFound, "USER_NOT_FOUND"):
        await lists.profile(scenario.bob)
    with raises_reason(NotFound, "POST_NOT_FOUND"):
        await lists.likers(scenario.bob, post.id)


async def test_strangers_see_nothing_of_a_protected_account_although_the_list_is_old(
    lists: Lists,
) -> None:
    scenario = lists.scenario
    post = await scenario.write(scenario.alice)
    await lists.pause()
    assert await lists.posts(scenario.carol) == [post.id]

    scenario.users.protect(scenario.alice)
    await scenario.profiles(ServiceCaller("user")).InvalidateProfiles(
        InvalidateProfilesRequest(user_ids=[scenario.alice])
    )

    for who in (scenario.carol, None):
        with raises_reason(Forbidden, "ACCOUNT_PROTECTED"):
            await lists.profile(who)


@pytest.mark.parametrize("behind_first", [False, True])
async def test_list_that_began_on_one_server_goes_on_at_the_other(
    lists: Lists, monkeypatch: pytest.MonkeyPatch, behind_first: bool
) -> None:
    scenario = lists.scenario
    written = [(await scenario.write(scenario.alice)).id for _ in range(5)]
    await lists.pause()
    await scenario.write(scenario.alice)
    newest = await lists.posts(scenario.alice)
    assert newest[1:] == written[::-1]
    shown: list[int] = []
    token = ""

    for page, is_behind in enumerate([behind_first, not behind_first, behind_first]):
        monkeypatch.setattr(replica, "MAX_LAG_SECONDS", 0.0 if is_behind else LIMIT)
        before = reads()
        response = await lists.profile(scenario.carol, page_size=2, page_token=token)
        served = "behind" if is_behind else "replica"
        assert reads()[served] == before[served] + 1
        token = response.next_page_token
        assert bool(token) == (page < 2)
        shown += [post.id for post in response.posts]

    assert shown == (newest if behind_first else written[::-1])
