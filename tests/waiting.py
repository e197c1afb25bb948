"""Waiting for a condition, with a limit, and time that passes without waiting."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable

# Only a fault takes longer, also on a busy machine.
LIMIT = 60.0


async def eventually(
    condition: Callable[[], bool | Awaitable[bool]], *, limit: float = LIMIT, pause: float = 0.01
) -> None:
    """Returns once the condition holds. Raises TimeoutError past the limit, in seconds.

    `pause` is the time between two looks, in seconds: a look that is costly delays what it waits
    for.
    """
    async with asyncio.timeout(limit):
        while True:
            holds = condition()
            if inspect.isawaitable(holds):
                holds = await holds
            if holds:
                return
            await asyncio.sleep(pause)


def let_pass(seconds: float) -> None:
    """Advances the clock of the running event loop: its timers are due so many seconds earlier.

    A test of a limit sets a long one, waits until everything depends on the limit, and lets it
    pass. So it does not depend on the speed of the machine.
    """
    loop = asyncio.get_running_loop()
    before = loop.time
    loop.time = lambda: before() + seconds  # type: ignore[method-assign]
