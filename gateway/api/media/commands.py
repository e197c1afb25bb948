"""Changing a medium, and uploading one whose bytes came with the request."""

from collections.abc import Sequence

from google.protobuf.field_mask_pb2 import FieldMask
from msgspec import UNSET, UnsetType
from roost.media.v1 import media_pb2
from roost.media.v1.media_pb2 import Medium, UploadPart
from roost.media.v1.media_service_pb2 import (
    AbortUploadRequest,
    CompleteUploadRequest,
    GetUploadRequest,
    StartUploadRequest,
    UpdateMediaRequest,
)

from gateway.api.media.requests import NewMedium
from gateway.core.clients import Backends
from gateway.core.object_store import AddressRefused, ObjectStore, ReceivedFile
from gateway.views.media_shapes import FocalPoint
from services.chassis.runtime import deadline
from services.chassis.runtime.errors import NotFound, RoostError

_ABORT_SECONDS = 2.0
_UNKNOWN_TYPE = "application/octet-stream"
# What curl and some browsers do not derive from a name.
_TYPES = {
    "avif": "image/avif",
    "flac": "audio/flac",
    "gif": "image/gif",
    "heic": "image/heic",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "m4a": "audio/mp4",
    "mkv": "video/x-matroska",
    "mov": "video/quicktime",
    "mp3": "audio/mpeg",
    "mp4": "video/mp4",
    "ogg": "audio/ogg",
    "png": "image/png",
    "wav": "audio/wav",
    "webm": "video/webm",
    "webp": "image/webp",
}


async def change(
    backends: Backends,
    medium_id: int,
    *,
    alt_text: str | UnsetType,
    focal_point: FocalPoint | UnsetType | None,
    etag: str,
    request_id: str,
) -> Medium:
    """Changes what is given, and returns the medium as it is then. With an etag, only if the
    medium is still as it was read."""
    medium = Medium(id=medium_id)
    paths = []
    if alt_text is not UNSET:
        paths.append("alt_text")
        medium.alt_text = alt_text
    if focal_point is not UNSET:
        paths.append("focal_point")
        if focal_point is not None:
            medium.focal_point.CopyFrom(media_pb2.FocalPoint(x=focal_point.x, y=focal_point.y))
    response = await backends.media.UpdateMedia(
        UpdateMediaRequest(
            medium=medium, update_mask=FieldMask(paths=paths), etag=etag, request_id=request_id
        )
    )
    return response.medium


async def upload(
    backends: Backends,
    store: ObjectStore,
    file: ReceivedFile,
    described: NewMedium,
    *,
    request_id: str,
) -> Medium:
    """Uploads a file, and returns the medium that is made of it.

    A try that fails is aborted. With a request id it is left for the repetition, which goes on
    with the same upload; it is discarded when it expires.
    """
    point = described.point()
    started = await backends.media.StartUpload(
        StartUploadRequest(
            content_type=_content_type(file),
            size_bytes=file.size,
            alt_text=described.alt_text,
            request_id=request_id,
        )
    )
    medium_id = started.medium_id
    try:
        await _put(backends, store, medium_id, started.parts, file.chunks)
    except BaseException:
        if not request_id:
            await _abort(backends, medium_id)
        raise
    # From here on it may be complete, and is not aborted.
    completed = await backends.media.CompleteUpload(CompleteUploadRequest(medium_id=medium_id))
    if point is None:
        return completed.medium
    return await change(
        backends, medium_id, alt_text=UNSET, focal_point=point, etag="", request_id=""
    )


async def _put(
    backends: Backends,
    store: ObjectStore,
    medium_id: int,
    parts: Sequence[UploadPart],
    chunks: Sequence[bytes],
) -> None:
    try:
        await _put_parts(store, parts, chunks)
    except AddressRefused:
        # Of a repeated request: the addresses of the first answer were used, or have expired.
        try:
            response = await backends.media.GetUpload(GetUploadRequest(medium_id=medium_id))
        except NotFound:
            return  # it is complete
        await _put_parts(store, response.upload.parts, chunks)


async def _put_parts(
    store: ObjectStore, parts: Sequence[UploadPart], chunks: Sequence[bytes]
) -> None:
    start = 0
    for part in parts:
        if part.url:
            await store.put(part.url, chunks, start=start, size=part.size_bytes)
        start += part.size_bytes


async def _abort(backends: Backends, medium_id: int) -> None:
    # The request's own time may be over.
    with deadline.none(), deadline.within(_ABORT_SECONDS):
        try:
            await backends.media.AbortUpload(AbortUploadRequest(medium_id=medium_id))
        except RoostError:
            return  # it is discarded when it expires


def _content_type(file: ReceivedFile) -> str:
    """What the client declares, or else what the name of the file says."""
    declared = file.content_type.partition(";")[0].strip().lower()
    if declared and declared != _UNKNOWN_TYPE:
        return declared
    return _TYPES.get(file.name.rpartition(".")[2].lower(), _UNKNOWN_TYPE)
