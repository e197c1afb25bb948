"""The steps around every RPC: metrics, trace, errors, limit, caller, deadline, validation.

They are put around a servicer's methods once, when the server is built. Handlers are wrapped
because gRPC's interceptors cost a chain of coroutines and a handler lookup at every call.
"""

import asyncio
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextvars import ContextVar
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import grpc
import grpc.aio
from google.protobuf.message import Message
from opentelemetry.trace import SpanKind

from services.chassis.auth import caller
from services.chassis.auth.access_policy import policy_of
from services.chassis.auth.caller import Policy
from services.chassis.auth.tokens import Verifier
from services.chassis.rpc import validation
from services.chassis.rpc.metrics import RpcMetrics
from services.chassis.runtime import deadline, telemetry
from services.chassis.runtime.errors import GrpcStatus, TooMany, to_status
from services.chassis.runtime.logs import logger

# For callers who name no deadline or a distant one, in seconds. A call that takes longer is lost
# anyway: the edge has given up on it.
MAX_SECONDS = 15.0

AUTHORIZATION = "authorization"

Context = grpc.aio.ServicerContext[Any, Any]
Behaviour = Callable[[Any, Context], Awaitable[Any]]
# An async generator function, or a coroutine function that writes to its context.
Stream = Callable[[Any, Context], Any]
if TYPE_CHECKING:
    Handler = grpc.RpcMethodHandler[Any, Any]
    GenericHandler = grpc.GenericRpcHandler[Any, Any]
else:  # gRPC's own classes take no parameters at run time.
    Handler, GenericHandler = grpc.RpcMethodHandler, grpc.GenericRpcHandler
Handlers = Mapping[str, Handler]


class Overloaded(TooMany):
    """The process has as many calls in progress as it can serve in time."""

    reason = "OVERLOADED"
    message = "The service is busy; try again in a moment."


class Headers(NamedTuple):
    """The headers of a call that the steps read: raw values, None where a header is absent."""

    traceparent: str | None
    authorization: tuple[str, ...]
    # The client's network; empty where the caller named none.
    network: str = ""


# The metadata of the running call, from gRPC's look-up of the handler: the call's context would
# convert all of it once more.
_metadata: ContextVar[Iterable[tuple[str, Any]]] = ContextVar("metadata", default=())


def headers_of(metadata: Iterable[tuple[str, Any]]) -> Headers:
    """Picks the headers out of the metadata of a call."""
    traceparent: str | None = None
    authorization: tuple[str, ...] = ()
    network = ""
    for key, value in metadata:
        if key == AUTHORIZATION:
            authorization += (str(value),)
        elif key == telemetry.TRACEPARENT:
            traceparent = str(value)
        elif key == caller.NETWORK_METADATA:
            network = str(value)
    return Headers(traceparent, authorization, network)


