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
    NotFound,
    RuleBroken,
    Unauthenticated,
)
from services.chassis.runtime.ids import bucket_of
from tests.servicers.grpc_server import raises_reason
from tests.servicers.post.conftest import Scenario


async def test_the_response_to_a_creation_has_author_entities_and_zero_counts(
    scenario: Scenario,
) -> None:
    response = await scenario.posts(scenario.alice).CreatePost(
        rpc.CreatePostRequest(text="  Hello @BOB, #Roost https://roost.example.  ")
    )

    post = response.post
    assert post.text == "Hello @BOB, #Roost https://roost.example."
    assert post.author_id == scenario.alice
    assert post.visibility == VISIBILITY_PUBLIC
    assert post.conversation_id == post.id
    assert bucket_of(post.id) == bucket_of(scenario.alice)
    assert (post.revision, post.etag) == (1, "1")
    assert [(each.start, each.end, each.WhichOneof("kind")) for each in post.entities] == [
        (6, 10, "mention"),
        (12, 18, "hashtag"),
        (19, 40, "link"),
    ]
    assert post.entities[0].mention.user_id == scenario.bob
    assert post.entities[0].mention.handle == "bob"
    assert post.entities[1].hashtag.tag == "roost"
    assert post.HasField("counts")
    assert post.HasField("viewer_state")
    assert [user.id for user in response.includes.users] == sorted([scenario.alice, scenario.bob])
    assert await scenario.read(post.id, scenario.alice) == post


async def test_creating_calls_the_user_service_once(scenario: Scenario) -> None:
    parent = await scenario.write(scenario.bob)
    quoted = await scenario.write(scenario.carol)
    scenario.users.calls.clear()

    response = await scenario.posts(scenario.alice).CreatePost(
        rpc.CreatePostRequest(
            text="@bob look", reply_to_post_id=parent.id, quoted_post_id=quoted.id
        )
    )

    assert len(scenario.users.calls) == 1
    assert response.post.reply_to_author_id == scenario.bob
    assert [each.id for each in response.includes.quoted_posts] == [quoted.id]
    assert scenario.carol in [user.id for user in response.includes.users]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "TEXT_EMPTY"),
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
async def test_a_text_that_breaks_a_rule_is_refused(
    scenario: Scenario, text: str, reason: str
) -> None:
    with raises_reason(RuleBroken, reason) as caught:
        await scenario.write(scenario.alice, text)

    assert [each.field for each in caught.value.violations] == ["text"]
    assert scenario.published("PostCreated") == []


async def test_five_hundred_families_are_five_hundred_characters(scenario: Scenario) -> None:
    post = await scenario.write(scenario.alice, "👩‍👩‍👧‍👦" * 500)

    assert len(post.text) == 3500


async def test_a_deleted_account_cannot_write(scenario: Scenario) -> None:
    scenario.users.delete(scenario.alice)

    with raises_reason(Unauthenticated, "TOKEN_INVALID"):
        await scenario.write(scenario.alice)


async def test_users_with_a_block_are_not_mentioned(scenario: Scenario) -> None:
    scenario.users.block(scenario.bob, scenario.alice)
    scenario.users.block(scenario.alice, scenario.carol)

    post = await scenario.write(scenario.alice, "@bob @carol @nobody @alice")

    assert [each.mention.user_id for each in post.entities] == [scenario.alice]


@pytest.mark.parametrize("field", ["reply_to_post_id", "quoted_post_id"])
async def test_a_post_that_the_caller_may_not_see_cannot_be_answered_or_quoted(
    scenario: Scenario, field: str
) -> None:
    hidden = await scenario.write(scenario.bob, visibility=VISIBILITY_FOLLOWERS)
    deleted = await scenario.write(scenario.carol)
    await scenario.delete(scenario.carol, deleted.id)

    for post_id in (hidden.id, deleted.id, 12345):
        with raises_reason(NotFound, "POST_NOT_FOUND"):
            await scenario.write(scenario.alice, **{field: post_id})


async def test_only_open_posts_may_be_quoted(scenario: Scenario) -> None:
    narrow = await scenario.write(scenario.bob, visibility=VISIBILITY_FOLLOWERS)
    scenario.users.follow(scenario.alice, scenario.bob)
    public = await scenario.write(scenario.carol)
    scenario.users.protect(scenario.carol)
    scenario.users.follow(scenario.alice, scenario.carol)

    for post in (narrow, public):
        with raises_reason(RuleBroken, "QUOTE_NOT_ALLOWED"):
            await scenario.write(scenario.alice, quoted_post_id=post.id)


