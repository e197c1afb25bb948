"""ETags, conditional requests, and requests that are repeated."""

from typing import Any

import pytest
from roost.post.v1.post_pb2 import PostCounts
from roost.post.v1.post_service_pb2 import (
    CreatePostRequest,
    CreatePostResponse,
    GetPostResponse,
    UpdatePostResponse,
)
from roost.user.v1.user_service_pb2 import GetUserResponse, UpdateUserResponse

from services.chassis.runtime.errors import Conflict, Invalid
from tests.gateway.conftest import Client
from tests.gateway.fakes import FakeServices
from tests.gateway.samples import (
    ALICE,
    BOB,
    includes,
    person,
    post,
)


def one(**given: Any) -> GetPostResponse:
    return GetPostResponse(post=post(100, ALICE, **given), includes=includes(person(ALICE)))


async def test_a_copy_that_is_still_good_is_not_sent_again(
    alice: Client, services: FakeServices
) -> None:
    services.answer("GetPost", one())
    first = await alice.get("/v1/posts/100")

    second = await alice.get("/v1/posts/100", if_none_match=first.headers["etag"])

    assert first.headers["cache-control"] == "private, no-cache"
    assert first.headers["vary"] == "authorization"
    assert (second.status_code, second.content) == (304, b"")
    assert second.headers["etag"] == first.headers["etag"]
    assert "content-type" not in second.headers


@pytest.mark.parametrize("form", ["{}", "*", '"other", {}', '{}, "other"'])
async def test_if_none_match_takes_lists_and_compares_weakly(
    alice: Client, services: FakeServices, form: str
) -> None:
    services.answer("GetUser", GetUserResponse(user=person(BOB)))
    tag = (await alice.get("/v1/users/12")).headers["etag"]

    for shown in (tag, tag.removeprefix("W/")):
        answer = await alice.get("/v1/users/12", if_none_match=form.format(shown))
        assert answer.status_code == 304


async def test_a_like_changes_the_etag(alice: Client, services: FakeServices) -> None:
    services.answer("GetPost", one())
    tag = (await alice.get("/v1/posts/100")).headers["etag"]
    services.answer("GetPost", one(counts=PostCounts(likes=2)))

    answer = await alice.get("/v1/posts/100", if_none_match=tag)

    assert answer.status_code == 200
    assert answer.headers["etag"] != tag


async def test_if_match_names_the_state_that_is_edited(
    alice: Client, services: FakeServices
) -> None:
    services.answer("GetPost", one(etag="e7"))
    services.answer("UpdatePost", UpdatePostResponse(post=post(100, ALICE, etag="e8")))
    tag = (await alice.get("/v1/posts/100")).headers["etag"]

    answer = await alice("PATCH", "/v1/posts/100", json={"text": "b"}, headers={"if-match": tag})

    assert services.last("UpdatePost").etag == "e7"
    assert answer.headers["etag"].startswith('W/"e8.')


async def test_if_match_with_an_old_etag_fails(alice: Client, services: FakeServices) -> None:
    services.answer("UpdateUser", Conflict(reason="ETAG_MISMATCH"))

    answer = await alice(
        "PATCH", "/v1/users/me", json={"bio": "b"}, headers={"if-match": 'W/"u11.abc"'}
    )

    assert (answer.status_code, answer.json()["reason"]) == (412, "ETAG_MISMATCH")
    assert services.last("UpdateUser").etag == "u11"


@pytest.mark.parametrize("header", [None, "*"])
async def test_without_if_match_whatever_is_there_is_changed(
    alice: Client, services: FakeServices, header: str | None
) -> None:
    services.answer("UpdateUser", UpdateUserResponse(user=person(ALICE)))
    headers = {"if-match": header} if header else {}

    answer = await alice("PATCH", "/v1/users/me", json={"bio": "b"}, headers=headers)

    assert answer.status_code == 200
    assert services.last("UpdateUser").etag == ""


@pytest.mark.parametrize("header", ["abc", '"a", "b"', '""', '"' + "a" * 200 + '"'])
async def test_malformed_if_match_is_refused(alice: Client, header: str) -> None:
    answer = await alice("PATCH", "/v1/users/me", json={"bio": "b"}, headers={"if-match": header})

    assert (answer.status_code, answer.json()["reason"]) == (400, "PARAMETER_INVALID")


class Remembering:
    """CreatePost with a memory, as the contract has it."""

    def __init__(self) -> None:
        self.written = 0
        self._seen: dict[str, tuple[bytes, CreatePostResponse]] = {}

    def __call__(self, request: CreatePostRequest) -> CreatePostResponse:
        key = request.request_id
        request.request_id = ""
        form = request.SerializeToString(deterministic=True)
        if key in self._seen:
            seen, answer = self._seen[key]
            if seen != form:
                raise Invalid(reason="IDEMPOTENCY_KEY_REUSED")
            return answer
        self.written += 1
        answer = CreatePostResponse(
            post=post(100 + self.written, ALICE, text=request.text, viewer=ALICE),
            includes=includes(person(ALICE, viewer=ALICE)),
        )
        self._seen[key] = (form, answer)
        return answer


async def test_a_repeated_request_gets_the_same_bytes(
    alice: Client, services: FakeServices
) -> None:
    service = Remembering()
    services.answer("CreatePost", service)
    key = {"idempotency-key": "once"}

    first = await alice("POST", "/v1/posts", json={"text": "a"}, headers=key)
    again = await alice("POST", "/v1/posts", json={"text": "a"}, headers=key)

    assert service.written == 1
    assert again.status_code == 201
    assert again.content == first.content
    for name in ("etag", "location"):
        assert again.headers[name] == first.headers[name]


async def test_a_key_used_with_another_body_is_refused(
    alice: Client, services: FakeServices
) -> None:
    services.answer("CreatePost", Remembering())
    key = {"idempotency-key": "once"}
    await alice("POST", "/v1/posts", json={"text": "a"}, headers=key)

    answer = await alice("POST", "/v1/posts", json={"text": "b"}, headers=key)

    assert (answer.status_code, answer.json()["reason"]) == (422, "IDEMPOTENCY_KEY_REUSED")


async def test_a_key_still_in_flight_is_refused(alice: Client, services: FakeServices) -> None:
    services.answer("CreatePost", Conflict(reason="IDEMPOTENCY_KEY_IN_FLIGHT", retry_after=1))

    answer = await alice(
        "POST", "/v1/posts", json={"text": "a"}, headers={"idempotency-key": "once"}
    )

    assert (answer.status_code, answer.json()["reason"]) == (409, "IDEMPOTENCY_KEY_IN_FLIGHT")
    assert answer.headers["retry-after"] == "1"
