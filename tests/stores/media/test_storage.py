"""The object store: SeaweedFS and the fake keep the same promises."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import httpx2
import pytest

from local.parts.seaweedfs import MEDIA_BUCKET, S3
from services.chassis.runtime.clock import SystemClock
from services.media.adapters import s3 as s3_adapter
from services.media.adapters.memory.storage import MemoryStorage
from services.media.domain.errors import StorageUnavailable
from services.media.domain.limits import PART_BYTES
from services.media.domain.model import ReceivedPart
from services.media.domain.storage import (
    MultipartGone,
    ObjectGone,
    ObjectTooLarge,
    PartRefused,
    Storage,
    new_key,
)
from tests.engines import Engines
from tests.waiting import LIMIT

HOUR = timedelta(hours=1)


class Client(NamedTuple):
    """A store, and what a client does with the address of a part: returns the ETag."""

    storage: Storage
    upload: Callable[[str, bytes], Awaitable[str]]

    async def begin(self, key: str, *contents: bytes) -> str:
        """A multipart upload with these parts."""
        multipart_id = await self.storage.create_multipart(key)
        sizes = [(number, len(each)) for number, each in enumerate(contents, 1)]
        addresses = await self.storage.part_addresses(key, multipart_id, sizes, lifetime=HOUR)
        for address, content in zip(addresses, contents, strict=True):
            await self.upload(address, content)
        return multipart_id

    async def put(self, key: str, content: bytes, folder: Path) -> None:
        file = folder / key.replace("/", "-")
        file.write_bytes(content)
        await self.storage.put(key, file, content_type="image/webp")


@pytest.fixture(autouse=True)
def patient_store(monkeypatch: pytest.MonkeyPatch) -> None:
    """Raises the time limits for busy machines."""
    for name in ("CALL_SECONDS", "TRANSFER_SECONDS", "CONNECT_SECONDS", "READ_SECONDS"):
        monkeypatch.setattr(s3_adapter, name, LIMIT)


async def put_over_http(address: str, content: bytes) -> str:
    async with httpx2.AsyncClient(timeout=LIMIT) as client:
        response = await client.put(address, content=content)
    if response.status_code == 403:
        raise PermissionError
    response.raise_for_status()
    return response.headers["etag"].strip('"')


@pytest.fixture(params=["memory", "seaweedfs"])
async def client(request: pytest.FixtureRequest) -> AsyncIterator[Client]:
    if request.param == "memory":
        memory = MemoryStorage(clock=SystemClock())

        async def upload(address: str, content: bytes) -> str:
            return memory.upload(address, content)

        yield Client(memory, upload)
        return
    server: S3 = request.getfixturevalue("s3")
    async with connected(server) as storage:
        yield Client(storage, put_over_http)


def connected(server: S3):  # type: ignore[no-untyped-def]
    return s3_adapter.connect(
        endpoint=server.endpoint,
        public_endpoint=server.endpoint,
        region=server.region,
        access_key=server.access_key,
        secret_key=server.secret_key,
        bucket=MEDIA_BUCKET,
    )


async def content_of(storage: Storage, key: str, folder: Path) -> bytes:
    target = folder / new_key()
    await storage.fetch(key, target, max_bytes=1 << 30)
    return target.read_bytes()


async def test_parts_are_joined_in_order(client: Client, tmp_path: Path) -> None:
    key = f"u/{new_key()}"
    first, second = b"a" * PART_BYTES, b"b" * 10
    multipart_id = await client.begin(key, first, second)

    parts = await client.storage.parts(key, multipart_id)
    assert [(each.number, each.size_bytes) for each in parts] == [(1, PART_BYTES), (2, 10)]
    await client.storage.complete_multipart(key, multipart_id, parts)

    assert await client.storage.size(key) == PART_BYTES + 10
    assert await content_of(client.storage, key, tmp_path) == first + second


async def test_small_upload_has_one_part(client: Client, tmp_path: Path) -> None:
    key = f"u/{new_key()}"
    multipart_id = await client.begin(key, b"small")

    await client.storage.complete_multipart(
        key, multipart_id, await client.storage.parts(key, multipart_id)
    )

    assert await content_of(client.storage, key, tmp_path) == b"small"


async def test_part_of_another_size_is_refused(client: Client) -> None:
    key = f"u/{new_key()}"
    multipart_id = await client.storage.create_multipart(key)
    (address,) = await client.storage.part_addresses(key, multipart_id, [(1, 5)], lifetime=HOUR)

    for content in (b"four", b"sixsix"):
        with pytest.raises(PermissionError):
            await client.upload(address, content)

    assert await client.storage.parts(key, multipart_id) == []


async def test_part_may_be_uploaded_again(client: Client, tmp_path: Path) -> None:
    key = f"u/{new_key()}"
    multipart_id = await client.storage.create_multipart(key)
    (address,) = await client.storage.part_addresses(key, multipart_id, [(1, 5)], lifetime=HOUR)
    await client.upload(address, b"wrong")

    etag = await client.upload(address, b"right")

    received = await client.storage.parts(key, multipart_id)
    assert ReceivedPart(1, 5, etag) in received
    await client.storage.complete_multipart(key, multipart_id, [ReceivedPart(1, 5, etag)])
    assert await content_of(client.storage, key, tmp_path) == b"right"


async def test_part_with_another_etag_is_not_joined(client: Client) -> None:
    key = f"u/{new_key()}"
    multipart_id = await client.begin(key, b"content")
    (part,) = await client.storage.parts(key, multipart_id)

    with pytest.raises(PartRefused):
        await client.storage.complete_multipart(key, multipart_id, [part._replace(etag="0" * 32)])

    assert await client.storage.size(key) is None
    await client.storage.complete_multipart(key, multipart_id, [part])


async def test_second_completion_leaves_the_object(client: Client, tmp_path: Path) -> None:
    key = f"u/{new_key()}"
    multipart_id = await client.begin(key, b"content")
    parts = await client.storage.parts(key, multipart_id)
    await client.storage.complete_multipart(key, multipart_id, parts)

    # Either answer is right: the object decides.
    with contextlib.suppress(MultipartGone):
        await client.storage.complete_multipart(key, multipart_id, parts)

    assert await content_of(client.storage, key, tmp_path) == b"content"


async def test_aborted_upload_is_gone(client: Client) -> None:
    key = f"u/{new_key()}"
    multipart_id = await client.begin(key, b"content")

    await client.storage.abort_multipart(key, multipart_id)
    await client.storage.abort_multipart(key, multipart_id)

    with pytest.raises(MultipartGone):
        await client.storage.parts(key, multipart_id)
    assert await client.storage.size(key) is None


async def test_open_uploads_are_listed(client: Client) -> None:
    folder = f"u/{new_key()}-"
    first = await client.storage.create_multipart(f"{folder}1")
    second = await client.storage.create_multipart(f"{folder}2")
    await client.storage.create_multipart(f"u/{new_key()}")

    found = await client.storage.multiparts(folder)

    assert {(each.key, each.multipart_id) for each in found} == {
        (f"{folder}1", first),
        (f"{folder}2", second),
    }


async def test_size_of_an_unknown_object_is_none(client: Client) -> None:
    assert await client.storage.size(f"u/{new_key()}") is None


async def test_unknown_object_is_neither_fetched_nor_copied(client: Client, tmp_path: Path) -> None:
    with pytest.raises(ObjectGone):
        await client.storage.fetch(f"u/{new_key()}", tmp_path / "file", max_bytes=10)
    with pytest.raises(ObjectGone):
        await client.storage.copy(f"p/{new_key()}/file", f"p/{new_key()}/file")


async def test_fetch_stops_at_the_limit(client: Client, tmp_path: Path) -> None:
    key = f"p/{new_key()}/file"
    await client.put(key, b"0123456789", tmp_path)

    with pytest.raises(ObjectTooLarge):
        await client.storage.fetch(key, tmp_path / "small", max_bytes=9)

    assert (tmp_path / "small").stat().st_size <= 9
    assert await client.storage.fetch(key, tmp_path / "whole", max_bytes=10) == 10


async def test_copy_has_the_same_content(client: Client, tmp_path: Path) -> None:
    source, target = f"p/{new_key()}/file", f"m/{new_key()}/file"
    await client.put(source, b"content", tmp_path)

    await client.storage.copy(source, target)
    await client.storage.delete(source)

    assert await content_of(client.storage, target, tmp_path) == b"content"


async def test_delete_is_idempotent(client: Client, tmp_path: Path) -> None:
    key = f"u/{new_key()}"
    await client.put(key, b"content", tmp_path)

    await client.storage.delete(key)
    await client.storage.delete(key)

    assert await client.storage.size(key) is None


async def test_folder_is_deleted_alone(client: Client, tmp_path: Path) -> None:
    folder = f"p/{new_key()}"
    for name in ("320.webp", "960.webp"):
        await client.put(f"{folder}/{name}", b"content", tmp_path)
    await client.put(f"{folder}-other/320.webp", b"content", tmp_path)

    assert await client.storage.delete_folder(folder) == 2
    assert await client.storage.delete_folder(folder) == 0

    found = await client.storage.objects(folder, limit=10)
    assert [each.key for each in found] == [f"{folder}-other/320.webp"]


async def test_objects_are_listed_in_pages(client: Client, tmp_path: Path) -> None:
    folder = f"p/{new_key()}"
    keys = [f"{folder}/{number}" for number in range(3)]
    for key in keys:
        await client.put(key, b"content", tmp_path)

    page = await client.storage.objects(f"{folder}/", limit=2)
    rest = await client.storage.objects(f"{folder}/", after=page[-1].key, limit=2)

    assert [each.key for each in (*page, *rest)] == keys
    assert {each.size_bytes for each in page} == {7}


async def test_stored_file_and_its_copy_may_be_cached_for_good(s3: S3, tmp_path: Path) -> None:
    source, target = f"p/{new_key()}/file", f"m/{new_key()}/file"
    async with connected(s3) as storage:
        client = Client(storage, put_over_http)
        await client.put(source, b"content", tmp_path)
        await storage.copy(source, target)

        for key in (source, target):
            head = await asyncio.to_thread(
                storage._client.head_object, Bucket=MEDIA_BUCKET, Key=key
            )
            assert head["ContentType"] == "image/webp"
            assert head["CacheControl"] == s3_adapter.CACHE_CONTROL


async def test_address_of_another_part_is_not_valid(s3: S3) -> None:
    key = f"u/{new_key()}"
    async with connected(s3) as storage:
        multipart_id = await storage.create_multipart(key)
        (address,) = await storage.part_addresses(key, multipart_id, [(1, 5)], lifetime=HOUR)

    with pytest.raises(PermissionError):
        await put_over_http(address.replace("partNumber=1", "partNumber=2"), b"right")
    with pytest.raises(PermissionError):
        await put_over_http(address.replace(key, f"u/{new_key()}"), b"right")


async def test_addresses_name_the_public_endpoint(s3: S3) -> None:
    async with s3_adapter.connect(
        endpoint=s3.endpoint,
        public_endpoint="https://uploads.example.org",
        region=s3.region,
        access_key=s3.access_key,
        secret_key=s3.secret_key,
        bucket=MEDIA_BUCKET,
    ) as storage:
        (address,) = await storage.part_addresses("u/key", "multipart", [(1, 5)], lifetime=HOUR)

    assert address.startswith(f"https://uploads.example.org/{MEDIA_BUCKET}/u/key?")
    assert "X-Amz-SignedHeaders=content-length%3Bhost" in address


async def test_web_page_may_upload_a_part(s3: S3) -> None:
    key, origin = f"u/{new_key()}", "https://web.example.org"
    async with connected(s3) as storage, httpx2.AsyncClient(timeout=LIMIT) as client:
        multipart_id = await storage.create_multipart(key)
        (address,) = await storage.part_addresses(key, multipart_id, [(1, 5)], lifetime=HOUR)
        preflight = await client.options(
            address,
            headers={
                "Origin": origin,
                "Access-Control-Request-Method": "PUT",
                "Access-Control-Request-Headers": "content-type",
            },
        )
        response = await client.put(address, content=b"right", headers={"Origin": origin})

    assert "PUT" in preflight.headers["access-control-allow-methods"]
    for each in (preflight, response):
        assert each.headers["access-control-allow-origin"] == origin
    assert "ETag" in response.headers["access-control-expose-headers"]


async def test_store_that_is_away_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3_adapter, "CONNECT_SECONDS", 1.0)
    nobody = S3("http://127.0.0.1:9", MEDIA_BUCKET, "key", "secret")

    async with connected(nobody) as storage:
        with pytest.raises(StorageUnavailable):
            await storage.size("u/key")


async def test_silent_store_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3_adapter, "CALL_SECONDS", 0.5)
    ended = asyncio.Event()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await ended.wait()
        writer.close()

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    address = server.sockets[0].getsockname()
    silent = S3(f"http://127.0.0.1:{address[1]}", MEDIA_BUCKET, "key", "secret")
    async with server, connected(silent) as storage:
        with pytest.raises(StorageUnavailable):
            await storage.size("u/key")
        ended.set()


async def test_killed_store_is_away_and_back(engines: Engines, s3: S3) -> None:
    key = f"u/{new_key()}"
    async with connected(s3) as storage:
        multipart_id = await storage.create_multipart(key)
        engines.stop("seaweedfs")
        try:
            with pytest.raises(StorageUnavailable):
                await storage.parts(key, multipart_id)
        finally:
            engines.start("seaweedfs")

        assert await storage.parts(key, multipart_id) == []
