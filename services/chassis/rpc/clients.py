"""Calls to other services, all of them through Envoy's mesh listener.

    mesh = Mesh(settings.mesh, identity=identity)
    users = mesh.stub(UserServiceStub)
    response = await users.BatchGetUsers(request)

A call made by such a stub carries the trace and the caller's token, stays within what is left of
the deadline, and raises the errors of `chassis.errors`. It is never retried here: Envoy does that,
in one place and within one budget.
"""

import asyncio
import weakref
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any, TypeVar, cast

import grpc
import grpc.aio
from roost.user.v1.auth_service_pb2 import GetJwksRequest, ListRevokedSessionsRequest
from roost.user.v1.auth_service_pb2_grpc import AuthServiceStub

from services.chassis.auth import caller
from services.chassis.auth.caller import ServiceCaller
from services.chassis.auth.tokens import Jwk, Revoked, ServiceIdentity
from services.chassis.rpc.metrics import RpcClientMetrics
from services.chassis.runtime import deadline, telemetry
from services.chassis.runtime.errors import from_status
from services.chassis.runtime.tls import TlsFiles, TlsMaterial

S = TypeVar("S")

# The default limit of a nested call, in seconds.
DEFAULT_TIMEOUT = 2.0
# Kept back from the deadline, so that our caller still gets our answer.
MARGIN = 0.01
# Of one message; the largest of our batches is far below.
MAX_MESSAGE_BYTES = 4 * 1024 * 1024
# Renewed files of TLS are found within so many seconds.
TLS_SECONDS = 10.0
# A replaced channel lasts until its calls end: streams do so with their clients.
_REPLACED_SECONDS = 365 * 86_400.0

