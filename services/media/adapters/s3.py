"""The object store by the S3 protocol (boto3).

The client of boto3 blocks, so each call runs in a thread of a bounded pool. A call that takes too
long is left to its thread, which the client's own time limits end.
"""

import asyncio
import contextvars
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from prometheus_client import Counter

from services.chassis.runtime import deadline
from services.chassis.runtime.errors import DeadlineExceeded
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

T = TypeVar("T")

# What a call may take that moves no content, and one that moves up to 100 MiB.
CALL_SECONDS = 10.0
TRANSFER_SECONDS = 120.0
CONNECT_SECONDS = 2.0
# Between two answers of the server on one connection.
READ_SECONDS = 8.0

# Calls at once in one process; more wait for a thread.
THREADS = 16

# Every key gets its content once.
CACHE_CONTROL = "public, max-age=31536000, immutable"

# What S3 allows in one DeleteObjects, and in one page of a listing.
_PAGE = 1_000
_CHUNK_BYTES = 1 << 20

_GONE = {"404", "NoSuchKey", "NotFound"}
_NO_MULTIPART = {"NoSuchUpload"}
_REFUSED = {"InvalidPart", "InvalidPartOrder", "EntityTooSmall", "InvalidPartNumber"}
# The server is overloaded, or its clock and ours differ for now.
_TRANSIENT = {"SlowDown", "RequestTimeout", "Throttling", "ThrottlingException", "TooManyRequests"}

_failures = Counter(
    "roost_object_store_failures_total",
    "Calls to the object store that failed for a reason of the store or the network",
    ["operation"],
)


