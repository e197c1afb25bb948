"""How requests are read: what is refused before any service is asked, and by which problem."""

import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from roost.post.v1.post_service_pb2 import GetPostResponse
from roost.user.v1.user_service_pb2 import GetUserResponse, UpdateUserResponse

from gateway.api.routes import SECTIONS
from gateway.core.field_rules import rules
from services.chassis.runtime.errors import Invalid, RuleBroken, Violation
from services.chassis.text.kinds import BIO, DISPLAY_NAME, LOCATION, TextKind
from services.chassis.text.rules import Rule
from tests.gateway.conftest import Client
from tests.gateway.fakes import FakeServices
from tests.gateway.samples import (
    ALICE,
    BOB,
    person,
    post,
)

JSON = {"content-type": "application/json"}
RULE = str(Rule.CONTROL)


async def refused(client: Client, method: str, path: str, **how: Any) -> tuple[int, str, Any]:
    answer = await client(method, path, **how)
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == answer.status_code
    assert problem["type"] == f"/problems/{problem['reason']}"
    assert problem["instance"] == path.partition("?")[0]
    assert problem["detail"]
    assert len(problem["trace_id"]) == 32
    return answer.status_code, problem["reason"], problem.get("violations")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"   ",
        b"{",
        b'{"text":"a"',
        b'{"text":"a"} x',
        b"text=a",
        b'{"text":"a","text":"b"}',
        b'{"text":"a","t":{"a":1,"a":2}}',
        b'{"text":"\xff"}',
        b'\xef\xbb\xbf{"text":"a"}',
        '{"text":"a"}'.encode("utf-16"),
        b'{"text":"\\ud800 a"}',
        b'{"text":"\\udc00\\ud800"}',
        b'{"text":NaN}',
        b'{"text":Infinity}',
        b'{"text":' + b"[" * 100_000,
        b'{"text":' + b'{"a":' * 100_000,
    ],
)
async def test_malformed_bodies_are_refused(
    alice: Client, services: FakeServices, body: bytes
) -> None:
    status, reason, _ = await refused(alice, "POST", "/v1/posts", content=body, headers=JSON)

    assert (status, reason) == (400, "BODY_MALFORMED")
    assert services.methods == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ("[]", ""),
        ("null", ""),
        ('"text"', ""),
        ("1" + "0" * 5000, ""),
        ('{"text":null}', "text"),
        ('{"text":1}', "text"),
        ('{"text":1e999}', "text"),
        ('{"text":%s}' % ("9" * 5000), "text"),
        ('{"text":"a","txet":"b"}', "txet"),
        ('{"text":"a","visibility":"all"}', "visibility"),
        ('{"text":"a","reply_to_post_id":1}', "reply_to_post_id"),
        ('{"text":"a","reply_to_post_id":"0"}', "reply_to_post_id"),
        ('{"text":"a","reply_to_post_id":"-1"}', "reply_to_post_id"),
        ('{"text":"a","reply_to_post_id":"9999999999999999999"}', "reply_to_post_id"),
        ('{"text":"a","media_ids":["1","2","3","4","5"]}', "media_ids"),
        ('{"text":"a","media_ids":["1",2]}', "media_ids[1]"),
    ],
)
async def test_bodies_that_break_a_rule_name_the_field(
    alice: Client, services: FakeServices, body: str, field: str
) -> None:
    status, reason, violations = await refused(
        alice, "POST", "/v1/posts", content=body.encode(), headers=JSON
    )

    assert (status, reason) == (422, "VALIDATION_FAILED")
    assert [each["field"] for each in violations] == [field]
    assert services.methods == []


@pytest.mark.parametrize(
    ("body", "rule", "detail"),
    [
        ('{"text":1}', "type", "must be string, got integer"),
        ("[]", "type", "must be object, got array"),
        (
            '{"text":"a","media_ids":["1","2","3","4","5"]}',
            "length",
            "must have at most 4 items",
        ),
        (
            '{"text":"a","reply_to_post_id":"1\\n"}',
            "type",
            "must be a decimal id, such as 187649984473770",
        ),
        (
            '{"text":"a","visibility":"all"}',
            "type",
            "must be followers, mentioned or public",
        ),
        ('{"text":"a","more":1}', "known", "there is no such field"),
    ],
)
async def test_refused_bodies_are_explained_in_terms_of_json(
    alice: Client, body: str, rule: str, detail: str
) -> None:
    _, _, violations = await refused(
        alice, "POST", "/v1/posts", content=body.encode(), headers=JSON
    )

    assert [(each["rule"], each["detail"]) for each in violations] == [(rule, detail)]


