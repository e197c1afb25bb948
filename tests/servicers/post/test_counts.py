"""Counts say no more than the lists that they belong to, for any reader."""

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

from tests.servicers.post.conftest import Scene

LISTS = {
    "likes": ("ListLikers", engagement_rpc.ListLikersRequest),
    "reposts": ("ListReposters", engagement_rpc.ListRepostersRequest),
    "replies": ("ListReplies", rpc.ListRepliesRequest),
    "quotes": ("ListQuotes", rpc.ListQuotesRequest),
}


async def listed(scene: Scene, who: int | None, post: Post) -> dict[str, list[int]]:
    """What each list shows."""
    found = {}
    for counter, (name, request) in LISTS.items():
        people = counter in {"likes", "reposts"}
        stub = scene.engagement(who) if people else scene.posts(who)
        page = await getattr(stub, name)(request(post_id=post.id))
        found[counter] = list(page.user_ids) if people else [each.id for each in page.posts]
    return found


def numbers(counts: PostCounts) -> dict[str, int]:
    return {counter: getattr(counts, counter) for counter in LISTS}


async def contribute(scene: Scene, who: int, post: Post) -> Post:
    """Somebody does everything that is counted."""
    await scene.like(who, post.id)
    await scene.repost(who, post.id)
    await scene.write(who, quoted_post_id=post.id)
    return await scene.write(who, reply_to_post_id=post.id)


async def test_what_a_protected_person_contributes_is_for_followers_and_the_author(
    scene: Scene,
) -> None:
    post = await scene.write(scene.alice)
    dan, eve = scene.users.add(77, "dan"), scene.users.add(78, "eve")
    scene.users.protect(scene.bob)
    scene.users.follow(dan, scene.bob)
    reply = await contribute(scene, scene.bob, post)
    await contribute(scene, scene.carol, post)

    everybody = {"likes": 1, "reposts": 1, "replies": 1, "quotes": 1}
    for who, shown in {
        None: False,
        eve: False,
        dan: True,
        scene.bob: True,
        scene.alice: True,
    }.items():
        found = await listed(scene, who, post)
        assert numbers((await scene.read(post.id, who)).counts) == everybody
        assert (scene.bob in found["likes"], scene.bob in found["reposts"]) == (shown, shown)
        # An answer is not for its author's followers alone where it is addressed to somebody,
        # but a protected author's is.
        follows = who in {dan, scene.bob}
        assert (reply.id in found["replies"], len(found["quotes"]) == 2) == (follows, follows)


@pytest.mark.parametrize("visibility", [VISIBILITY_FOLLOWERS, VISIBILITY_MENTIONED])
async def test_replies_and_quotes_that_are_not_public_are_not_counted(
    scene: Scene, visibility: Any
) -> None:
    post = await scene.write(scene.alice)
    await scene.write(scene.bob, reply_to_post_id=post.id, visibility=visibility)
    await scene.write(scene.bob, quoted_post_id=post.id, visibility=visibility)
    public = await scene.write(scene.bob, reply_to_post_id=post.id)

    for who in (None, scene.carol, scene.alice, scene.bob):
        counts = numbers((await scene.read(post.id, who)).counts)
        assert counts == {"likes": 0, "reposts": 0, "replies": 1, "quotes": 0}
    assert await listed(scene, None, post) == {
        "likes": [],
        "reposts": [],
        "replies": [public.id],
        "quotes": [],
    }


async def test_every_answer_has_the_same_counts(scene: Scene) -> None:
    post = await scene.write(scene.alice)
    scene.users.protect(scene.bob)
    await contribute(scene, scene.carol, post)

    answered = (await scene.like(scene.bob, post.id)).counts
    await scene.repost(scene.bob, post.id)
    batch = await scene.engagement(scene.bob).BatchGetEngagement(
        engagement_rpc.BatchGetEngagementRequest(post_ids=[post.id])
    )
    taken_back = await scene.engagement(scene.bob).Unlike(
        engagement_rpc.UnlikeRequest(post_id=post.id)
    )

    expected = (await scene.read(post.id)).counts
    assert numbers(expected) == {"likes": 1, "reposts": 1, "replies": 1, "quotes": 1}
    assert answered == batch.engagements[0].counts == taken_back.engagement.counts == expected


async def test_a_deletion_says_who_could_read_the_post(scene: Scene) -> None:
    for visibility in (VISIBILITY_PUBLIC, VISIBILITY_FOLLOWERS, VISIBILITY_MENTIONED):
        post = await scene.write(scene.alice, visibility=visibility)
        await scene.delete(scene.alice, post.id)

    gone = [events.PostDeleted.FromString(each.payload) for each in scene.published("PostDeleted")]

    assert [each.visibility for each in gone] == [
        VISIBILITY_PUBLIC,
        VISIBILITY_FOLLOWERS,
        VISIBILITY_MENTIONED,
    ]
