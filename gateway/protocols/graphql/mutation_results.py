"""Declares mutations and their results: a result, or an error."""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Annotated, Any, Generic, ParamSpec, TypeVar, cast

import msgspec
import strawberry
from strawberry.types import Info

from gateway.core import problems
from gateway.core.asgi import is_key
from gateway.core.bodies import raise_field_invalid
from gateway.core.errors import ParameterInvalid
from gateway.protocols.graphql.context import Context
from gateway.protocols.graphql.errors import ErrorDetail, error_detail
from gateway.protocols.graphql.fields import CALL, COST, nullable
from services.chassis.runtime.errors import RoostError

T = TypeVar("T")
P = ParamSpec("P")
S = TypeVar("S", bound=msgspec.Struct)

Key = Annotated[
    str | None,
    strawberry.argument(
        description="1 to 64 of letters, digits, _ . and -: the same key with the same arguments "
        "has one effect and the same answer, however often it is sent."
    ),
]

# A change writes, publishes and invalidates: more than a call that reads.
_CHANGE = 3 * CALL


@strawberry.type(description="What became of a change: either `result` or `error` is null.")
class Outcome(Generic[T]):
    """Of a change with a result."""

    result: T | None = strawberry.field(description="What the change led to; null where refused.")
    error: ErrorDetail | None = strawberry.field(
        description="Why it was refused; null where it was not."
    )


@strawberry.type(description="What became of a change that leads to nothing to show.")
class Done:
    """Of a change without a result."""

    done: bool = strawberry.field(description="Whether it is as was asked for.")
    error: ErrorDetail | None = strawberry.field(
        description="Why it was refused; null where it was not."
    )


def result(value: T) -> Outcome[T]:
    """The outcome of a change that succeeded."""
    return Outcome(result=value, error=None)


DONE = Done(done=True, error=None)


def change(
    about: str, *, bucket: str = "writes", answers: type[Any] = Outcome
) -> Callable[[Callable[P, Awaitable[T]]], Any]:
    """A field of Mutation. What REST would refuse with a status below 500, is the outcome's error;
    what is our own fault goes up to the response's errors."""

    def declare(method: Callable[P, Awaitable[T]]) -> Any:
        @wraps(nullable(method))
        async def attempt(*given: P.args, **named: P.kwargs) -> T:
            info = cast("Info", named["info"] if "info" in named else given[1])
            context: Context = info.context
            try:
                context.begin_mutation(bucket)
                return await method(*given, **named)
            except RoostError as error:
                if problems.status_of(error) >= 500:
                    raise
                return cast(T, _refused(answers, error_detail(error)))

        return strawberry.field(resolver=attempt, description=about, metadata={COST: _CHANGE})

    return declare


def _refused(answers: type[Any], why: ErrorDetail) -> Any:
    if answers is Done:
        return Done(done=False, error=why)
    return Outcome(result=None, error=why)


def request_id(key: str | None) -> str:
    """The request_id of the service; empty without a key. Raises ParameterInvalid."""
    if key is None:
        return ""
    if not is_key(key):
        raise ParameterInvalid(
            "idempotency_key", "form", "must be 1 to 64 of letters, digits, _ . and -"
        )
    return key


def validated(kind: type[S], **given: Any) -> S:
    """The arguments as REST's request of this kind, by its rules. Raises FieldInvalid."""
    try:
        return msgspec.convert(given, kind)
    except msgspec.ValidationError as error:
        raise_field_invalid(str(error), kind)
