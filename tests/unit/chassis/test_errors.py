"""Each kind of error has one status code, and comes through the wire whole."""

import grpc
import grpc.aio
import pytest
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status
from grpc import StatusCode
from roost.errors.v1.error_reason_pb2 import ErrorReason

from services.chassis.auth.tokens.jws import TokenExpired, TokenInvalid
from services.chassis.rpc.paging import PageTokenInvalid
from services.chassis.rpc.pipeline import Overloaded
from services.chassis.runtime import errors
from services.chassis.runtime.errors import (
    Conflict,
    DeadlineExceeded,
    Forbidden,
    GrpcStatus,
    Internal,
    Invalid,
    NotFound,
    RoostError,
    RuleBroken,
    Taken,
    TooMany,
    Unauthenticated,
    Unavailable,
    Unimplemented,
    Violation,
    WrongState,
    from_status,
    to_status,
)


class HandleTaken(Taken):
    reason = "HANDLE_TAKEN"
    message = "Somebody has this handle."


KINDS = [
    (Invalid, StatusCode.INVALID_ARGUMENT),
    (RuleBroken, StatusCode.INVALID_ARGUMENT),
    (Unauthenticated, StatusCode.UNAUTHENTICATED),
    (Forbidden, StatusCode.PERMISSION_DENIED),
    (NotFound, StatusCode.NOT_FOUND),
    (Taken, StatusCode.ALREADY_EXISTS),
    (Conflict, StatusCode.ABORTED),
    (WrongState, StatusCode.FAILED_PRECONDITION),
    (TooMany, StatusCode.RESOURCE_EXHAUSTED),
    (Unavailable, StatusCode.UNAVAILABLE),
    (DeadlineExceeded, StatusCode.DEADLINE_EXCEEDED),
    (Unimplemented, StatusCode.UNIMPLEMENTED),
    (Internal, StatusCode.INTERNAL),
]


@pytest.mark.parametrize(("kind", "code"), KINDS)
def test_kind_has_its_code(kind: type[RoostError], code: StatusCode) -> None:
    assert to_status(kind()).code is code


@pytest.mark.parametrize(("kind", "code"), KINDS)
def test_kind_survives_the_wire(kind: type[RoostError], code: StatusCode) -> None:
    sent = kind("In words.", reason="HANDLE_TAKEN", metadata={"handle": "alice"})

    received = from_status(over_the_wire(to_status(sent)))

    assert type(received) is kind
    if kind is not Internal:
        assert received.reason == "HANDLE_TAKEN"
        assert received.metadata == {"handle": "alice"}
        assert received.message == "In words."


def test_named_error_carries_reason_domain_and_metadata() -> None:
    status = to_status(HandleTaken(metadata={"handle": "alice"}))

    packed = Status.FromString(status.details)
    info = ErrorInfo()
    assert packed.code == StatusCode.ALREADY_EXISTS.value[0]
    assert packed.details[0].Unpack(info)
    assert info == ErrorInfo(
        reason="HANDLE_TAKEN", domain="roost.social", metadata={"handle": "alice"}
    )
    assert status.message == packed.message == "Somebody has this handle."


def test_violations_and_retry_delay_survive_the_wire() -> None:
    wrong = Violation("post.text", "string.max_len", "must be at most 500 characters")

    invalid = from_status(over_the_wire(to_status(Invalid(violations=[wrong]))))
    busy = from_status(over_the_wire(to_status(TooMany(retry_after=1.5))))

    assert invalid.violations == (wrong,)
    assert busy.retry_after == 1.5


def test_violations_are_a_bad_request_and_the_delay_a_retry_info() -> None:
    error = TooMany(violations=[Violation("a", "b", "c")], retry_after=2)

    details = Status.FromString(to_status(error).details).details

    assert [each.type_url.rpartition(".")[2] for each in details] == [
        "ErrorInfo",
        "BadRequest",
        "RetryInfo",
    ]
    request, retry = BadRequest(), RetryInfo()
    assert details[1].Unpack(request)
    assert request.field_violations[0].field == "a"
    assert details[2].Unpack(retry)
    assert retry.retry_delay.seconds == 2


@pytest.mark.parametrize("error", [KeyError("secret"), RoostError("secret"), Internal("secret")])
def test_anything_else_is_internal_and_its_cause_unsaid(error: Exception) -> None:
    status = to_status(error)

    assert status.code is StatusCode.INTERNAL
    assert status.message == "Something went wrong on our side."
    assert b"secret" not in status.details


def test_timeout_is_a_deadline_that_passed() -> None:
    status = to_status(TimeoutError("secret"))

    assert status.code is StatusCode.DEADLINE_EXCEEDED
    assert b"secret" not in status.details


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (StatusCode.UNAVAILABLE, Unavailable),
        (StatusCode.CANCELLED, Unavailable),
        (StatusCode.DEADLINE_EXCEEDED, DeadlineExceeded),
        (StatusCode.RESOURCE_EXHAUSTED, TooMany),
        (StatusCode.UNAUTHENTICATED, Unauthenticated),
        (StatusCode.UNIMPLEMENTED, Unimplemented),
        (StatusCode.NOT_FOUND, Internal),
        (StatusCode.ALREADY_EXISTS, Internal),
        (StatusCode.INTERNAL, Internal),
        (StatusCode.UNKNOWN, Internal),
        (StatusCode.DATA_LOSS, Internal),
    ],
)
def test_status_of_a_proxy_becomes_its_kind_in_our_words(
    code: StatusCode, kind: type[RoostError]
) -> None:
    received = from_status(
        grpc.aio.AioRpcError(
            code, grpc.aio.Metadata(), grpc.aio.Metadata(), "upstream 10.0.0.7 reset"
        )
    )

    assert type(received) is kind
    assert received.message == kind.message
    assert received.reason == kind.reason


@pytest.mark.parametrize("details", [b"", b"\xff\xff", b"\x1a\x05hello"])
def test_details_that_cannot_be_read_are_as_good_as_none(details: bytes) -> None:
    status = GrpcStatus(StatusCode.UNAVAILABLE, "foreign", details)

    received = from_status(over_the_wire(status))

    assert type(received) is Unavailable
    assert received.message == Unavailable.message


def test_reason_of_another_domain_is_not_ours() -> None:
    packed = Status(code=5)
    packed.details.add().Pack(ErrorInfo(reason="HANDLE_TAKEN", domain="example.com"))
    status = GrpcStatus(StatusCode.NOT_FOUND, "foreign", packed.SerializeToString())

    assert type(from_status(over_the_wire(status))) is Internal


@pytest.mark.parametrize(
    "kind",
    [
        *(kind for kind, _ in KINDS),
        Overloaded,
        PageTokenInvalid,
        TokenExpired,
        TokenInvalid,
    ],
)
def test_every_reason_is_declared(kind: type[RoostError]) -> None:
    assert "ERROR_REASON_" + kind.reason in ErrorReason.keys()  # noqa: SIM118 - an enum, not a dict


def over_the_wire(status: GrpcStatus) -> grpc.aio.AioRpcError:
    return grpc.aio.AioRpcError(
        status.code,
        grpc.aio.Metadata(),
        grpc.aio.Metadata((errors.DETAILS_KEY, status.details)),
        status.message,
    )
