"""The language of posts through a real channel: as the author gives it, else as detected."""

from typing import Any

import pytest
from roost.post.v1 import post_events_pb2 as events
from roost.post.v1 import post_service_pb2 as rpc
from roost.post.v1.post_pb2 import Post

from services.chassis.auth.caller import ServiceCaller
from services.chassis.runtime.errors import Invalid, RuleBroken
from tests.servicers.grpc_server import raises_reason
from tests.servicers.post.conftest import Scenario

ENGLISH = "The birds came back to the garden this morning"
GERMAN = "Die Vögel sind heute Morgen in den Garten zurückgekommen"
FRENCH = "Les oiseaux sont revenus au jardin ce matin"


async def edit(scenario: Scenario, post: Post, text: str, **given: Any) -> Post:
    request = rpc.UpdatePostRequest(post_id=post.id, text=text, **given)
    return (await scenario.posts(scenario.alice).UpdatePost(request)).post


@pytest.mark.parametrize(
    ("text", "language"),
    [
        (ENGLISH, "en"),
        (GERMAN, "de"),
        ("庭に鳥が戻ってきました", "ja"),
        ("123 👋 https://roost.example", "und"),
        ("#Vögel @alice", "und"),
    ],
)
async def test_the_language_is_detected(scenario: Scenario, text: str, language: str) -> None:
    post = await scenario.write(scenario.alice, text)

    assert post.language == language


async def test_the_language_of_the_author_comes_first(scenario: Scenario) -> None:
    post = await scenario.write(scenario.alice, ENGLISH, language="gsw")

    assert post.language == "gsw"


async def test_a_post_with_a_picture_alone_has_no_language(scenario: Scenario) -> None:
    medium = scenario.media.add(scenario.alice)

    post = await scenario.write(scenario.alice, "", media_ids=[medium])

    assert post.language == "und"


async def test_every_reader_gets_the_language(scenario: Scenario) -> None:
    post = await scenario.write(scenario.alice, GERMAN)

    batch = await scenario.posts(scenario.bob).BatchGetPosts(
        rpc.BatchGetPostsRequest(post_ids=[post.id])
    )
    page = await scenario.posts(ServiceCaller("search")).ScanPosts(rpc.ScanPostsRequest())
    profile = await scenario.posts().ListUserPosts(rpc.ListUserPostsRequest(user_id=scenario.alice))

    assert [each.language for each in batch.posts] == ["de"]
    assert [each.language for each in page.posts] == ["de"]
    assert [each.language for each in profile.posts] == ["de"]


async def test_events_have_the_language(scenario: Scenario) -> None:
    post = await scenario.write(scenario.alice, ENGLISH)
    await edit(scenario, post, GERMAN)

    (created,) = scenario.published("PostCreated")
    (updated,) = scenario.published("PostUpdated")
    assert events.PostCreated.FromString(created.payload).post.language == "en"
    assert events.PostUpdated.FromString(updated.payload).post.language == "de"


async def test_an_edit_detects_the_language_again(scenario: Scenario) -> None:
    post = await scenario.write(scenario.alice, ENGLISH)

    edited = await edit(scenario, post, GERMAN)

    assert edited.language == "de"
    assert (await scenario.read(post.id)).language == "de"


async def test_an_edit_keeps_a_language_that_the_author_gave(scenario: Scenario) -> None:
    post = await scenario.write(scenario.alice, ENGLISH, language="sco")

    edited = await edit(scenario, post, GERMAN)

    assert edited.language == "sco"


async def test_a_language_that_an_edit_gives_is_kept_by_later_edits(scenario: Scenario) -> None:
    post = await scenario.write(scenario.alice, ENGLISH)

    await edit(scenario, post, GERMAN, language="bar")
    edited = await edit(scenario, post, FRENCH)

    assert edited.language == "bar"


async def test_another_language_alone_is_an_edit(scenario: Scenario) -> None:
    post = await scenario.write(scenario.alice, ENGLISH)

    edited = await edit(scenario, post, ENGLISH, language="sco")

    assert (edited.language, edited.revision) == ("sco", 2)


async def test_a_detected_language_may_be_confirmed(scenario: Scenario) -> None:
    post = await scenario.write(scenario.alice, ENGLISH)

    confirmed = await edit(scenario, post, ENGLISH, language="en")
    again = await edit(scenario, post, ENGLISH, language="en")
    edited = await edit(scenario, post, GERMAN)

    assert (confirmed.revision, again.revision) == (2, 2)
    assert edited.language == "en"


async def test_the_same_text_keeps_the_language(scenario: Scenario) -> None:
    detected = await scenario.write(scenario.alice, ENGLISH)
    given = await scenario.write(scenario.alice, ENGLISH, language="sco")

    assert await edit(scenario, detected, f" {ENGLISH} ") == detected
    assert await edit(scenario, given, ENGLISH) == given


async def test_other_media_keep_the_language(scenario: Scenario) -> None:
    post = await scenario.write(scenario.alice, ENGLISH)
    medium = scenario.media.add(scenario.alice)

    edited = await edit(scenario, post, ENGLISH, media=rpc.MediaList(media_ids=[medium]))

    assert (edited.language, edited.revision) == ("en", 2)


async def test_the_language_is_part_of_the_request(scenario: Scenario) -> None:
    first = await scenario.write(scenario.alice, ENGLISH, language="sco", request_id="key-1")

    assert first == await scenario.write(
        scenario.alice, ENGLISH, language="sco", request_id="key-1"
    )
    with raises_reason(RuleBroken, "IDEMPOTENCY_KEY_REUSED"):
        await scenario.write(scenario.alice, ENGLISH, request_id="key-1")


@pytest.mark.parametrize("code", ["e", "EN", "engl", "en-GB", "e1"])
async def test_a_language_is_a_code_of_two_or_three_lower_case_letters(
    scenario: Scenario, code: str
) -> None:
    post = await scenario.write(scenario.alice, ENGLISH)

    with raises_reason(Invalid, "VALIDATION_FAILED"):
        await scenario.write(scenario.alice, ENGLISH, language=code)
    with raises_reason(Invalid, "VALIDATION_FAILED"):
        await edit(scenario, post, GERMAN, language=code)
