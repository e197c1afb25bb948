"""All stored data of a stack: rows of databases, keys of Valkey, objects, and logs."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Collection
from typing import NamedTuple

import asyncpg
import httpx2
from redis.asyncio import Redis

from tests.e2e.stacks import TestStack

_TABLES = """
SELECT quote_ident(table_name) FROM information_schema.tables
WHERE table_schema = 'public' AND table_type = 'BASE TABLE' ORDER BY table_name
"""


# Go's bit for a folder in a file's mode, which the filer shows.
_FOLDER = 1 << 31


class Stored(NamedTuple):
    """A stored value as bytes, and its place."""

    place: str
    content: bytes


async def everything(stack: TestStack, nouns: Collection[str]) -> AsyncIterator[Stored]:
    """All data that is stored now. The data of engines is read through them, not from files."""
    for noun in nouns:
        async for row in rows(stack, noun):
            yield row
    async with Redis.from_url(stack.stack.valkey.url) as valkey:
        async for key in valkey.scan_iter(count=1_000):
            content = await valkey.dump(key)
            yield Stored(f"valkey {key!r}", key + b" " + (content or b""))
    async with httpx2.AsyncClient(
        base_url=f"http://{stack.stack.seaweedfs.filer}",
        auth=stack.stack.seaweedfs.credential,
        headers={"accept": "application/json"},
        trust_env=False,
    ) as filer:
        async for found in _objects(filer, "/buckets"):
            yield found
    for file in sorted(stack.state.logs.iterdir()):
        yield Stored(f"log {file.name}", file.read_bytes())


async def rows(stack: TestStack, noun: str) -> AsyncIterator[Stored]:
    """All rows of a service's database: values as PostgreSQL writes them, and bytes as they are."""
    connection = await asyncpg.connect(stack.stack.database_url(noun))
    try:
        for (table,) in await connection.fetch(_TABLES):
            try:
                records = await connection.fetch(f"SELECT * FROM {table}")
            except asyncpg.UndefinedTableError:
                continue  # Search dropped this partition since it was listed
            for record in records:
                values = [_bytes(value) for value in record.values()]
                yield Stored(f"{noun} {table}", b"\n".join(values))
    finally:
        await connection.close()


def holding(text: str | int) -> re.Pattern[bytes]:
    """Matches a text, ignoring case, or a whole number."""
    word = re.escape(str(text).encode())
    return re.compile(rb"\b" + word + rb"\b" if isinstance(text, int) else word, re.IGNORECASE)


def _bytes(value: object) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


async def _objects(filer: httpx2.AsyncClient, folder: str) -> AsyncIterator[Stored]:
    response = await filer.get(f"{folder}/", params={"limit": 10_000})
    if response.status_code == httpx2.codes.NOT_FOUND:
        return
    for entry in response.json()["Entries"] or []:
        path = entry["FullPath"]
        if entry["Mode"] & _FOLDER:
            async for found in _objects(filer, path):
                yield found
        else:
            content = await filer.get(path)
            if content.status_code == httpx2.codes.OK:  # else it was deleted since it was listed
                yield Stored(f"object {path}", content.content)
