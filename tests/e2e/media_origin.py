"""The origin that serves media, and the bucket behind it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import httpx2

from local.edge import Json
from local.parts.seaweedfs import S3
from services.media.adapters import s3
from services.media.adapters.s3 import S3Storage

PREFIXES = ("u/", "m/", "p/")
_PAGE = 1_000


class Origin:
    """A client of the media origin. Addresses are absolute, as they stand in a medium."""

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self._client = client

    async def get(self, address: str, *, byte_range: tuple[int, int] | None = None) -> bytes:
        """The file, or the bytes from the first to the last of the range."""
        headers = {} if byte_range is None else {"range": "bytes={}-{}".format(*byte_range)}
        answer = await self._client.get(address, headers=headers)
        expected = httpx2.codes.OK if byte_range is None else httpx2.codes.PARTIAL_CONTENT
        if answer.status_code != expected:
            raise AssertionError(f"{address} is answered by {answer.status_code}")
        return answer.content

    async def status(self, address: str) -> int:
        """The status of a GET, which may come from the cache."""
        return (await self._client.get(address)).status_code


@asynccontextmanager
async def origin_client() -> AsyncIterator[Origin]:
    async with httpx2.AsyncClient(trust_env=False, timeout=30.0) as client:
        yield Origin(client)


@asynccontextmanager
async def bucket_of(access: S3) -> AsyncIterator[S3Storage]:
    """The bucket, with the identity of the Media service."""
    async with s3.connect(
        endpoint=access.endpoint,
        public_endpoint=access.endpoint,
        region=access.region,
        access_key=access.access_key,
        secret_key=access.secret_key,
        bucket=access.bucket,
    ) as storage:
        yield storage


async def keys(storage: S3Storage, prefixes: Iterable[str] = PREFIXES) -> set[str]:
    """The keys of all objects with one of these prefixes."""
    found: set[str] = set()
    for prefix in prefixes:
        after = ""
        while page := await storage.objects(prefix, after=after, limit=_PAGE):
            after = page[-1].key
            found.update(each.key for each in page)
    return found


def address(medium: Json, variant: str) -> str:
    """The address of a file of a medium."""
    return str(next(each["url"] for each in medium["variants"] if each["name"] == variant))


def folder(medium: Json) -> str:
    """The path of a medium's folder, such as `m/KEY`."""
    segments = urlsplit(medium["variants"][0]["url"]).path.split("/")
    return "/".join(segments[-3:-1])


def is_open(medium: Json) -> bool:
    """Whether the addresses of a medium are those of everyone."""
    return folder(medium).startswith("m/")
