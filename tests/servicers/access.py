"""Calls every method of a service as every kind of caller."""

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
from tests.servicers.grpc_server import SERVICE_NAMES

ANYONE, USER = Policy.ANYONE, Policy.USER
REFUSALS = {"TOKEN_MISSING", "CALLER_NOT_ALLOWED"}

CALLERS: Mapping[str, Caller] = {
    "anonymous": ANONYMOUS,
    "signed-in user": UserCaller(user_id=77, session_id=1),
    **{name: ServiceCaller(name) for name in SERVICE_NAMES},
}

# By the name of a service of the contract: its methods, each with its policy.
Matrix = Mapping[str, Mapping[str, Policy]]


def services(*names: str) -> Policy:
    """A policy for these services only."""
    return Policy(Kind.SERVICE, frozenset(names))


def user_or(*names: str) -> Policy:
    """A policy for signed-in users and these services."""
    return Policy(Kind.USER_OR_SERVICE, frozenset(names))


def permitted_callers(policy: Policy) -> set[str]:
    """The permitted callers of a policy, by name."""
    users = {
        Kind.USER: {"signed-in user"},
        Kind.USER_OR_SERVICE: {"signed-in user"},
        Kind.SERVICE: set(),
    }
    return set(CALLERS) if policy.kind is Kind.ANYONE else users[policy.kind] | policy.services


def assert_complete(offered: Mapping[str, Policy], rows: Mapping[str, Policy], file: str) -> None:
    """Each method that is offered has a row in this test file, with the policy of the servicer."""
    __tracebackhide__ = True
    assert_rows(
        offered, rows, kind="row in MATRIX", file=file, guide="Add an RPC, step 5: who may call it"
    )


def listed(package: str, matrix: Matrix) -> dict[str, Policy]:
    """The matrix by full method names, as in `services.chassis.rpc.server.policies`."""
    return {
        f"/{package}.{service}/{method}": policy
        for service, methods in matrix.items()
        for method, policy in methods.items()
    }


async def admitted(methods: Mapping[str, Policy], stub: Any, messages: Any) -> set[str]:
    """The methods that do not refuse the stub's caller. The requests, of the generated module
    `messages`, are empty, so other refusals concern missing fields."""
    found = set()
    for method in methods:
        reason = ""
        try:
            await getattr(stub, method)(getattr(messages, f"{method}Request")())
        except RoostError as error:
            reason = error.reason
        if reason not in REFUSALS:
            found.add(method)
    return found


def expected(methods: Mapping[str, Policy], who: str) -> set[str]:
    """The methods that this caller may call."""
    return {method for method, policy in methods.items() if who in permitted_callers(policy)}
