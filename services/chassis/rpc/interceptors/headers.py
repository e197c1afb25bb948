"""The headers of a call that the interceptors read."""

from collections.abc import Iterable
from contextvars import ContextVar
from typing import Any, NamedTuple

from services.chassis.auth.tokens.jws import TokenInvalid
from services.chassis.rpc import client_network
from services.chassis.runtime.telemetry import TRACEPARENT

AUTHORIZATION = "authorization"
_SCHEME = "bearer "


class Headers(NamedTuple):
    """What a call came with: raw header values, each None where the header is absent."""

    traceparent: str | None
    authorization: tuple[str, ...]
    # The client's network, by `origin.METADATA`; empty where the caller named none.
    network: str = ""

    def token(self) -> str | None:
        """The bearer token, if there is one. Raises TokenInvalid for any other credential, and
        for two of them, since two readers might each believe a different one."""
        if not self.authorization:
            return None
        (value, *more) = self.authorization
        if more or value[: len(_SCHEME)].lower() != _SCHEME:
            raise TokenInvalid
        return value[len(_SCHEME) :]


_metadata: ContextVar[Iterable[tuple[str, Any]]] = ContextVar("metadata", default=())


def arrived(metadata: Iterable[tuple[str, Any]]) -> None:
    """Keeps the metadata of the running call, as gRPC shows it when it asks for the handler.

    Asking the call's context later would convert all of it once more.
    """
    _metadata.set(metadata)


def current() -> Headers:
    """The headers of the running call."""
    traceparent: str | None = None
    authorization: tuple[str, ...] = ()
    network = ""
    for key, value in _metadata.get():
        if key == AUTHORIZATION:
            authorization += (str(value),)
        elif key == TRACEPARENT:
            traceparent = str(value)
        elif key == client_network.METADATA:
            network = str(value)
    return Headers(traceparent, authorization, network)
