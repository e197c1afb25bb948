"""What every answer says to a browser: no page, no other type, no referrer, no cookie."""

import httpx2
import pytest
from roost.post.v1.post_service_pb2 import GetPostResponse

from tests.gateway.conftest import Client
from tests.gateway.fakes import FakeServices
from tests.gateway.samples import (
    ALICE,
    includes,
    person,
    post,
)

ONE = GetPostResponse(post=post(1, ALICE), includes=includes(person(ALICE)))
PAGES = ["/v1/email/unsubscribe", "/v2/email/unsubscribe"]
# Success, refusals of every layer, documents, keys, probes, redirections.
ANSWERS = [
    ("GET", "/v1/posts/1"),
    ("GET", "/v2/posts/1"),
    ("GET", "/v2/users/me"),
    ("GET", "/v2/posts/1?limit=x"),
    ("OPTIONS", "/v2/posts/1"),
    ("DELETE", "/v2/timelines/home"),
    ("POST", "/graphql"),
    ("GET", "/graphql"),
    ("GET", "/nowhere"),
    ("GET", "/v2/nowhere"),
    ("GET", "/"),
    ("GET", "/problems/HANDLE_TAKEN"),
    ("GET", "/v2/openapi.json"),
    ("GET", "/v1/asyncapi.json"),
    ("GET", "/.well-known/jwks.json"),
    ("GET", "/livez"),
]


def directives(answer: httpx2.Response) -> dict[str, str]:
    (policy,) = answer.headers.get_list("content-security-policy")
    return dict(each.strip().split(" ", 1) for each in policy.split(";"))


@pytest.mark.parametrize(("method", "path"), ANSWERS)
async def test_an_answer_of_the_api_is_no_page(
    stranger: Client, services: FakeServices, method: str, path: str
) -> None:
    services.answer("GetPost", ONE)

    answer = await stranger(method, path)

    assert answer.headers.get_list("x-content-type-options") == ["nosniff"]
    assert answer.headers.get_list("referrer-policy") == ["no-referrer"]
    assert directives(answer) == {
        "default-src": "'none'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_loads_only_from_here_and_is_framed_by_nobody(
    stranger: Client, path: str
) -> None:
    answer = await stranger.get(path)

    assert answer.headers.get_list("x-content-type-options") == ["nosniff"]
    assert answer.headers.get_list("referrer-policy") == ["no-referrer"]
    said = directives(answer)
    assert {said[each] for each in ("default-src", "base-uri", "frame-ancestors")} == {"'none'"}
    assert {said[each] for each in ("script-src", "style-src", "connect-src")} == {"'self'"}


@pytest.mark.parametrize(
    ("method", "path"), [*ANSWERS, *(("GET", path) for path in PAGES), ("POST", "/v2/sessions")]
)
async def test_no_answer_sets_a_cookie_and_a_cookie_is_nobody(
    stranger: Client, services: FakeServices, method: str, path: str
) -> None:
    services.answer("GetPost", ONE)
    cookie = {"cookie": "session=1; access_token=2; refresh_token=3"}

    answer = await stranger(method, path, headers=cookie)

    assert "set-cookie" not in answer.headers
    assert {asked.viewer_id for asked in services.asked} <= {None}


async def test_what_one_person_gets_is_kept_by_no_cache_in_between(
    alice: Client, services: FakeServices
) -> None:
    services.answer("GetPost", ONE)

    read = await alice.get("/v2/posts/1")
    refused = await alice.get("/v2/posts/1", if_match="nonsense", accept="text/html")
    unknown = await alice.get("/v2/nowhere")

    assert read.headers["cache-control"] == "private, no-cache"
    assert "authorization" in read.headers["vary"]
    assert refused.headers["cache-control"] == "no-store"
    assert unknown.headers["cache-control"] == "no-store"
