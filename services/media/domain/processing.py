"""What processing makes of an upload: its files and properties, or the reason why it has none."""

from enum import IntEnum

import msgspec


class Kind(IntEnum):
    """The kind of a medium, decided by its bytes; numbered as in the contract."""

    PICTURE = 1
    ANIMATION = 2
    VIDEO = 3
    AUDIO = 4


class ProcessedFile(msgspec.Struct, frozen=True):
    """One file of a medium: what it is, and the name under which it is stored."""

    name: str
    file: str
    content_type: str
    size_bytes: int
    # RFC 6381, or the format of a picture: `webp`.
    codec: str
    # Pixels; 0 for files without pictures.
    width: int = 0
    height: int = 0


class Processed(msgspec.Struct, frozen=True, kw_only=True):
    """The result of processing. Sizes are pixels as shown, after the orientation was applied."""

    kind: Kind
    # As detected from the bytes of the upload.
    content_type: str
    # Pictures: smallest first.
    files: tuple[ProcessedFile, ...]
    width: int = 0
    height: int = 0
    duration_ms: int = 0
    # Frames per second of a video; 0 for other kinds.
    frame_rate: float = 0.0
    has_sound: bool = False
    # Empty for audio, as is the colour (`#rrggbb`).
    blurhash: str = ""
    dominant_color: str = ""
    # The loudness of audio: 100 bytes. Empty for other kinds.
    waveform: bytes = b""


class Rejected(Exception):
    """The file cannot become a medium. `reason` is a name of ErrorReason without its prefix."""

    def __init__(self, reason: str, metadata: dict[str, str] | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.metadata = metadata or {}
