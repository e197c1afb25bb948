"""CreatePost, UpdatePost and DeletePost through a real channel."""

import asyncio

import pytest
from roost.post.v1 import post_events_pb2 as events
from roost.post.v1 import post_service_pb2 as rpc
from roost.post.v1.post_pb2 import (
    VISIBILITY_FOLLOWERS,
    VISIBILITY_MENTIONED,
    VISIBILITY_PUBLIC,
)

from services.chassis.runtime.errors import (
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    RuleBroken,
    Unauthenticated,
    WrongState,
)
from services.chassis.runtime.ids import bucket_of
from tests.servicers.post.conftest import Scene
from tests.servicers.serving import raises_reason


async def test_a_post_comes_back_with_author_entities_and_zero_counts(scene: Scene) -> None:
    response = await scene.posts(scene.alice).CreatePost(
        rpc.CreatePostRequest(text="  Hello @BOB, #Roost https://roost.example.  ")
    )

    post = response.post
    assert post.text == "Hello @BOB, #Roost https://roost.example."
    assert post.author_id == scene.alice
    assert post.visibility == VISIBILITY_PUBLIC
    assert post.conversation_id == post.id
    assert bucket_of(post.id) == bucket_of(scene.alice)
    assert (post.revision, post.etag) == (1, "1")
    assert [(each.start, each.end, each.WhichOneof("kind")) for each in post.entities] == [
        (6, 10, "mention"),
        (12, 18, "hashtag"),
        (19, 40, "link"),
    ]
    assert post.entities[0].mention.user_id == scene.bob
    assert post.entities[0].mention.handle == "bob"
    assert post.entities[1].hashtag.tag == "roost"
    assert post.HasField("counts")
    assert post.HasField("viewer_state")
    assert [user.id for user in response.includes.users] == sorted([scene.alice, scene.bob])
    assert await scene.read(post.id, scene.alice) == post


async def test_creating_asks_the_user_service_once(scene: Scene) -> None:
    parent = await scene.write(scene.bob)
    quoted = await scene.write(scene.carol)
    scene.users.calls.clear()

    response = await scene.posts(scene.alice).CreatePost(
        rpc.CreatePostRequest(
            text="@bob look", reply_to_post_id=parent.id, quoted_post_id=quoted.id
        )
    )

    assert len(scene.users.calls) == 1
    assert response.post.reply_to_author_id == scene.bob
    assert [each.id for each in response.includes.quoted_posts] == [quoted.id]
    assert scene.carol in [user.id for user in response.includes.users]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("   \n ", "TEXT_EMPTY"),
        ("a" * 501, "TEXT_TOO_LONG"),
        ("a" * 20_001, "TEXT_TOO_LONG"),
        ("👩‍👩‍👧‍👦" * 501, "TEXT_TOO_LONG"),
        ("bell \x07", "TEXT_INVALID"),
        ("nul \x00", "TEXT_INVALID"),
        ("turned \u202e", "TEXT_INVALID"),
        ("a" + "\u0315" * 40, "TEXT_INVALID"),
        ("a" + "\u0315" * 4900 + "\u0300" * 4900, "TEXT_TOO_LONG"),
        ("\u3164", "TEXT_EMPTY"),
        ("\u2800", "TEXT_EMPTY"),
        ("\u115f", "TEXT_EMPTY"),
        ("\uffa0", "TEXT_EMPTY"),
    ],
)
async def test_a_text_that_breaks_a_rule_is_refused(scene: Scene, text: str, reason: str) -> None:
    with raises_reason(RuleBroken, reason) as caught:
        await scene.write(scene.alice, text)

    assert [each.field for each in caught.value.violations] == ["text"]
    assert scene.published("PostCreated") == []


async def test_five_hundred_families_are_five_hundred_characters(scene: Scene) -> None:
    post = await scene.write(scene.alice, "👩‍👩‍👧‍👦" * 500)

    assert len(post.text) == 3500


async def test_a_request_without_text_breaks_the_contract(scene: Scene) -> None:
    with raises_reason(Invalid, "VALIDATION_FAILED"):
        await scene.write(scene.alice, "")


async def test_media_are_not_ready_before_there_is_a_media_service(scene: Scene) -> None:
    with raises_reason(WrongState, "MEDIA_NOT_READY"):
        await scene.write(scene.alice, media_ids=[5])


async def test_an_account_that_is_gone_writes_nothing(scene: Scene) -> None:
    scene.users.delete(scene.alice)

    with raises_reason(Unauthenticated, "TOKEN_INVALID"):
        await scene.write(scene.alice)


async def test_people_whom_a_block_keeps_apart_are_not_mentioned(scene: Scene) -> None:
    scene.users.block(scene.bob, scene.alice)
    scene.users.block(scene.alice, scene.carol)

    post = await scene.write(scene.alice, "@bob @carol @nobody @alice")

    assert [each.mention.user_id for each in post.entities] == [scene.alice]


