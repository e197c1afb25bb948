"""Calls of several callers that arrive as one RPC."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Protocol

from services.chassis.auth.access_policy import policy_of
from services.chassis.rpc.pipeline import Context, authenticate
from services.chassis.runtime.errors import Unauthenticated, to_status
from services.chassis.runtime.logs import logger

# What one of them may take longer than the others, in seconds.
MAX_SECONDS = 0.25


class Call(Protocol):
    """One of them: its caller's access token, and its request."""

    token: str
    request: Any


async def answer_each(
    calls: Iterable[Call],
    method: Callable[[Any, Context], Awaitable[Any]],
    context: Context,
) -> list[Any | None]:
    """What a servicer's method returns to each call, side by side; None for those that fail, or
    take more than MAX_SECONDS, which the others then no longer wait for.

    Each call has the rights of its token alone, by the access policy of the method.
    """
    policy = policy_of(method)
    if policy is None:
        raise TypeError(f"{method} declares no access policy")

    async def answer(call: Call) -> Any | None:
        # In a task of its own, so the caller is that of this call only.
        try:
            if not call.token:
                raise Unauthenticated
            await authenticate(("Bearer " + call.token,), policy)
            return await method(call.request, context)
        except Exception as error:
            # The client repeats the call by itself, and gets the error; it is logged there.
            logger().debug("joint_call_failed", code=to_status(error).code.name, error=repr(error))
            return None

    tasks = [asyncio.create_task(answer(call)) for call in calls]
    try:
        if tasks:
            await asyncio.wait(tasks, timeout=MAX_SECONDS)
    finally:
        for task in tasks:
            task.cancel()
    return [task.result() if task.done() else None for task in tasks]
