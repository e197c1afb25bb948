"""The gRPC server of a process: its servicers behind the pipeline, health and reflection."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import grpc
import grpc.aio
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection
from prometheus_client import REGISTRY, CollectorRegistry

from services.chassis.auth.caller import Policy
from services.chassis.auth.tokens import Verifier
from services.chassis.rpc.clients import MAX_MESSAGE_BYTES
from services.chassis.rpc.metrics import RpcMetrics
from services.chassis.rpc.pipeline import Handlers, Pipeline, declared_policy
from services.chassis.runtime.tls import TlsFiles, TlsMaterial

OPTIONS: tuple[tuple[str, int], ...] = (
    # Several processes of one service may share a port: one process a core.
    ("grpc.so_reuseport", 1),
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
    # Our own clients ping every 10 s, calls or no calls; gRPC would take that for abuse.
    ("grpc.http2.min_ping_interval_without_data_ms", 5_000),
    ("grpc.keepalive_permit_without_calls", 1),
)


@dataclass(frozen=True, slots=True)
class MountedServicer:
    """A servicer, and the generated function that registers it.

        MountedServicer(add_PostServiceServicer_to_server, PostServicer(...))

    `without` names the methods that are declared but not offered yet; they are answered with
    UNIMPLEMENTED. Every other method declares its access policy (see `auth.access_policy`).
    """

    register: Callable[[Any, Any], None]
    servicer: object
    without: frozenset[str] = frozenset()

    def methods(self) -> tuple[str, Handlers]:
        """The service's full name, and the handler of each method that is offered."""
        taken = _HandlerCollector()
        self.register(self.servicer, taken)
        handlers = {name: each for name, each in taken.handlers.items() if name not in self.without}
        return taken.service, handlers


class Server:
    """The gRPC server of the mounted servicers; nothing is opened before `bind`."""

    def __init__(
        self,
        mounts: Sequence[MountedServicer],
        *,
        verifier: Verifier,
        max_in_flight: int,
        registry: CollectorRegistry = REGISTRY,
    ) -> None:
        self.mounts = mounts
        self._verifier = verifier
        self._max_in_flight = max_in_flight
        self._registry = registry
        self._names: list[str] = []

    def bind(self, address: str, *, tls: TlsFiles | None = None) -> int:
        """Listens on `host:port`; returns the port. With files a client needs a certificate of
        their authority.

        Raises OSError where it cannot listen, and TypeError for a method without access policy.
        """
        self._server = grpc.aio.server(options=OPTIONS)
        self._health = health.aio.HealthServicer()  # type: ignore[attr-defined]
        pipeline = Pipeline(
            verifier=self._verifier,
            max_in_flight=self._max_in_flight,
            metrics=RpcMetrics(self._registry, max_in_flight=self._max_in_flight),
        )
        for mount in self.mounts:
            service, handlers = mount.methods()
            self._names.append(service)
            self._server.add_generic_rpc_handlers((pipeline.handlers(service, handlers),))
        # Health and reflection are open to all: no pipeline, no metrics.
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        reflection.enable_server_reflection(
            (*self._names, health.SERVICE_NAME, reflection.SERVICE_NAME), self._server
        )
        try:
            if tls is None:
                return self._server.add_insecure_port(address)
            return self._server.add_secure_port(address, _credentials(tls))
        except RuntimeError as error:
            raise OSError(f"cannot listen on {address}") from error

    async def start(self) -> None:
        """Begins to answer, and says so by health."""
        for name in self._names:
            await self._health.set(name, health_pb2.HealthCheckResponse.SERVING)
        await self._server.start()

    async def announce_stop(self) -> None:
        """Turns health to NOT_SERVING for good, and goes on answering."""
        await self._health.enter_graceful_shutdown()

    async def stop(self, grace: float) -> None:
        """Takes no new call, and gives running calls so many seconds to finish."""
        await self._server.stop(grace)


def policies(mounts: Sequence[MountedServicer]) -> dict[str, Policy]:
    """The access policy of every method offered, by full name (`/roost.post.v1.PostService/…`)."""
    return {
        f"/{service}/{name}": declared_policy(f"/{service}/{name}", handler)
        for service, handlers in (mount.methods() for mount in mounts)
        for name, handler in handlers.items()
    }


def _credentials(tls: TlsFiles) -> grpc.ServerCredentials:
    """Credentials that read renewed files at the next connection."""
    used = tls.current()

    def configuration(material: TlsMaterial) -> grpc.ServerCertificateConfiguration:
        return grpc.ssl_server_certificate_configuration(
            [(material.key, material.certificate)], root_certificates=material.authority
        )

    def renewed() -> grpc.ServerCertificateConfiguration | None:
        nonlocal used
        if (current := tls.current()) is used:
            return None
        used = current
        return configuration(current)

    return grpc.dynamic_ssl_server_credentials(
        configuration(used),
        renewed,  # type: ignore[arg-type]  # None is "unchanged"; the stubs lack it
        require_client_authentication=True,
    )


class _HandlerCollector:
    """Stands in for the server when a generated function registers handlers, and keeps them."""

    def __init__(self) -> None:
        self.service = ""
        self.handlers: Handlers = {}

    def add_generic_rpc_handlers(self, handlers: object) -> None:
        """The same handlers in another form; not needed."""

    def add_registered_method_handlers(self, service: str, handlers: Handlers) -> None:
        """What the generated function is called for."""
        self.service, self.handlers = service, handlers
