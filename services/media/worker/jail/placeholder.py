"""What is shown before a picture is there: its BlurHash and its average colour."""

from typing import NamedTuple

from blurhash_rs import blurhash_encode

from services.media.worker.jail.pillow import Image

# Detail of a BlurHash: along the longer side, and along the other.
_LONG, _SHORT = 4, 3
# BlurHash averages over large areas, so a few pixels suffice.
_SIDE = 64


class Placeholder(NamedTuple):
    """What stands in for a picture."""

    blurhash: str
    dominant_color: str


def of(picture: Image.Image) -> Placeholder:
    """The placeholder of a picture in RGB, without transparency."""
    small = picture.copy()
    small.thumbnail((_SIDE, _SIDE), Image.Resampling.BOX)
    portrait = small.height > small.width
    components = (_SHORT, _LONG) if portrait else (_LONG, _SHORT)
    average = small.resize((1, 1), Image.Resampling.BOX).tobytes()
    return Placeholder(blurhash_encode(small, *components), f"#{average.hex()}")
