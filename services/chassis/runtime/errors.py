"""The kinds of failure that a caller can distinguish, and their gRPC status.

Domain code raises a named subclass (`HandleTaken(Taken)`) with a `reason` out of
`roost.errors.v1.ErrorReason` and metadata. `to_status` turns it into a gRPC status with
`google.rpc.ErrorInfo` (and `BadRequest`, `RetryInfo` where they apply); `from_status` turns a
received status back into the same kind of error, so that a nested failure passes through whole.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import grpc
import grpc.aio
from google.protobuf.any_pb2 import Any as Detail
from google.protobuf.message import DecodeError
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status

DOMAIN = "roost.social"
DETAILS_KEY = "grpc-status-details-bin"

# One gRPC code means both a request that cannot be parsed and one that breaks a rule. This key of
# ErrorInfo.metadata distinguishes them (HTTP 400 or 422).
_KIND = "kind"
_RULE = "rule"


class Violation(NamedTuple):
    """One wrong field: its path in the request, the rule that it breaks, and why in words."""

    field: str
    rule: str
    description: str


class RoostError(Exception):
    """A failure with a place in the contract. Raise a named subclass of one of the kinds below.

    A subclass sets `reason` and `message`. People read the message, so it holds no secret and
    no word about how the service is built. `retry_after` is in seconds.
    """

    reason: str = "INTERNAL"
    message: str = "Something went wrong on our side."

    def __init__(
        self,
        message: str | None = None,
        *,
        reason: str | None = None,
        metadata: Mapping[str, str] | None = None,
        violations: Sequence[Violation] = (),
        retry_after: float | None = None,
    ) -> None:
        if message is not None:
            self.message = message
        if reason is not None:
            self.reason = reason
        self.metadata: Mapping[str, str] = metadata or {}
        self.violations = tuple(violations)
        self.retry_after = retry_after
        super().__init__(self.message)


class Invalid(RoostError):
    """The request is malformed: no state of the system would make it right."""

    reason = "VALIDATION_FAILED"
    message = "The request is not valid."


class RuleBroken(Invalid):
    """The request is well formed but breaks a rule (HTTP 422)."""


class Unauthenticated(RoostError):
    """The caller has not shown who they are."""

    reason = "TOKEN_MISSING"
    message = "Sign in first."


class Forbidden(RoostError):
    """The caller is known, and may not do this."""

    reason = "CALLER_NOT_ALLOWED"
    message = "You may not do this."


class NotFound(RoostError):
    """There is no such thing, or none that this caller may know of."""

    message = "There is no such thing."


class Taken(RoostError):
    """What the caller wants to create exists already."""

    message = "It exists already."


class Conflict(RoostError):
    """Another request changed it, or is changing it now; read again, then try again."""

    message = "It was changed in the meantime."


class WrongState(RoostError):
    """The thing is in a state that does not allow this."""

    message = "This is not possible now."


class TooMany(RoostError):
    """A limit is reached, of the caller or of the service."""

    reason = "RATE_LIMITED"
    message = "Too many requests; try again later."


class Unavailable(RoostError):
    """Something that the work needs is away; the same request may succeed soon."""

    reason = "DEPENDENCY_UNAVAILABLE"
    message = "The service is not available now; try again."


class DeadlineExceeded(RoostError):
    """The time that the caller gave is over. A write may have happened all the same."""

    reason = "DEADLINE_EXCEEDED"
    message = "It took too long."


class Unimplemented(RoostError):
    """The server does not know the call."""

    reason = "NOT_IMPLEMENTED"
    message = "The server does not offer this."


class Internal(RoostError):
    """A fault on our side, met in another service. Nobody raises it; `from_status` makes it."""


# Failures of a dependency, or of a race with another writer, that a later attempt may not meet.
TRANSIENT_ERRORS = (Unavailable, DeadlineExceeded, TooMany, Conflict, TimeoutError, ConnectionError)


class GrpcStatus(NamedTuple):
    """What goes out: the code, the message, and the packed `google.rpc.Status`."""

    code: grpc.StatusCode
    message: str
    details: bytes

    @property
    def trailing_metadata(self) -> tuple[tuple[str, bytes]]:
        """The metadata that carries the details."""
        return ((DETAILS_KEY, self.details),)


def code_of(error: BaseException) -> grpc.StatusCode:
    """The one switch from kinds of errors to status codes."""
    match error:
        case Invalid():
            return grpc.StatusCode.INVALID_ARGUMENT
        case Unauthenticated():
            return grpc.StatusCode.UNAUTHENTICATED
        case Forbidden():
            return grpc.StatusCode.PERMISSION_DENIED
        case NotFound():
            return grpc.StatusCode.NOT_FOUND
        case Taken():
            return grpc.StatusCode.ALREADY_EXISTS
        case Conflict():
            return grpc.StatusCode.ABORTED
        case WrongState():
            return grpc.StatusCode.FAILED_PRECONDITION
        case TooMany():
            return grpc.StatusCode.RESOURCE_EXHAUSTED
        case Unavailable():
            return grpc.StatusCode.UNAVAILABLE
        case DeadlineExceeded() | TimeoutError():
            return grpc.StatusCode.DEADLINE_EXCEEDED
        case Unimplemented():
            return grpc.StatusCode.UNIMPLEMENTED
        case _:
            return grpc.StatusCode.INTERNAL


_KIND_BY_CODE: Mapping[grpc.StatusCode, type[RoostError]] = {
    grpc.StatusCode.INVALID_ARGUMENT: Invalid,
    grpc.StatusCode.OUT_OF_RANGE: Invalid,
    grpc.StatusCode.UNAUTHENTICATED: Unauthenticated,
    grpc.StatusCode.PERMISSION_DENIED: Forbidden,
    grpc.StatusCode.NOT_FOUND: NotFound,
    grpc.StatusCode.ALREADY_EXISTS: Taken,
    grpc.StatusCode.ABORTED: Conflict,
    grpc.StatusCode.FAILED_PRECONDITION: WrongState,
    grpc.StatusCode.RESOURCE_EXHAUSTED: TooMany,
    grpc.StatusCode.UNAVAILABLE: Unavailable,
    # A peer that cancels did not finish for reasons of its own; ours may try elsewhere.
    grpc.StatusCode.CANCELLED: Unavailable,
    grpc.StatusCode.DEADLINE_EXCEEDED: DeadlineExceeded,
    grpc.StatusCode.UNIMPLEMENTED: Unimplemented,
}


def to_status(error: BaseException) -> GrpcStatus:
    """The status of a failure. Anything outside the contract becomes INTERNAL, its cause unsaid."""
    code = code_of(error)
    if code is grpc.StatusCode.INTERNAL:
        shown: RoostError = Internal()
    elif isinstance(error, RoostError):
        shown = error
    else:
        shown = DeadlineExceeded()

    info = ErrorInfo(reason=shown.reason, domain=DOMAIN, metadata=shown.metadata)
    if isinstance(shown, RuleBroken):
        info.metadata[_KIND] = _RULE
    status = Status(code=code.value[0], message=shown.message)
    status.details.add().Pack(info)
    if shown.violations:
        request = BadRequest()
        for field, rule, description in shown.violations:
            request.field_violations.add(field=field, reason=rule, description=description)
        status.details.add().Pack(request)
    if shown.retry_after is not None:
        retry = RetryInfo()
        retry.retry_delay.FromNanoseconds(round(shown.retry_after * 1e9))
        status.details.add().Pack(retry)
    return GrpcStatus(code, shown.message, status.SerializeToString())


def from_status(error: grpc.aio.AioRpcError) -> RoostError:
    """The error of a status, with its reason, metadata, violations and retry delay.

    A status without our details comes from a proxy or the channel. It gets the reason and the
    message of its kind, since the text of a proxy may reveal addresses. A kind without a reason of
    its own is Internal: no proxy knows that a post is absent.
    """
    code = error.code()
    kind = _KIND_BY_CODE.get(code, Internal)
    if kind is Internal:
        return Internal()
    info, violations, retry_after = _details(error)
    if info is None:
        return Internal() if kind.reason == Internal.reason else kind()
    metadata = dict(info.metadata)
    if metadata.pop(_KIND, None) == _RULE and kind is Invalid:
        kind = RuleBroken
    return kind(
        error.details(),
        reason=info.reason,
        metadata=metadata,
        violations=violations,
        retry_after=retry_after,
    )


def _details(
    error: grpc.aio.AioRpcError,
) -> tuple[ErrorInfo | None, list[Violation], float | None]:
    info: ErrorInfo | None = None
    violations: list[Violation] = []
    retry_after: float | None = None
    for detail in _packed(error.trailing_metadata()):
        if detail.Is(ErrorInfo.DESCRIPTOR):
            candidate = ErrorInfo()
            detail.Unpack(candidate)
            info = candidate if candidate.domain == DOMAIN else info
        elif detail.Is(BadRequest.DESCRIPTOR):
            request = BadRequest()
            detail.Unpack(request)
            violations += [
                Violation(each.field, each.reason, each.description)
                for each in request.field_violations
            ]
        elif detail.Is(RetryInfo.DESCRIPTOR):
            retry = RetryInfo()
            detail.Unpack(retry)
            retry_after = retry.retry_delay.ToNanoseconds() / 1e9
    return info, violations, retry_after


def _packed(trailing_metadata: Iterable[Any] | None) -> Sequence[Detail]:
    for key, value in trailing_metadata or ():
        if key == DETAILS_KEY and isinstance(value, bytes):
            status = Status()
            try:
                status.ParseFromString(value)
            except DecodeError:
                return ()
            details: Sequence[Detail] = status.details
            return details
    return ()
