"""A fake service of the mesh: gRPC whose answers a test defines, in plain bytes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

Serving = health_pb2.HealthCheckResponse.ServingStatus


@dataclass(frozen=True)
class Call:
    method: str
    metadata: dict[str, str]
    seconds: float | None


class Service:
    """Answers every unary method with its request, and echoes the messages of `Attach`.

    A test may set another answer of a method, one that aborts or never returns.
    """

    def __init__(self, *, credentials: grpc.ServerCredentials | None = None) -> None:
        self.address = ""
        self._credentials = credentials
        self.calls: list[Call] = []
        self.answers: dict[str, Callable[[bytes, Any], Awaitable[bytes]]] = {}
        self._health = health.aio.HealthServicer()
        self._server = grpc.aio.server()

    async def says(self, serving: bool) -> None:
        """Report SERVING or NOT_SERVING from now on."""
        await self._health.set("", Serving.SERVING if serving else Serving.NOT_SERVING)

    async def start(self) -> None:
        """Serve, on the same address as before if there was one."""
        self._server = grpc.aio.server()
        self._server.add_generic_rpc_handlers((_AnyMethod(self),))
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        address = self.address or "127.0.0.1:0"
        if self._credentials is None:
            port = self._server.add_insecure_port(address)
        else:
            port = self._server.add_secure_port(address, self._credentials)
        self.address = f"127.0.0.1:{port}"
        await self.says(serving=True)
        await self._server.start()

    async def stop(self) -> None:
        """Stop at once, also with calls in flight."""
        await self._server.stop(None)

    async def unary(self, method: str, request: bytes, context: Any) -> bytes:
        metadata = dict(context.invocation_metadata())
        self.calls.append(Call(method, metadata, context.time_remaining()))
        return await self.answers.get(method, echo)(request, context)


async def echo(request: bytes, context: Any) -> bytes:
    return request


class _AnyMethod(grpc.GenericRpcHandler):
    def __init__(self, service: Service) -> None:
        self._service = service

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler | None:
        method = details.method
        if not method.startswith("/roost."):
            return None
        if method.endswith("/Attach"):
            return grpc.stream_stream_rpc_method_handler(_attach)

        async def call(request: bytes, context: Any) -> bytes:
            return await self._service.unary(method, request, context)

        return grpc.unary_unary_rpc_method_handler(call)


async def _attach(requests: AsyncIterator[bytes], context: Any) -> AsyncIterator[bytes]:
    async for each in requests:
        yield each


@asynccontextmanager
async def serving(service: Service) -> AsyncIterator[Service]:
    """Serve on a free port until the block ends."""
    await service.start()
    try:
        yield service
    finally:
        await service.stop()
