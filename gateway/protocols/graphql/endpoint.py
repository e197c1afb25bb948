"""The application of `POST /graphql`: reads the request, executes the operation, responds."""

from functools import partial
from hashlib import blake2b
from typing import Any

import msgspec
from graphql import ExecutionResult, GraphQLError, OperationType
from opentelemetry.trace import SpanKind

from gateway.core.asgi import (
    HEADERS,
    KIND,
    NO_STORE,
    REVALIDATE,
    ROUTE,
    Receive,
    Scope,
    Send,
    client_address,
    matches_none,
    rate_limit_key,
    send_answer,
)
from gateway.core.auth import Authenticator
from gateway.core.bodies import check_content_type, receive_body
from gateway.core.clients import Backends
from gateway.core.errors import MethodNotAllowed
from gateway.core.refresh_tokens import Refreshing
from gateway.protocols.graphql import costs
from gateway.protocols.graphql.context import Context
from gateway.protocols.graphql.documents import (
    Document,
    DocumentErrors,
    Documents,
    Operation,
    Variables,
)
from gateway.protocols.graphql.errors import (
    DocumentInvalid,
    DocumentNotTrusted,
    DocumentTooComplex,
    formatted,
)
from gateway.protocols.graphql.execution import execute_document
from gateway.protocols.graphql.limits import ANONYMOUS_LIMITS, USER_LIMITS, Limits
from gateway.protocols.graphql.requests import (
    MAX_BODY_BYTES,
    READER,
    RESPONSE_JSON,
    Request,
    answer_type,
)
from gateway.protocols.graphql.trusted_documents import TrustedDocuments
from gateway.protocols.rest.routes import ANYONE, READ_SECONDS, WRITE_SECONDS
from services.chassis.runtime import deadline, telemetry
from services.chassis.runtime.token_buckets import Buckets

PATH = "/graphql"

_encoder = msgspec.json.Encoder()


