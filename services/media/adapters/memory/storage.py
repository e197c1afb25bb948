"""An object store in memory, for tests. Clients of tests upload parts by `upload`."""

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from services.chassis.runtime.clock import Clock
from services.media.domain.errors import StorageUnavailable
from services.media.domain.model import ReceivedPart
from services.media.domain.storage import (
    MultipartGone,
    ObjectGone,
    ObjectTooLarge,
    OpenMultipart,
    PartRefused,
    Storage,
    StoredObject,
)

# As S3 demands of every part but the last.
_MIN_PART_BYTES = 5 << 20


@dataclass(frozen=True)
class MemoryObject:
    """An object with its properties."""

    content: bytes
    content_type: str
    change_time: datetime


@dataclass
class _Multipart:
    key: str
    create_time: datetime
    parts: dict[int, bytes] = field(default_factory=dict)


class MemoryStorage:
    """See `storage.Storage`. `away` makes every call fail."""

    def __init__(self, *, clock: Clock) -> None:
        self.away = False
        self.stored: dict[str, MemoryObject] = {}
        self._multiparts: dict[str, _Multipart] = {}
        self._clock = clock
        self._begun = 0

    def upload(self, address: str, content: bytes) -> str:
        """A client's PUT to the address of a part; returns the ETag. Raises PermissionError for
        another size than the signed one, and MultipartGone."""
        url = urlsplit(address)
        values = {name: each[0] for name, each in parse_qs(url.query).items()}
        if len(content) != int(values["size"]):
            raise PermissionError("the signature covers the length")
        multipart = self._multiparts.get(values["upload"])
        if multipart is None:
            raise MultipartGone
        multipart.parts[int(values["part"])] = content
        return _etag(content)

    async def create_multipart(self, key: str) -> str:
        self._check()
        self._begun += 1
        multipart_id = f"multipart-{self._begun}"
        self._multiparts[multipart_id] = _Multipart(key, self._clock.now())
        return multipart_id

    async def part_addresses(
        self,
        key: str,
        multipart_id: str,
        parts: Sequence[tuple[int, int]],
        *,
        lifetime: timedelta,
    ) -> list[str]:
        base = f"https://uploads.test/{key}?upload={multipart_id}"
        return [f"{base}&part={number}&size={size}" for number, size in parts]

    async def parts(self, key: str, multipart_id: str) -> list[ReceivedPart]:
        self._check()
        parts = self._multipart(key, multipart_id).parts
        return [
            ReceivedPart(number, len(parts[number]), _etag(parts[number]))
            for number in sorted(parts)
        ]

    async def complete_multipart(
        self, key: str, multipart_id: str, parts: Sequence[ReceivedPart]
    ) -> None:
        self._check()
        received = self._multipart(key, multipart_id).parts
        for each in parts:
            content = received.get(each.number)
            if content is None or _etag(content) != each.etag:
                raise PartRefused
            if len(content) < _MIN_PART_BYTES and each != parts[-1]:
                raise PartRefused
        joined = b"".join(received[each.number] for each in parts)
        self.stored[key] = MemoryObject(joined, "binary/octet-stream", self._clock.now())
        del self._multiparts[multipart_id]

    async def abort_multipart(self, key: str, multipart_id: str) -> None:
        self._check()
        self._multiparts.pop(multipart_id, None)

    async def size(self, key: str) -> int | None:
        self._check()
        return len(self.stored[key].content) if key in self.stored else None

    async def put(self, key: str, file: Path, *, content_type: str) -> None:
        self._check()
        content = await asyncio.to_thread(file.read_bytes)
        self.stored[key] = MemoryObject(content, content_type, self._clock.now())

    async def fetch(self, key: str, target: Path, *, max_bytes: int) -> int:
        self._check()
        if key not in self.stored:
            raise ObjectGone
        content = self.stored[key].content
        with target.open("xb") as file:
            file.write(content[:max_bytes])
        if len(content) > max_bytes:
            raise ObjectTooLarge
        return len(content)

    async def copy(self, source: str, target: str) -> None:
        self._check()
        if source not in self.stored:
            raise ObjectGone
        found = self.stored[source]
        self.stored[target] = MemoryObject(found.content, found.content_type, self._clock.now())

    async def delete(self, key: str) -> None:
        self._check()
        self.stored.pop(key, None)

    async def delete_folder(self, path: str) -> int:
        self._check()
        found = [key for key in self.stored if key.startswith(f"{path}/")]
        for key in found:
            del self.stored[key]
        return len(found)

    async def objects(self, prefix: str, *, after: str = "", limit: int) -> list[StoredObject]:
        self._check()
        keys = sorted(key for key in self.stored if key.startswith(prefix) and key > after)
        return [
            StoredObject(key, len(self.stored[key].content), self.stored[key].change_time)
            for key in keys[:limit]
        ]

    async def multiparts(self, prefix: str) -> list[OpenMultipart]:
        self._check()
        return [
            OpenMultipart(each.key, multipart_id, each.create_time)
            for multipart_id, each in self._multiparts.items()
            if each.key.startswith(prefix)
        ]

    def _multipart(self, key: str, multipart_id: str) -> _Multipart:
        found = self._multiparts.get(multipart_id)
        if found is None or found.key != key:
            raise MultipartGone
        return found

    def _check(self) -> None:
        if self.away:
            raise StorageUnavailable


def _etag(content: bytes) -> str:
    # The protocol's ETag of a part; it guards nothing.
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


if TYPE_CHECKING:

    def _storage(storage: MemoryStorage) -> Storage:
        return storage
