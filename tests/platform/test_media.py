"""Media through all services: uploaded by one request, posted, shown, and to whom."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from local.edge import Account, Refused
from services.user.domain.passwords import Passwords
from tests.platform.platform import Platform, platform

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def roost(hashing: Passwords, shared_redis: str) -> AsyncIterator[Platform]:
    async with platform(hashing, shared_redis) as everything:
        yield everything


async def read(roost: Platform, path: str, by: Account | None = None) -> Any:
    return await roost.edge.call("GET", path, by=by)


async def refusal(roost: Platform, method: str, path: str, **given: Any) -> str:
    with pytest.raises(Refused) as refused:
        await roost.edge.call(method, path, **given)
    return refused.value.reason


async def test_a_picture_is_uploaded_posted_and_shown_on_homes(roost: Platform) -> None:
    alice, bob = await roost.register("pic_alice"), await roost.register("pic_bob")
    await roost.edge.follow(bob, alice.user_id)
    picture = await roost.picture(alice)

    post = await roost.edge.post(alice, "", media_ids=[picture])
    await roost.log.deliver_all()
    home = await read(roost, "/v2/timelines/home", bob)

    assert [each["id"] for each in post["media"]] == [picture]
    (shown,) = [each["post"] for each in home["items"]]
    assert shown["content"] == []
    (medium,) = shown["media"]
    assert (medium["id"], medium["state"], medium["kind"]) == (picture, "ready", "picture")
    assert medium["variants"][0]["url"].startswith("https://media.roost.test/")


async def test_a_medium_is_its_owners_until_it_is_posted_and_then_of_those_who_read_the_post(
    roost: Platform,
) -> None:
    alice, bob = await roost.register("own_alice"), await roost.register("own_bob")
    carol = await roost.register("own_carol")
    await roost.edge.follow(bob, alice.user_id)
    picture = await roost.picture(alice)
    path = f"/v2/media/{picture}"

    assert (await read(roost, path, alice))["expires_at"] is not None
    for other in (bob, None):
        assert await refusal(roost, "GET", path, by=other) == "MEDIUM_NOT_FOUND"

    await roost.edge.post(alice, "For followers", visibility="followers", media_ids=[picture])
    await roost.log.deliver_all()

    for reader in (alice, bob):
        assert (await read(roost, path, reader))["expires_at"] is None
    for other in (carol, None):
        assert await refusal(roost, "GET", path, by=other) == "MEDIUM_NOT_FOUND"
        assert (await read(roost, f"/v2/media?ids={picture}", other))["items"] == []


async def test_a_medium_is_used_once(roost: Platform) -> None:
    alice = await roost.register("once_alice")
    picture, waiting = await roost.picture(alice), await roost.picture(alice)
    post = await roost.edge.post(alice, "One", media_ids=[picture])
    body = {"text": "Two", "media_ids": [waiting, picture]}

    again = await refusal(roost, "POST", "/v2/posts", by=alice, body=body)
    deleted = await refusal(roost, "DELETE", f"/v2/media/{picture}", by=alice)
    strange = await refusal(
        roost, "POST", "/v2/posts", by=await roost.register("once_bob"), body=body
    )

    assert (again, deleted, strange) == ("MEDIUM_IN_USE", "MEDIUM_IN_USE", "MEDIA_NOT_READY")
    # The one that was free is free again.
    changed = await roost.edge.call(
        "PATCH",
        f"/v2/posts/{post['id']}",
        by=alice,
        body={"text": "One", "media_ids": [picture, waiting]},
    )
    assert [each["id"] for each in changed["media"]] == [picture, waiting]


async def test_an_edit_of_the_text_keeps_media_and_the_media_tab_shows_the_post(
    roost: Platform,
) -> None:
    alice = await roost.register("tab_alice")
    picture = await roost.picture(alice)
    post = await roost.edge.post(alice, "With a picture", media_ids=[picture])
    await roost.edge.post(alice, "Without one")
    await roost.edge.call("PATCH", f"/v2/posts/{post['id']}", by=alice, body={"text": "Edited"})

    tab = await read(roost, f"/v2/users/{alice.user_id}/posts?only_media=true")
    revisions = await read(roost, f"/v2/posts/{post['id']}/revisions")

    assert [each["post"]["id"] for each in tab["items"]] == [post["id"]]
    for each in revisions["items"]:
        assert [medium["id"] for medium in each["media"]] == [picture]


async def test_a_profile_shows_its_pictures(roost: Platform) -> None:
    alice = await roost.register("face_alice")
    avatar, banner = await roost.picture(alice), await roost.picture(alice)
    change = {"avatar_media_id": avatar, "banner_media_id": banner}

    await roost.edge.call("PATCH", "/v2/users/me", by=alice, body=change)
    await roost.log.deliver_all()

    profile = await read(roost, f"/v2/users/{alice.user_id}")
    assert (profile["avatar"]["id"], profile["banner"]["id"]) == (avatar, banner)
    post = await roost.edge.post(alice, "Me")
    assert (await read(roost, f"/v2/posts/{post['id']}"))["author"]["avatar"]["id"] == avatar


async def test_a_description_that_changes_is_shown_with_the_post(roost: Platform) -> None:
    alice = await roost.register("alt_alice")
    picture = await roost.picture(alice)
    post = await roost.edge.post(alice, "Look", media_ids=[picture])
    await roost.log.deliver_all()

    await roost.edge.call("PATCH", f"/v2/media/{picture}", by=alice, body={"alt_text": "A heron"})
    await roost.log.deliver_all()

    (shown,) = (await read(roost, f"/v2/posts/{post['id']}"))["media"]
    assert shown["alt_text"] == "A heron"
