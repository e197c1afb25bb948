"""Turns errors into RFC 9457 problems: the one place where a reason gets its HTTP status.

REST answers with the problem as it is; GraphQL and WebSocket take its reason, status and detail.
"""

import math
from collections.abc import Callable, Mapping
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from gateway.core.errors import MethodNotAllowed
from services.chassis.runtime import telemetry
from services.chassis.runtime.errors import (
    Conflict,
    DeadlineExceeded,
    Forbidden,
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
    WrongState,
)

CONTENT_TYPE = b"application/problem+json"

# Every reason of roost.errors.v1.ErrorReason. A reason has one status, whichever service gives it.
_REASONS: Mapping[int, str] = {
    400: "BODY_MALFORMED PARAMETER_INVALID PAGE_TOKEN_INVALID QUERY_INVALID FRAME_INVALID "
    "TOPIC_INVALID UNSUBSCRIBE_TOKEN_INVALID DOCUMENT_INVALID DOCUMENT_TOO_COMPLEX "
    "DOCUMENT_NOT_TRUSTED",
    401: "TOKEN_MISSING TOKEN_INVALID TOKEN_EXPIRED CREDENTIALS_WRONG REFRESH_TOKEN_INVALID "
    "REFRESH_TOKEN_REUSED SESSION_REVOKED STREAM_TICKET_INVALID",
    403: "CALLER_NOT_ALLOWED ACCOUNT_PROTECTED NOT_AUTHOR CROSS_SITE_REQUEST",
    404: "ROUTE_NOT_FOUND USER_NOT_FOUND SESSION_NOT_FOUND FOLLOW_REQUEST_NOT_FOUND "
    "POST_NOT_FOUND UPLOAD_NOT_FOUND MEDIUM_NOT_FOUND PUSH_SUBSCRIPTION_NOT_FOUND "
    "REINDEX_NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    406: "NOT_ACCEPTABLE",
    408: "REQUEST_TOO_SLOW",
    409: "IDEMPOTENCY_KEY_IN_FLIGHT HANDLE_TAKEN BLOCKING TOO_MANY_FOLLOWS REPOST_NOT_ALLOWED "
    "REPLY_NOT_ALLOWED MEDIA_NOT_READY MEDIUM_IN_USE UPLOAD_INCOMPLETE UPLOAD_EXPIRED "
    "EVENTS_EXPIRED TOO_MANY_WATCHED TOO_MANY_MUTED_CONVERSATIONS TOO_MANY_PUSH_SUBSCRIPTIONS "
    "TOO_MANY_HASHTAGS REINDEX_RUNNING EMAIL_NOT_OFFERED",
    412: "ETAG_MISMATCH",
    413: "BODY_TOO_LARGE MEDIA_TOO_LARGE",
    415: "CONTENT_TYPE_NOT_SUPPORTED MEDIA_TYPE_NOT_ALLOWED",
    422: "VALIDATION_FAILED IDEMPOTENCY_KEY_REUSED HANDLE_RESERVED HANDLE_INVALID "
    "PASSWORD_TOO_WEAK FIELD_NOT_UPDATABLE CANNOT_FOLLOW_SELF CANNOT_BLOCK_SELF CANNOT_MUTE_SELF "
    "CANNOT_WATCH_SELF TEXT_EMPTY TEXT_TOO_LONG TEXT_INVALID QUOTE_NOT_ALLOWED "
    "MEDIA_COMBINATION_NOT_ALLOWED MEDIA_CORRUPT MEDIA_TOO_LONG MEDIA_TOO_MANY_FRAMES "
    "PUSH_ENDPOINT_REFUSED EMAIL_CODE_INVALID TIME_ZONE_UNKNOWN HASHTAG_INVALID QUERY_TOO_COSTLY",
    429: "RATE_LIMITED PASSWORD_POOL_BUSY TOO_MANY_PASSWORD_ATTEMPTS REBUILD_TOO_SOON "
    "MEDIA_QUOTA_EXCEEDED TOO_MANY_EMAIL_CODES TOO_MANY_CONNECTIONS TOO_MANY_SUBSCRIPTIONS "
    "READER_TOO_SLOW",
    431: "HEADERS_TOO_LARGE",
    500: "INTERNAL MEDIA_PROCESSING_FAILED",
    501: "NOT_IMPLEMENTED",
    503: "OVERLOADED DEPENDENCY_UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
STATUS: Mapping[str, int] = {
    reason: status for status, reasons in _REASONS.items() for reason in reasons.split()
}

# For reasons newer than this gateway, by their kind; the more special kind stands first.
_BY_KIND: tuple[tuple[type[BaseException], int], ...] = (
    (RuleBroken, 422),
    (Invalid, 400),
    (Unauthenticated, 401),
    (Forbidden, 403),
    (NotFound, 404),
    (Taken, 409),
    (Conflict, 409),
    (WrongState, 409),
    (TooMany, 429),
    (Unimplemented, 501),
    (Unavailable, 503),
    (DeadlineExceeded, 504),
)

# Codes of WebSocket close frames (RFC 6455 §7.4.2: 4000 and up are the application's): by reason,
# or else by kind.
CLOSE_CODES: Mapping[str, int] = {
    "FRAME_INVALID": 4000,
    "SESSION_REVOKED": 4001,
    "STREAM_TICKET_INVALID": 4002,
    "TOO_MANY_CONNECTIONS": 4003,
    "RATE_LIMITED": 4004,
    "READER_TOO_SLOW": 4008,
    "REQUEST_TOO_SLOW": 4009,
}
CLOSE_TRY_AGAIN = 1013
CLOSE_INTERNAL = 1011

# How the fields of the contracts are called in REST.
_NAMES = {
    "page_size": "limit",
    "page_token": "cursor",
    "request_id": "Idempotency-Key",
    "p256dh": "keys.p256dh",
    "auth": "keys.auth",
}
# Messages whose fields stand alone in bodies and arguments.
_WRAPPERS = ("user.", "preferences.", "settings.", "medium.")


class ProblemViolation(msgspec.Struct, frozen=True):
    """One field or parameter that breaks a rule."""

    field: Annotated[str, Meta(description="Its name, or its path in the body.")]
    rule: Annotated[str, Meta(description="The rule, for machines.")]
    detail: Annotated[str, Meta(description="The rule, for people.")]


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """Why a request was refused (RFC 9457). Distinguish problems by `reason`."""

    type: Annotated[str, Meta(description="A page about the reason, relative to the API.")]
    title: Annotated[str, Meta(description="The reason in words; the same for each occurrence.")]
    status: Annotated[int, Meta(description="The HTTP status.", ge=400, le=599)]
    detail: Annotated[str, Meta(description="What went wrong this time, for people.")]
    instance: Annotated[
        str | UnsetType,
        Meta(description="The path that was asked for; absent if the request could not be read."),
    ] = UNSET
    reason: Annotated[str, Meta(description="What went wrong, for machines.")]
    metadata: Annotated[
        dict[str, str] | UnsetType, Meta(description="Facts that belong to the reason.")
    ] = UNSET
    violations: Annotated[
        list[ProblemViolation] | UnsetType, Meta(description="What is wrong, field by field.")
    ] = UNSET
    trace_id: Annotated[
        str | UnsetType, Meta(description="Finds the request in the server's logs.")
    ] = UNSET


def known(error: BaseException) -> RoostError:
    """The error as clients may see it: anything outside the contract is Internal."""
    if isinstance(error, RoostError):
        return error
    return DeadlineExceeded() if isinstance(error, TimeoutError) else Internal()


def status_of(error: RoostError) -> int:
    """The HTTP status of an error: by its reason, or by its kind if that is new or says nothing."""
    status = STATUS.get(error.reason)
    if status is None or error.reason == Internal.reason:
        status = next((status for kind, status in _BY_KIND if isinstance(error, kind)), 500)
    return status


def close_code_of(error: RoostError) -> int:
    """The code that closes a WebSocket because of the error."""
    away = isinstance(error, Unavailable | DeadlineExceeded)
    return CLOSE_CODES.get(error.reason, CLOSE_TRY_AGAIN if away else CLOSE_INTERNAL)


def title_of(reason: str) -> str:
    """The reason in words: HANDLE_TAKEN is "Handle taken"."""
    return reason.replace("_", " ").capitalize()


def unwrapped(field: str) -> str:
    """The path of a field of a contract, without the message that its request wraps it in."""
    for wrapper in _WRAPPERS:
        field = field.removeprefix(wrapper)
    return field


def _name(field: str) -> str:
    return _NAMES.get(field, unwrapped(field))


def problem_of(error: RoostError, *, instance: str, name: Callable[[str], str] = _name) -> Problem:
    """The problem of an error. `name` gives the name of a field in the protocol."""
    trace = telemetry.current()
    return Problem(
        type=f"/problems/{error.reason}",
        title=title_of(error.reason),
        status=status_of(error),
        detail=_detail(error, name),
        instance=instance,
        reason=error.reason,
        metadata=dict(error.metadata) or UNSET,
        violations=[
            ProblemViolation(name(each.field), each.rule, each.description)
            for each in error.violations
        ]
        or UNSET,
        trace_id=trace.trace_id if trace else UNSET,
    )


def headers_of(error: RoostError) -> list[tuple[bytes, bytes]]:
    """The headers that go with a problem: when to retry, how to sign in, what is allowed."""
    headers: list[tuple[bytes, bytes]] = []
    status = status_of(error)
    if error.retry_after is not None:
        headers.append((b"retry-after", str(max(1, math.ceil(error.retry_after))).encode()))
    elif status in {429, 503}:
        headers.append((b"retry-after", b"1"))
    if status == 401:
        challenge = b'Bearer realm="roost"'
        if error.reason in {"TOKEN_INVALID", "TOKEN_EXPIRED", "SESSION_REVOKED"}:
            challenge += b', error="invalid_token"'
        headers.append((b"www-authenticate", challenge))
    if isinstance(error, MethodNotAllowed):
        headers.append((b"allow", error.allow.encode()))
    return headers


def _detail(error: RoostError, name: Callable[[str], str]) -> str:
    """The message; of a field that breaks a rule with its name, and with the rule."""
    if error.violations and error.message == Invalid.message:
        first = error.violations[0]
        return f"{name(first.field)}: {first.description}" if first.field else first.description
    for each in error.violations:
        if each.field and error.message.startswith(f"{each.field}: "):
            return name(each.field) + error.message.removeprefix(each.field)
    return error.message
