"""Counts reveal no more than the lists that they belong to, for any viewer."""

from typing import Any

import pytest
from roost.post.v1 import engagement_service_pb2 as engagement_rpc
from roost.post.v1 import post_events_pb2 as events
from roost.post.v1 import post_service_pb2 as rpc
from roost.post.v1.post_pb2 import (
    VISIBILITY_FOLLOWERS,
    VISIBILITY_MENTIONED,
    VISIBILITY_PUBLIC,
    Post,
    PostCounts,
)

from tests.servicers.post.conftest import Scenario

LISTS = {
    "likes": ("ListLikers", engagement_rpc.ListLikersRequest),
    "reposts": ("ListReposters", engagement_rpc.ListRepostersRequest),
    "replies": ("ListReplies", rpc.ListRepliesRequest),
    "quotes": ("ListQuotes", rpc.ListQuotesRequest),
}


async def listed(scenario: Scenario, who: int | None, post: Post) -> dict[str, list[int]]:
    """The length of each list."""
    found = {}
    for counter, (name, request) in LISTS.items():
        profiles = counter in {"likes", "reposts"}
        stub = scenario.engagement(who) if profiles else scenario.posts(who)
        page = await getattr(stub, name)(request(post_id=post.id))
        found[counter] = list(page.user_ids) if profiles else [each.id for each in page.posts]
    return found


def numbers(counts: PostCounts) -> dict[str, int]:
    return {counter: getattr(counts, counter) for counter in LISTS}


async def contribute(scenario: Scenario, who: int, post: Post) -> Post:
    """A user does everything that is counted."""
    await scenario.like(who, post.id)
    await scenario.repost(who, post.id)
    await scenario.write(who, quoted_post_id=post.id)
    return await scenario.write(who, reply_to_post_id=post.id)


async def test_followers_and_the_author_see_the_engagement_of_a_protected_user(
    scenario: Scenario,
) -> None:
    post = await scenario.write(scenario.alice)
    dan, eve = scenario.users.add(77, "dan"), scenario.users.add(78, "eve")
    scenario.users.protect(scenario.bob)
    scenario.users.follow(dan, scenario.bob)
    reply = await contribute(scenario, scenario.bob, post)
    await contribute(scenario, scenario.carol, post)

    everybody = {"likes": 1, "reposts": 1, "replies": 1, "quotes": 1}
    for who, shown in {
        None: False,
        eve: False,
        dan: True,
        scenario.bob: True,
        scenario.alice: True,
    }.items():
        found = await listed(scenario, who, post)
        assert numbers((await scenario.read(post.id, who)).counts) == everybody
        assert (scenario.bob in found["likes"], scenario.bob in found["reposts"]) == (shown, shown)
        # A reply is not only for its author's followers if it addresses a user,
        # but a protected author's is.
        follows = who in {dan, scenario.bob}
        assert (reply.id in found["replies"], len(found["quotes"]) == 2) == (follows, follows)


@pytest.mark.parametrize("visibility", [VISIBILITY_FOLLOWERS, VISIBILITY_MENTIONED])
async def test_replies_and_quotes_that_are_not_public_are_not_counted(
    scenario: Scenario, visibility: Any
) -> None:
    post = await scenario.write(scenario.alice)
    await scenario.write(scenario.bob, reply_to_post_id=post.id, visibility=visibility)
    await scenario.write(scenario.bob, quoted_post_id=post.id, visibility=visibility)
    public = await scenario.write(scenario.bob, reply_to_post_id=post.id)

    for who in (None, scenario.carol, scenario.alice, scenario.bob):
        counts = numbers((await scenario.read(post.id, who)).counts)
        assert counts == {"likes": 0, "reposts": 0, "replies": 1, "quotes": 0}
    assert await listed(scenario, None, post) == {
        "likes": [],
        "reposts": [],
        "replies": [public.id],
        "quotes": [],
    }


async def test_every_response_has_the_same_counts(scenario: Scenario) -> None:
    post = await scenario.write(scenario.alice)
    scenario.users.protect(scenario.bob)
    await contribute(scenario, scenario.carol, post)

    answered = (await scenario.like(scenario.bob, post.id)).counts
    await scenario.repost(scenario.bob, post.id)
    batch = await scenario.engagement(scenario.bob).BatchGetEngagement(
        engagement_rpc.BatchGetEngagementRequest(post_ids=[post.id])
    )
    taken_back = await scenario.engagement(scenario.bob).Unlike(
        engagement_rpc.UnlikeRequest(post_id=post.id)
    )

    expected = (await scenario.read(post.id)).counts
    assert numbers(expected) == {"likes": 1, "reposts": 1, "replies": 1, "quotes": 1}
    assert answered == batch.engagements[0].counts == taken_back.engagement.counts == expected


async def test_a_deletion_event_has_the_visibility_of_the_post(scenario: Scenario) -> None:
    for visibility in (VISIBILITY_PUBLIC, VISIBILITY_FOLLOWERS, VISIBILITY_MENTIONED):
        post = await scenario.write(scenario.alice, visibility=visibility)
        await scenario.delete(scenario.alice, post.id)

    gone = [
        events.PostDeleted.FromString(each.payload) for each in scenario.published("PostDeleted")
    ]

    assert [each.visibility for each in gone] == [
        VISIBILITY_PUBLIC,
        VISIBILITY_FOLLOWERS,
        VISIBILITY_MENTIONED,
    ]
