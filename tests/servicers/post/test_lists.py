"""Profiles, threads, replies, quotes and revisions through a real channel."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from roost.post.v1 import post_service_pb2 as rpc
from roost.post.v1.post_pb2 import VISIBILITY_FOLLOWERS, VISIBILITY_MENTIONED

from services.chassis.auth.caller import ServiceCaller
from services.chassis.runtime.errors import Forbidden, Invalid, NotFound
from tests.servicers.post.conftest import Scene
from tests.servicers.serving import raises_reason


async def every_page(call: Callable[[Any], Awaitable[Any]], request: Any) -> list[Any]:
    pages = [await call(request)]
    while pages[-1].next_page_token:
        request.page_token = pages[-1].next_page_token
        pages.append(await call(request))
    return pages


async def test_a_profile_shows_posts_and_reposts_newest_first(scene: Scene) -> None:
    theirs = await scene.write(scene.bob)
    own = await scene.write(scene.alice)
    repost = await scene.repost(scene.alice, theirs.id)

    response = await scene.posts().ListUserPosts(rpc.ListUserPostsRequest(user_id=scene.alice))

    assert [(each.entry_id, each.post_id, each.reposter_id) for each in response.entries] == [
        (repost.repost_id, theirs.id, scene.alice),
        (own.id, own.id, 0),
    ]
    assert [post.id for post in response.posts] == [theirs.id, own.id]
    assert [user.id for user in response.includes.users] == sorted([scene.alice, scene.bob])


async def test_a_profile_shows_replies_only_where_asked(scene: Scene) -> None:
    theirs = await scene.write(scene.bob)
    reply = await scene.write(scene.alice, reply_to_post_id=theirs.id)

    async def shown(*, include_replies: bool) -> list[int]:
        response = await scene.posts().ListUserPosts(
            rpc.ListUserPostsRequest(user_id=scene.alice, include_replies=include_replies)
        )
        return [post.id for post in response.posts]

    assert await shown(include_replies=False) == []
    assert await shown(include_replies=True) == [reply.id]


async def test_pages_are_full_although_posts_drop_out(scene: Scene) -> None:
    public = []
    for number in range(25):
        narrow = number % 3 != 0
        post = await scene.write(scene.alice, visibility=VISIBILITY_FOLLOWERS if narrow else 0)
        if not narrow:
            public.insert(0, post.id)

    pages = await every_page(
        scene.posts(scene.bob).ListUserPosts,
        rpc.ListUserPostsRequest(user_id=scene.alice, page_size=4),
    )

    assert [len(page.entries) for page in pages] == [4, 4, 1]
    assert [each.entry_id for page in pages for each in page.entries] == public


async def test_a_page_that_ends_exactly_is_the_last(scene: Scene) -> None:
    await scene.write(scene.alice, visibility=VISIBILITY_FOLLOWERS)
    for _ in range(4):
        await scene.write(scene.alice)

    pages = await every_page(
        scene.posts(scene.bob).ListUserPosts,
        rpc.ListUserPostsRequest(user_id=scene.alice, page_size=4),
    )

    assert [len(page.entries) for page in pages] == [4]


async def test_profiles_are_refused_by_the_rules(scene: Scene) -> None:
    await scene.write(scene.alice)
    request = rpc.ListUserPostsRequest(user_id=scene.alice)

    with raises_reason(NotFound, "USER_NOT_FOUND"):
        await scene.posts(scene.bob).ListUserPosts(rpc.ListUserPostsRequest(user_id=99))

    scene.users.block(scene.alice, scene.bob)
    with raises_reason(NotFound, "USER_NOT_FOUND"):
        await scene.posts(scene.bob).ListUserPosts(request)

    scene.users.protect(scene.alice)
    for who in (None, scene.carol):
        with raises_reason(Forbidden, "ACCOUNT_PROTECTED"):
            await scene.posts(who).ListUserPosts(request)
    scene.users.follow(scene.carol, scene.alice)
    for who in (scene.carol, scene.alice):
        assert len((await scene.posts(who).ListUserPosts(request)).entries) == 1


async def test_who_blocks_a_person_reads_nothing_of_theirs(scene: Scene) -> None:
    theirs = await scene.write(scene.carol)
    await scene.write(scene.alice)
    await scene.repost(scene.alice, theirs.id)
    scene.users.block(scene.bob, scene.alice)

    response = await scene.posts(scene.bob).ListUserPosts(
        rpc.ListUserPostsRequest(user_id=scene.alice)
    )

    assert list(response.entries) == list(response.posts) == list(response.includes.users) == []
    assert response.next_page_token == ""


async def test_a_thread_shows_what_stands_above_and_below(scene: Scene) -> None:
    first = await scene.write(scene.alice)
    second = await scene.write(scene.bob, reply_to_post_id=first.id)
    third = await scene.write(scene.carol, reply_to_post_id=second.id)
    replies = [await scene.write(scene.alice, reply_to_post_id=third.id) for _ in range(3)]
    await scene.write(scene.bob, reply_to_post_id=replies[0].id)

    response = await scene.posts().GetThread(rpc.GetThreadRequest(post_id=third.id))

    assert [post.id for post in response.ancestors] == [first.id, second.id]
    assert response.post.id == third.id
    assert [post.id for post in response.replies] == [post.id for post in replies]
    assert response.replies[0].counts.replies == 1
    assert len(response.includes.users) == 3


async def test_a_thread_keeps_its_shape_where_posts_are_gone_or_hidden(scene: Scene) -> None:
    first = await scene.write(scene.alice)
    second = await scene.write(scene.bob, reply_to_post_id=first.id)
    third = await scene.write(scene.carol, reply_to_post_id=second.id)
    fourth = await scene.write(scene.bob, reply_to_post_id=third.id)
    scene.users.block(scene.carol, scene.alice)
    await scene.delete(scene.alice, first.id)

    response = await scene.posts(scene.alice).GetThread(rpc.GetThreadRequest(post_id=fourth.id))

    gone, shown, hidden = response.ancestors
    for tombstone, post, above in ((gone, first, 0), (hidden, third, second.id)):
        assert tombstone.deleted
        assert (tombstone.id, tombstone.reply_to_post_id) == (post.id, above)
        assert (tombstone.author_id, tombstone.text) == (0, "")
        assert tombstone.create_time == post.create_time
        assert not tombstone.HasField("counts")
    assert shown.id == second.id
    assert [user.id for user in response.includes.users] == [scene.bob]


async def test_deleted_replies_leave_a_tombstone_only_where_they_have_replies(
    scene: Scene,
) -> None:
    first = await scene.write(scene.alice)
    answered, plain = [await scene.write(scene.bob, reply_to_post_id=first.id) for _ in range(2)]
    await scene.write(scene.carol, reply_to_post_id=answered.id)
    for post in (answered, plain):
        await scene.delete(scene.bob, post.id)

    thread = await scene.posts().GetThread(rpc.GetThreadRequest(post_id=first.id))
    listed = await scene.posts().ListReplies(rpc.ListRepliesRequest(post_id=first.id))

    for posts in (thread.replies, listed.posts):
        assert [(post.id, post.deleted) for post in posts] == [(answered.id, True)]


async def test_only_the_first_page_of_a_thread_repeats_what_stands_above(scene: Scene) -> None:
    first = await scene.write(scene.alice)
    second = await scene.write(scene.alice, reply_to_post_id=first.id)
    replies = [await scene.write(scene.bob, reply_to_post_id=second.id) for _ in range(5)]

    pages = await every_page(
        scene.posts().GetThread, rpc.GetThreadRequest(post_id=second.id, page_size=2)
    )

    assert [len(page.ancestors) for page in pages] == [1, 0, 0]
    assert [post.id for page in pages for post in page.replies] == [post.id for post in replies]
    assert all(page.post.id == second.id for page in pages)


async def test_a_long_conversation_shows_the_nearest_fifty_above(scene: Scene) -> None:
    chain = [await scene.write(scene.alice)]
    for _ in range(52):
        chain.append(await scene.write(scene.alice, reply_to_post_id=chain[-1].id))

    response = await scene.posts().GetThread(rpc.GetThreadRequest(post_id=chain[-1].id))

    assert [post.id for post in response.ancestors] == [post.id for post in chain[2:-1]]


async def test_replies_go_oldest_first_over_pages(scene: Scene) -> None:
    first = await scene.write(scene.alice)
    replies = [await scene.write(scene.bob, reply_to_post_id=first.id) for _ in range(5)]

    pages = await every_page(
        scene.posts().ListReplies, rpc.ListRepliesRequest(post_id=first.id, page_size=2)
    )

    assert [[post.id for post in page.posts] for page in pages] == [
        [post.id for post in replies[start : start + 2]] for start in (0, 2, 4)
    ]


async def test_quotes_go_newest_first_without_those_hidden(scene: Scene) -> None:
    first = await scene.write(scene.alice)
    quotes = [await scene.write(scene.bob, quoted_post_id=first.id) for _ in range(3)]
    await scene.write(scene.carol, quoted_post_id=first.id, visibility=VISIBILITY_FOLLOWERS)

    pages = await every_page(
        scene.posts(scene.alice).ListQuotes, rpc.ListQuotesRequest(post_id=first.id, page_size=2)
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
    scene: Scene, name: str, request_of: Callable[..., Any]
) -> None:
    hidden = await scene.write(scene.alice, visibility=VISIBILITY_FOLLOWERS)
    deleted = await scene.write(scene.alice)
    await scene.delete(scene.alice, deleted.id)

    in_conversations = {"GetThread", "ListReplies"}
    for post_id in (hidden.id, 404, *([] if name in in_conversations else [deleted.id])):
        with raises_reason(NotFound, "POST_NOT_FOUND"):
            await getattr(scene.posts(scene.bob), name)(request_of(post_id=post_id))


async def test_revisions_go_newest_first_with_the_present_text(scene: Scene) -> None:
    post = await scene.write(scene.alice, "Text 1 #one")
    for number in (2, 3, 4):
        await scene.posts(scene.alice).UpdatePost(
            rpc.UpdatePostRequest(post_id=post.id, text=f"Text {number}")
        )

    pages = await every_page(
        scene.posts().ListPostRevisions,
        rpc.ListPostRevisionsRequest(post_id=post.id, page_size=2),
    )

    texts = [(each.revision, each.text) for page in pages for each in page.revisions]
    assert texts == [(4, "Text 4"), (3, "Text 3"), (2, "Text 2"), (1, "Text 1 #one")]
    oldest = pages[-1].revisions[-1]
    assert oldest.entities[0].hashtag.tag == "one"
    assert oldest.create_time == post.create_time
    assert len(pages) == 2


async def test_a_page_token_belongs_to_its_request(scene: Scene) -> None:
    for _ in range(3):
        await scene.write(scene.alice)
    request = rpc.ListUserPostsRequest(user_id=scene.alice, page_size=1)
    token = (await scene.posts().ListUserPosts(request)).next_page_token

    forged = token[:9] + ("A" if token[9] != "A" else "B") + token[10:]
    for other in (
        rpc.ListUserPostsRequest(user_id=scene.bob, page_token=token),
        rpc.ListUserPostsRequest(user_id=scene.alice, include_replies=True, page_token=token),
        rpc.ListUserPostsRequest(user_id=scene.alice, page_token=forged),
    ):
        with raises_reason(Invalid, "PAGE_TOKEN_INVALID"):
            await scene.posts().ListUserPosts(other)


async def test_services_list_timeline_entries_of_many_people(scene: Scene) -> None:
    first = await scene.write(scene.alice)
    second = await scene.write(scene.bob, visibility=VISIBILITY_FOLLOWERS)
    await scene.write(scene.bob, reply_to_post_id=first.id)
    await scene.write(scene.bob, visibility=VISIBILITY_MENTIONED)
    repost = await scene.repost(scene.carol, first.id)
    timeline = scene.posts(ServiceCaller("timeline"))

    async def page(before: int) -> list[tuple[int, int, int, int]]:
        response = await timeline.ListPostIdsByAuthors(
            rpc.ListPostIdsByAuthorsRequest(
                author_ids=[scene.alice, scene.bob, scene.carol, scene.alice],
                before_entry_id=before,
                page_size=2,
            )
        )
        return [(e.entry_id, e.post_id, e.author_id, e.reposter_id) for e in response.entries]

    newest = await page(0)
    older = await page(newest[-1][0])

    assert newest == [
        (repost.repost_id, first.id, scene.alice, scene.carol),
        (second.id, second.id, scene.bob, 0),
    ]
    assert older == [(first.id, first.id, scene.alice, 0)]


async def test_services_count_live_posts_in_request_order(scene: Scene) -> None:
    for _ in range(2):
        await scene.write(scene.alice)
    await scene.delete(scene.alice, (await scene.write(scene.alice)).id)

    response = await scene.posts(ServiceCaller("user")).BatchCountPosts(
        rpc.BatchCountPostsRequest(author_ids=[scene.bob, scene.alice])
    )

    assert list(response.counts) == [0, 2]
