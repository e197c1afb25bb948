"""Who makes the running call, and from which network: set once a call, passed in to operations."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from enum import Enum
from typing import ClassVar

from services.chassis.runtime.errors import Forbidden, Unauthenticated


@dataclass(frozen=True, slots=True)
class Anonymous:
    """A caller without a token."""


@dataclass(frozen=True, slots=True)
class UserCaller:
    """A user, signed in on one device."""

    user_id: int
    session_id: int


@dataclass(frozen=True, slots=True)
class ServiceCaller:
    """Another service of Roost, on its own behalf: event-driven work."""

    name: str


Caller = Anonymous | UserCaller | ServiceCaller

ANONYMOUS = Anonymous()


class Kind(Enum):
    """The kinds of callers that a method takes."""

    ANYONE = "anyone"
    USER = "user"
    SERVICE = "service"
    USER_OR_SERVICE = "user or service"


@dataclass(frozen=True, slots=True)
class Policy:
    """Who may call a method. Of services, those that are named. Where anyone may call, a service
    gets what an anonymous caller gets."""

    kind: Kind
    services: frozenset[str] = frozenset()

    ANYONE: ClassVar["Policy"]
    USER: ClassVar["Policy"]

    def check(self, caller: Caller) -> None:
        """Raises Unauthenticated (TOKEN_MISSING) for an anonymous caller where a token is needed,
        and Forbidden (CALLER_NOT_ALLOWED) for the wrong kind of caller, or another service."""
        if self.kind is Kind.ANYONE:
            return
        if isinstance(caller, Anonymous):
            raise Unauthenticated
        if isinstance(caller, ServiceCaller):
            if self.kind is Kind.USER:
                raise Forbidden("This call is for people.")
            if caller.name not in self.services:
                raise Forbidden("This call is for other services.")
        elif self.kind is Kind.SERVICE:
            raise Forbidden("This call is for services.")


Policy.ANYONE = Policy(Kind.ANYONE)
Policy.USER = Policy(Kind.USER)

_caller: ContextVar[Caller] = ContextVar("caller", default=ANONYMOUS)
# The caller's token, sent with the calls made on the caller's behalf.
_token: ContextVar[str | None] = ContextVar("token", default=None)
# An IPv4 address, or the /64 of an IPv6 address.
_network: ContextVar[str] = ContextVar("client network", default="")

# The gateway sends the client's network as this metadata with the calls that need it. Services
# trust it because only the mesh reaches them; no header of a client becomes this metadata.
NETWORK_METADATA = "roost-client-network"


def current() -> Caller:
    """The caller of the running call; Anonymous outside of one."""
    return _caller.get()


def user() -> UserCaller:
    """The user who calls, in a method whose access policy is `access_policy.user`."""
    caller = _caller.get()
    if isinstance(caller, UserCaller):
        return caller
    raise Unauthenticated


def viewer_id() -> int | None:
    """The id of the user who calls; None for anonymous callers and services."""
    caller = _caller.get()
    return caller.user_id if isinstance(caller, UserCaller) else None


def token() -> str | None:
    """The verified token of the running call, without the scheme's name."""
    return _token.get()


def begin(caller: Caller, token: str | None) -> None:
    """Sets the caller of the running task, for as long as the task lives."""
    _caller.set(caller)
    _token.set(token)


def network() -> str:
    """The client's network; empty where the caller named none."""
    return _network.get()


def begin_network(network: str) -> None:
    """Sets the client's network of the running task, for as long as the task lives."""
    _network.set(network)


@contextmanager
def within_network(network: str) -> Iterator[None]:
    """Sets the client's network for the length of the block."""
    token = _network.set(network)
    try:
        yield
    finally:
        _network.reset(token)
