"""Finds out who calls, and whether the method is for them."""

from services.chassis.auth import caller
from services.chassis.auth.access_policy import Policy
from services.chassis.auth.tokens import Verifier
from services.chassis.rpc.interceptors.headers import Headers


async def identify(headers: Headers, verifier: Verifier, policy: Policy) -> None:
    """Sets the running call's caller.

    Raises TokenInvalid, TokenExpired or SessionRevoked for a bad token, even where strangers may
    call: somebody who shows a token means to be known. Raises Unauthenticated or Forbidden by the
    policy.
    """
    token = headers.token()
    if token is None:
        policy.check(caller.ANONYMOUS)
        # Said, not left out: not every server gives each request a task of its own.
        caller.begin(caller.ANONYMOUS, None)
        return
    found = verifier.remembered(token) or await verifier.verify(token)
    policy.check(found)
    caller.begin(found, token)