class S3Storage:
    """`storage.Storage` for one bucket. Made by `connect`."""

    def __init__(
        self, client: Any, signing_client: Any, *, bucket: str, pool: ThreadPoolExecutor
    ) -> None:
        self._client = client
        # For addresses of the public endpoint; it makes no calls.
        self._signing_client = signing_client
        self._bucket = bucket
        self._pool = pool

    async def create_multipart(self, key: str) -> str:
        response = await self._call("create_multipart_upload", Key=key)
        multipart_id: str = response["UploadId"]
        return multipart_id

    async def part_addresses(
        self,
        key: str,
        multipart_id: str,
        parts: Sequence[tuple[int, int]],
        *,
        lifetime: timedelta,
    ) -> list[str]:
        return await self._run(
            "sign", partial(self._sign, key, multipart_id, parts, lifetime), CALL_SECONDS
        )

    async def parts(self, key: str, multipart_id: str) -> list[ReceivedPart]:
        try:
            # No upload has more parts than one page.
            response = await self._call("list_parts", Key=key, UploadId=multipart_id)
        except ClientError as error:
            if _code(error) in _NO_MULTIPART | _GONE:
                raise MultipartGone from error
            raise
        found = sorted(
            response.get("Parts", ()), key=lambda each: (each["PartNumber"], each["LastModified"])
        )
        return [
            ReceivedPart(each["PartNumber"], each["Size"], each["ETag"].strip('"'))
            for each in found
        ]

    async def complete_multipart(
        self, key: str, multipart_id: str, parts: Sequence[ReceivedPart]
    ) -> None:
        joined = [{"PartNumber": each.number, "ETag": f'"{each.etag}"'} for each in parts]
        try:
            await self._call(
                "complete_multipart_upload",
                Key=key,
                UploadId=multipart_id,
                MultipartUpload={"Parts": joined},
            )
        except ClientError as error:
            if _code(error) in _NO_MULTIPART | _GONE:
                raise MultipartGone from error
            if _code(error) in _REFUSED:
                raise PartRefused from error
            raise

    async def abort_multipart(self, key: str, multipart_id: str) -> None:
        try:
            await self._call("abort_multipart_upload", Key=key, UploadId=multipart_id)
        except ClientError as error:
            if _code(error) not in _NO_MULTIPART | _GONE:
                raise

    async def size(self, key: str) -> int | None:
        try:
            response = await self._call("head_object", Key=key)
        except ClientError as error:
            if _code(error) in _GONE:
                return None
            raise
        size: int = response["ContentLength"]
        return size

    async def put(self, key: str, file: Path, *, content_type: str) -> None:
        await self._run("put_object", partial(self._put, key, file, content_type), TRANSFER_SECONDS)

    async def fetch(self, key: str, target: Path, *, max_bytes: int) -> int:
        try:
            return await self._run(
                "get_object", partial(self._fetch, key, target, max_bytes), TRANSFER_SECONDS
            )
        except ClientError as error:
            if _code(error) in _GONE:
                raise ObjectGone from error
            raise

    async def copy(self, source: str, target: str) -> None:
        try:
            await self._call(
                "copy_object",
                seconds=TRANSFER_SECONDS,
                Key=target,
                CopySource={"Bucket": self._bucket, "Key": source},
                MetadataDirective="COPY",
            )
        except ClientError as error:
            if _code(error) in _GONE:
                raise ObjectGone from error
            raise

    async def delete(self, key: str) -> None:
        await self._call("delete_object", Key=key)

    async def delete_folder(self, path: str) -> int:
        deleted = 0
        while found := await self.objects(f"{path}/", limit=_PAGE):
            response = await self._call(
                "delete_objects",
                Delete={"Objects": [{"Key": each.key} for each in found], "Quiet": True},
            )
            if response.get("Errors"):
                _failures.labels("delete_objects").inc()
                raise StorageUnavailable
            deleted += len(found)
        return deleted

    async def objects(self, prefix: str, *, after: str = "", limit: int) -> list[StoredObject]:
        response = await self._call(
            "list_objects_v2", Prefix=prefix, StartAfter=after, MaxKeys=limit
        )
        return [
            StoredObject(each["Key"], each["Size"], each["LastModified"])
            for each in response.get("Contents", ())
        ]

    async def multiparts(self, prefix: str) -> list[OpenMultipart]:
        response = await self._call("list_multipart_uploads", Prefix=prefix, MaxUploads=_PAGE)
        return [
            OpenMultipart(each["Key"], each["UploadId"], each["Initiated"])
            for each in response.get("Uploads", ())
        ]

    def _sign(
        self, key: str, multipart_id: str, parts: Sequence[tuple[int, int]], lifetime: timedelta
    ) -> list[str]:
        return [
            self._signing_client.generate_presigned_url(
                "upload_part",
                Params={
                    "Bucket": self._bucket,
                    "Key": key,
                    "UploadId": multipart_id,
                    "PartNumber": number,
                    # The signature covers it: no other size is accepted.
                    "ContentLength": size_bytes,
                },
                ExpiresIn=int(lifetime.total_seconds()),
                HttpMethod="PUT",
            )
            for number, size_bytes in parts
        ]

    def _put(self, key: str, file: Path, content_type: str) -> None:
        with file.open("rb") as content:
            self._client.put_object(
                Bucket=self._bucket,
                Key=key,
                Body=content,
                ContentType=content_type,
                CacheControl=CACHE_CONTROL,
            )

    def _fetch(self, key: str, target: Path, max_bytes: int) -> int:
        response = self._client.get_object(Bucket=self._bucket, Key=key)
        body, written = response["Body"], 0
        with body, target.open("xb") as file:
            for chunk in body.iter_chunks(_CHUNK_BYTES):
                written += len(chunk)
                if written > max_bytes:
                    raise ObjectTooLarge
                file.write(chunk)
        return written

    async def _call(
        self, operation: str, *, seconds: float = CALL_SECONDS, **parameters: Any
    ) -> Mapping[str, Any]:
        method = partial(getattr(self._client, operation), Bucket=self._bucket, **parameters)
        found: Mapping[str, Any] = await self._run(operation, method, seconds)
        return found

    async def _run(self, operation: str, work: Callable[[], T], seconds: float) -> T:
        """Runs `work` in a thread. Errors of the protocol pass; those of the network are named."""
        context = contextvars.copy_context()
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(deadline.budget(seconds)):
                return await loop.run_in_executor(self._pool, context.run, work)
        except TimeoutError as late:
            if deadline.remaining() == 0.0:
                raise DeadlineExceeded from late
            _failures.labels(operation).inc()
            raise StorageUnavailable from late
        except (BotoCoreError, ConnectionError) as lost:
            _failures.labels(operation).inc()
            raise StorageUnavailable from lost
        except ClientError as error:
            if _is_transient(error):
                _failures.labels(operation).inc()
                raise StorageUnavailable from error
            raise


@asynccontextmanager
async def connect(
    *,
    endpoint: str,
    public_endpoint: str,
    region: str,
    access_key: str,
    secret_key: str,
    bucket: str,
) -> AsyncIterator[S3Storage]:
    """The object store for the block's length. It connects when it is used."""
    session = boto3.session.Session(
        aws_access_key_id=access_key, aws_secret_access_key=secret_key, region_name=region
    )
    settings = Config(
        signature_version="s3v4",
        s3={"addressing_style": "path"},
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": 2},
        max_pool_connections=THREADS,
        # Not every store that speaks the protocol accepts the newer checksums.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    pool = ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="s3")
    try:
        yield S3Storage(
            session.client("s3", endpoint_url=endpoint, config=settings),
            session.client("s3", endpoint_url=public_endpoint, config=settings),
            bucket=bucket,
            pool=pool,
        )
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _is_transient(error: ClientError) -> bool:
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return status >= 500 or status == 429 or _code(error) in _TRANSIENT


if TYPE_CHECKING:

    def _storage(storage: S3Storage) -> Storage:
        return storage
