"""One request to a cache: its failures become PurgeFailed, without a word of its address or its
headers, which contain tokens."""

import asyncio
from collections.abc import Collection
from datetime import timedelta
from typing import Any

import httpx2

from services.chassis.runtime.backoff import retry_after
from services.chassis.runtime.clock import Clock
from services.media.domain.purging import PurgeFailed

# Longer than Envoy waits for the object store.
SECONDS = 15.0
# A longer body is not read: Envoy may answer with a file.
_LONGEST_BODY = 64 * 1024


async def send(
    client: httpx2.AsyncClient,
    request: httpx2.Request,
    *,
    cache: str,
    expected: Collection[int],
    clock: Clock,
) -> httpx2.Response:
    """The response, whose status is an expected one, with its body if that is short. `cache` is
    the name in messages.

    Raises PurgeFailed within SECONDS otherwise.
    """
    try:
        async with asyncio.timeout(SECONDS):
            response = await client.send(request, stream=True)
            try:
                if int(response.headers.get("content-length", 0)) <= _LONGEST_BODY:
                    await response.aread()
            finally:
                await response.aclose()
    except TimeoutError:
        raise PurgeFailed(f"{cache} did not answer within {SECONDS:.0f} s") from None
    except httpx2.HTTPError as error:
        raise PurgeFailed(f"{cache} is unreachable: {type(error).__name__}") from None
    if response.status_code not in expected:
        raise PurgeFailed(
            f"{cache} answered {response.status_code}", retry_after=_pause(response, clock)
        )
    return response


def _pause(response: httpx2.Response, clock: Clock) -> timedelta | None:
    value = response.headers.get("retry-after")
    return None if value is None else retry_after(value, clock.now())


def members(response: httpx2.Response) -> dict[str, Any]:
    """The members of a JSON object; none if the body is another one."""
    try:
        found = response.json()
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