@pytest.mark.parametrize(
    ("parent", "asked", "becomes"),
    [
        (VISIBILITY_PUBLIC, VISIBILITY_PUBLIC, VISIBILITY_PUBLIC),
        (VISIBILITY_PUBLIC, VISIBILITY_FOLLOWERS, VISIBILITY_FOLLOWERS),
        (VISIBILITY_FOLLOWERS, VISIBILITY_PUBLIC, VISIBILITY_FOLLOWERS),
        (VISIBILITY_MENTIONED, 0, VISIBILITY_MENTIONED),
    ],
)
async def test_a_reply_is_no_wider_than_its_parent(
    scenario: Scenario, parent: int, asked: int, becomes: int
) -> None:
    scenario.users.follow(scenario.bob, scenario.alice)
    first = await scenario.write(scenario.alice, "@bob hello", visibility=parent)

    reply = await scenario.write(scenario.bob, reply_to_post_id=first.id, visibility=asked)

    assert reply.visibility == becomes
    assert (reply.conversation_id, reply.reply_to_author_id) == (first.id, scenario.alice)
    assert await scenario.sees(scenario.alice, reply.id)


async def test_replies_and_quotes_show_in_the_counts_at_once(scenario: Scenario) -> None:
    first = await scenario.write(scenario.alice)
    reply = await scenario.write(scenario.bob, reply_to_post_id=first.id)
    quote = await scenario.write(scenario.bob, quoted_post_id=first.id)

    counts = (await scenario.read(first.id)).counts
    assert (counts.replies, counts.quotes) == (1, 1)

    await scenario.delete(scenario.bob, reply.id)
    await scenario.delete(scenario.bob, quote.id)
    counts = (await scenario.read(first.id)).counts
    assert (counts.replies, counts.quotes) == (0, 0)


async def test_the_event_of_a_creation_has_the_post_and_the_quoted_author(
    scenario: Scenario,
) -> None:
    quoted = await scenario.write(scenario.bob)
    post = await scenario.write(scenario.alice, "Look @bob", quoted_post_id=quoted.id)

    event = scenario.published("PostCreated")[-1]
    event_body = events.PostCreated.FromString(event.payload)

    assert event.key == str(scenario.alice)
    assert event.topic == "roost.post.v1"
    assert event_body.quoted_author_id == scenario.bob
    post.ClearField("counts")
    post.ClearField("viewer_state")
    assert event_body.post == post


async def test_a_repeated_creation_gives_the_same_bytes_and_one_post(scenario: Scenario) -> None:
    request = rpc.CreatePostRequest(text="Once", request_id="key-1")

    first = await scenario.posts(scenario.alice).CreatePost(request)
    second = await scenario.posts(scenario.alice).CreatePost(request)

    assert first.SerializeToString() == second.SerializeToString()
    assert len(scenario.published("PostCreated")) == 1


async def test_a_repeated_creation_gets_its_response_although_the_parent_is_deleted(
    scenario: Scenario,
) -> None:
    parent = await scenario.write(scenario.bob)
    request = rpc.CreatePostRequest(text="Yes", reply_to_post_id=parent.id, request_id="key-1")
    first = await scenario.posts(scenario.alice).CreatePost(request)
    await scenario.delete(scenario.bob, parent.id)

    assert await scenario.posts(scenario.alice).CreatePost(request) == first


async def test_a_key_is_not_taken_for_another_request(scenario: Scenario) -> None:
    await scenario.write(scenario.alice, "One", request_id="key-1")

    with raises_reason(RuleBroken, "IDEMPOTENCY_KEY_REUSED"):
        await scenario.write(scenario.alice, "Two", request_id="key-1")
    # Another user may use the same key.
    await scenario.write(scenario.bob, "Two", request_id="key-1")


async def test_concurrent_copies_of_a_request_write_one_post(scenario: Scenario) -> None:
    request = rpc.CreatePostRequest(text="Once", request_id="key-1")

    responses = await asyncio.gather(
        *(scenario.posts(scenario.alice).CreatePost(request) for _ in range(20))
    )

    assert len({response.post.id for response in responses}) == 1
    assert len(scenario.published("PostCreated")) == 1


async def test_an_edit_changes_text_entities_and_etag(scenario: Scenario) -> None:
    post = await scenario.write(scenario.alice, "Hello @bob #old")
    await scenario.like(scenario.carol, post.id)

    response = await scenario.posts(scenario.alice).UpdatePost(
        rpc.UpdatePostRequest(post_id=post.id, text="Hello @carol #new", etag=post.etag)
    )

    edited = response.post
    assert (edited.id, edited.text, edited.revision) == (post.id, "Hello @carol #new", 2)
    assert edited.etag != post.etag
    assert edited.HasField("edit_time")
    assert edited.create_time == post.create_time
    assert edited.counts.likes == 1
    assert [each.mention.user_id for each in edited.entities] == [scenario.carol, 0]
    assert scenario.carol in [user.id for user in response.includes.users]
    assert await scenario.read(post.id, scenario.alice) == edited
    event_body = events.PostUpdated.FromString(scenario.published("PostUpdated")[0].payload)
    assert list(event_body.previous_mentioned_user_ids) == [scenario.bob]
    assert event_body.post.text == "Hello @carol #new"


