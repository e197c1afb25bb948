"""Builds media for tests, with defaults: of the model, and as messages of the contract."""

from datetime import UTC, datetime, timedelta
from typing import Any

from roost.media.v1 import media_pb2 as pb

from services.media.domain.limits import PART_BYTES, UNATTACHED
from services.media.domain.model import (
    Access,
    Claim,
    Folder,
    FolderState,
    Medium,
    MediumState,
    Upload,
    Use,
)
from services.media.domain.processing import Kind, Processed, ProcessedFile

START = datetime(2025, 6, 1, 12, 0, tzinfo=UTC)

# The longest side of each size of a picture.
_SIDES = {"thumb": 320, "small": 960, "large": 2048}


def a_picture(**given: Any) -> Processed:
    """A processed picture of two files."""
    usual: dict[str, Any] = {
        "kind": Kind.PICTURE,
        "content_type": "image/jpeg",
        "files": (
            ProcessedFile("thumb", "320.webp", "image/webp", 9_000, "webp", 320, 240),
            ProcessedFile("compat", "compat.jpg", "image/jpeg", 40_000, "jpeg", 640, 480),
        ),
        "width": 640,
        "height": 480,
        "blurhash": "LEHV6nWB2yk8pyo0adR*.7kCMdnj",
        "dominant_color": "#a0b0c0",
    }
    return Processed(**(usual | given))


def a_medium(id_: int, owner_id: int, **given: Any) -> Medium:
    """A medium that waits for its upload."""
    usual: dict[str, Any] = {
        "declared_type": "image/jpeg",
        "size_bytes": 50_000,
        "create_time": START,
        "expire_time": START + UNATTACHED,
    }
    return Medium(id=id_, owner_id=owner_id, **(usual | given))


def a_ready_medium(id_: int, owner_id: int, **given: Any) -> Medium:
    """A medium that was processed."""
    usual: dict[str, Any] = {
        "state": MediumState.READY,
        "processed": a_picture(),
        "progress": 100,
        "folder": f"p/folder-{id_}",
    }
    return a_medium(id_, owner_id, **(usual | given))


def an_upload(medium: Medium, **given: Any) -> Upload:
    """The upload of a medium."""
    usual: dict[str, Any] = {
        "object_key": f"u/upload-{medium.id}",
        "size_bytes": medium.size_bytes,
        "part_bytes": PART_BYTES,
        "create_time": medium.create_time,
        "expire_time": medium.create_time + UNATTACHED,
    }
    return Upload(medium_id=medium.id, owner_id=medium.owner_id, **(usual | given))


def a_folder(medium: Medium, key: str, **given: Any) -> Folder:
    """A folder that is being written."""
    usual: dict[str, Any] = {
        "access": Access.CLOSED,
        "state": FolderState.WRITING,
        "files": ("320.webp", "compat.jpg"),
        "create_time": START,
    }
    return Folder(key=key, owner_id=medium.owner_id, medium_id=medium.id, **(usual | given))


def a_claim(post_id: int = 0, *, minutes: float = 0, **given: Any) -> Claim:
    """A provisional claim of a post; of a profile picture without one."""
    usual: dict[str, Any] = {
        "use": Use.POST if post_id else Use.AVATAR,
        "post_id": post_id,
        "key": "write-1",
        "claim_time": START + timedelta(minutes=minutes),
    }
    return Claim(**(usual | given))


def picture(medium_id: int, owner_id: int, **given: Any) -> pb.Medium:
    """A message: a picture that is ready, with every field that services get."""
    usual: dict[str, Any] = {
        "state": pb.MEDIUM_STATE_READY,
        "kind": pb.MEDIUM_KIND_PICTURE,
        "content_type": "image/jpeg",
        "width": 4000,
        "height": 3000,
        "size_bytes": 2_000_000,
        "alt_text": "A heron at the lake",
        "blurhash": "LEHV6nWB2yk8pyo0adR*.7kCMdnj",
        "dominant_color": "#5a7d8c",
        "focal_point": pb.FocalPoint(x=0.25, y=-0.5),
        "progress": 100,
        "etag": "3",
        "folder": f"p/{medium_id:016x}",
        "variants": [
            *(
                pb.MediumVariant(
                    name=name,
                    file=f"{side}.webp",
                    content_type="image/webp",
                    codec="webp",
                    width=side,
                    height=side * 3 // 4,
                    size_bytes=side * 40,
                )
                for name, side in _SIDES.items()
            ),
            pb.MediumVariant(
                name="compat",
                file="compat.jpg",
                content_type="image/jpeg",
                codec="jpeg",
                width=2048,
                height=1536,
                size_bytes=300_000,
            ),
        ],
    }
    return pb.Medium(id=medium_id, owner_id=owner_id, **(usual | given))
