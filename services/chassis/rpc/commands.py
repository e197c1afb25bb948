"""Runs the command of a request once, however often the request is sent.

A request that carries a `request_id` is named by its caller, that id and its method. The response
is stored in the transaction of the effect; a repetition gets the stored response.

- `run_once`: the usual form. The key is looked up in the transaction of the effect.
- `first_response`: looks up the key alone, for commands whose checks are expensive or would fail
  after the effect. `run_once` follows it.
- `run_unless_refused`: looks up the key only after a refusal, for a command that reads other
  services before its transaction.

The mesh repeats a call that was answered UNAVAILABLE. So a command without a `request_id` whose
outcome is unknown raises DeadlineExceeded in place of OutcomeUnknown.
"""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import TypeVar

from google.protobuf.message import Message

from services.chassis.runtime.errors import (
    Conflict,
    DeadlineExceeded,
    Forbidden,
    Invalid,
    NotFound,
    WrongState,
)
from services.chassis.storage.idempotency import RequestKey, Seal
from services.chassis.storage.postgres import OutcomeUnknown
from services.chassis.storage.transaction import Transaction, in_transaction

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

    `caller_id` identifies the user, or a caller without a session as far as possible
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
    key = key_of(request, caller_id=caller_id, seal=seal)
    return await run_with_key(begin, key, response, effect)


async def run_with_key(
    begin: Begin[T],
    key: RequestKey | None,
    response: type[M],
    effect: Callable[[T], Awaitable[M]],
) -> M:
    """`run_once` for a key that exists already: in the attempt of `run_unless_refused`.

    Without a key `effect` runs in any case.
    """
    if key is None:
        with _not_repeated():
            return await in_transaction(begin, effect)

    async def replayed_or_run(transaction: T) -> M:
        stored = await transaction.replay(key)
        if stored is not None:
            return response.FromString(_opened(key, stored))
        made = await effect(transaction)
        content = made.SerializeToString(deterministic=True)
        if key.seal is not None:
            content = key.seal.close(content, bound_to=key.name)
        await transaction.remember(key, content)
        return made

    return await in_transaction(begin, replayed_or_run)


async def first_response(
    begin: Begin[T],
    request: Message,
    response: type[M],
    *,
    caller_id: int | str,
    seal: Seal | None = None,
) -> M | None:
    """The stored response of the request; None where it has not succeeded yet."""
    return await _stored(begin, key_of(request, caller_id=caller_id, seal=seal), response)


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
    if key is None:
        with _not_repeated():
            return await attempt(None)
    try:
        return await attempt(key)
    except _REFUSALS as refusal:
        stored = await _stored(begin, key, response)
        if stored is None:
            raise refusal from None
        return stored


@contextmanager
def _not_repeated() -> Iterator[None]:
    """For a request without an id: a repetition of one that has happened would happen twice."""
    try:
        yield
    except OutcomeUnknown as unknown:
        raise DeadlineExceeded from unknown


async def _stored(begin: Begin[T], key: RequestKey | None, response: type[M]) -> M | None:
    if key is None:
        return None
    async with begin() as transaction:
        stored = await transaction.replay(key)
    return None if stored is None else response.FromString(_opened(key, stored))


def _opened(key: RequestKey, stored: bytes) -> bytes:
    return stored if key.seal is None else key.seal.open(stored, bound_to=key.name)
