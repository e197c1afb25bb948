"""Profiles, threads, replies, quotes and revisions through a real channel."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from roost.post.v1 import post_service_pb2 as rpc
from roost.post.v1.post_pb2 import VISIBILITY_FOLLOWERS, VISIBILITY_MENTIONED

from services.chassis.auth.caller import ServiceCaller
from services.chassis.runtime.errors import Forbidden, Invalid, NotFound
from tests.servicers.grpc_server import raises_reason
from tests.servicers.post.conftest import Scenario


async def every_page(call: Callable[[Any], Awaitable[Any]], request: Any) -> list[Any]:
    pages = [await call(request)]
    while pages[-1].next_page_token:
        request.page_token = pages[-1].next_page_token
        pages.append(await call(request))
    return pages


async def test_a_profile_shows_posts_and_reposts_newest_first(scenario: Scenario) -> None:
    theirs = await scenario.write(scenario.bob)
    own = await scenario.write(scenario.alice)
    repost = await scenario.repost(scenario.alice, theirs.id)

    response = await scenario.posts().ListUserPosts(
        rpc.ListUserPostsRequest(user_id=scenario.alice)
    )

    assert [(each.entry_id, each.post_id, each.reposter_id) for each in response.entries] == [
        (repost.repost_id, theirs.id, scenario.alice),
        (own.id, own.id, 0),
    ]
    assert [post.id for post in response.posts] == [theirs.id, own.id]
    assert [user.id for user in response.includes.users] == sorted([scenario.alice, scenario.bob])


async def test_a_profile_shows_replies_only_on_request(scenario: Scenario) -> None:
    theirs = await scenario.write(scenario.bob)
    reply = await scenario.write(scenario.alice, reply_to_post_id=theirs.id)

    async def shown(*, include_replies: bool) -> list[int]:
        response = await scenario.posts().ListUserPosts(
            rpc.ListUserPostsRequest(user_id=scenario.alice, include_replies=include_replies)
        )
        return [post.id for post in response.posts]

    assert await shown(include_replies=False) == []
    assert await shown(include_replies=True) == [reply.id]


async def test_pages_are_full_although_posts_drop_out(scenario: Scenario) -> None:
    public = []
    for number in range(25):
        narrow = number % 3 != 0
        post = await scenario.write(
            scenario.alice, visibility=VISIBILITY_FOLLOWERS if narrow else 0
        )
        if not narrow:
            public.insert(0, post.id)

    pages = await every_page(
        scenario.posts(scenario.bob).ListUserPosts,
        rpc.ListUserPostsRequest(user_id=scenario.alice, page_size=4),
    )

    assert [len(page.entries) for page in pages] == [4, 4, 1]
    assert [each.entry_id for page in pages for each in page.entries] == public


async def test_a_page_that_ends_exactly_is_the_last(scenario: Scenario) -> None:
    await scenario.write(scenario.alice, visibility=VISIBILITY_FOLLOWERS)
    for _ in range(4):
        await scenario.write(scenario.alice)

    pages = await every_page(
        scenario.posts(scenario.bob).ListUserPosts,
        rpc.ListUserPostsRequest(user_id=scenario.alice, page_size=4),
    )

    assert [len(page.entries) for page in pages] == [4]


async def test_profiles_are_refused_by_the_rules(scenario: Scenario) -> None:
    await scenario.write(scenario.alice)
    request = rpc.ListUserPostsRequest(user_id=scenario.alice)

    with raises_reason(NotFound, "USER_NOT_FOUND"):
        await scenario.posts(scenario.bob).ListUserPosts(rpc.ListUserPostsRequest(user_id=99))

    scenario.users.block(scenario.alice, scenario.bob)
    with raises_reason(NotFound, "USER_NOT_FOUND"):
        await scenario.posts(scenario.bob).ListUserPosts(request)

    scenario.users.protect(scenario.alice)
    for who in (None, scenario.carol):
        with raises_reason(Forbidden, "ACCOUNT_PROTECTED"):
            await scenario.posts(who).ListUserPosts(request)
    scenario.users.follow(scenario.carol, scenario.alice)
    for who in (scenario.carol, scenario.alice):
        assert len((await scenario.posts(who).ListUserPosts(request)).entries) == 1


async def test_a_user_who_blocks_another_reads_nothing_of_theirs(scenario: Scenario) -> None:
    theirs = await scenario.write(scenario.carol)
    await scenario.write(scenario.alice)
    await scenario.repost(scenario.alice, theirs.id)
    scenario.users.block(scenario.bob, scenario.alice)

    response = await scenario.posts(scenario.bob).ListUserPosts(
        rpc.ListUserPostsRequest(user_id=scenario.alice)
    )

    assert list(response.entries) == list(response.posts) == list(response.includes.users) == []
    assert response.next_page_token == ""


async def test_a_thread_shows_ancestors_and_replies(scenario: Scenario) -> None:
    first = await scenario.write(scenario.alice)
    second = await scenario.write(scenario.bob, reply_to_post_id=first.id)
    third = await scenario.write(scenario.carol, reply_to_post_id=second.id)
    replies = [await scenario.write(scenario.alice, reply_to_post_id=third.id) for _ in range(3)]
    await scenario.write(scenario.bob, reply_to_post_id=replies[0].id)

    response = await scenario.posts().GetThread(rpc.GetThreadRequest(post_id=third.id))

    assert [post.id for post in response.ancestors] == [first.id, second.id]
    assert response.post.id == third.id
    assert [post.id for post in response.replies] == [post.id for post in replies]
    assert response.replies[0].counts.replies == 1
    assert len(response.includes.users) == 3


async def test_a_thread_keeps_its_shape_where_posts_are_deleted_or_hidden(
    scenario: Scenario,
) -> None:
    first = await scenario.write(scenario.alice)
    second = await scenario.write(scenario.bob, reply_to_post_id=first.id)
    third = await scenario.write(scenario.carol, reply_to_post_id=second.id)
    fourth = await scenario.write(scenario.bob, reply_to_post_id=third.id)
    scenario.users.block(scenario.carol, scenario.alice)
    await scenario.delete(scenario.alice, first.id)

    response = await scenario.posts(scenario.alice).GetThread(
        rpc.GetThreadRequest(post_id=fourth.id)
    )

    gone, shown, hidden = response.ancestors
    for tombstone, post, above in ((gone, first, 0), (hidden, third, second.id)):
        assert tombstone.deleted
        assert (tombstone.id, tombstone.reply_to_post_id) == (post.id, above)
        assert (tombstone.author_id, tombstone.text) == (0, "")
        assert tombstone.create_time == post.create_time
        assert not tombstone.HasField("counts")
    assert shown.id == second.id
    assert [user.id for user in response.includes.users] == [scenario.bob]


async def test_deleted_replies_leave_a_tombstone_only_where_they_have_replies(
    scenario: Scenario,
) -> None:
    first = await scenario.write(scenario.alice)
    answered, plain = [
        await scenario.write(scenario.bob, reply_to_post_id=first.id) for _ in range(2)
    ]
    await scenario.write(scenario.carol, reply_to_post_id=answered.id)
    for post in (answered, plain):
        await scenario.delete(scenario.bob, post.id)

    thread = await scenario.posts().GetThread(rpc.GetThreadRequest(post_id=first.id))
    listed = await scenario.posts().ListReplies(rpc.ListRepliesRequest(post_id=first.id))

    for posts in (thread.replies, listed.posts):
        assert [(post.id, post.deleted) for post in posts] == [(answered.id, True)]


async def test_only_the_first_page_of_a_thread_has_ancestors(
    scenario: Scenario,
) -> None:
    first = await scenario.write(scenario.alice)
    second = await scenario.write(scenario.alice, reply_to_post_id=first.id)
    replies = [await scenario.write(scenario.bob, reply_to_post_id=second.id) for _ in range(5)]

    pages = await every_page(
        scenario.posts().GetThread, rpc.GetThreadRequest(post_id=second.id, page_size=2)
    )

    assert [len(page.ancestors) for page in pages] == [1, 0, 0]
    assert [post.id for page in pages for post in page.replies] == [post.id for post in replies]
    assert all(page.post.id == second.id for page in pages)


async def test_a_long_conversation_shows_the_nearest_fifty_above(scenario: Scenario) -> None:
    chain = [await scenario.write(scenario.alice)]
    for _ in range(52):
        chain.append(await scenario.write(scenario.alice, reply_to_post_id=chain[-1].id))

    response = await scenario.posts().GetThread(rpc.GetThreadRequest(post_id=chain[-1].id))

    assert [post.id for post in response.ancestors] == [post.id for post in chain[2:-1]]


async def test_replies_go_oldest_first_over_pages(scenario: Scenario) -> None:
    first = await scenario.write(scenario.alice)
    replies = [await scenario.write(scenario.bob, reply_to_post_id=first.id) for _ in range(5)]

    pages = await every_page(
        scenario.posts().ListReplies, rpc.ListRepliesRequest(post_id=first.id, page_size=2)
    )

    assert [[post.id for post in page.posts] for page in pages] == [
        [post.id for post in replies[start : start + 2]] for start in (0, 2, 4)
    ]


async def test_quotes_go_newest_first_without_those_hidden(scenario: Scenario) -> None:
    first = await scenario.write(scenario.alice)
    quotes = [await scenario.write(scenario.bob, quoted_post_id=first.id) for _ in range(3)]
    await scenario.write(scenario.carol, quoted_post_id=first.id, visibility=VISIBILITY_FOLLOWERS)

    pages = await every_page(
        scenario.posts(scenario.alice).ListQuotes,
        rpc.ListQuotesRequest(post_id=first.id, page_size=2),
    )

    assert [post.id for page in pages for post in page.posts] == [
        post.id for post in reversed(quotes)
    ]
    assert len(pages) == 2


@pytest.mark.parametrize(
    ("name", "request_of"),
    [
        ("GetPost", rpc.GetPostRequest),
        ("GetThread", rpc.GetThreadRequest),
        ("ListReplies", rpc.ListRepliesRequest),
        ("ListQuotes", rpc.ListQuotesRequest),
        ("ListPostRevisions", rpc.ListPostRevisionsRequest),
    ],
)
async def test_nothing_is_listed_of_a_post_that_does_not_exist_for_the_caller(
    scenario: Scenario, name: str, request_of: Callable[..., Any]
) -> None:
    hidden = await scenario.write(scenario.alice, visibility=VISIBILITY_FOLLOWERS)
    deleted = await scenario.write(scenario.alice)
    await scenario.delete(scenario.alice, deleted.id)

    in_conversations = {"GetThread", "ListReplies"}
    for post_id in (hidden.id, 404, *([] if name in in_conversations else [deleted.id])):
        with raises_reason(NotFound, "POST_NOT_FOUND"):
            await getattr(scenario.posts(scenario.bob), name)(request_of(post_id=post_id))


async def test_revisions_go_newest_first_with_the_present_text(scenario: Scenario) -> None:
    post = await scenario.write(scenario.alice, "Text 1 #one")
    for number in (2, 3, 4):
        await scenario.posts(scenario.alice).UpdatePost(
            rpc.UpdatePostRequest(post_id=post.id, text=f"Text {number}")
        )

    pages = await every_page(
        scenario.posts().ListPostRevisions,
        rpc.ListPostRevisionsRequest(post_id=post.id, page_size=2),
    )

    texts = [(each.revision, each.text) for page in pages for each in page.revisions]
    assert texts == [(4, "Text 4"), (3, "Text 3"), (2, "Text 2"), (1, "Text 1 #one")]
    oldest = pages[-1].revisions[-1]
    assert oldest.entities[0].hashtag.tag == "one"
    assert oldest.create_time == post.create_time
    assert len(pages) == 2


async def test_a_page_token_belongs_to_its_request(scenario: Scenario) -> None:
    for _ in range(3):
        await scenario.write(scenario.alice)
    request = rpc.ListUserPostsRequest(user_id=scenario.alice, page_size=1)
    token = (await scenario.posts().ListUserPosts(request)).next_page_token

    forged = token[:9] + ("A" if token[9] != "A" else "B") + token[10:]
    for other in (
        rpc.ListUserPostsRequest(user_id=scenario.bob, page_token=token),
        rpc.ListUserPostsRequest(user_id=scenario.alice, include_replies=True, page_token=token),
        rpc.ListUserPostsRequest(user_id=scenario.alice, page_token=forged),
    ):
        with raises_reason(Invalid, "PAGE_TOKEN_INVALID"):
            await scenario.posts().ListUserPosts(other)


async def test_services_list_timeline_entries_of_many_users(scenario: Scenario) -> None:
    first = await scenario.write(scenario.alice)
    second = await scenario.write(scenario.bob, visibility=VISIBILITY_FOLLOWERS)
    await scenario.write(scenario.bob, reply_to_post_id=first.id)
    await scenario.write(scenario.bob, visibility=VISIBILITY_MENTIONED)
    repost = await scenario.repost(scenario.carol, first.id)
    timeline = scenario.posts(ServiceCaller("timeline"))

    async def page(before: int) -> list[tuple[int, int, int, int]]:
        response = await timeline.ListPostIdsByAuthors(
            rpc.ListPostIdsByAuthorsRequest(
                author_ids=[scenario.alice, scenario.bob, scenario.carol, scenario.alice],
                before_entry_id=before,
                page_size=2,
            )
        )
        return [(e.entry_id, e.post_id, e.author_id, e.reposter_id) for e in response.entries]

    newest = await page(0)
    older = await page(newest[-1][0])

    assert newest == [
        (repost.repost_id, first.id, scenario.alice, scenario.carol),
        (second.id, second.id, scenario.bob, 0),
    ]
    assert older == [(first.id, first.id, scenario.alice, 0)]


async def test_services_count_live_posts_in_request_order(scenario: Scenario) -> None:
    for _ in range(2):
        await scenario.write(scenario.alice)
    await scenario.delete(scenario.alice, (await scenario.write(scenario.alice)).id)

    response = await scenario.posts(ServiceCaller("user")).BatchCountPosts(
        rpc.BatchCountPostsRequest(author_ids=[scenario.bob, scenario.alice])
    )

    assert list(response.counts) == [0, 2]
