"""Finds out who calls, and whether the method is for them."""

from services.chassis import caller
from services.chassis.access import Policy
from services.chassis.interceptors.headers import Headers
from services.chassis.tokens import Verifier


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
