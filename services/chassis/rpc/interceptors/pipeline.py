"""Puts the steps around a servicer's methods, once for each method when the server is built.

The steps are in their own modules; their order is here. It is done by wrapping handlers instead
of by gRPC's interceptors, which cost a chain of coroutines and a handler lookup at every call.
"""

import asyncio
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import grpc
import grpc.aio
from google.protobuf.message import Message
from opentelemetry.trace import SpanKind

from services.chassis.auth.access_policy import Policy, policy_of
from services.chassis.auth.tokens import Verifier
from services.chassis.rpc import client_network
from services.chassis.rpc.interceptors import headers, limits, validate
from services.chassis.rpc.interceptors.failures import status_of
from services.chassis.rpc.interceptors.identify import identify
from services.chassis.rpc.interceptors.metrics import RpcMetrics
from services.chassis.runtime import deadline, telemetry

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


class Pipeline:
    """The steps of one process, and what they share."""

    def __init__(self, *, verifier: Verifier, max_in_flight: int, metrics: RpcMetrics) -> None:
        self._verifier = verifier
        self._gate = limits.Gate(max_in_flight)
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
        validate.prepare(kind)
        parse = partial(validate.parse, kind)
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
        gate, verifier = self._gate, self._verifier

        async def admitted(raw: bytes, context: Context, came_with: headers.Headers) -> Any:
            gate.enter()
            try:
                await identify(came_with, verifier, policy)
                if limits.begin_deadline(context.time_remaining()):
                    async with asyncio.timeout(limits.MAX_SECONDS):
                        return await behaviour(parse(raw), context)
                return await behaviour(parse(raw), context)
            finally:
                gate.leave()

        return self._observed(method, admitted)

    def _around_stream(
        self,
        method: str,
        policy: Policy,
        parse: Callable[[Any], Any],
        behaviour: Stream,
    ) -> Behaviour:
        """A stream lives as long as its client, so neither the gate nor the cap apply."""
        verifier = self._verifier
        writes_itself = inspect.iscoroutinefunction(behaviour)

        async def admitted(raw: Any, context: Context, came_with: headers.Headers) -> None:
            await identify(came_with, verifier, policy)
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
        admitted: Callable[[Any, Context, headers.Headers], Awaitable[Any]],
    ) -> Behaviour:
        metrics = self._metrics.of(method)

        async def handle(raw: Any, context: Context) -> Any:
            started = metrics.start()
            code = grpc.StatusCode.OK
            try:
                came_with = headers.current()
                client_network.begin(came_with.network)
                if telemetry.begin(came_with.traceparent).sampled:
                    with telemetry.span(method, kind=SpanKind.SERVER):
                        return await admitted(raw, context, came_with)
                return await admitted(raw, context, came_with)
            except asyncio.CancelledError:
                code = grpc.StatusCode.CANCELLED
                raise
            except (grpc.aio.AbortError, grpc.aio.InternalError):
                # gRPC's own: the servicer aborted by itself, or the client has gone.
                code = context.code() or grpc.StatusCode.CANCELLED
                raise
            except Exception as error:
                status = status_of(method, error)
                code = status.code
                await context.abort(status.code, status.message, status.trailing_metadata)
            finally:
                metrics.finish(started, code)

        return handle


def declared_policy(method: str, handler: Handler) -> Policy:
    """The policy that the handler's method declares. Raises TypeError if there is none."""
    behaviours = (handler.unary_unary, handler.unary_stream, handler.stream_stream)
    policy = policy_of(next((each for each in behaviours if each is not None), None))
    if policy is None:
        raise TypeError(
            f"{method} declares no access policy: decorate it with access.anyone, access.user, "
            "access.service(…) or access.user_or_service(…), or mount it without"
        )
    return policy


class _Wrapped(GenericHandler):
    """Finds handlers for gRPC, and keeps what it shows of the call on that occasion."""

    def __init__(self, handlers: Handlers) -> None:
        self._handlers = handlers

    def service(self, details: grpc.HandlerCallDetails) -> Handler | None:
        handler = self._handlers.get(details.method)
        if handler is not None:
            # The handler runs in the same task, so it finds them there.
            headers.arrived(details.invocation_metadata)
        return handler


async def _each_parsed(
    parse: Callable[[bytes], Message], stream: AsyncIterator[bytes]
) -> AsyncIterator[Message]:
    async for raw in stream:
        yield parse(raw)