@pytest.mark.parametrize("field", ["reply_to_post_id", "quoted_post_id"])
async def test_nobody_answers_or_quotes_what_does_not_exist_for_them(
    scene: Scene, field: str
) -> None:
    hidden = await scene.write(scene.bob, visibility=VISIBILITY_FOLLOWERS)
    deleted = await scene.write(scene.carol)
    await scene.delete(scene.carol, deleted.id)

    for post_id in (hidden.id, deleted.id, 12345):
        with raises_reason(NotFound, "POST_NOT_FOUND"):
            await scene.write(scene.alice, **{field: post_id})


async def test_only_open_posts_may_be_quoted(scene: Scene) -> None:
    narrow = await scene.write(scene.bob, visibility=VISIBILITY_FOLLOWERS)
    scene.users.follow(scene.alice, scene.bob)
    public = await scene.write(scene.carol)
    scene.users.protect(scene.carol)
    scene.users.follow(scene.alice, scene.carol)

    for post in (narrow, public):
        with raises_reason(RuleBroken, "QUOTE_NOT_ALLOWED"):
            await scene.write(scene.alice, quoted_post_id=post.id)


@pytest.mark.parametrize(
    ("parent", "asked", "becomes"),
    [
        (VISIBILITY_PUBLIC, VISIBILITY_PUBLIC, VISIBILITY_PUBLIC),
        (VISIBILITY_PUBLIC, VISIBILITY_FOLLOWERS, VISIBILITY_FOLLOWERS),
        (VISIBILITY_FOLLOWERS, VISIBILITY_PUBLIC, VISIBILITY_FOLLOWERS),
        (VISIBILITY_MENTIONED, 0, VISIBILITY_MENTIONED),
    ],
)
async def test_a_reply_is_no_wider_than_what_it_answers(
    scene: Scene, parent: int, asked: int, becomes: int
) -> None:
    scene.users.follow(scene.bob, scene.alice)
    first = await scene.write(scene.alice, "@bob hello", visibility=parent)

    reply = await scene.write(scene.bob, reply_to_post_id=first.id, visibility=asked)

    assert reply.visibility == becomes
    assert (reply.conversation_id, reply.reply_to_author_id) == (first.id, scene.alice)
    assert await scene.sees(scene.alice, reply.id)


async def test_replies_and_quotes_show_in_the_counts_at_once(scene: Scene) -> None:
    first = await scene.write(scene.alice)
    reply = await scene.write(scene.bob, reply_to_post_id=first.id)
    quote = await scene.write(scene.bob, quoted_post_id=first.id)

    counts = (await scene.read(first.id)).counts
    assert (counts.replies, counts.quotes) == (1, 1)

    await scene.delete(scene.bob, reply.id)
    await scene.delete(scene.bob, quote.id)
    counts = (await scene.read(first.id)).counts
    assert (counts.replies, counts.quotes) == (0, 0)


async def test_creation_is_told_with_the_post_and_the_quoted_author(scene: Scene) -> None:
    quoted = await scene.write(scene.bob)
    post = await scene.write(scene.alice, "Look @bob", quoted_post_id=quoted.id)

    event = scene.published("PostCreated")[-1]
    told = events.PostCreated.FromString(event.payload)

    assert event.key == str(scene.alice)
    assert event.topic == "roost.post.v1"
    assert told.quoted_author_id == scene.bob
    post.ClearField("counts")
    post.ClearField("viewer_state")
    assert told.post == post


async def test_a_repeated_creation_gives_the_same_bytes_and_one_post(scene: Scene) -> None:
    request = rpc.CreatePostRequest(text="Once", request_id="key-1")

    first = await scene.posts(scene.alice).CreatePost(request)
    second = await scene.posts(scene.alice).CreatePost(request)

    assert first.SerializeToString() == second.SerializeToString()
    assert len(scene.published("PostCreated")) == 1


async def test_a_repeated_creation_is_answered_although_the_parent_is_gone(scene: Scene) -> None:
    parent = await scene.write(scene.bob)
    request = rpc.CreatePostRequest(text="Yes", reply_to_post_id=parent.id, request_id="key-1")
    first = await scene.posts(scene.alice).CreatePost(request)
    await scene.delete(scene.bob, parent.id)

    assert await scene.posts(scene.alice).CreatePost(request) == first


async def test_a_key_is_not_taken_for_another_request(scene: Scene) -> None:
    await scene.write(scene.alice, "One", request_id="key-1")

    with raises_reason(RuleBroken, "IDEMPOTENCY_KEY_REUSED"):
        await scene.write(scene.alice, "Two", request_id="key-1")
    # Somebody else may use the same one.
    await scene.write(scene.bob, "Two", request_id="key-1")


async def test_twins_of_a_request_write_one_post(scene: Scene) -> None:
    request = rpc.CreatePostRequest(text="Once", request_id="key-1")

    responses = await asyncio.gather(
        *(scene.posts(scene.alice).CreatePost(request) for _ in range(20))
    )

    assert len({response.post.id for response in responses}) == 1
    assert len(scene.published("PostCreated")) == 1


