"""Who may call what, tried: every method of a service, by every kind of caller."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.chassis.auth.caller import (
    ANONYMOUS,
    Caller,
    Kind,
    Policy,
    ServiceCaller,
    UserCaller,
)
from services.chassis.runtime.errors import RoostError
from tests.completeness import assert_rows
from tests.servicers.serving import SERVICE_NAMES

ANYONE, USER = Policy.ANYONE, Policy.USER
TURNED_AWAY = {"TOKEN_MISSING", "CALLER_NOT_ALLOWED"}

CALLERS: Mapping[str, Caller] = {
    "stranger": ANONYMOUS,
    "person": UserCaller(user_id=77, session_id=1),
    **{name: ServiceCaller(name) for name in SERVICE_NAMES},
}

# By the name of a service of the contract: its methods, each with its policy.
Matrix = Mapping[str, Mapping[str, Policy]]


def services(*names: str) -> Policy:
    """For these services alone."""
    return Policy(Kind.SERVICE, frozenset(names))


def user_or(*names: str) -> Policy:
    """For people who are signed in, and these services."""
    return Policy(Kind.USER_OR_SERVICE, frozenset(names))


def let_in(policy: Policy) -> set[str]:
    """The callers whom a policy is for, by name."""
    people = {Kind.USER: {"person"}, Kind.USER_OR_SERVICE: {"person"}, Kind.SERVICE: set()}
    return set(CALLERS) if policy.kind is Kind.ANYONE else people[policy.kind] | policy.services


def assert_complete(offered: Mapping[str, Policy], rows: Mapping[str, Policy], file: str) -> None:
    """Each method that is offered has a row in this test file, with the policy of the servicer."""
    __tracebackhide__ = True
    assert_rows(
        offered, rows, kind="row in MATRIX", file=file, guide="Add an RPC, step 5: who may call it"
    )


def listed(package: str, matrix: Matrix) -> dict[str, Policy]:
    """The matrix by full names of methods, as `services.chassis.rpc.server.policies` gives it."""
    return {
        f"/{package}.{service}/{method}": policy
        for service, methods in matrix.items()
        for method, policy in methods.items()
    }


async def admitted(methods: Mapping[str, Policy], stub: Any, messages: Any) -> set[str]:
    """The methods that do not turn the stub's caller away. Requests, of the generated module
    `messages`, are empty: they are refused, if at all, for what they lack."""
    found = set()
    for method in methods:
        reason = ""
        try:
            await getattr(stub, method)(getattr(messages, f"{method}Request")())
        except RoostError as error:
            reason = error.reason
        if reason not in TURNED_AWAY:
            found.add(method)
    return found


def expected(methods: Mapping[str, Policy], who: str) -> set[str]:
    """The methods that are for this caller."""
    return {method for method, policy in methods.items() if who in let_in(policy)}
