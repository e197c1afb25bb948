"""Media: one-request uploads, addresses that expire, and where media are shown."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from roost.media.v1 import media_pb2
from roost.media.v1 import media_service_pb2 as media
from roost.post.v1 import post_service_pb2 as posts
from roost.user.v1.user_service_pb2 import GetUserResponse, UpdateUserResponse

from gateway.api.versions import VERSIONS
from services.chassis.auth.signed_paths import STEP
from services.chassis.runtime.clock import ManualClock
from services.chassis.runtime.errors import NotFound, RuleBroken, Unavailable
from tests.gateway.conftest import MEDIA_ORIGIN, Client, counted
from tests.gateway.fakes import FakeObjectStore, FakeServices
from tests.gateway.protocols.graphql.sending import sent
from tests.gateway.samples import (
    ALICE,
    BOB,
    includes,
    person,
    picture,
    portrayed,
    post,
    tombstone,
    upload,
)

# Far beyond what any step takes, even on a machine that is busy with something else.
PATIENCE = 60.0
OPEN, CLOSED = "m/b3Blbg", "p/Y2xvc2Vk"
every_version = pytest.mark.parametrize("prefix", [each.prefix for each in VERSIONS])


def ready(services: FakeServices, *sizes: int) -> None:
    """An upload of parts of these sizes, and the medium that it becomes."""
    started = upload(7, *sizes)
    services.answer(
        "StartUpload",
        media.StartUploadResponse(medium_id=7, parts=started.parts, upload=started),
    )
    services.answer("CompleteUpload", media.CompleteUploadResponse(medium=picture(7)))
    services.answer("AbortUpload", media.AbortUploadResponse())


# --- one request ---


async def test_a_file_goes_to_the_object_store_part_by_part(
    alice: Client, services: FakeServices, object_store: FakeObjectStore
) -> None:
    content = bytes(range(256)) * 1_000
    ready(services, 200_000, 56_000)

    answer = await alice(
        "POST",
        "/v2/media",
        data={"alt_text": "A heron"},
        files={"file": ("heron.jpg", content, "image/jpeg")},
    )

    assert (answer.status_code, answer.json()["id"]) == (201, "7")
    assert object_store.put == {"/7/1": content[:200_000], "/7/2": content[200_000:]}
    assert services.methods == ["StartUpload", "CompleteUpload"]
    asked = services.last("StartUpload")
    assert (asked.size_bytes, asked.content_type, asked.alt_text) == (
        256_000,
        "image/jpeg",
        "A heron",
    )


async def test_the_focal_point_of_a_form_is_set_before_it_is_answered(
    alice: Client, services: FakeServices
) -> None:
    ready(services, 3)
    pointed = picture(7, focal_point=media_pb2.FocalPoint(x=0.5, y=-1))
    services.answer("UpdateMedia", media.UpdateMediaResponse(medium=pointed))

    answer = await alice(
        "POST", "/v2/media", data={"focal_point": "0.5,-1"}, files={"file": ("a.jpg", b"abc")}
    )

    assert answer.json()["focal_point"] == {"x": 0.5, "y": -1.0}
    asked = services.last("UpdateMedia")
    assert (asked.medium.focal_point.x, asked.medium.focal_point.y) == (0.5, -1)
    assert list(asked.update_mask.paths) == ["focal_point"]


@pytest.mark.parametrize(
    ("name", "declared", "expected"),
    [
        ("a.jpg", "image/jpeg", "image/jpeg"),
        ("a.HEIC", "application/octet-stream", "image/heic"),
        ("clip.mp4", "application/octet-stream", "video/mp4"),
        ("clip.mp4", "video/webm; codecs=vp9", "video/webm"),
        ("blob", "application/octet-stream", "application/octet-stream"),
        ("a.svg", "application/octet-stream", "application/octet-stream"),
    ],
)
async def test_a_type_that_is_not_declared_follows_from_the_name(
    alice: Client, services: FakeServices, name: str, declared: str, expected: str
) -> None:
    ready(services, 3)

    await alice("POST", "/v2/media", files={"file": (name, b"abc", declared)})

    assert services.last("StartUpload").content_type == expected


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"focal_point": "0.5"}, "focal_point"),
        ({"focal_point": "2,0"}, "focal_point"),
        ({"focal_point": "nan,0"}, "focal_point"),
        ({"focal_point": "0.5,0.5\n"}, "focal_point"),
        ({"alt_text": "a" * 15_001}, "alt_text"),
        ({"sensitive": "true"}, "sensitive"),
    ],
)
async def test_a_form_with_a_wrong_field_starts_no_upload(
    alice: Client, services: FakeServices, data: dict[str, str], field: str
) -> None:
    answer = await alice("POST", "/v2/media", data=data, files={"file": ("a.jpg", b"abc")})

    problem = answer.json()
    assert (answer.status_code, problem["reason"]) == (422, "VALIDATION_FAILED")
    assert [each["field"] for each in problem["violations"]] == [field]
    assert services.methods == []


async def test_a_file_beyond_ten_megabytes_starts_no_upload(
    alice: Client, services: FakeServices
) -> None:
    answer = await alice("POST", "/v2/media", files={"file": ("a.jpg", bytes(10_000_001))})

    assert (answer.status_code, answer.json()["reason"]) == (413, "BODY_TOO_LARGE")
    assert services.methods == []


async def test_what_the_service_refuses_puts_nothing(
    alice: Client, services: FakeServices, object_store: FakeObjectStore
) -> None:
    services.answer("StartUpload", RuleBroken(reason="MEDIA_TYPE_NOT_ALLOWED"))

    answer = await alice("POST", "/v2/media", files={"file": ("a.svg", b"<svg/>")})

    assert (answer.status_code, answer.json()["reason"]) == (415, "MEDIA_TYPE_NOT_ALLOWED")
    assert object_store.put == {}


async def test_an_upload_that_the_object_store_does_not_take_is_aborted(
    alice: Client, services: FakeServices, object_store: FakeObjectStore
) -> None:
    ready(services, 2, 1)
    object_store.refusals = [200, 500]

    answer = await alice("POST", "/v2/media", files={"file": ("a.jpg", b"abc")})

    assert (answer.status_code, answer.json()["reason"]) == (503, "DEPENDENCY_UNAVAILABLE")
    assert services.methods == ["StartUpload", "AbortUpload"]
    assert services.last("AbortUpload").medium_id == 7


async def test_an_upload_that_cannot_be_aborted_is_refused_all_the_same(
    alice: Client, services: FakeServices, object_store: FakeObjectStore
) -> None:
    ready(services, 3)
    services.answer("AbortUpload", Unavailable())
    object_store.refusals = [503]

    answer = await alice("POST", "/v2/media", files={"file": ("a.jpg", b"abc")})

    assert answer.status_code == 503


async def test_an_upload_that_may_be_complete_is_not_aborted(
    alice: Client, services: FakeServices
) -> None:
    ready(services, 3)
    services.answer("CompleteUpload", Unavailable())

    answer = await alice("POST", "/v2/media", files={"file": ("a.jpg", b"abc")})

    assert answer.status_code == 503
    assert services.methods == ["StartUpload", "CompleteUpload"]


async def test_a_repetition_resumes_what_the_first_try_left(
    alice: Client, services: FakeServices, object_store: FakeObjectStore
) -> None:
    key = {"idempotency-key": "once"}
    ready(services, 2, 1)
    object_store.refusals = [200, 500]
    first = await alice("POST", "/v2/media", files={"file": ("a.jpg", b"abc")}, headers=key)
    # The service gives the first answer again, whose addresses were used.
    services.answer("GetUpload", media.GetUploadResponse(upload=upload(7, 2, 1, received=1)))
    object_store.put.clear()
    object_store.refusals = [404]

    again = await alice("POST", "/v2/media", files={"file": ("a.jpg", b"abc")}, headers=key)

    assert (first.status_code, again.status_code) == (503, 201)
    assert object_store.put == {"/7/2": b"c"}
    assert "AbortUpload" not in services.methods


async def test_a_repetition_of_a_complete_upload_answers_the_medium(
    alice: Client, services: FakeServices, object_store: FakeObjectStore
) -> None:
    ready(services, 3)
    services.answer("GetUpload", NotFound(reason="UPLOAD_NOT_FOUND"))
    object_store.refusals = [404]

    answer = await alice(
        "POST",
        "/v2/media",
        files={"file": ("a.jpg", b"abc")},
        headers={"idempotency-key": "once"},
    )

    assert (answer.status_code, answer.json()["id"]) == (201, "7")


async def test_a_stranger_is_refused_before_the_form_is_read(
    stranger: Client, services: FakeServices
) -> None:
    answer = await stranger("POST", "/v2/media", content=b"no form at all")

    assert (answer.status_code, answer.json()["reason"]) == (401, "TOKEN_MISSING")
    assert services.methods == []


# --- addresses ---


def one(**given: Any) -> posts.GetPostResponse:
    return posts.GetPostResponse(
        post=post(100, ALICE, media_ids=[7], **given), includes=includes(person(ALICE))
    )


@every_version
async def test_an_open_picture_has_addresses_for_good(
    stranger: Client, services: FakeServices, prefix: str
) -> None:
    services.answer("GetPost", one(media=[picture(7, folder=OPEN)]))

    (shown,) = (await stranger.get(f"{prefix}/posts/100")).json()["media"]

    assert [each["url"] for each in shown["variants"]] == [
        f"{MEDIA_ORIGIN}/m/b3Blbg/{file}"
        for file in ("320.webp", "960.webp", "2048.webp", "compat.jpg")
    ]
    assert shown["url_expires_at"] is None
    assert shown["focal_point"] == {"x": 0.1, "y": -0.25}


@every_version
async def test_a_closed_picture_has_addresses_that_expire(
    stranger: Client, services: FakeServices, media_clock: ManualClock, prefix: str
) -> None:
    services.answer("GetPost", one(media=[picture(7, folder=CLOSED)]))
    media_clock.advance(timedelta(minutes=1))

    (shown,) = (await stranger.get(f"{prefix}/posts/100")).json()["media"]

    assert shown["url_expires_at"] == "2025-06-01T12:30:00.000Z"
    for each in shown["variants"]:
        before, _, file = each["url"].rpartition("/p/Y2xvc2Vk/")
        assert before.startswith(f"{MEDIA_ORIGIN}/s/")
        assert file


async def test_a_post_whose_addresses_rolled_over_is_sent_again(
    alice: Client, services: FakeServices, media_clock: ManualClock
) -> None:
    services.answer("GetPost", one(media=[picture(7, folder=CLOSED)], etag="e7"))
    first = await alice.get("/v2/posts/100")
    tag = first.headers["etag"]
    same = await alice.get("/v2/posts/100", if_none_match=tag)
    media_clock.advance(STEP)

    later = await alice.get("/v2/posts/100", if_none_match=tag)

    assert same.status_code == 304
    assert later.status_code == 200
    assert later.headers["etag"] != tag
    assert later.json()["media"][0]["variants"] != first.json()["media"][0]["variants"]


async def test_a_post_with_open_addresses_is_not_sent_again(
    alice: Client, services: FakeServices, media_clock: ManualClock
) -> None:
    services.answer("GetPost", one(media=[picture(7, folder=OPEN)]))
    tag = (await alice.get("/v2/posts/100")).headers["etag"]
    media_clock.advance(10 * STEP)

    assert (await alice.get("/v2/posts/100", if_none_match=tag)).status_code == 304


async def test_a_tag_from_before_the_addresses_rolled_over_still_guards_an_edit(
    alice: Client, services: FakeServices, media_clock: ManualClock
) -> None:
    response = one(media=[picture(7, folder=CLOSED)], etag="e7")
    services.answer("GetPost", response)
    services.answer("UpdatePost", posts.UpdatePostResponse(post=response.post))
    tag = (await alice.get("/v2/posts/100")).headers["etag"]
    media_clock.advance(3 * STEP)

    answer = await alice("PATCH", "/v2/posts/100", json={"text": "b"}, headers={"if-match": tag})

    assert answer.status_code == 200
    asked = services.last("UpdatePost")
    assert (asked.etag, asked.HasField("media")) == ("e7", False)


async def test_a_medium_has_a_tag_that_guards_its_change(
    alice: Client, services: FakeServices, media_clock: ManualClock
) -> None:
    services.answer("GetMedia", media.GetMediaResponse(medium=picture(7, folder=CLOSED)))
    services.answer("UpdateMedia", media.UpdateMediaResponse(medium=picture(7, etag="m2")))
    tag = (await alice.get("/v2/media/7")).headers["etag"]
    media_clock.advance(STEP)

    changed = await alice(
        "PATCH", "/v2/media/7", json={"focal_point": None}, headers={"if-match": tag}
    )

    assert (await alice.get("/v2/media/7", if_none_match=tag)).status_code == 200
    assert changed.headers["etag"].startswith('W/"m2.')
    asked = services.last("UpdateMedia")
    assert (asked.etag, list(asked.update_mask.paths)) == ("m1", ["focal_point"])
    assert not asked.medium.HasField("focal_point")


async def test_a_page_that_was_printed_before_has_fresh_addresses(
    alice: Client, services: FakeServices, media_clock: ManualClock
) -> None:
    """Also those of quoted posts and of profile pictures that are not moved yet."""
    author = portrayed(person(BOB))
    author.avatar.folder = "p/YXZhdGFy"
    quoted = post(50, BOB, media_ids=[8], media=[picture(8, folder=CLOSED)])
    services.answer(
        "BatchGetPosts",
        posts.BatchGetPostsResponse(
            posts=[post(100, BOB, quoted_post_id=50)], includes=includes(author, quoted=(quoted,))
        ),
    )
    document = """{ posts(ids: ["UG9zdDoxMDA"]) {
        author { avatar { variants { url } } } quotedPost { media { variants { url } } } } }"""

    def urls(shown: Any) -> set[str]:
        if isinstance(shown, dict):
            own = {shown["url"]} if "url" in shown else set()
            return own.union(*map(urls, shown.values()))
        return set().union(*map(urls, shown)) if isinstance(shown, list) else set()

    seen: list[set[str]] = []
    for _ in range(2):
        rest = urls((await alice.get("/v2/posts?ids=100")).json())
        graphql = urls((await sent(alice, document)).json()["data"])
        assert graphql <= rest
        assert len(graphql) == 4 + 4
        seen.append({each for each in rest if "/s/" in each})
        media_clock.advance(STEP)

    assert seen[0]
    assert not seen[0] & seen[1]


# --- where media are shown ---


async def test_a_medium_that_is_not_ready_has_no_files(
    alice: Client, services: FakeServices
) -> None:
    waiting = media_pb2.Medium(id=7, state=media_pb2.MEDIUM_STATE_WAITING)
    failed = media_pb2.Medium(
        id=8, state=media_pb2.MEDIUM_STATE_FAILED, failure="MEDIA_CORRUPT", progress=40
    )
    services.answer("BatchGetMedia", media.BatchGetMediaResponse(media=[waiting, failed]))

    first, second = (await alice.get("/v2/media?ids=7,8")).json()["items"]

    assert (first["state"], first["kind"], first["failure"]) == ("waiting", None, None)
    assert (second["state"], second["failure"]) == ("failed", "MEDIA_CORRUPT")
    assert first["variants"] == second["variants"] == []


@every_version
async def test_a_profile_brings_its_pictures_and_a_list_says_where_a_banner_is(
    stranger: Client, services: FakeServices, prefix: str
) -> None:
    services.answer("GetUser", GetUserResponse(user=portrayed(person(BOB))))
    listed = portrayed(person(BOB))
    listed.ClearField("banner")
    services.answer(
        "BatchGetPosts",
        posts.BatchGetPostsResponse(posts=[post(100, BOB)], includes=includes(listed)),
    )

    profile = (await stranger.get(f"{prefix}/users/12")).json()
    author = (await stranger.get(f"{prefix}/posts?ids=100")).json()["items"][0]["author"]

    assert (profile["avatar"]["id"], profile["banner"]["id"]) == ("8", "9")
    assert author["avatar"]["id"] == "8"
    assert author["banner_media_id"] == "9"
    assert "banner" not in author


@every_version
async def test_a_user_without_pictures_has_none(
    stranger: Client, services: FakeServices, prefix: str
) -> None:
    services.answer("GetUser", GetUserResponse(user=person(BOB)))

    profile = (await stranger.get(f"{prefix}/users/12")).json()

    for name in ("avatar", "avatar_media_id", "banner", "banner_media_id"):
        assert profile[name] is None


@every_version
async def test_a_tombstone_has_no_media(
    stranger: Client, services: FakeServices, prefix: str
) -> None:
    gone = tombstone(100)
    services.answer("BatchGetPosts", posts.BatchGetPostsResponse(posts=[gone]))

    (shown,) = (await stranger.get(f"{prefix}/posts?ids=100")).json()["items"]

    assert (shown["media"], shown["media_ids"]) == ([], [])


async def test_pictures_are_read_without_a_further_call(
    alice: Client, services: FakeServices
) -> None:
    services.answer("GetPost", one(media=[picture(7)]))

    with counted(services) as rpcs:
        await alice.get("/v2/posts/100")

    assert rpcs == ["GetPost"]


@pytest.mark.parametrize(
    ("change", "expected"),
    [({}, None), ({"media_ids": []}, []), ({"media_ids": ["8", "7"]}, [8, 7])],
)
async def test_an_edit_keeps_media_that_it_does_not_name(
    alice: Client, services: FakeServices, change: dict[str, Any], expected: list[int] | None
) -> None:
    services.answer("UpdatePost", posts.UpdatePostResponse(post=post(100, ALICE)))

    await alice("PATCH", "/v2/posts/100", json={"text": "b"} | change)

    asked = services.last("UpdatePost")
    assert (list(asked.media.media_ids) if asked.HasField("media") else None) == expected


async def test_profile_pictures_are_set_and_removed_by_id(
    alice: Client, services: FakeServices
) -> None:
    services.answer("UpdateUser", UpdateUserResponse(user=person(ALICE)))

    await alice("PATCH", "/v2/users/me", json={"banner_media_id": "9", "avatar_media_id": None})

    asked = services.last("UpdateUser")
    assert (asked.user.banner_media_id, asked.user.avatar_media_id) == (9, 0)
    assert set(asked.update_mask.paths) == {"banner_media_id", "avatar_media_id"}


async def test_a_medium_is_found_by_its_global_id(alice: Client, services: FakeServices) -> None:
    services.answer("GetMedia", media.GetMediaResponse(medium=picture(7)))

    data = (
        await sent(alice, '{ node(id: "TWVkaXVtOjc") { id restId ... on Medium { kind } } }')
    ).json()["data"]

    assert data["node"] == {"id": "TWVkaXVtOjc", "restId": "7", "kind": "PICTURE"}


# --- requests that take long ---


async def test_a_user_waits_for_a_few_media_at_once_and_others_wait_beside(
    alice: Client, bob: Client, services: FakeServices
) -> None:
    waiting, ended = asyncio.Semaphore(0), asyncio.Event()

    async def wait(_: media.WaitMediaRequest) -> media.WaitMediaResponse:
        waiting.release()
        await ended.wait()
        return media.WaitMediaResponse(medium=picture(7))

    services.answer("WaitMedia", wait)
    calls = [asyncio.ensure_future(alice.get("/v2/media/7/wait")) for _ in range(4)]
    async with asyncio.timeout(PATIENCE):
        for _ in calls:
            await waiting.acquire()

        one_more = await alice.get("/v2/media/7/wait")
        calls.append(asyncio.ensure_future(bob.get("/v2/media/7/wait")))
        await waiting.acquire()
        ended.set()
        answers = await asyncio.gather(*calls)

    assert (one_more.status_code, one_more.json()["reason"]) == (429, "RATE_LIMITED")
    assert one_more.headers["retry-after"] == "1"
    assert {each.status_code for each in answers} == {200}
    # The places are free again.
    assert (await alice.get("/v2/media/7/wait")).status_code == 200


@pytest.mark.parametrize(
    ("query", "status", "asked"),
    [
        ("", 200, 10_000),
        ("?seconds=1", 200, 1_000),
        ("?seconds=11", 400, 0),
        ("?seconds=0", 400, 0),
    ],
)
async def test_the_time_to_wait_is_bounded(
    alice: Client, services: FakeServices, query: str, status: int, asked: int
) -> None:
    services.answer("WaitMedia", media.WaitMediaResponse(medium=picture(7)))

    answer = await alice.get(f"/v2/media/7/wait{query}")

    assert answer.status_code == status
    if status == 200:
        assert services.last("WaitMedia").wait_ms == asked
        # The call may take as long as the service waits.
        seconds = services.asked[-1].seconds
        assert seconds is not None
        assert seconds > asked / 1000
