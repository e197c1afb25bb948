"""Ends costly work for clients who have gone, such as a password hash that still waits.

Reads are not watched: they end sooner than a watch of theirs would pay for.
"""

import asyncio
from collections.abc import Awaitable
from contextvars import ContextVar
from typing import TypeVar

from gateway.core.asgi import Receive
from gateway.core.bodies import ClientGone

T = TypeVar("T")

_receive: ContextVar[Receive | None] = ContextVar("receive", default=None)


def begin(receive: Receive) -> None:
    """Sets how the running request learns that its client has gone."""
    _receive.set(receive)


async def while_client_waits(call: Awaitable[T]) -> T:
    """Awaits a call to a service, and cancels it when the client closes its connection.

    The body of the request has been read before. Raises ClientGone.
    """
    receive = _receive.get()
    if receive is None:
        return await call
    calling = asyncio.ensure_future(call)
    leaving = asyncio.ensure_future(_disconnected(receive))
    try:
        await asyncio.wait((calling, leaving), return_when=asyncio.FIRST_COMPLETED)
        if not calling.done():
            raise ClientGone
        return calling.result()
    finally:
        calling.cancel()
        leaving.cancel()


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
