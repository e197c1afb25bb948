"""Media for tests, as messages of the contract."""

from typing import Any

from roost.media.v1.media_pb2 import (
    MEDIUM_KIND_PICTURE,
    MEDIUM_STATE_READY,
    FocalPoint,
    Medium,
    MediumVariant,
)

# The longest side of each size of a picture.
_SIDES = {"thumb": 320, "small": 960, "large": 2048}


def picture(medium_id: int, owner_id: int, **given: Any) -> Medium:
    """A picture that is ready. Every field that the Media service sends to services is set."""
    usual: dict[str, Any] = {
        "state": MEDIUM_STATE_READY,
        "kind": MEDIUM_KIND_PICTURE,
        "content_type": "image/jpeg",
        "width": 4000,
        "height": 3000,
        "size_bytes": 2_000_000,
        "alt_text": "A heron at the lake",
        "blurhash": "LEHV6nWB2yk8pyo0adR*.7kCMdnj",
        "dominant_color": "#5a7d8c",
        "focal_point": FocalPoint(x=0.25, y=-0.5),
        "progress": 100,
        "etag": "3",
        "folder": f"p/{medium_id:016x}",
        "variants": [
            *(
                MediumVariant(
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
            MediumVariant(
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
    return Medium(id=medium_id, owner_id=owner_id, **(usual | given))
