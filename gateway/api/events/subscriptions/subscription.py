"""One subscription of one connection: its document, and what of the log it is about."""

from typing import Any

from graphql import (
    ExecutionResult,
    Executor,
    GraphQLError,
    OperationType,
    get_argument_values,
)
from graphql.execution.collect_fields import collect_fields

from gateway.api.events.graphql import Subscription as Event
from gateway.api.events.types import Topic
from gateway.core.clients import Backends
from gateway.core.errors import ParameterInvalid
from gateway.protocols.graphql import costs
from gateway.protocols.graphql.context import Context
from gateway.protocols.graphql.documents import Document, DocumentErrors, Operation
from gateway.protocols.graphql.errors import DocumentInvalid, formatted
from gateway.protocols.graphql.execution import execute_document
from gateway.protocols.graphql.global_ids import number_of
from gateway.protocols.graphql.requests import Request
from gateway.protocols.stream.hashtag_news import folded
from gateway.protocols.stream.hub import Watched
from services.chassis.runtime.errors import RoostError, RuleBroken

EVENTS = "events"
HOME = "homeArrivals"
NOTIFICATIONS = "notifications"
POST = "postActivity"
HASHTAG = "hashtagActivity"
_TOPICS = {HOME: frozenset(("home",)), NOTIFICATIONS: frozenset(("notifications",))}


class HashtagInvalid(RuleBroken):
    """The text is no hashtag."""

    reason = "HASHTAG_INVALID"
    message = "A hashtag has letters, digits and underscores, and one letter at least."


class Subscription:
    """What a client subscribed to."""

    def __init__(self, document: Document, request: Request, *, key: str, beside: int = 0) -> None:
        """With the client's id, and the cost of the others on the connection, which one event may
        set off together.

        Raises DocumentInvalid, DocumentErrors, DocumentTooComplex, ParameterInvalid, or
        HashtagInvalid.
        """
        self.key = key
        self._document = document
        self._operation: Operation = document.operation(request.operation_name)
        if self._operation.kind is not OperationType.SUBSCRIPTION:
            raise DocumentInvalid("Queries and mutations go to POST /graphql.")
        self._variables = self._operation.variables(request.variables)
        self.cost = self._operation.cost.of(self._variables.taken)
        costs.check(self.cost, beside=beside)
        self.field, arguments = self._root()
        # Of the post that is watched; 0 for all others.
        self.post_id = number_of("Post", arguments["id"], "id") if self.field == POST else 0
        # The folded form of the hashtag that is watched; empty for all others.
        self.hashtag = _hashtag(arguments["tag"]) if self.field == HASHTAG else ""
        # Of the log; none for what is watched.
        self.topics = _TOPICS.get(self.field) or _asked(arguments)
        # Where one goes on that resumes; None for now.
        self.after: int | None = arguments.get("after")

    @property
    def watched(self) -> Watched:
        """The post or the hashtag that is watched; 0 for none."""
        return self.hashtag or self.post_id

    def shows(self, event: Event) -> bool:
        """Whether its field shows an event of its topics."""
        match self.field:
            case "homeArrivals":
                return event.arrival is not None
            case "notifications":
                return event.notification is not None
            case _:
                return True

    async def result(self, event: Event, backends: Backends, viewer_id: int) -> ExecutionResult:
        """What the client asked to see of an event. Whatever that takes is loaded for it alone."""
        context = Context(backends=backends, viewer_id=viewer_id, take=_no_change)
        return await execute_document(
            self._document, self._operation, context, self._variables, root=event
        )

    def _root(self) -> tuple[str, dict[str, Any]]:
        schema = self._document.schema
        shape = schema.subscription_type
        executor = Executor.build(
            schema,
            self._document.node,
            raw_variable_values=dict(self._variables.given),
            operation_name=self._operation.name,
            hide_suggestions=True,
        )
        if shape is None or not isinstance(executor, Executor):
            raise DocumentErrors(list(executor) if isinstance(executor, list) else [])
        fields = collect_fields(
            schema, executor.fragments, executor.variable_values, shape, self._operation.node
        ).grouped_field_set
        for (first, *_), *_ in fields.values():
            name = first.name.value
            try:
                return name, get_argument_values(
                    shape.fields[name], first, executor.variable_values
                )
            except GraphQLError as error:
                raise DocumentErrors([error]) from None
        raise DocumentInvalid("The subscription asks for nothing.")


def _hashtag(text: str) -> str:
    found = folded(text)
    if found is None:
        raise HashtagInvalid
    return found


def _asked(arguments: dict[str, Any]) -> frozenset[str]:
    topics = arguments.get("topics")
    if topics == []:
        raise ParameterInvalid("topics", "length", "must name one at least")
    return frozenset(Topic(each).value for each in topics or ())


def refusal_of(error: DocumentErrors | RoostError) -> list[dict[str, Any]]:
    """What an `error` message holds."""
    if isinstance(error, DocumentErrors):
        return [formatted(each) for each in error.errors]
    return [formatted(GraphQLError(error.message, original_error=error))]


def payload_of(result: ExecutionResult) -> dict[str, Any]:
    """What a `next` message holds."""
    payload: dict[str, Any] = {"data": result.data}
    if result.errors:
        payload["errors"] = [formatted(each) for each in result.errors]
    return payload


def _no_change(_: str) -> None: ...
