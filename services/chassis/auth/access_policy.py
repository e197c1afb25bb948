"""Which kinds of callers may use an RPC at all: declared on each method of a servicer.

    class PostServicer(PostServiceServicer):
        @access.user
        async def CreatePost(self, request, context): ...

        @access.service("timeline")
        async def ListPostIdsByAuthors(self, request, context): ...

A process with a method that declares nothing does not start, and `policy_of` lets a test list
every method with its policy. What a caller may do with one particular post or person is decided
by the service's own operations, not here.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from services.chassis.auth.caller import Kind, Policy

F = TypeVar("F", bound=Callable[..., Any])

_MARK = "__roost_access__"


def anyone(method: F) -> F:
    """Anonymous callers, users and services may call."""
    return _marked(method, Policy.ANYONE)


def user(method: F) -> F:
    """Only signed-in users may call; `caller.user()` is the user."""
    return _marked(method, Policy.USER)


def service(*names: str) -> Callable[[F], F]:
    """Only these services of Roost may call, in their own name."""
    return _naming(Kind.SERVICE, names)


def user_or_service(*names: str) -> Callable[[F], F]:
    """Signed-in users and these services may call."""
    return _naming(Kind.USER_OR_SERVICE, names)


def policy_of(method: object) -> Policy | None:
    """The policy that a servicer's method declares, or None."""
    policy = getattr(method, _MARK, None)
    return policy if isinstance(policy, Policy) else None


def _naming(kind: Kind, names: tuple[str, ...]) -> Callable[[F], F]:
    if not names or not all(isinstance(each, str) for each in names):
        raise TypeError("name the services that may call")
    policy = Policy(kind, frozenset(names))
    return lambda method: _marked(method, policy)


def _marked(method: F, policy: Policy) -> F:
    setattr(method, _MARK, policy)
    return method
