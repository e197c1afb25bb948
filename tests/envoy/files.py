"""Media files of tests: objects in the real store, their addresses, and requests for them."""

from __future__ import annotations

import asyncio
import itertools
import os
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import boto3
import httpx2
from botocore.config import Config

from local.parts.seaweedfs import S3
from services.chassis.auth.signed_paths import SignedPaths
from services.chassis.runtime.clock import SystemClock
from tests.envoy.proxy import Proxy, eventually

CONTENT = os.urandom(100_000)
IMMUTABLE = "public, max-age=31536000, immutable"

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Stored:
    """A file in the store: its folder, its name, and its address on the listener."""

    folder: str
    file: str
    address: str

    @property
    def key(self) -> str:
        """The key of the object."""
        return f"{self.folder}/{self.file}"


class Files:
    """Puts files into the store, as the Media service does, and makes their addresses."""

    def __init__(self, store: S3, proxy: Proxy) -> None:
        self.bucket = store.bucket
        self.secret = store.secret_key
        self.paths = SignedPaths("", key=proxy.path_key, clock=SystemClock())
        self.client: Any = boto3.client(
            "s3",
            endpoint_url=store.endpoint,
            region_name=store.region,
            aws_access_key_id=store.access_key,
            aws_secret_access_key=store.secret_key,
            config=Config(s3={"addressing_style": "path"}),
        )

    def put(
        self,
        prefix: str = "m",
        *,
        content: bytes = CONTENT,
        content_type: str = "image/webp",
        cache_control: str = IMMUTABLE,
    ) -> Stored:
        """Stores a file in a new folder: `m` is open, `p` closed."""
        return self.put_at(self.unknown(prefix), content, content_type, cache_control)

    def put_at(
        self,
        place: Stored,
        content: bytes = CONTENT,
        content_type: str = "image/webp",
        cache_control: str = IMMUTABLE,
    ) -> Stored:
        """Stores a file at this place."""
        self.client.put_object(
            Bucket=self.bucket,
            Key=place.key,
            Body=content,
            ContentType=content_type,
            CacheControl=cache_control,
        )
        return place

    def unknown(self, prefix: str = "m") -> Stored:
        """The place of a file that is not stored."""
        folder = f"{prefix}/f{next(_numbers)}-{os.urandom(4).hex()}"
        address = self.paths.address(folder, "large.webp") if prefix in "mp" else f"/{folder}/x"
        return Stored(folder, "large.webp", address)

    def delete(self, stored: Stored) -> None:
        """Deletes the object; caches are not purged."""
        self.client.delete_object(Bucket=self.bucket, Key=stored.key)


def is_from_cache(answer: httpx2.Response) -> bool:
    """Whether the cache answered."""
    return "age" in answer.headers


async def cached(client: httpx2.AsyncClient, address: str) -> httpx2.Response:
    """Requests a file until the cache answers: it writes the file after the first answer."""

    async def from_cache() -> httpx2.Response | None:
        answer = await client.get(address)
        return answer if is_from_cache(answer) else None

    found = await eventually(from_cache)
    assert found is not None
    return found


async def send_raw(origin: str, method: str, path: str, **headers: str) -> httpx2.Response:
    """Sends a request whose path no client library normalises, and reads the answer."""
    where = urlsplit(origin)
    reader, writer = await asyncio.open_connection(where.hostname, where.port)
    names = {"host": "media.example", "connection": "close"} | headers
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in names.items())]
    writer.write("\r\n".join([*lines, "", ""]).encode("latin-1"))
    whole = await reader.read()
    writer.close()
    head, _, body = whole.partition(b"\r\n\r\n")
    status, *fields = head.decode("latin-1").split("\r\n")
    pairs = [tuple(each.split(": ", 1)) for each in fields]
    return httpx2.Response(int(status.split()[1]), headers=pairs, content=body)
