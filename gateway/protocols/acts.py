"""Keyed acts: changes of one thing by its id or name, such as liking a post.

Each act is declared once. It yields a REST route and a GraphQL mutation, with one summary, the same
access (a signed-in user), the same idempotency key and the same call to a service.
"""

import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Optional

from google.protobuf.message import Message
from strawberry.types import Info

from gateway.core.clients import Backends
from gateway.protocols.graphql.context import own
from gateway.protocols.graphql.global_ids import number_of
from gateway.protocols.graphql.mutation_results import (
    DONE,
    Done,
    Key,
    Outcome,
    change,
    request_id,
    result,
)
from gateway.protocols.rest.context import (
    NOTHING,
    NoBody,
    NoContent,
    NoQuery,
    RequestContext,
    Response,
)
from gateway.protocols.rest.routes import Routes

_FIELD = re.compile(r"`([a-z]+(?:_[a-z]+)+)`")
_PATH_ID = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What an act is about: the kind of its global id, and the argument that takes the id.

    Without a kind the argument takes a name.
    """

    kind: str
    argument: str
    type: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What an act answers, from the service's response: a REST shape and a type of the schema."""

    shape: type[Any]
    present: Callable[[Any], Any]
    type: type[Any]
    show: Callable[[Any], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One act. Without a result it answers 204 in REST and `done` in GraphQL."""

    name: str
    method: str
    # With one id or name, called as the field of the request is.
    path: str
    summary: str
    details: str = ""
    # What may go wrong beyond what may go wrong anywhere: names of ErrorReason.
    reasons: tuple[str, ...] = ()
    # The client of `Backends` that has the RPC, and the RPC's request.
    service: str
    request: type[Message]
    target: Target
    result: Result | None = None

    async def perform(self, backends: Backends, about: int | str, key: str) -> Any:
        """The service's response. The same key has one effect."""
        name = self.request.DESCRIPTOR.name.removesuffix("Request")
        rpc = getattr(getattr(backends, self.service), name)
        (field,) = _PATH_ID.findall(self.path)
        return await rpc(self.request(**{field: about, "request_id": key}))


def route(routes: Routes, act: Act) -> None:
    """Declares an act's route."""
    answer = act.result

    async def handler(context: RequestContext[NoQuery, NoBody]) -> Any:
        about = context.path_id or context.path_text
        response = await act.perform(context.backends, about, context.request_id)
        return Response(answer.present(response)) if answer else NOTHING

    handler.__name__ = act.name
    handler.__doc__ = f"{act.summary}\n\n{act.details}"
    handler.__annotations__["return"] = Response[answer.shape if answer else NoContent]  # type: ignore[misc]
    routes.change(act.method, act.path, reasons=act.reasons)(handler)


def mutation(act: Act) -> Any:
    """An act's field of Mutation."""
    answer, target = act.result, act.target

    async def method(_: Any, info: Info, *, idempotency_key: str | None = None, **ids: str) -> Any:
        backends = own(info)
        given = ids[target.argument]
        about = number_of(target.kind, given, target.argument) if target.kind else given
        response = await act.perform(backends, about, request_id(idempotency_key))
        return result(answer.show(response)) if answer else DONE

    method.__name__ = act.name
    annotations = {"info": Info, target.argument: target.type, "idempotency_key": Key}
    outcome: Any = Outcome[answer.type] if answer else Done  # type: ignore[name-defined]
    either = inspect.Parameter.POSITIONAL_OR_KEYWORD
    method.__annotations__ = {**annotations, "return": outcome}
    method.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [
            inspect.Parameter("self", either),
            *(
                inspect.Parameter(
                    name,
                    either,
                    annotation=kind,
                    default=None if name == "idempotency_key" else inspect.Parameter.empty,
                )
                for name, kind in annotations.items()
            ),
        ],
        return_annotation=Optional[outcome],  # noqa: UP045 - at runtime
    )
    about = _FIELD.sub(_in_camel_case, f"{act.summary} {act.details}".strip())
    return change(about, answers=Outcome if answer else Done)(method)


def _in_camel_case(field: re.Match[str]) -> str:
    first, *others = field[1].split("_")
    return f"`{first}{''.join(each.capitalize() for each in others)}`"
