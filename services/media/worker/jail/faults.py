"""The errors of decoders, which raise whatever their authors chose."""

from collections.abc import Iterator
from contextlib import contextmanager

# What libvips, libjpeg, libavif and libheif say.
_OUT_OF_MEMORY = ("out of memory", "insufficient memory", "memory allocation")


class Undecodable(Exception):
    """The bytes are no picture, or end early."""


@contextmanager
def decoding() -> Iterator[None]:
    """Makes of every error of a decoder Undecodable, or MemoryError if memory is short."""
    try:
        yield
    except (MemoryError, ImportError):
        raise
    except Exception as error:
        if any(text in str(error).lower() for text in _OUT_OF_MEMORY):
            raise MemoryError from None
        raise Undecodable from error