class Pipeline:
    """The steps of one process, and what they share."""

    def __init__(self, *, verifier: Verifier, max_in_flight: int, metrics: RpcMetrics) -> None:
        self._verifier = verifier
        self._max_in_flight = max_in_flight
        self._in_flight = 0
        self._metrics = metrics

    def handlers(self, service: str, handlers: Handlers) -> GenericHandler:
        """All methods of a service, with the steps around each.

        Raises TypeError for a method that declares no access policy.
        """
        wrapped = {}
        for name, handler in handlers.items():
            method = f"/{service}/{name}"
            wrapped[method] = self.wrap(method, handler, declared_policy(method, handler))
        return _Wrapped(wrapped)

    def wrap(self, method: str, handler: Handler, policy: Policy) -> Handler:
        """The handler of the method of that full name (`/roost.…/Verb`), with the steps around it.

        Raises TypeError for a method that streams its requests and not its responses; Roost has
        none.
        """
        # The generated deserializer is the class's own FromString.
        kind: type[Message] = handler.request_deserializer.__self__  # type: ignore[union-attr]
        validation.prepare(kind)
        parse = partial(validation.parse, kind)
        # Without a deserializer gRPC hands over bytes, which are parsed once the caller is known.
        if not handler.request_streaming and not handler.response_streaming:
            around = self._around(method, policy, parse, cast(Behaviour, handler.unary_unary))
            return grpc.unary_unary_rpc_method_handler(around, None, handler.response_serializer)
        if not handler.request_streaming:
            around = self._around_stream(method, policy, parse, cast(Stream, handler.unary_stream))
            return grpc.unary_stream_rpc_method_handler(around, None, handler.response_serializer)
        if handler.response_streaming:
            each = partial(_each_parsed, parse)
            around = self._around_stream(method, policy, each, cast(Stream, handler.stream_stream))
            return grpc.stream_stream_rpc_method_handler(around, None, handler.response_serializer)
        raise TypeError(f"{method} streams its requests only")

    def _around(
        self,
        method: str,
        policy: Policy,
        parse: Callable[[bytes], Message],
        behaviour: Behaviour,
    ) -> Behaviour:
        verifier = self._verifier

        async def admitted(raw: bytes, context: Context, headers: Headers) -> Any:
            # Refused while that is cheap: before the token is checked and the request parsed.
            if self._in_flight >= self._max_in_flight:
                raise Overloaded(retry_after=1.0)
            self._in_flight += 1
            try:
                await verifier.authenticate(headers.authorization, policy)
                remaining = context.time_remaining()
                if remaining is None or remaining > MAX_SECONDS:
                    # Nothing else ends the call in time. A closer deadline is gRPC's to keep.
                    deadline.begin(MAX_SECONDS)
                    async with asyncio.timeout(MAX_SECONDS):
                        return await behaviour(parse(raw), context)
                deadline.begin(remaining)
                return await behaviour(parse(raw), context)
            finally:
                self._in_flight -= 1

        return self._observed(method, admitted)

    def _around_stream(
        self,
        method: str,
        policy: Policy,
        parse: Callable[[Any], Any],
        behaviour: Stream,
    ) -> Behaviour:
        """A stream lives as long as its client: neither max_in_flight nor MAX_SECONDS apply."""
        verifier = self._verifier
        writes_itself = inspect.iscoroutinefunction(behaviour)

        async def admitted(raw: Any, context: Context, headers: Headers) -> None:
            await verifier.authenticate(headers.authorization, policy)
            remaining = context.time_remaining()
            if remaining is not None:
                deadline.begin(remaining)
            if writes_itself:
                await behaviour(parse(raw), context)
                return
            async for message in behaviour(parse(raw), context):
                await context.write(message)

        return self._observed(method, admitted)

    def _observed(
        self,
        method: str,
        admitted: Callable[[Any, Context, Headers], Awaitable[Any]],
    ) -> Behaviour:
        metrics = self._metrics.of(method)

        async def handle(raw: Any, context: Context) -> Any:
            started = metrics.start()
            code = grpc.StatusCode.OK
            try:
                headers = headers_of(_metadata.get())
                caller.begin_network(headers.network)
                if telemetry.begin(headers.traceparent).sampled:
                    with telemetry.span(method, kind=SpanKind.SERVER):
                        return await admitted(raw, context, headers)
                return await admitted(raw, context, headers)
            except asyncio.CancelledError:
                code = grpc.StatusCode.CANCELLED
                raise
            except (grpc.aio.AbortError, grpc.aio.InternalError):
                # gRPC's own: the servicer aborted by itself, or the client has gone.
                code = context.code() or grpc.StatusCode.CANCELLED
                raise
            except Exception as error:
                status = _status_of(method, error)
                code = status.code
                await context.abort(status.code, status.message, status.trailing_metadata)
            finally:
                metrics.finish(started, code)

        return handle


def _status_of(method: str, error: Exception) -> GrpcStatus:
    """The status of the error. The service's failures are logged, refusals for debugging only."""
    status = to_status(error)
    code = status.code.name
    if status.code is grpc.StatusCode.INTERNAL:
        logger().error("rpc_failed", method=method, code=code, exc_info=error)
    elif status.code in {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED}:
        logger().warning(
            "rpc_failed", method=method, code=code, error=repr(error), cause=repr(error.__cause__)
        )
    else:
        logger().debug("rpc_refused", method=method, code=code, error=repr(error))
    return status


def declared_policy(method: str, handler: Handler) -> Policy:
    """The policy that the handler's method declares. Raises TypeError if there is none."""
    behaviours = (handler.unary_unary, handler.unary_stream, handler.stream_stream)
    policy = policy_of(next((each for each in behaviours if each is not None), None))
    if policy is None:
        raise TypeError(
            f"{method} declares no access policy: decorate it with access_policy.anyone, "
            "user, service(…) or user_or_service(…), or mount it without"
        )
    return policy


class _Wrapped(GenericHandler):
    """Finds handlers for gRPC, and keeps the metadata of the call that gRPC shows then."""

    def __init__(self, handlers: Handlers) -> None:
        self._handlers = handlers

    def service(self, details: grpc.HandlerCallDetails) -> Handler | None:
        handler = self._handlers.get(details.method)
        if handler is not None:
            # The handler runs in the same task, so it finds them there.
            _metadata.set(details.invocation_metadata)
        return handler


async def _each_parsed(
    parse: Callable[[bytes], Message], stream: AsyncIterator[bytes]
) -> AsyncIterator[Message]:
    async for raw in stream:
        yield parse(raw)
