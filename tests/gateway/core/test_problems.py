"""The problem of each reason and of each kind of error."""

import grpc
import pytest
from roost.errors.v1.error_reason_pb2 import ErrorReason
from roost.post.v1.post_service_pb2 import GetPostResponse
from structlog.testing import capture_logs

from gateway.core.problems import (
    STATUS,
    headers_of,
    known,
    problem_of,
    status_of,
)
from services.chassis.runtime import errors
from services.chassis.runtime.errors import RoostError, TooMany, Violation
from tests.gateway.conftest import Client
from tests.gateway.fakes import FakeServices


def test_every_reason_of_the_contract_has_a_status() -> None:
    declared = {name.removeprefix("ERROR_REASON_") for name in ErrorReason.keys()}  # noqa: SIM118

    assert declared - {"UNSPECIFIED"} == set(STATUS)


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (errors.Invalid, 400),
        (errors.RuleBroken, 422),
        (errors.Unauthenticated, 401),
        (errors.Forbidden, 403),
        (errors.NotFound, 404),
        (errors.Taken, 409),
        (errors.Conflict, 409),
        (errors.WrongState, 409),
        (errors.TooMany, 429),
        (errors.Unimplemented, 501),
        (errors.Unavailable, 503),
        (errors.DeadlineExceeded, 504),
        (errors.Internal, 500),
    ],
)
def test_a_reason_that_is_not_known_has_the_status_of_its_kind(
    kind: type[RoostError], status: int
) -> None:
    assert status_of(kind(reason="NEWER_THAN_WE_ARE")) == status
    assert status_of(kind(reason="INTERNAL")) == status


@pytest.mark.parametrize(
    ("reason", "status"),
    [
        ("VALIDATION_FAILED", 422),
        ("IDEMPOTENCY_KEY_REUSED", 422),
        ("IDEMPOTENCY_KEY_IN_FLIGHT", 409),
        ("ETAG_MISMATCH", 412),
        ("PAGE_TOKEN_INVALID", 400),
        ("OVERLOADED", 503),
    ],
)
def test_some_reasons_say_more_than_their_kind(reason: str, status: int) -> None:
    assert STATUS[reason] == status


def test_fields_are_called_as_in_rest() -> None:
    error = errors.Invalid(
        violations=[
            Violation("page_size", "lte", "must be at most 100"),
            Violation("user.bio", "max_len", "is too long"),
        ]
    )

    problem = problem_of(error, instance="/v1/users")

    assert isinstance(problem.violations, list)
    assert [each.field for each in problem.violations] == ["limit", "bio"]


def test_whatever_is_not_foreseen_is_internal_and_tells_nothing() -> None:
    problem = problem_of(known(ValueError("secret")), instance="/v1/posts")

    assert (problem.status, problem.reason) == (500, "INTERNAL")
    assert "secret" not in problem.detail


def test_retry_after_is_whole_seconds_and_at_least_one() -> None:
    assert headers_of(TooMany(retry_after=0.2)) == [(b"retry-after", b"1")]
    assert headers_of(TooMany(retry_after=9.1)) == [(b"retry-after", b"10")]
    assert headers_of(TooMany()) == [(b"retry-after", b"1")]


async def test_rate_limits_of_services_pass_through(
    stranger: Client, services: FakeServices
) -> None:
    services.answer("Authenticate", TooMany(reason="PASSWORD_POOL_BUSY", retry_after=4))

    answer = await stranger("POST", "/v1/sessions", json={"handle": "a", "password": "b"})

    assert (answer.status_code, answer.json()["reason"]) == (429, "PASSWORD_POOL_BUSY")
    assert answer.headers["retry-after"] == "4"


async def test_a_defect_of_a_service_is_internal(stranger: Client, services: FakeServices) -> None:
    services.answer("GetPost", lambda _: 1 / 0)

    with capture_logs():
        answer = await stranger.get("/v1/posts/1")

    assert (answer.status_code, answer.json()["reason"]) == (500, "INTERNAL")
    assert "division" not in answer.text


async def test_a_defect_of_the_gateway_is_internal(
    stranger: Client, services: FakeServices
) -> None:
    broken = GetPostResponse()
    broken.post.author_id = 5
    broken.post.create_time.seconds = 10**15
    services.answer("GetPost", broken)

    with capture_logs() as logs:
        answer = await stranger.get("/v1/posts/1")

    assert (answer.status_code, answer.json()["reason"]) == (500, "INTERNAL")
    assert answer.headers["content-type"] == "application/problem+json"
    assert [(each["event"], each["log_level"]) for each in logs] == [("request_failed", "error")]


def test_no_code_of_grpc_is_left_out() -> None:
    codes = set(grpc.StatusCode) - {grpc.StatusCode.OK}

    statuses = {code: status_of(errors.from_status(_failed(code))) for code in codes}

    assert statuses[grpc.StatusCode.UNAVAILABLE] == 503
    assert statuses[grpc.StatusCode.DEADLINE_EXCEEDED] == 504
    assert all(400 <= status <= 599 for status in statuses.values())


def _failed(code: grpc.StatusCode) -> grpc.aio.AioRpcError:
    return grpc.aio.AioRpcError(code, grpc.aio.Metadata(), grpc.aio.Metadata(), details="x")


@pytest.mark.parametrize(
    ("field", "shown"),
    [
        ("user.website", "website"),
        ("preferences.quiet_hours", "quiet_hours"),
        ("p256dh", "keys.p256dh"),
        ("text", "text"),
    ],
)
def test_fields_of_contracts_are_called_by_their_place_in_the_body(field: str, shown: str) -> None:
    error = errors.Invalid(f"{field}: is wrong.", violations=[Violation(field, "rule", "is wrong")])

    problem = problem_of(error, instance="/v2/posts")

    assert problem.detail == f"{shown}: is wrong."
    assert isinstance(problem.violations, list)
    assert [each.field for each in problem.violations] == [shown]


def test_a_violation_without_a_message_of_its_own_is_the_detail() -> None:
    broken = [Violation("user.bio", "string.visible", "must contain something visible")]

    problem = problem_of(errors.RuleBroken(violations=broken), instance="/v2/users/me")

    assert problem.detail == "bio: must contain something visible"
