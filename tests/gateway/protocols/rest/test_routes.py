"""Every route: its requests to services, its responses and its errors."""

from typing import Any

import msgspec
import pytest

from gateway.api.routes import SECTIONS
from gateway.api.versions import VERSIONS
from gateway.core.problems import STATUS
from gateway.protocols.rest.context import NoContent
from gateway.protocols.rest.openapi import reasons_of
from gateway.protocols.rest.routes import ANYONE, Route, routes_of
from services.chassis.runtime.errors import (
    Conflict,
    DeadlineExceeded,
    Forbidden,
    NotFound,
    RoostError,
    RuleBroken,
    Taken,
    TooMany,
    Unauthenticated,
    Unavailable,
    WrongState,
)
from tests.completeness import assert_listed
from tests.gateway import route_cases
from tests.gateway.conftest import Client, counted
from tests.gateway.fakes import FakeServices
from tests.gateway.route_cases import CASES, Case
from tests.gateway.samples import ALICE

ROUTES = {
    (each.number, route.name): route for each in VERSIONS for route in routes_of(each, SECTIONS)
}
KINDS: dict[int, type[RoostError]] = {
    400: RuleBroken,
    401: Unauthenticated,
    403: Forbidden,
    404: NotFound,
    409: WrongState,
    412: Conflict,
    413: RuleBroken,
    415: RuleBroken,
    422: RuleBroken,
    429: TooMany,
    503: Unavailable,
    504: DeadlineExceeded,
}


def id_of(case: Case) -> str:
    return f"v{case.version.number}-{case.name}"


every_case = pytest.mark.parametrize("case", CASES, ids=id_of)


def route_of(case: Case) -> Route:
    return ROUTES[case.version.number, case.name]


def prepare(services: FakeServices, case: Case) -> None:
    services.answer(case.rpc, case.answer)
    for rpc, answer in case.also.items():
        services.answer(rpc, answer)


def test_every_route_has_a_case() -> None:
    assert_listed(
        (f"v{number}-{name}" for number, name in ROUTES),
        map(id_of, CASES),
        kind="case",
        file=route_cases.__file__,
        guide="Add an RPC, step 6",
    )


@every_case
async def test_success(alice: Client, services: FakeServices, case: Case) -> None:
    prepare(services, case)
    route = route_of(case)

    with counted(services) as rpcs:
        answer = await alice(case.method, case.path, **case.request)

    assert answer.status_code == route.status, answer.text
    assert rpcs == [case.rpc, *case.also]
    asked = services.last(case.rpc)
    for name, value in case.asks.items():
        found = getattr(asked, name)
        assert (list(found) if isinstance(value, list) else found) == value
    assert services.asked[-1].viewer_id == ALICE
    assert answer.headers["x-content-type-options"] == "nosniff"
    if route.answer is NoContent:
        assert answer.content == b""
        return
    assert answer.headers["content-type"] == "application/json"
    # Printed by the very types that the OpenAPI document is written from: strictly so.
    shown = msgspec.json.decode(answer.content, type=route.answer, strict=True)
    assert msgspec.json.encode(shown) == answer.content


@every_case
async def test_what_services_refuse_becomes_a_problem(
    alice: Client, services: FakeServices, case: Case
) -> None:
    prepare(services, case)
    for reason in route_of(case).reasons:
        status = STATUS[reason]
        services.answer(case.rpc, KINDS[status]("Not so.", reason=reason, metadata={"a": "b"}))
        if case.name in {"get_session", "get_push_subscription"}:
            continue  # its service lists; the gateway looks

        answer = await alice(case.method, case.path, **case.request)

        problem = answer.json()
        assert (answer.status_code, problem["reason"]) == (status, reason)
        assert answer.headers["content-type"] == "application/problem+json"
        assert problem["detail"] == "Not so."
        assert problem["metadata"] == {"a": "b"}


@every_case
async def test_a_service_that_is_away_is_said(
    alice: Client, services: FakeServices, case: Case
) -> None:
    prepare(services, case)
    services.answer(case.rpc, Unavailable(retry_after=2.5))

    answer = await alice(case.method, case.path, **case.request)

    assert (answer.status_code, answer.json()["reason"]) == (503, "DEPENDENCY_UNAVAILABLE")
    assert answer.headers["retry-after"] == "3"


@every_case
async def test_strangers_are_let_in_by_the_route_policy(
    stranger: Client, services: FakeServices, case: Case
) -> None:
    prepare(services, case)
    route = route_of(case)

    answer = await stranger(case.method, case.path, **case.request)

    if route.access is ANYONE:
        assert answer.status_code == route.status
        assert services.asked[-1].viewer_id is None
    else:
        assert (answer.status_code, answer.json()["reason"]) == (401, "TOKEN_MISSING")
        assert answer.headers["www-authenticate"] == 'Bearer realm="roost"'
        assert services.methods == []


