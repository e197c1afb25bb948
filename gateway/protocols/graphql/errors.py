"""Errors as GraphQL shows them: with the reason, status and words of REST's problems."""

from enum import Enum
from typing import Any

import strawberry
from graphql import GraphQLError
from strawberry.utils.str_converters import to_camel_case

from gateway.core import problems
from gateway.core.problems import STATUS, Problem
from services.chassis.runtime.errors import Invalid, RoostError
from services.chassis.runtime.logs import logger

# Names of fields that differ from the contracts by more than camel case.
_NAMES = {
    "page_size": "first",
    "page_token": "after",
    "request_id": "idempotencyKey",
    "q": "query",
}


class DocumentInvalid(Invalid):
    """The document or its variables are invalid."""

    reason = "DOCUMENT_INVALID"
    message = "The document does not fit the schema."


class DocumentTooComplex(Invalid):
    """The document asks for more than one request may."""

    reason = "DOCUMENT_TOO_COMPLEX"

    def __init__(self, limit: str, most: int, what: str) -> None:
        super().__init__(
            f"The document {what}; {most} is the limit.",
            metadata={"limit": limit, "most": str(most)},
        )


class DocumentNotTrusted(Invalid):
    """The document is not among those that are taken here."""

    reason = "DOCUMENT_NOT_TRUSTED"
    message = "No such document is known here; send the `documentId` of one of the manifest."


def _reasons() -> Any:
    values = {
        reason: strawberry.enum_value(
            reason, description=f"{problems.title_of(reason)} ({status} in REST)."
        )
        for reason, status in sorted(STATUS.items())
    }
    values["OTHER"] = strawberry.enum_value(
        "OTHER", description="A reason newer than this schema; `status` and `detail` describe it."
    )
    return Enum("ErrorReason", values)


ErrorReason: Any = strawberry.enum(
    _reasons(),
    description="What went wrong, for machines: `roost.errors.v1.ErrorReason`. New ones may come.",
)


@strawberry.type(description="One argument that breaks a rule.")
class Violation:
    """As REST's problems have it."""

    field: str = strawberry.field(description="The argument, or its path.")
    rule: str = strawberry.field(description="The rule, for machines.")
    detail: str = strawberry.field(description="The rule, for people.")


@strawberry.type(description="A fact that belongs to a reason.")
class Fact:
    """One of a refusal's metadata."""

    key: str = strawberry.field(description="What it is about.")
    value: str = strawberry.field(description="What it says.")


@strawberry.type(
    name="Refusal", description="Why a change was refused. Distinguish refusals by `reason`."
)
class ErrorDetail:
    """As REST's problems say it."""

    reason: ErrorReason = strawberry.field(description="What went wrong, for machines.")
    status: int = strawberry.field(description="The HTTP status that REST answers with.")
    detail: str = strawberry.field(description="What went wrong this time, for people.")
    metadata: list[Fact] = strawberry.field(description="Facts that belong to the reason.")
    violations: list[Violation] = strawberry.field(description="What is wrong, one by one.")
    retry_after: float | None = strawberry.field(
        description="Seconds after which it may go well; null where waiting does not help."
    )


def error_detail(error: RoostError) -> ErrorDetail:
    """What a change's outcome says of the error."""
    problem = problem_of(error)
    reason = problem.reason if problem.reason in STATUS else "OTHER"
    return ErrorDetail(
        reason=ErrorReason(reason),
        status=problem.status,
        detail=problem.detail,
        metadata=[Fact(key=key, value=value) for key, value in error.metadata.items()],
        violations=[
            Violation(field=argument_of(each.field), rule=each.rule, detail=each.description)
            for each in error.violations
        ],
        retry_after=error.retry_after,
    )


def problem_of(error: RoostError) -> Problem:
    """The problem of an error, where the path is always the same."""
    return problems.problem_of(error, instance="/graphql", name=argument_of)


def argument_of(field: str) -> str:
    """What a field of a contract, or of a REST body, is called in the schema."""
    field = problems.unwrapped(field)
    return _NAMES.get(field) or to_camel_case(field)


def formatted(error: GraphQLError) -> dict[str, Any]:
    """An error of the response's `errors`, with the problem's members under `extensions`."""
    cause = error.original_error
    # Without an exception of a resolver it is graphql-core's error about the document or variables.
    if cause is None or isinstance(cause, GraphQLError):
        shown: RoostError = DocumentInvalid(error.message)
    else:
        shown = problems.known(cause)
    problem = problem_of(shown)
    if problem.status == 500:
        logger().error("field_failed", path=error.path, exc_info=cause)
    found: dict[str, Any] = {"message": problem.detail}
    if error.locations:
        found["locations"] = [location._asdict() for location in error.locations]
    if error.path:
        found["path"] = error.path
    extensions: dict[str, Any] = {"reason": problem.reason, "status": problem.status}
    if shown.metadata:
        extensions["metadata"] = dict(shown.metadata)
    if shown.violations:
        extensions["violations"] = [
            {"field": argument_of(each.field), "rule": each.rule, "detail": each.description}
            for each in shown.violations
        ]
    if shown.retry_after is not None:
        extensions["retryAfter"] = shown.retry_after
    if isinstance(problem.trace_id, str):
        extensions["traceId"] = problem.trace_id
    found["extensions"] = extensions
    return found