@pytest.mark.parametrize(
    ("body", "rule", "detail"),
    [
        ({"handle": "a", "password": ""}, "length", "must have at least 1 character"),
        ({"handle": "a"}, "required", "is required"),
    ],
)
async def test_what_is_needed_is_said_where_it_is_missing(
    stranger: Client, body: dict[str, str], rule: str, detail: str
) -> None:
    _, _, violations = await refused(stranger, "POST", "/v1/sessions", json=body)

    assert violations == [{"field": "password", "rule": rule, "detail": detail}]


@pytest.mark.parametrize("body", [{}, {"text": ""}, {"text": "", "media_ids": ["7"]}])
async def test_whether_a_post_needs_a_text_is_left_to_its_service(
    alice: Client, services: FakeServices, body: dict[str, Any]
) -> None:
    services.answer("CreatePost", RuleBroken(reason="TEXT_EMPTY"))

    found = await refused(alice, "POST", "/v2/posts", json=body)

    assert found[:2] == (422, "TEXT_EMPTY")
    asked = services.last("CreatePost")
    assert (asked.text, [*map(str, asked.media_ids)]) == ("", body.get("media_ids", []))


@pytest.mark.parametrize(
    ("path", "body", "field", "detail"),
    [
        (
            "/v2/users/me",
            {"bio": "x" * 1601},
            "bio",
            "must be at most 160 characters and 1600 code points",
        ),
        (
            "/v2/notifications/preferences",
            {"kinds": {"like": {"from": "all", "push": True}}},
            "kinds.like.from",
            "must be everyone, following or nobody",
        ),
    ],
)
async def test_details_say_what_would_be_right(
    alice: Client, path: str, body: dict[str, object], field: str, detail: str
) -> None:
    _, _, violations = await refused(alice, "PATCH", path, json=body)

    assert [(each["field"], each["detail"]) for each in violations] == [(field, detail)]


async def test_what_a_pattern_refuses_is_said_in_words(alice: Client) -> None:
    body = {"handle": "a\0b", "password": "correct horse battery"}
    _, _, violations = await refused(alice, "POST", "/v1/sessions", json=body)

    assert violations == [{"field": "handle", "rule": "type", "detail": "must not contain U+0000"}]


def test_every_pattern_of_a_request_has_its_rule_in_words() -> None:
    routes = [route for section in SECTIONS for route in section.routes]
    schemas, components = msgspec.json.schema_components(
        [kind for route in routes for kind in (route.query, route.body)]
    )

    found = set(patterns_in([*schemas, components]))

    assert len(found) > 5
    assert found <= set(rules())