class GraphQL:
    """Answers one path. Errors of the request are raised, for the middleware to send; errors of the
    document are in the result."""

    def __init__(
        self,
        *,
        backends: Backends,
        authenticator: Authenticator,
        documents: Documents,
        trusted: TrustedDocuments,
        trusted_only: bool,
        writes: Buckets,
        logins: Buckets,
        spending: Buckets,
        refreshing: Refreshing,
    ) -> None:
        self._backends = backends
        self._authenticator = authenticator
        self._documents = documents
        self._trusted = trusted
        self._trusted_only = trusted_only
        self._writes = writes
        self._logins = logins
        self._spending = spending
        self._refreshing = refreshing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one HTTP request."""
        scope[ROUTE], scope[KIND] = PATH, "read"
        if scope["method"] == "OPTIONS":
            await send_answer(send, 204, [(b"allow", b"OPTIONS, POST")], b"")
            return
        if scope["method"] != "POST":
            raise MethodNotAllowed(scope["method"], ["OPTIONS", "POST"])
        trace = telemetry.current()
        if trace is None or not trace.sampled:
            await self._serve(scope, receive, send)
            return
        with telemetry.span(f"POST {PATH}", kind=SpanKind.SERVER):
            await self._serve(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        deadline.begin(READ_SECONDS)
        headers = scope[HEADERS]
        viewer_id = await self._authenticator.authenticate(headers, ANYONE)
        kind = answer_type(headers)
        check_content_type(headers.get(b"content-type"))
        length = headers.get(b"content-length")
        request = READER.read(await receive_body(receive, length, most=MAX_BODY_BYTES))
        address = client_address(scope)
        whose = viewer_id or rate_limit_key(address)
        most = USER_LIMITS if viewer_id else ANONYMOUS_LIMITS
        try:
            document = self.find(request, whose=whose, most=most)
            operation = document.operation(request.operation_name)
            variables = operation.variables(request.variables, most)
            cost = _affordable(operation, variables)
        except DocumentErrors as error:
            await _send_error(send, kind, [formatted(each) for each in error.errors])
            return
        except (DocumentInvalid, DocumentTooComplex, DocumentNotTrusted) as error:
            refused = formatted(GraphQLError(error.message, original_error=error))
            await _send_error(send, kind, [refused])
            return
        self._spending.take(whose, cost)
        if operation.kind is OperationType.MUTATION:
            scope[KIND] = "write"
            deadline.begin(WRITE_SECONDS)
        context = Context(
            backends=self._backends,
            viewer_id=viewer_id,
            take=partial(self._take, viewer_id, address),
            refresh=partial(self._refreshing.refresh, address),
        )
        result = await execute_document(document, operation, context, variables)
        if result.data is None and _is_request_error(result):
            await _send_error(send, kind, [formatted(each) for each in result.errors or ()])
            return
        body = _encoder.encode(_response_of(result, cost))
        headers_out = [(b"content-type", kind), (b"content-length", b"%d" % len(body))]
        status = 200
        if _may_be_kept(request, operation, result):
            tag = f'W/"{blake2b(body, digest_size=16).hexdigest()}"'.encode()
            headers_out += [(b"etag", tag), *REVALIDATE]
            if matches_none(headers, tag):
                status, body = 304, b""
                del headers_out[:2]
        else:
            headers_out.append(NO_STORE)
        await send_answer(send, status, headers_out, body)

    def find(self, request: Request, *, whose: object, most: Limits = USER_LIMITS) -> Document:
        """The document that a request names or holds.

        Reading one that is not known is paid for from the bucket of `whose` before it is begun, so
        that documents which are refused are not free.

        Raises RateLimited, DocumentNotTrusted, and what `Documents.read` raises.
        """
        if request.document_id is not None:
            if request.query is not None:
                raise DocumentInvalid("Send either `documentId` or `query`.")
            return self._trusted.find(request.document_id)
        if self._trusted_only:
            raise DocumentNotTrusted
        if request.query is None:
            raise DocumentInvalid("Send the document as `query`, or its id as `documentId`.")
        known = self._documents.known(request.query)
        if known is not None:
            return known
        self._spending.take(whose, costs.of_reading(request.query))
        return self._documents.read(request.query, most)

    def _take(self, viewer_id: int, address: str, bucket: str) -> None:
        if bucket == "logins":
            self._logins.take(rate_limit_key(address))
        else:
            self._writes.take(viewer_id or rate_limit_key(address))


def _affordable(operation: Operation, variables: Variables) -> int:
    if operation.kind is OperationType.SUBSCRIPTION:
        raise DocumentInvalid("Subscriptions go over a WebSocket: see docs/graphql.md.")
    cost = operation.cost.of(variables.taken)
    costs.check(cost)
    return cost


def _may_be_kept(request: Request, operation: Operation, result: ExecutionResult) -> bool:
    """Whether a client may keep the answer, to ask for it again: of a known document that reads."""
    reads = operation.kind is OperationType.QUERY
    return request.document_id is not None and reads and not result.errors


def _is_request_error(result: ExecutionResult) -> bool:
    """Whether nothing was carried out: a condition is null. Errors of fields have a path."""
    return all(each.path is None for each in result.errors or ())


def _response_of(result: ExecutionResult, cost: int) -> dict[str, Any]:
    response: dict[str, Any] = {"data": result.data}
    if result.errors:
        response["errors"] = [formatted(each) for each in result.errors]
    response["extensions"] = {"cost": {"requested": cost, "most": costs.MAX_COST}}
    return response


async def _send_error(send: Send, kind: bytes, errors: list[dict[str, Any]]) -> None:
    """Clients of the older type expect 200 for whatever could be read as a request."""
    body = _encoder.encode({"errors": errors})
    headers = [(b"content-type", kind), (b"content-length", b"%d" % len(body)), NO_STORE]
    await send_answer(send, 400 if kind == RESPONSE_JSON else 200, headers, body)
