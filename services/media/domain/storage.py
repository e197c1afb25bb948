"""The object store, as the Media service uses it. It has two implementations.

Keys: `u/KEY` is an upload, `m/KEY/FILE` and `p/KEY/FILE` are files of a folder. Every method that
makes a call raises StorageUnavailable where the store cannot be reached or does not answer in
time. Then nobody can say whether a write happened: each one may be repeated.
"""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple, Protocol

from services.media.domain.model import ReceivedPart

# An upload and its processing need no prefix other than these.
UPLOADS = "u/"
FOLDERS = ("m/", "p/")

_KEY_BYTES = 16


def new_key() -> str:
    """A key that cannot be guessed: 128 random bits in URL-safe characters."""
    return secrets.token_urlsafe(_KEY_BYTES)


class MultipartGone(Exception):
    """There is no such multipart upload: it was completed, or aborted."""


class PartRefused(Exception):
    """The object store does not have a part with this ETag, or the part is too small."""


class ObjectGone(Exception):
    """There is no such object."""


class ObjectTooLarge(Exception):
    """The object has more bytes than the caller accepts."""


class PartAddress(NamedTuple):
    """One part of an upload for its client. Of address and ETag, one is empty."""

    number: int
    size_bytes: int
    url: str = ""
    etag: str = ""


class StoredObject(NamedTuple):
    """One object of a listing."""

    key: str
    size_bytes: int
    change_time: datetime


class OpenMultipart(NamedTuple):
    """One multipart upload of a listing."""

    key: str
    multipart_id: str
    create_time: datetime


class Storage(Protocol):
    """Objects of one bucket."""

    async def create_multipart(self, key: str) -> str:
        """Begins a multipart upload; returns its id."""
        ...

    async def part_addresses(
        self,
        key: str,
        multipart_id: str,
        parts: Sequence[tuple[int, int]],
        *,
        lifetime: timedelta,
    ) -> list[str]:
        """A URL for each part (number, size in bytes), in order: for one PUT of exactly that size.

        They name the public endpoint, and no other host can be used. Makes no call.
        """
        ...

    async def parts(self, key: str, multipart_id: str) -> list[ReceivedPart]:
        """The parts that were received, ascending by number. Raises MultipartGone.

        A part that was uploaded again with other content may be listed with each of them, the
        newest last if they differ by more than a second.
        """
        ...

    async def complete_multipart(
        self, key: str, multipart_id: str, parts: Sequence[ReceivedPart]
    ) -> None:
        """Joins the parts to the object. Raises MultipartGone, also if it was completed before:
        then the object exists; and PartRefused, and then nothing was joined."""
        ...

    async def abort_multipart(self, key: str, multipart_id: str) -> None:
        """Deletes the parts. Idempotent. Never of an upload that may have been completed: the
        object may share their data."""
        ...

    async def size(self, key: str) -> int | None:
        """The size of an object in bytes; None if there is none."""
        ...

    async def put(self, key: str, file: Path, *, content_type: str) -> None:
        """Stores a file for good: caches may keep it, for its key never gets other content."""
        ...

    async def fetch(self, key: str, target: Path, *, max_bytes: int) -> int:
        """Writes an object to a new file; returns its size. Raises ObjectGone, and ObjectTooLarge
        before more than `max_bytes` were written."""
        ...

    async def copy(self, source: str, target: str) -> None:
        """Copies an object inside the store, with its properties. Raises ObjectGone."""
        ...

    async def delete(self, key: str) -> None:
        """Deletes an object. Idempotent."""
        ...

    async def delete_folder(self, path: str) -> int:
        """Deletes all objects whose keys begin with `path/`; returns how many. Idempotent."""
        ...

    async def objects(self, prefix: str, *, after: str = "", limit: int) -> list[StoredObject]:
        """Up to `limit` objects (at most 1,000) whose keys begin with the prefix and come after
        `after`, in the order of their keys."""
        ...

    async def multiparts(self, prefix: str) -> list[OpenMultipart]:
        """The multipart uploads that were neither completed nor aborted, of keys that begin with
        the prefix; at most 1,000."""
        ...