@pytest.mark.parametrize("case", [each for each in CASES if route_of(each).keyed], ids=id_of)
@pytest.mark.parametrize("key", ["8a1f6d1e-4a0c-4b7e", '"8a1f6d1e-4a0c-4b7e"'])
async def test_the_idempotency_key_reaches_the_service(
    alice: Client, services: FakeServices, case: Case, key: str
) -> None:
    prepare(services, case)

    request = case.request | {"headers": case.headers | {"idempotency-key": key}}
    await alice(case.method, case.path, **request)

    assert services.last(case.rpc).request_id == "8a1f6d1e-4a0c-4b7e"


@pytest.mark.parametrize(
    "case", [each for each in CASES if each.path.endswith("limit=2&cursor=c")], ids=id_of
)
async def test_lists_say_where_they_go_on(
    alice: Client, services: FakeServices, case: Case
) -> None:
    prepare(services, case)

    answer = await alice.get(case.path)

    page = answer.json()
    page = page["replies"] if case.name == "get_thread" else page
    assert page["next_cursor"] == "next"
    expected = case.path.replace("cursor=c", "cursor=next")
    assert answer.links["next"]["url"] == expected


@pytest.mark.parametrize(
    "case", [each for each in CASES if route_of(each).status == 201], ids=id_of
)
async def test_what_is_created_has_an_address(
    alice: Client, services: FakeServices, case: Case
) -> None:
    prepare(services, case)

    answer = await alice(case.method, case.path, **case.request)

    shown = answer.json()
    signs_in = case.name in {"sign_in", "sign_in_with_cookie"}
    made = shown["session"] if signs_in else shown.get("user", shown)
    folder = f"{case.version.prefix}{case.created_at}" if case.created_at else case.path
    assert answer.headers["location"] == f"{folder}/{made['id']}"


async def test_thread_shows_tombstones_without_author(
    alice: Client, services: FakeServices
) -> None:
    case = next(each for each in CASES if each.name == "get_thread")
    prepare(services, case)

    thread = (await alice.get(case.path)).json()

    first, second, third = thread["ancestors"]
    for each in (first, second):
        assert (each["author"], each["deleted"], each["text"]) == (None, True, "")
        assert (each["visibility"], each["created_at"]) == (None, "2026-02-01T12:00:00.000Z")
    assert (first["reply_to"], second["reply_to"]) == (None, {"post_id": "97", "author_id": None})
    assert third["author"]["handle"] == "bob"
    assert thread["post"]["reply_to"] == {"post_id": "99", "author_id": "12"}


async def test_nobody_of_that_handle_is_an_empty_page(
    alice: Client, services: FakeServices
) -> None:
    services.answer("GetUserByHandle", NotFound(reason="USER_NOT_FOUND"))

    answer = await alice.get("/v1/users?handle=nobody")

    assert answer.json() == {"items": [], "next_cursor": None}


async def test_only_the_fields_that_are_given_change(alice: Client, services: FakeServices) -> None:
    case = next(each for each in CASES if each.name == "update_me")
    prepare(services, case)

    await alice(
        "PATCH", "/v1/users/me", json={"location": "", "avatar_media_id": None, "protected": False}
    )

    asked = services.last("UpdateUser")
    assert list(asked.update_mask.paths) == ["location", "avatar_media_id", "protected"]


async def test_a_change_of_nothing_changes_nothing(alice: Client, services: FakeServices) -> None:
    case = next(each for each in CASES if each.name == "update_me")
    prepare(services, case)

    answer = await alice("PATCH", "/v1/users/me", json={})

    assert answer.status_code == 200
    assert list(services.last("UpdateUser").update_mask.paths) == []


async def test_an_unknown_session_is_not_found(alice: Client, services: FakeServices) -> None:
    case = next(each for each in CASES if each.name == "get_session")
    prepare(services, case)

    answer = await alice.get("/v1/sessions/9")

    assert (answer.status_code, answer.json()["reason"]) == (404, "SESSION_NOT_FOUND")


@pytest.mark.parametrize("error", [Taken(reason="HANDLE_TAKEN"), Conflict(reason="SOMETHING_NEW")])
async def test_reasons_newer_than_the_gateway_keep_their_kind(
    alice: Client, services: FakeServices, error: RoostError
) -> None:
    services.answer("GetPost", error)

    answer = await alice.get("/v1/posts/1")

    assert (answer.status_code, answer.json()["reason"]) == (409, error.reason)


@pytest.mark.parametrize("route", ROUTES.values(), ids=lambda route: route.path)
def test_a_route_declares_reasons_that_exist(route: Route) -> None:
    reasons: list[Any] = reasons_of(route)

    assert set(reasons) <= set(STATUS)
