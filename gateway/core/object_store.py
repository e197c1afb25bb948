"""Puts files to presigned addresses of the object store."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

import httpx2

from services.chassis.runtime import deadline
from services.chassis.runtime.errors import Unavailable

# Of one part of 8 MiB; the deadline of the request may leave less.
_PUT_SECONDS = 30.0
# Reserved for the call that completes the upload.
_MARGIN_SECONDS = 2.0
_REFUSED = (403, 404)


@dataclass(slots=True)
class ReceivedFile:
    """A file that came with a request, in the pieces in which it came."""

    name: str
    # As the client declares it; empty where it does not.
    content_type: str
    chunks: list[bytes]
    size: int


class AddressRefused(Unavailable):
    """The object store does not take the part: its address expired, or the upload is complete."""


class ObjectStore:
    """The object store, as far as presigned addresses reach it."""

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self._client = client

    async def put(self, url: str, chunks: Sequence[bytes], *, start: int, size: int) -> None:
        """Puts so many bytes of the chunks, from `start` on, to a presigned address.

        Raises AddressRefused, Unavailable, or DeadlineExceeded.
        """
        seconds = deadline.budget(_PUT_SECONDS, margin=_MARGIN_SECONDS)
        try:
            response = await self._client.put(
                url,
                content=_range(chunks, start, size),
                # Presigned with the length: another would be refused.
                headers={"content-length": str(size)},
                timeout=seconds,
            )
        except httpx2.HTTPError:
            raise Unavailable(retry_after=1.0) from None
        if response.status_code in _REFUSED:
            raise AddressRefused(retry_after=1.0)
        if not response.is_success:
            raise Unavailable(retry_after=1.0)


async def _range(chunks: Sequence[bytes], start: int, size: int) -> AsyncIterator[bytes]:
    end = start + size
    place = 0
    for chunk in chunks:
        behind = place + len(chunk)
        if behind > start and place < end:
            yield chunk[max(0, start - place) : end - place]
        place = behind
