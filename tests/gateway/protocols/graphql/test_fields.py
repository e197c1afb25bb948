"""Every REST route has its field: its requests to services, its results and its errors."""

from typing import Any

import pytest
from graphql import is_object_type
from roost.post.v1 import post_service_pb2
from roost.search.v1 import search_service_pb2
from roost.search.v1.search_pb2 import HashtagUse
from roost.user.v1 import user_service_pb2

from gateway.api.routes import SECTIONS
from gateway.api.schema import SCHEMA
from gateway.api.versions import NEWEST
from gateway.core.problems import STATUS
from gateway.protocols.graphql.fields import COST
from gateway.protocols.rest.routes import ANYONE, Route, routes_of
from services.chassis.runtime.errors import RuleBroken, Unavailable, Violation
from tests.completeness import assert_listed
from tests.gateway import route_cases
from tests.gateway.conftest import Client, counted
from tests.gateway.fakes import FakeServices
from tests.gateway.protocols.graphql import field_cases
from tests.gateway.protocols.graphql.field_cases import (
    BESIDE_ROUTES,
    FIELDS,
    REFERENCES,
    REST_ONLY,
    FieldCase,
)
from tests.gateway.protocols.graphql.sending import sent
from tests.gateway.protocols.rest.test_routes import KINDS
from tests.gateway.route_cases import Case
from tests.gateway.samples import (
    ALICE,
    BOB,
    includes,
    person,
    post,
)

BY_NAME = {
    route.name: route for route in routes_of(NEWEST, SECTIONS) if route.name not in REST_ONLY
}
CASES = [case for case in route_cases.CASES if case.version is NEWEST and case.name in BY_NAME]
every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


def prepare(services: FakeServices, case: Case) -> None:
    services.answer("GetUser", user_service_pb2.GetUserResponse(user=person(BOB, viewer=ALICE)))
    services.answer(
        "GetPost",
        post_service_pb2.GetPostResponse(
            post=post(100, ALICE, viewer=ALICE), includes=includes(person(ALICE))
        ),
    )
    services.answer(
        "GetHashtag", search_service_pb2.GetHashtagResponse(hashtag=HashtagUse(tag="roost"))
    )
    services.answer(case.rpc, case.answer)
    for rpc, answer in case.also.items():
        services.answer(rpc, answer)


def root_fields() -> set[str]:
    return {
        f"{root.name}.{name}"
        for root in (SCHEMA.query_type, SCHEMA.mutation_type)
        if root is not None
        for name in root.fields
    }


def test_every_route_has_a_field() -> None:
    assert_listed(
        BY_NAME, FIELDS, kind="case", file=field_cases.__file__, guide="Add an RPC, step 6"
    )
    for field_case in FIELDS.values():
        kind, _, name = field_case.field.partition(".")
        shape = SCHEMA.type_map[kind]
        assert is_object_type(shape)
        assert name in shape.fields


def test_routes_without_a_field_exist() -> None:
    assert REST_ONLY.keys() <= {route.name for section in SECTIONS for route in section.routes}


def test_every_field_at_the_top_stands_for_a_route_or_says_why_not() -> None:
    named = {field_case.field for field_case in FIELDS.values() if not field_case.before}

    assert_listed(
        root_fields(),
        named | set(BESIDE_ROUTES),
        kind="case in FIELDS and no reason in BESIDE_ROUTES",
        file=field_cases.__file__,
        guide="Add an RPC, step 6",
    )


def resolved_fields_below_the_top() -> set[str]:
    roots = {SCHEMA.query_type, SCHEMA.mutation_type, SCHEMA.subscription_type}
    return {
        f"{shape.name}.{name}"
        for shape in SCHEMA.type_map.values()
        if is_object_type(shape) and shape not in roots
        for name, each in shape.fields.items()
        if (declared := each.extensions.get("strawberry-definition")) is not None
        and COST in declared.metadata
    }


def test_every_resolved_field_below_the_top_stands_for_a_route_or_for_a_reference() -> None:
    named = {field_case.field for field_case in FIELDS.values() if field_case.before}

    assert_listed(
        resolved_fields_below_the_top(),
        named | set(REFERENCES),
        kind="case in FIELDS and no line in REFERENCES",
        file=field_cases.__file__,
        guide="Add an RPC, step 6",
    )
    assert set(REFERENCES.values()) <= {field_case.field for field_case in FIELDS.values()}


@pytest.mark.parametrize("route", BY_NAME.values(), ids=lambda route: route.name)
def test_a_keyed_route_is_a_field_with_a_key(route: Route) -> None:
    kind, _, name = FIELDS[route.name].field.partition(".")
    shape: Any = SCHEMA.type_map[kind]

    keyed = "idempotencyKey" in shape.fields[name].args

    assert keyed == route.keyed


def result_of(answer: Any, field_case: FieldCase) -> Any:
    return answer.json()["data"][field_case.field.partition(".")[2]]


@every_case
async def test_success(alice: Client, services: FakeServices, case: Case) -> None:
    prepare(services, case)
    field_case = FIELDS[case.name]

    with counted(services) as rpcs:
        answer = await sent(alice, field_case.document, **field_case.variables)

    found = answer.json()
    assert "errors" not in found, found["errors"]
    assert rpcs == [*field_case.before, case.rpc, *case.also]
    asked = services.last(case.rpc)
    for name, value in case.asks.items():
        given = getattr(asked, name)
        assert (list(given) if isinstance(value, list) else given) == value
    assert services.asked[-1].viewer_id == ALICE
    if field_case.field.startswith("Mutation."):
        assert result_of(answer, field_case)["error"] is None