CHANNEL_OPTIONS: tuple[tuple[str, int | str], ...] = (
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
    ("grpc.enable_retries", 0),
    ("grpc.service_config_disable_resolution", 1),
    # A name may have several addresses, each of them an Envoy. Calls are balanced over all of them,
    # and a lost connection makes the name be resolved again.
    ("grpc.lb_policy_name", "round_robin"),
    ("grpc.dns_min_time_between_resolutions_ms", 1000),
    # A restarted Envoy is found within a second, not within the two minutes of the default.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1000),
    # This is how long an attempt to connect may take: as long as a call. A busy machine needs
    # hundreds of milliseconds to accept, and every call fails when the attempt is given up.
    ("grpc.min_reconnect_backoff_ms", 2000),
    # A peer that vanished without a word is noticed within 15 s, calls or no calls.
    ("grpc.keepalive_time_ms", 10_000),
    ("grpc.keepalive_timeout_ms", 5_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_pings_without_data", 0),
    # A channel has connections of its own. In the pool of the process it would share the state of
    # an earlier channel to the same address, which may be in its pause before a new attempt.
    ("grpc.use_local_subchannel_pool", 1),
)

_metrics = RpcClientMetrics()


class Mesh:
    """A connection to each Envoy of the mesh. Use it as an async context manager, or close it.

    With files of TLS the certificate of the mesh has to name the host of the address, and the
    connection shows the certificate of the process. When the files are renewed, new calls get new
    connections; those under way keep theirs.
    """

    def __init__(
        self,
        address: str,
        *,
        identity: ServiceIdentity | None = None,
        tls: TlsFiles | None = None,
        tls_seconds: float = TLS_SECONDS,
    ) -> None:
        self._address = address
        self._identity = identity
        self._tls = tls
        self._tls_seconds = tls_seconds
        self._material = None if tls is None else tls.current()
        self._channel = self._open(self._material)
        self._methods: weakref.WeakSet[_Method] = weakref.WeakSet()
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> "Mesh":
        if self._tls is not None:
            self._keep(asyncio.create_task(self._follow(self._tls), name="mesh tls"))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Ends the calls under way, then the connection."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._channel.close(None)

    def method(self, make: Callable[[grpc.aio.Channel], Any]) -> "_Method":
        """A method of the current channel, whichever that is at a call."""
        method = _Method(make, self._channel)
        self._methods.add(method)
        return method

    def stub(
        self,
        kind: Callable[[grpc.aio.Channel], S],
        *,
        timeout: float = DEFAULT_TIMEOUT,
        with_origin: bool = False,
    ) -> S:
        """A stub whose calls are made on behalf of the person who makes the running call.

        Where a service makes it, they are made in this service's own name, or without a token where
        it has none: a service's token is good for one service alone.

        `timeout` (seconds) is the most that one call may take; `timeout=` of a call overrides it,
        and the running deadline narrows both. `with_origin` sends the client's network along.
        """
        return self._stub(kind, self._token_of_caller, timeout, with_origin)

    def as_service(
        self,
        kind: Callable[[grpc.aio.Channel], S],
        *,
        timeout: float = DEFAULT_TIMEOUT,
    ) -> S:
        """A stub whose calls are made in this service's own name: for event-driven work."""
        identity = self._identity
        if identity is None:
            raise ValueError("this process has no service identity")
        return self._stub(kind, identity.token, timeout)

    def with_token(
        self,
        kind: Callable[[grpc.aio.Channel], S],
        token: Callable[[], str | None],
        *,
        timeout: float = DEFAULT_TIMEOUT,
        with_origin: bool = False,
    ) -> S:
        """A stub that sends whatever token it is given for each call, or none."""
        return self._stub(kind, lambda _: token(), timeout, with_origin)

    def _token_of_caller(self, service: str) -> str | None:
        if isinstance(caller.current(), ServiceCaller):
            return None if self._identity is None else self._identity.token(service)
        return caller.token()

    def _stub(
        self,
        kind: Callable[[grpc.aio.Channel], S],
        token: Callable[[str], str | None],
        timeout: float,
        with_origin: bool = False,
    ) -> S:
        calls = _CallFactory(self, token, timeout, with_origin=with_origin)
        return kind(cast(grpc.aio.Channel, calls))

    def _open(self, material: TlsMaterial | None) -> grpc.aio.Channel:
        if material is None:
            return grpc.aio.insecure_channel(self._address, options=CHANNEL_OPTIONS)
        credentials = grpc.ssl_channel_credentials(
            material.authority, material.key, material.certificate
        )
        return grpc.aio.secure_channel(self._address, credentials, options=CHANNEL_OPTIONS)

    async def _follow(self, tls: TlsFiles) -> None:
        while True:
            await asyncio.sleep(self._tls_seconds)
            material = tls.current()
            if material is not self._material:
                self._material, replaced = material, self._channel
                self._channel = self._open(material)
                for method in self._methods:
                    method.use(self._channel)
                self._keep(asyncio.create_task(_close_unused(replaced), name="mesh replaced"))

    def _keep(self, task: "asyncio.Task[None]") -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _close_unused(channel: grpc.aio.Channel) -> None:
    try:
        await channel.close(_REPLACED_SECONDS)
    except asyncio.CancelledError:
        await channel.close(None)
        raise


class _Method:
    """A method of a channel that may be replaced between calls."""

    __slots__ = ("__weakref__", "_make", "call")

    def __init__(self, make: Callable[[grpc.aio.Channel], Any], channel: grpc.aio.Channel) -> None:
        self._make = make
        self.call = make(channel)

    def use(self, channel: grpc.aio.Channel) -> None:
        """Makes the next calls on that channel."""
        self.call = self._make(channel)


class _CallFactory:
    """Stands in for the channel when a generated stub asks for its methods.

    That is cheaper than client interceptors, each of which costs a task and a call object.
    """

    def __init__(
        self,
        mesh: Mesh,
        token: Callable[[str], str | None],
        timeout: float,
        *,
        with_origin: bool = False,
    ) -> None:
        """`token` returns the token for a call to the service of that name."""
        self._mesh = mesh
        self._token = token
        self._timeout = timeout
        self._metadata = _metadata_with_origin if with_origin else _metadata

    def unary_unary(self, *args: Any, **kwargs: Any) -> Callable[..., Any]:
        method = self._mesh.method(lambda channel: channel.unary_unary(*args, **kwargs))
        token, service, usual = self._token, service_of(args[0]), self._timeout
        metadata, meters = self._metadata, _metrics.of(args[0])

        async def invoke(request: Any, *, timeout: float | None = None) -> Any:
            budget = deadline.budget(usual if timeout is None else timeout, margin=MARGIN)
            # A caller that leaves cancels its calls.
            code = grpc.StatusCode.CANCELLED
            started = meters.start()
            try:
                response = await method.call(
                    request, timeout=budget, metadata=metadata(token(service))
                )
                code = grpc.StatusCode.OK
                return response
            except grpc.aio.AioRpcError as error:
                code = error.code()
                raise from_status(error) from None
            finally:
                meters.finish(started, code)

        return invoke

    def unary_stream(self, *args: Any, **kwargs: Any) -> Callable[..., Any]:
        method = self._mesh.method(lambda channel: channel.unary_stream(*args, **kwargs))
        token, service = self._token, service_of(args[0])

        def invoke(request: Any, *, timeout: float | None = None) -> AsyncIterator[Any]:
            return _read(method.call(request, timeout=timeout, metadata=_metadata(token(service))))

        return invoke

    def stream_stream(self, *args: Any, **kwargs: Any) -> Callable[..., Any]:
        method = self._mesh.method(lambda channel: channel.stream_stream(*args, **kwargs))
        token, service = self._token, service_of(args[0])

        def invoke(
            requests: AsyncIterator[Any], *, timeout: float | None = None
        ) -> AsyncIterator[Any]:
            return _read(method.call(requests, timeout=timeout, metadata=_metadata(token(service))))

        return invoke

    def stream_unary(self, *args: Any, **kwargs: Any) -> Callable[..., Any]:
        # No method of Roost streams requests only; generated stubs ask just for what they have.
        raise TypeError(f"{args[0]} streams requests only")


async def _read(call: Any) -> AsyncIterator[Any]:
    try:
        async for message in call:
            yield message
    except grpc.aio.AioRpcError as error:
        raise from_status(error) from None
    finally:
        # A caller that stops reading does not need the call any more.
        call.cancel()


def service_of(method: str) -> str:
    """The service that offers a method, by the package of its contract: `/roost.user.v1.…` is
    `user`."""
    return method.split(".", 2)[1]


def _metadata(token: str | None) -> grpc.aio.Metadata:
    # In gRPC's own class: a tuple would be looked at and copied into one at every call.
    metadata = grpc.aio.Metadata()
    if token is not None:
        metadata.add("authorization", "Bearer " + token)
    trace = telemetry.current()
    if trace is not None:
        metadata.add(telemetry.TRACEPARENT, trace.traceparent)
    return metadata


def _metadata_with_origin(token: str | None) -> grpc.aio.Metadata:
    metadata = _metadata(token)
    network = caller.network()
    if network:
        metadata.add(caller.NETWORK_METADATA, network)
    return metadata


class MeshJwks:
    """The keys of users' tokens, from the user service."""

    def __init__(self, mesh: Mesh) -> None:
        self._auth = mesh.with_token(AuthServiceStub, lambda: None)

    async def fetch(self) -> list[Jwk]:
        """What AuthService.GetJwks publishes now."""
        response = await self._auth.GetJwks(GetJwksRequest())
        return [
            Jwk(
                kid=key.kid,
                kty=key.kty,
                crv=key.crv,
                alg=key.alg,
                use=key.use,
                x=key.x,
                y=key.y,
            )
            for key in response.keys
        ]


class MeshRevocations:
    """The sessions that were ended, from the user service."""

    def __init__(self, mesh: Mesh) -> None:
        self._auth = mesh.with_token(AuthServiceStub, lambda: None)

    async def revoked(self, since: datetime | None) -> Revoked:
        """What AuthService.ListRevokedSessions says now."""
        request = ListRevokedSessionsRequest()
        if since is not None:
            request.since_time.FromDatetime(since)
        response = await self._auth.ListRevokedSessions(request)
        return Revoked(response.session_ids, response.as_of_time.ToDatetime(UTC))
