"""Versions side by side: what they share, and how the older one says that its time is ending."""

from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest
from roost.post.v1.post_service_pb2 import (
    CreatePostResponse,
    GetPostResponse,
    UpdatePostResponse,
)

from gateway.api.routes import SECTIONS
from gateway.api.versions import VERSIONS
from gateway.protocols.rest.openapi import document
from services.chassis.runtime.errors import NotFound
from tests.gateway.conftest import Client
from tests.gateway.fakes import FakeServices
from tests.gateway.samples import (
    ALICE,
    includes,
    person,
    post,
)

POLICY = Path(__file__).parents[3] / "docs" / "versioning.md"
V1, V2 = VERSIONS
V1_PAGE, V2_PAGE = document(V1, SECTIONS), document(V2, SECTIONS)
ONE = {"post": post(100, ALICE, text="Good morning!"), "includes": includes(person(ALICE))}


def operations(page: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in page["paths"].items():
        for method, operation in item.items():
            yield path.partition("/")[2].partition("/")[2], method, operation


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/posts/100", 200),
        ("/v1/posts/101", 404),
        ("/v1/posts/100?unknown=1", 400),
        ("/v1/notifications", 401),
    ],
)
async def test_every_answer_of_an_old_version_says_until_when_and_what_then(
    stranger: Client, services: FakeServices, path: str, status: int
) -> None:
    def get_post(request: Any) -> GetPostResponse:
        if request.post_id != 100:
            raise NotFound(reason="POST_NOT_FOUND")
        return GetPostResponse(**ONE)

    services.answer("GetPost", get_post)

    answer = await stranger.get(path)

    assert answer.status_code == status
    deprecated = datetime.fromtimestamp(int(answer.headers["deprecation"].removeprefix("@")), UTC)
    sunset = parsedate_to_datetime(answer.headers["sunset"])
    assert answer.headers["sunset"].endswith(" GMT")
    assert sunset >= deprecated.replace(year=deprecated.year + 1)
    successor = path.partition("?")[0].replace("/v1/", "/v2/")
    assert answer.links["successor-version"]["url"] == successor


async def test_an_answer_without_a_body_says_so_too(alice: Client, services: FakeServices) -> None:
    services.answer("GetPost", GetPostResponse(**ONE))
    tag = (await alice.get("/v1/posts/100")).headers["etag"]

    unchanged = await alice.get("/v1/posts/100", if_none_match=tag)
    allowed = await alice("OPTIONS", "/v1/posts/100")
    refused = await alice("PUT", "/v1/posts/100")

    assert [each.status_code for each in (unchanged, allowed, refused)] == [304, 204, 405]
    for answer in (unchanged, allowed, refused):
        assert answer.headers["deprecation"]
        assert answer.links["successor-version"]["url"] == "/v2/posts/100"


@pytest.mark.parametrize("path", ["/v1/nothing", "/v1/posts/x", "/v1/%3E;rel=%22next%22"])
async def test_what_leads_nowhere_has_no_successor(stranger: Client, path: str) -> None:
    answer = await stranger.get(path)

    assert answer.headers["deprecation"]
    assert answer.headers["sunset"]
    assert "link" not in answer.headers


@pytest.mark.parametrize("path", ["/v2/posts/100", "/v2/nothing", "/v1/asyncapi.json", "/livez"])
async def test_nothing_else_is_said_to_end(
    stranger: Client, services: FakeServices, path: str
) -> None:
    services.answer("GetPost", GetPostResponse(**ONE))

    answer = await stranger.get(path)

    assert not {"deprecation", "sunset", "link"} & set(answer.headers)


def test_the_policy_states_the_dates() -> None:
    policy = POLICY.read_text()

    assert V1.retirement is not None
    for when in (V1.retirement.deprecated, V1.retirement.sunset):
        assert f"{when:%Y-%m-%d}" in policy


def test_versions_have_the_same_operations_with_the_same_requests_and_refusals() -> None:
    old, new = (
        {each[2]["operationId"]: each for each in operations(page)} for page in (V1_PAGE, V2_PAGE)
    )

    assert old.keys() == new.keys()
    for name, (path, method, operation) in new.items():
        assert (path, method) == old[name][:2]
        for part in ("parameters", "requestBody", "security", "summary"):
            assert operation.get(part) == old[name][2].get(part)
        assert list(operation["responses"]) == list(old[name][2]["responses"])


def test_only_the_old_version_is_deprecated() -> None:
    assert all(operation["deprecated"] for _, _, operation in operations(V1_PAGE))
    assert not any("deprecated" in operation for _, _, operation in operations(V2_PAGE))
    assert {page["info"]["version"] for page in (V1_PAGE, V2_PAGE)} == {"1.0.0", "2.0.0"}


def test_version_2_has_nothing_left_of_what_it_replaces() -> None:
    shapes = V2_PAGE["components"]["schemas"]

    assert "content" in shapes["Post"]["properties"]
    assert "content" in shapes["Revision"]["properties"]
    for name, shape in shapes.items():
        counted = set() if name == "MatchedRange" else {"start", "end"}
        assert not ({"entities"} | counted) & set(shape.get("properties", {}))


async def test_an_etag_of_one_version_guards_an_edit_in_another(
    alice: Client, services: FakeServices
) -> None:
    services.answer("GetPost", GetPostResponse(**ONE))
    services.answer("UpdatePost", UpdatePostResponse(**ONE))
    read = await alice.get("/v1/posts/100")

    await alice(
        "PATCH",
        "/v2/posts/100",
        json={"text": "Hello"},
        headers={"if-match": read.headers["etag"]},
    )

    assert services.last("UpdatePost").etag == "p1"


async def test_versions_name_their_answers_apart(alice: Client, services: FakeServices) -> None:
    services.answer("GetPost", GetPostResponse(**ONE))

    tags = {(await alice.get(f"{each.prefix}/posts/100")).headers["etag"] for each in VERSIONS}

    assert len(tags) == len(VERSIONS)


@pytest.mark.parametrize("version", VERSIONS, ids=lambda each: each.prefix)
async def test_a_repetition_is_byte_equal_in_each_version(
    alice: Client, services: FakeServices, version: Any
) -> None:
    services.answer("CreatePost", CreatePostResponse(**ONE))

    first, again = [
        await alice(
            "POST",
            f"{version.prefix}/posts",
            json={"text": "Good morning!"},
            headers={"idempotency-key": "k"},
        )
        for _ in range(2)
    ]

    assert first.content == again.content
    assert first.headers["location"] == f"{version.prefix}/posts/100"


async def test_the_docs_page_leads_to_the_document_of_every_version(stranger: Client) -> None:
    page = await stranger.get("/docs")

    for version in VERSIONS:
        assert f'href="{version.prefix}/openapi.json"' in page.text
        assert (await stranger.get(f"{version.prefix}/openapi.json")).status_code == 200


@pytest.mark.parametrize("version", VERSIONS, ids=lambda each: each.prefix)
@pytest.mark.parametrize(("language", "shown"), [("de", "de"), ("und", "und"), ("", None)])
async def test_a_post_says_its_language(
    alice: Client, services: FakeServices, version: Any, language: str, shown: str | None
) -> None:
    services.answer(
        "GetPost",
        GetPostResponse(post=post(100, ALICE, language=language), includes=includes(person(ALICE))),
    )

    answer = await alice.get(f"{version.prefix}/posts/100")

    assert answer.json()["language"] == shown
