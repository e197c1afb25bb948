"""Commands with a request id that read other services before their transaction."""

from collections.abc import Awaitable
from typing import TypeVar

from google.protobuf.message import Message

from services.chassis.runtime.errors import (
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    WrongState,
)
from services.chassis.storage.idempotency import RequestKey
from services.post.domain.store import Store

M = TypeVar("M", bound=Message)

# Errors that a first attempt may not have had and a repetition may have.
_STATE_ERRORS = (Conflict, Forbidden, Invalid, NotFound, WrongState)


async def first_response_or(
    attempt: Awaitable[M], *, store: Store, key: RequestKey | None, response: type[M]
) -> M:
    """The result of the attempt, or the first response where a repetition fails before it writes.

    An attempt looks up its key only when it writes, which is cheapest for requests that come once.
    A repetition may fail earlier although the first request succeeded: the post that it replies to
    was deleted since, for example. It gets its first response then.
    """
    try:
        return await attempt
    except _STATE_ERRORS as error:
        if key is None:
            raise
        async with store.transaction() as transaction:
            stored = await transaction.replay(key)
        if stored is None:
            raise error from None
        return response.FromString(stored)
