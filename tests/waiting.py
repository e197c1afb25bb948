"""Waiting for a condition, with a limit."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable

# Only a fault takes longer, also on a busy machine.
LIMIT = 60.0


async def eventually(
    condition: Callable[[], bool | Awaitable[bool]], *, limit: float = LIMIT
) -> None:
    """Returns once the condition holds. Raises TimeoutError past the limit, in seconds."""
    async with asyncio.timeout(limit):
        while True:
            holds = condition()
            if inspect.isawaitable(holds):
                holds = await holds
            if holds:
                return
            await asyncio.sleep(0.01)