def patterns_in(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        if isinstance(schema.get("pattern"), str):
            yield schema["pattern"]
        schema = list(schema.values())
    if isinstance(schema, list):
        for each in schema:
            yield from patterns_in(each)


@pytest.mark.parametrize("version", ["v1", "v2"])
@pytest.mark.parametrize(
    ("path", "field", "detail"),
    [
        ("/timelines/public?limit=1e1", "limit", "must be a whole number, such as 20"),
        ("/timelines/public?limit=5.0", "limit", "must be a whole number, such as 20"),
        ("/timelines/public?limit=05", "limit", "must be a whole number, such as 20"),
        ("/timelines/public?limit=%2B5", "limit", "must be a whole number, such as 20"),
        ("/timelines/public?limit=5%0A", "limit", "must be a whole number, such as 20"),
        ("/timelines/public?limit=%D9%A5", "limit", "must be a whole number, such as 20"),
        ("/timelines/public?limit=1_0", "limit", "must be a whole number, such as 20"),
        ("/timelines/public?limit=", "limit", "must be a whole number, such as 20"),
        ("/timelines/public?limit=0", "limit", "must be at least 1"),
        ("/timelines/public?limit=101", "limit", "must be at most 100"),
        ("/users/7/posts?include_replies=1", "include_replies", "must be true or false"),
        ("/users/7/posts?include_replies=FALSE", "include_replies", "must be true or false"),
        ("/users/7/posts?include_replies=True", "include_replies", "must be true or false"),
        ("/users/7/posts?include_replies=", "include_replies", "must be true or false"),
        ("/users?handle=ada%0A", "handle", "must be letters, digits and underscores"),
        ("/posts?ids=1,2%0A", "ids", "must be 1 to 100 decimal ids, separated by commas"),
        (
            "/timelines/home?order=newest",
            "order",
            "must be latest or relevant",
        ),
    ],
)
async def test_query_parameters_are_read_strictly(
    alice: Client, services: FakeServices, version: str, path: str, field: str, detail: str
) -> None:
    status, reason, violations = await refused(alice, "GET", f"/{version}{path}")

    assert (status, reason) == (400, "PARAMETER_INVALID")
    assert [(each["field"], each["detail"]) for each in violations] == [(field, detail)]
    assert services.methods == []


@pytest.mark.parametrize("version", ["v1", "v2"])
async def test_what_the_rules_of_texts_refuse_is_said_by_field_and_rule(
    alice: Client, services: FakeServices, version: str
) -> None:
    said = "must not contain U+0000"
    services.answer("UpdateUser", Invalid(violations=[Violation("user.bio", RULE, said)]))

    status, reason, violations = await refused(
        alice, "PATCH", f"/{version}/users/me", json={"bio": "a\0b"}
    )

    assert (status, reason) == (422, "VALIDATION_FAILED")
    assert violations == [{"field": "bio", "rule": RULE, "detail": said}]


@pytest.mark.parametrize("version", ["v1", "v2"])
@pytest.mark.parametrize("kind", [DISPLAY_NAME, BIO, LOCATION], ids=lambda kind: kind.name)
async def test_characters_of_several_code_points_reach_the_service(
    alice: Client, services: FakeServices, version: str, kind: TextKind
) -> None:
    services.answer("UpdateUser", UpdateUserResponse(user=person(ALICE)))
    families = "👩‍👩‍👧‍👦" * kind.max_characters
    path = f"/{version}/users/me"

    answer = await alice("PATCH", path, json={kind.name: families})
    status, reason, violations = await refused(
        alice, "PATCH", path, json={kind.name: "a" * (kind.max_code_points + 1)}
    )

    assert answer.status_code == 200
    assert getattr(services.last("UpdateUser").user, kind.name) == families
    assert (status, reason) == (422, "VALIDATION_FAILED")
    assert [(each["field"], each["rule"]) for each in violations] == [(kind.name, "length")]


@pytest.mark.parametrize(
    "kind", [None, "text/plain", "application/xml", "application/json; charset=latin-1"]
)
async def test_bodies_of_another_type_are_refused(alice: Client, kind: str | None) -> None:
    headers = {"content-type": kind} if kind else {}

    found = await refused(alice, "POST", "/v1/posts", content=b'{"text":"a"}', headers=headers)

    assert found[:2] == (415, "CONTENT_TYPE_NOT_SUPPORTED")


async def test_a_body_beyond_a_mebibyte_is_refused(alice: Client) -> None:
    body = json.dumps({"text": "a" * 1024 * 1024}).encode()

    found = await refused(alice, "POST", "/v1/posts", content=body, headers=JSON)

    assert found[:2] == (413, "BODY_TOO_LARGE")


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/v1/posts/abc", "post_id"),
        ("/v1/posts/0", "post_id"),
        ("/v1/posts/-1", "post_id"),
        ("/v1/posts/007", "post_id"),
        ("/v1/posts/1.5", "post_id"),
        ("/v1/posts/9223372036854775808", "post_id"),
        ("/v1/posts/99999999999999999999999", "post_id"),
        ("/v1/posts/%D9%A1/thread", "post_id"),
        ("/v1/users/alice", "user_id"),
        ("/v1/users/1/posts?limit=0", "limit"),
        ("/v1/users/1/posts?limit=101", "limit"),
        ("/v1/users/1/posts?limit=many", "limit"),
        ("/v1/users/1/posts?limit=", "limit"),
        ("/v1/users/1/posts?limit=1&limit=2", "limit"),
        ("/v1/users/1/posts?include_replies=maybe", "include_replies"),
        ("/v1/users/1/posts?cursor=" + "a" * 513, "cursor"),
        ("/v1/users/1/posts?page=2", "page"),
        ("/v1/users/1?a=1", "a"),
        ("/v1/users/1?a=%FF", "query"),
        ("/v1/users", "handle"),
        ("/v1/users?handle=al-ice", "handle"),
        ("/v1/users?handle=sixteencharacter", "handle"),
        ("/v1/posts?ids=", "ids"),
        ("/v1/posts?ids=1,,2", "ids"),
        ("/v1/posts?ids=9223372036854775808", "ids"),
        ("/v1/posts?ids=" + ",".join(["1"] * 101), "ids"),
    ],
)
async def test_parameters_that_cannot_be_read_are_named(
    stranger: Client, services: FakeServices, path: str, name: str
) -> None:
    answer = await stranger.get(path)

    problem = answer.json()
    assert (answer.status_code, problem["reason"]) == (400, "PARAMETER_INVALID")
    assert [each["field"] for each in problem["violations"]] == [name]
    assert services.methods == []


