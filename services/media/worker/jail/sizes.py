"""The sizes in which a picture is kept."""

from typing import NamedTuple

WEBP = "image/webp"
JPEG = "image/jpeg"

# The quality of lossy WebP and JPEG, and of their transparency.
WEBP_QUALITY = 80
JPEG_QUALITY = 82

COMPAT = "compat"
COMPAT_FILE = "compat.jpg"


class Size(NamedTuple):
    """A variant, and its longest side at most."""

    name: str
    side: int

    @property
    def file(self) -> str:
        """The name of the file."""
        return f"{self.side}.webp"


# Smallest first.
SIZES = (Size("thumb", 320), Size("small", 960), Size("large", 2048))
LARGEST = SIZES[-1].side


def sizes_of(width: int, height: int) -> tuple[Size, ...]:
    """Up to the first that holds the whole picture, which is never enlarged."""
    needed = sum(size.side < max(width, height) for size in SIZES) + 1
    return SIZES[:needed]


def fit(width: int, height: int, side: int) -> tuple[int, int]:
    """The dimensions within a square, with the same proportions; never enlarged."""
    scale = min(1.0, side / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))