async def test_an_edit_of_an_older_text_is_refused(scenario: Scenario) -> None:
    post = await scenario.write(scenario.alice, "One")
    await scenario.posts(scenario.alice).UpdatePost(
        rpc.UpdatePostRequest(post_id=post.id, text="Two")
    )

    with raises_reason(Conflict, "ETAG_MISMATCH"):
        await scenario.posts(scenario.alice).UpdatePost(
            rpc.UpdatePostRequest(post_id=post.id, text="Three", etag=post.etag)
        )


async def test_the_same_text_is_no_edit(scenario: Scenario) -> None:
    post = await scenario.write(scenario.alice, "One")

    response = await scenario.posts(scenario.alice).UpdatePost(
        rpc.UpdatePostRequest(post_id=post.id, text=" One ")
    )

    assert response.post == post
    assert scenario.published("PostUpdated") == []


async def test_a_repeated_edit_is_made_once(scenario: Scenario) -> None:
    post = await scenario.write(scenario.alice, "One")
    request = rpc.UpdatePostRequest(post_id=post.id, text="Two", etag=post.etag, request_id="key-1")

    first = await scenario.posts(scenario.alice).UpdatePost(request)
    second = await scenario.posts(scenario.alice).UpdatePost(request)

    assert first == second
    assert second.post.revision == 2


async def test_only_the_author_edits_and_deletes(scenario: Scenario) -> None:
    post = await scenario.write(scenario.alice)

    with raises_reason(Forbidden, "NOT_AUTHOR"):
        await scenario.posts(scenario.bob).UpdatePost(
            rpc.UpdatePostRequest(post_id=post.id, text="x")
        )
    with raises_reason(Forbidden, "NOT_AUTHOR"):
        await scenario.delete(scenario.bob, post.id)


async def test_a_user_who_may_not_see_a_post_does_not_learn_that_it_exists(
    scenario: Scenario,
) -> None:
    post = await scenario.write(scenario.alice, visibility=VISIBILITY_FOLLOWERS)

    with raises_reason(NotFound, "POST_NOT_FOUND"):
        await scenario.posts(scenario.bob).UpdatePost(
            rpc.UpdatePostRequest(post_id=post.id, text="x")
        )
    with raises_reason(NotFound, "POST_NOT_FOUND"):
        await scenario.delete(scenario.bob, post.id)
    with raises_reason(NotFound, "POST_NOT_FOUND"):
        await scenario.delete(scenario.alice, 404)


@pytest.mark.parametrize("text", ["  ", "a" * 501, "\x01"])
async def test_an_edit_keeps_to_the_rules_of_a_text(scenario: Scenario, text: str) -> None:
    post = await scenario.write(scenario.alice)

    with pytest.raises(RuleBroken):
        await scenario.posts(scenario.alice).UpdatePost(
            rpc.UpdatePostRequest(post_id=post.id, text=text)
        )


async def test_nobody_finds_a_deleted_post(scenario: Scenario) -> None:
    post = await scenario.write(scenario.alice)
    assert await scenario.sees(scenario.bob, post.id)

    await scenario.delete(scenario.alice, post.id)

    assert not await scenario.sees(scenario.bob, post.id)
    with raises_reason(NotFound, "POST_NOT_FOUND"):
        await scenario.read(post.id, scenario.alice)
    with raises_reason(NotFound, "POST_NOT_FOUND"):
        await scenario.posts(scenario.alice).UpdatePost(
            rpc.UpdatePostRequest(post_id=post.id, text="x")
        )


async def test_deleting_again_changes_nothing(scenario: Scenario) -> None:
    post = await scenario.write(scenario.alice)

    await scenario.delete(scenario.alice, post.id, request_id="key-1")
    await scenario.delete(scenario.alice, post.id, request_id="key-1")
    await scenario.delete(scenario.alice, post.id)

    (event,) = scenario.published("PostDeleted")
    event_body = events.PostDeleted.FromString(event.payload)
    assert (event_body.post_id, event_body.author_id) == (post.id, scenario.alice)


@pytest.mark.parametrize("name", ["CreatePost", "UpdatePost", "DeletePost"])
async def test_anonymous_callers_cannot_write(scenario: Scenario, name: str) -> None:
    requests = {
        "CreatePost": rpc.CreatePostRequest(text="x"),
        "UpdatePost": rpc.UpdatePostRequest(post_id=1, text="x"),
        "DeletePost": rpc.DeletePostRequest(post_id=1),
    }

    with raises_reason(Unauthenticated, "TOKEN_MISSING"):
        await getattr(scenario.posts(), name)(requests[name])
