"""Following hashtags, through a real channel."""

import pytest
from roost.timeline.v1.timeline_events_pb2 import HashtagFollowed, HashtagUnfollowed
from roost.timeline.v1.timeline_service_pb2 import (
    BatchGetFollowedHashtagsRequest,
    FollowHashtagRequest,
    GetHomeTimelineRequest,
    ListFollowedHashtagsRequest,
    UnfollowHashtagRequest,
)

from services.chassis.runtime.errors import Invalid, WrongState
from services.timeline.domain.model import HashtagEntry, entry_by_hashtag
from services.timeline.domain.store import MAX_HASHTAGS
from tests.servicers.grpc_server import raises_reason
from tests.servicers.timeline.conftest import Timeline

ALICE, BOB = 1, 2


async def follow(timeline: Timeline, tag: str, user_id: int = ALICE) -> str:
    response = await timeline.of(user_id).FollowHashtag(FollowHashtagRequest(tag=tag))
    return response.hashtag.tag


async def followed(timeline: Timeline, *, size: int = 2) -> list[str]:
    tags: list[str] = []
    token = ""
    while True:
        page = await timeline.of(ALICE).ListFollowedHashtags(
            ListFollowedHashtagsRequest(page_size=size, page_token=token)
        )
        tags += [each.tag for each in page.hashtags]
        token = page.next_page_token
        if not token:
            return tags


@pytest.mark.parametrize("spelling", ["Caturday", "#caturday", "＃CATURDAY"])
async def test_every_spelling_follows_the_same_hashtag(timeline: Timeline, spelling: str) -> None:
    assert await follow(timeline, spelling) == "caturday"
    assert await followed(timeline) == ["caturday"]


@pytest.mark.parametrize("text", ["#", "##a", "123", "two words", "a" * 101, "a\0b"])
async def test_what_is_no_hashtag_is_refused(timeline: Timeline, text: str) -> None:
    with raises_reason(Invalid, "HASHTAG_INVALID"):
        await follow(timeline, text)
    with raises_reason(Invalid, "HASHTAG_INVALID"):
        await timeline.of(ALICE).UnfollowHashtag(UnfollowHashtagRequest(tag=text))

    assert await followed(timeline) == []


async def test_a_second_follow_changes_nothing_and_is_published_once(timeline: Timeline) -> None:
    first = await timeline.of(ALICE).FollowHashtag(FollowHashtagRequest(tag="a"))
    timeline.clock.advance(60)
    second = await timeline.of(ALICE).FollowHashtag(FollowHashtagRequest(tag="a"))
    await timeline.of(ALICE).UnfollowHashtag(UnfollowHashtagRequest(tag="a"))
    await timeline.of(ALICE).UnfollowHashtag(UnfollowHashtagRequest(tag="a"))

    assert second == first
    published = [message.type for message in timeline.store.database.published]
    assert published == [
        HashtagFollowed.DESCRIPTOR.full_name,
        HashtagUnfollowed.DESCRIPTOR.full_name,
    ]


async def test_followed_hashtags_are_listed_newest_follow_first(timeline: Timeline) -> None:
    for tag in ("a", "b", "c"):
        await follow(timeline, tag)
        timeline.clock.advance(1)
    await follow(timeline, "e")
    await follow(timeline, "d")
    await follow(timeline, "b", user_id=BOB)

    assert await followed(timeline) == ["d", "e", "c", "b", "a"]


async def test_a_batch_says_which_are_followed_in_its_order(timeline: Timeline) -> None:
    await follow(timeline, "a")
    await follow(timeline, "b")

    response = await timeline.of(ALICE).BatchGetFollowedHashtags(
        BatchGetFollowedHashtagsRequest(tags=["b", "x", "a", "b"])
    )

    assert list(response.tags) == ["b", "a"]


async def test_there_is_a_largest_number_of_hashtags(timeline: Timeline) -> None:
    async with timeline.store.transaction() as transaction:
        for number in range(MAX_HASHTAGS):
            await transaction.follow_hashtag(ALICE, f"t{number}", timeline.clock.now())

    with raises_reason(WrongState, "TOO_MANY_HASHTAGS"):
        await follow(timeline, "another")
    assert await follow(timeline, "t7") == "t7"


async def test_a_repeated_request_gets_the_first_response(timeline: Timeline) -> None:
    request = FollowHashtagRequest(tag="a", request_id="key")
    first = await timeline.of(ALICE).FollowHashtag(request)
    await timeline.of(ALICE).UnfollowHashtag(UnfollowHashtagRequest(tag="a"))

    assert await timeline.of(ALICE).FollowHashtag(request) == first
    assert await followed(timeline) == []


async def test_the_first_follow_brings_earlier_posts_into_the_home(timeline: Timeline) -> None:
    timeline.peers.indexed["a"] = [entry_by_hashtag(10, BOB), entry_by_hashtag(9, BOB)]
    await timeline.store.add_hashtag_entries([HashtagEntry("a", 11, BOB)])

    await follow(timeline, "a")

    home = await timeline.of(ALICE).GetHomeTimeline(GetHomeTimelineRequest())
    assert [(each.entry_id, each.by_hashtag) for each in home.entries] == [
        (11, True),
        (10, True),
        (9, True),
    ]


async def test_without_the_index_a_follow_begins_with_what_is_new(timeline: Timeline) -> None:
    timeline.peers.search_away = True
    await timeline.store.add_hashtag_entries([HashtagEntry("a", 11, BOB)])

    await follow(timeline, "a")

    home = await timeline.of(ALICE).GetHomeTimeline(GetHomeTimelineRequest())
    assert [each.entry_id for each in home.entries] == [11]


async def test_a_post_of_a_followed_user_is_there_by_the_follow(timeline: Timeline) -> None:
    timeline.peers.follow(ALICE, BOB)
    timeline.peers.post(11, BOB)
    await timeline.store.add_hashtag_entries([HashtagEntry("a", 11, BOB)])

    await follow(timeline, "a")

    home = await timeline.of(ALICE).GetHomeTimeline(GetHomeTimelineRequest())
    assert [(each.entry_id, each.by_hashtag) for each in home.entries] == [(11, False)]
