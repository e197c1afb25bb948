"""Requests that come again: what was answered once is answered so again, whatever has changed."""

from collections.abc import Awaitable, Callable
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

# What may be true now and was not when the request first came.
_REFUSALS = (Conflict, Forbidden, Invalid, NotFound, WrongState)


async def run_once(
    store: Store,
    key: RequestKey | None,
    response: type[M],
    attempt: Callable[[], Awaitable[M]],
) -> M:
    """Attempts a mutation that looks up its key only when it writes.

    That is cheapest for the many requests which come once. If one is refused before it writes, it
    may have succeeded earlier (the post that it answers is gone since): then it gets its first
    response after all.
    """
    try:
        return await attempt()
    except _REFUSALS as refusal:
        if key is None:
            raise
        async with store.transaction() as transaction:
            stored = await transaction.replay(key)
        if stored is None:
            raise refusal from None
        return response.FromString(stored)