async def test_an_edit_changes_text_entities_and_etag(scene: Scene) -> None:
    post = await scene.write(scene.alice, "Hello @bob #old")
    await scene.like(scene.carol, post.id)

    response = await scene.posts(scene.alice).UpdatePost(
        rpc.UpdatePostRequest(post_id=post.id, text="Hello @carol #new", etag=post.etag)
    )

    edited = response.post
    assert (edited.id, edited.text, edited.revision) == (post.id, "Hello @carol #new", 2)
    assert edited.etag != post.etag
    assert edited.HasField("edit_time")
    assert edited.create_time == post.create_time
    assert edited.counts.likes == 1
    assert [each.mention.user_id for each in edited.entities] == [scene.carol, 0]
    assert scene.carol in [user.id for user in response.includes.users]
    assert await scene.read(post.id, scene.alice) == edited
    told = events.PostUpdated.FromString(scene.published("PostUpdated")[0].payload)
    assert list(told.previous_mentioned_user_ids) == [scene.bob]
    assert told.post.text == "Hello @carol #new"


async def test_an_edit_of_an_older_text_is_refused(scene: Scene) -> None:
    post = await scene.write(scene.alice, "One")
    await scene.posts(scene.alice).UpdatePost(rpc.UpdatePostRequest(post_id=post.id, text="Two"))

    with raises_reason(Conflict, "ETAG_MISMATCH"):
        await scene.posts(scene.alice).UpdatePost(
            rpc.UpdatePostRequest(post_id=post.id, text="Three", etag=post.etag)
        )


async def test_the_same_text_is_no_edit(scene: Scene) -> None:
    post = await scene.write(scene.alice, "One")

    response = await scene.posts(scene.alice).UpdatePost(
        rpc.UpdatePostRequest(post_id=post.id, text=" One ")
    )

    assert response.post == post
    assert scene.published("PostUpdated") == []


async def test_a_repeated_edit_is_made_once(scene: Scene) -> None:
    post = await scene.write(scene.alice, "One")
    request = rpc.UpdatePostRequest(post_id=post.id, text="Two", etag=post.etag, request_id="key-1")

    first = await scene.posts(scene.alice).UpdatePost(request)
    second = await scene.posts(scene.alice).UpdatePost(request)

    assert first == second
    assert second.post.revision == 2


async def test_only_the_author_edits_and_deletes(scene: Scene) -> None:
    post = await scene.write(scene.alice)

    with raises_reason(Forbidden, "NOT_AUTHOR"):
        await scene.posts(scene.bob).UpdatePost(rpc.UpdatePostRequest(post_id=post.id, text="x"))
    with raises_reason(Forbidden, "NOT_AUTHOR"):
        await scene.delete(scene.bob, post.id)


async def test_who_may_not_see_a_post_is_not_told_that_it_is_there(scene: Scene) -> None:
    post = await scene.write(scene.alice, visibility=VISIBILITY_FOLLOWERS)

    with raises_reason(NotFound, "POST_NOT_FOUND"):
        await scene.posts(scene.bob).UpdatePost(rpc.UpdatePostRequest(post_id=post.id, text="x"))
    with raises_reason(NotFound, "POST_NOT_FOUND"):
        await scene.delete(scene.bob, post.id)
    with raises_reason(NotFound, "POST_NOT_FOUND"):
        await scene.delete(scene.alice, 404)


@pytest.mark.parametrize("text", ["  ", "a" * 501, "\x01"])
async def test_an_edit_keeps_to_the_rules_of_a_text(scene: Scene, text: str) -> None:
    post = await scene.write(scene.alice)

    with pytest.raises(RuleBroken):
        await scene.posts(scene.alice).UpdatePost(rpc.UpdatePostRequest(post_id=post.id, text=text))


async def test_a_deleted_post_is_gone_for_everybody(scene: Scene) -> None:
    post = await scene.write(scene.alice)
    assert await scene.sees(scene.bob, post.id)

    await scene.delete(scene.alice, post.id)

    assert not await scene.sees(scene.bob, post.id)
    with raises_reason(NotFound, "POST_NOT_FOUND"):
        await scene.read(post.id, scene.alice)
    with raises_reason(NotFound, "POST_NOT_FOUND"):
        await scene.posts(scene.alice).UpdatePost(rpc.UpdatePostRequest(post_id=post.id, text="x"))


async def test_deleting_again_changes_nothing(scene: Scene) -> None:
    post = await scene.write(scene.alice)

    await scene.delete(scene.alice, post.id, request_id="key-1")
    await scene.delete(scene.alice, post.id, request_id="key-1")
    await scene.delete(scene.alice, post.id)

    (event,) = scene.published("PostDeleted")
    told = events.PostDeleted.FromString(event.payload)
    assert (told.post_id, told.author_id) == (post.id, scene.alice)


@pytest.mark.parametrize("name", ["CreatePost", "UpdatePost", "DeletePost"])
async def test_strangers_write_nothing(scene: Scene, name: str) -> None:
    requests = {
        "CreatePost": rpc.CreatePostRequest(text="x"),
        "UpdatePost": rpc.UpdatePostRequest(post_id=1, text="x"),
        "DeletePost": rpc.DeletePostRequest(post_id=1),
    }

    with raises_reason(Unauthenticated, "TOKEN_MISSING"):
        await getattr(scene.posts(), name)(requests[name])
