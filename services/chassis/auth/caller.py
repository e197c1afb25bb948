"""Who makes the running call: found once by the interceptor, passed in to operations."""

from contextvars import ContextVar
from dataclasses import dataclass

from services.chassis.runtime.errors import Unauthenticated


@dataclass(frozen=True, slots=True)
class Anonymous:
    """A stranger: no token came with the call."""


@dataclass(frozen=True, slots=True)
class UserCaller:
    """A person, signed in on one device."""

    user_id: int
    session_id: int


@dataclass(frozen=True, slots=True)
class ServiceCaller:
    """Another service of Roost, on its own behalf: event-driven work."""

    name: str


Caller = Anonymous | UserCaller | ServiceCaller

ANONYMOUS = Anonymous()

_caller: ContextVar[Caller] = ContextVar("caller", default=ANONYMOUS)
# The token that the caller came with, to be sent along with the calls made on their behalf.
_token: ContextVar[str | None] = ContextVar("token", default=None)


def current() -> Caller:
    """The caller of the running call; Anonymous outside of one."""
    return _caller.get()


def user() -> UserCaller:
    """The person who calls, in a method whose access policy is `access.user`."""
    caller = _caller.get()
    if isinstance(caller, UserCaller):
        return caller
    raise Unauthenticated


def viewer_id() -> int | None:
    """The user id of the person who looks, or None for strangers and services."""
    caller = _caller.get()
    return caller.user_id if isinstance(caller, UserCaller) else None


def token() -> str | None:
    """The verified token of the running call, without the scheme's name."""
    return _token.get()


def begin(caller: Caller, token: str | None) -> None:
    """Sets the caller of the running task, for as long as the task lives."""
    _caller.set(caller)
    _token.set(token)