@every_case
async def test_what_services_refuse_is_said_with_the_same_reason(
    alice: Client, services: FakeServices, case: Case
) -> None:
    prepare(services, case)
    field_case = FIELDS[case.name]
    for reason in BY_NAME[case.name].reasons:
        status = STATUS[reason]
        services.answer(case.rpc, KINDS[status]("Not so.", reason=reason, metadata={"a": "b"}))
        if case.name in {"get_session", "get_push_subscription"}:
            continue  # its service lists; the gateway looks

        answer = await sent(alice, field_case.document, **field_case.variables)

        assert answer.status_code == 200
        if field_case.field.startswith("Mutation."):
            refusal = result_of(answer, field_case)["error"]
            assert (refusal["reason"], refusal["status"]) == (reason, status)
            assert refusal["detail"] == "Not so."
            assert refusal["metadata"] == [{"key": "a", "value": "b"}]
        else:
            (error,) = answer.json()["errors"]
            assert (error["extensions"]["reason"], error["extensions"]["status"]) == (
                reason,
                status,
            )
            assert error["message"] == "Not so."
            assert error["extensions"]["metadata"] == {"a": "b"}


@every_case
async def test_a_service_that_is_away_is_said(
    alice: Client, services: FakeServices, case: Case
) -> None:
    prepare(services, case)
    services.answer(case.rpc, Unavailable(retry_after=2.5))
    field_case = FIELDS[case.name]

    answer = await sent(alice, field_case.document, **field_case.variables)

    (error,) = answer.json()["errors"]
    assert error["extensions"]["reason"] == "DEPENDENCY_UNAVAILABLE"
    assert error["extensions"]["retryAfter"] == 2.5


@every_case
async def test_strangers_are_let_in_as_by_the_route(
    stranger: Client, services: FakeServices, case: Case
) -> None:
    prepare(services, case)
    field_case = FIELDS[case.name]

    with counted(services) as rpcs:
        answer = await sent(stranger, field_case.document, **field_case.variables)

    assert answer.status_code == 200
    if BY_NAME[case.name].access is ANYONE:
        assert "errors" not in answer.json()
        return
    # A signed-in field may be below an open one, whose call comes first.
    assert rpcs == list(field_case.before)
    if field_case.field.startswith("Mutation."):
        assert result_of(answer, field_case)["error"]["reason"] == "TOKEN_MISSING"
    else:
        assert answer.json()["errors"][0]["extensions"]["reason"] == "TOKEN_MISSING"


@pytest.mark.parametrize(
    "case",
    [case for case in CASES if BY_NAME[case.name].keyed],
    ids=lambda case: case.name,
)
async def test_the_key_reaches_the_service(
    alice: Client, services: FakeServices, case: Case
) -> None:
    prepare(services, case)
    field_case = FIELDS[case.name]

    await sent(alice, field_case.document, **field_case.variables, key="one-of-mine")

    assert services.last(case.rpc).request_id == "one-of-mine"


async def test_a_key_of_another_form_is_refused(alice: Client, services: FakeServices) -> None:
    field_case = FIELDS["like"]

    with counted(services) as rpcs:
        answer = await sent(alice, field_case.document, **field_case.variables, key="no spaces")

    error = result_of(answer, field_case)["error"]
    assert error["reason"] == "PARAMETER_INVALID"
    assert error["violations"] == [{"field": "idempotencyKey", "rule": "form"}]
    assert rpcs == []


async def test_violations_name_arguments(alice: Client, services: FakeServices) -> None:
    field_case = FIELDS["update_me"]
    broken = [Violation("user.display_name", "string.max_len", "is too long")]
    services.answer("UpdateUser", RuleBroken(violations=broken))

    answer = await sent(alice, field_case.document, **field_case.variables)

    error = result_of(answer, field_case)["error"]
    assert error["reason"] == "VALIDATION_FAILED"
    assert error["violations"] == [{"field": "displayName", "rule": "string.max_len"}]


async def test_details_name_arguments(alice: Client) -> None:
    document = """mutation { createPost(text: "a", replyToId: "7") {
        error { detail violations { field } } } }"""

    error = (await sent(alice, document)).json()["data"]["createPost"]["error"]

    assert error == {
        "detail": "replyToId: must be the id of a Post",
        "violations": [{"field": "replyToId"}],
    }


async def test_arguments_are_held_to_the_rules_of_the_rest_body(
    alice: Client, services: FakeServices
) -> None:
    long = "x" * 1601
    document = (
        f'mutation {{ updateMe(bio: "{long}") {{ error {{ reason violations {{ field }} }} }} }}'
    )

    with counted(services) as rpcs:
        answer = await sent(alice, document)

    error = answer.json()["data"]["updateMe"]["error"]
    assert error == {"reason": "VALIDATION_FAILED", "violations": [{"field": "bio"}]}
    assert rpcs == []


async def test_an_id_of_another_kind_is_refused(alice: Client, services: FakeServices) -> None:
    document = "query($id: ID!) { post(id: $id) { text } }"

    with counted(services) as rpcs:
        answer = await sent(alice, document, id=FIELDS["follow"].variables["id"])

    (error,) = answer.json()["errors"]
    assert error["extensions"]["reason"] == "PARAMETER_INVALID"
    assert rpcs == []
