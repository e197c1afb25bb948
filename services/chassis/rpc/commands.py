"""Runs the command of a request once, however often the request is sent.

A request that carries a `request_id` is named by its caller, that id and its method. The response
is stored in the transaction of the effect; a repetition gets the stored response.

- `run_once`: the usual form. The key is looked up in the transaction of the effect.
- `first_response`: looks up the key alone, for commands whose checks are expensive or would fail
  after the effect. `run_once` follows it.
- `run_unless_refused`: looks up the key only after a refusal, for a command whose effect stores its
  response by itself.
"""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import TypeVar

from google.protobuf.message import Message

from services.chassis.runtime.errors import Conflict, Forbidden, Invalid, NotFound, WrongState
from services.chassis.storage.idempotency import RequestKey, Seal, once, repeated
from services.chassis.storage.transaction import Transaction

T = TypeVar("T", bound=Transaction)
M = TypeVar("M", bound=Message)

# Opens a transaction of the service's store.
Begin = Callable[[], AbstractAsyncContextManager[T]]

# What may be true now and was not when the request first came.
_REFUSALS = (Conflict, Forbidden, Invalid, NotFound, WrongState)


def key_of(
    request: Message, *, caller_id: int | str, seal: Seal | None = None
) -> RequestKey | None:
    """The key of a request; None where its `request_id` is empty.

    `caller_id` names the user, or tells callers without a session apart as far as possible
    (`register:HANDLE`). A request that holds a secret needs a seal.
    """
    method = request.DESCRIPTOR.name.removesuffix("Request")
    return RequestKey.of(request, caller_id=str(caller_id), method=method, seal=seal)


async def run_once(
    begin: Begin[T],
    request: Message,
    response: type[M],
    effect: Callable[[T], Awaitable[M]],
    *,
    caller_id: int | str,
    seal: Seal | None = None,
) -> M:
    """Runs `effect` in one transaction, at most once for the request; returns its response.

        return await commands.run_once(
            self._store.transaction, request, FollowResponse, effect, caller_id=user_id
        )

    A repetition gets the first response, and `effect` does not run. A failure is not stored, so the
    same request may be tried again. `effect` runs again where the database aborts the transaction:
    it does nothing outside of the transaction that must not be repeated. Raises RequestInFlight or
    RequestIdReused.
    """
    return await once(begin, key_of(request, caller_id=caller_id, seal=seal), response, effect)


async def first_response(
    begin: Begin[T],
    request: Message,
    response: type[M],
    *,
    caller_id: int | str,
    seal: Seal | None = None,
) -> M | None:
    """The stored response of the request; None where it has not succeeded yet."""
    return await repeated(begin, key_of(request, caller_id=caller_id, seal=seal), response)


async def run_unless_refused(
    begin: Begin[T],
    request: Message,
    response: type[M],
    attempt: Callable[[RequestKey | None], Awaitable[M]],
    *,
    caller_id: int | str,
) -> M:
    """Runs `attempt`, which stores its response under the key when it writes.

    Most requests come once: for them this saves the look-up. A request that is refused before it
    writes may have succeeded earlier (the post that it answers was deleted since): then it gets its
    first response.
    """
    key = key_of(request, caller_id=caller_id)
    try:
        return await attempt(key)
    except _REFUSALS as refusal:
        stored = await repeated(begin, key, response)
        if stored is None:
            raise refusal from None
        return stored
