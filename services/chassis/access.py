"""Which kinds of callers may use an RPC at all: declared on each method of a servicer.

    class PostServicer(PostServiceServicer):
        @access.user
        async def CreatePost(self, request, context): ...

A process with a method that declares nothing does not start, and `policy_of` lets a test list
every method with its policy. What a caller may do with one particular post or person is decided
by the service's own operations, not here.
"""

from collections.abc import Callable
from enum import Enum
from typing import Any, TypeVar

from services.chassis.caller import Anonymous, Caller, ServiceCaller, UserCaller
from services.chassis.errors import Forbidden, Unauthenticated

F = TypeVar("F", bound=Callable[..., Any])

_MARK = "__roost_access__"


class Policy(Enum):
    """The kinds of callers that a method takes."""

    ANYONE = "anyone"
    USER = "user"
    SERVICE = "service"
    USER_OR_SERVICE = "user or service"

    def check(self, caller: Caller) -> None:
        """Raises Unauthenticated (TOKEN_MISSING) for strangers where somebody is needed, and
        Forbidden (CALLER_NOT_ALLOWED) for the wrong kind of somebody."""
        if self is Policy.ANYONE:
            return
        if isinstance(caller, Anonymous):
            raise Unauthenticated
        if self is Policy.USER and not isinstance(caller, UserCaller):
            raise Forbidden("This call is for people.")
        if self is Policy.SERVICE and not isinstance(caller, ServiceCaller):
            raise Forbidden("This call is for services.")


def anyone(method: F) -> F:
    """Strangers, people and services may call."""
    return _marked(method, Policy.ANYONE)


def user(method: F) -> F:
    """Only people who are signed in may call; `caller.user()` is theirs."""
    return _marked(method, Policy.USER)


def service(method: F) -> F:
    """Only services of Roost may call, on their own behalf."""
    return _marked(method, Policy.SERVICE)


def user_or_service(method: F) -> F:
    """Everybody but strangers may call."""
    return _marked(method, Policy.USER_OR_SERVICE)


def policy_of(method: object) -> Policy | None:
    """The policy that a servicer's method declares, or None."""
    policy = getattr(method, _MARK, None)
    return policy if isinstance(policy, Policy) else None


def _marked(method: F, policy: Policy) -> F:
    setattr(method, _MARK, policy)
    return method