@pytest.mark.parametrize("key", ["", "a" * 65, "a b", "a,b", '"a', "a/b"])
async def test_malformed_idempotency_keys_are_refused(alice: Client, key: str) -> None:
    status, reason, violations = await refused(
        alice, "POST", "/v1/posts", json={"text": "a"}, headers={"idempotency-key": key}
    )

    assert (status, reason) == (400, "PARAMETER_INVALID")
    assert violations[0]["field"] == "Idempotency-Key"


@pytest.mark.parametrize(
    "path",
    ["/v1/nothing", "/v1", "/v1/", "/v1/posts/", "/v1/posts/1/nothing", "/nothing", "/v3/posts"],
)
async def test_unknown_paths_are_problems(stranger: Client, path: str) -> None:
    assert (await refused(stranger, "GET", path))[:2] == (404, "ROUTE_NOT_FOUND")


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("POST", "/v1/bookmarks", "GET, HEAD, OPTIONS"),
        ("PUT", "/v1/posts/1", "DELETE, GET, HEAD, OPTIONS, PATCH"),
        ("GET", "/v1/posts/1/like", "DELETE, OPTIONS, PUT"),
        ("TRACE", "/v1/posts", "GET, HEAD, OPTIONS, POST"),
        ("POST", "/docs", "GET, HEAD"),
    ],
)
async def test_other_methods_are_refused_with_those_allowed(
    stranger: Client, method: str, path: str, allow: str
) -> None:
    answer = await stranger(method, path)

    assert answer.status_code == 405
    assert answer.json()["reason"] == "METHOD_NOT_ALLOWED"
    assert answer.headers["allow"] == allow


async def test_options_lists_what_is_allowed(stranger: Client) -> None:
    answer = await stranger("OPTIONS", "/v1/posts/1")

    assert answer.status_code == 204
    assert answer.headers["allow"] == "DELETE, GET, HEAD, OPTIONS, PATCH"


async def test_head_is_get_without_the_body(stranger: Client, services: FakeServices) -> None:
    services.answer("GetUser", GetUserResponse(user=person(BOB)))

    read = await stranger.get("/v1/users/12")
    head = await stranger("HEAD", "/v1/users/12")

    assert head.status_code == 200
    assert head.content == b""
    assert head.headers["content-length"] == str(len(read.content))
    assert head.headers["etag"] == read.headers["etag"]


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("*/*", 200),
        ("application/json", 200),
        ("application/*;q=0.5", 200),
        ("text/html, application/json;q=0.1", 200),
        ("text/html", 406),
        ("application/json;q=0, text/csv", 406),
    ],
)
async def test_accept_is_heeded(
    stranger: Client, services: FakeServices, accept: str, status: int
) -> None:
    services.answer("GetPost", GetPostResponse(post=post(1, ALICE)))

    assert (await stranger.get("/v1/posts/1", accept=accept)).status_code == status
