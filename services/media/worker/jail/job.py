"""The input and the outputs of one job: the upload, and the folder of its files."""

import os
from typing import BinaryIO

from services.media.domain.processing import ProcessedFile
from services.media.worker.jail.signatures import Signature


class Source:
    """The upload, open for reading since before the jail."""

    def __init__(self, file: BinaryIO, *, signature: Signature) -> None:
        """`file` is seekable, and has no name that can be opened."""
        self.file = file
        self.signature = signature
        self.size_bytes = file.seek(0, os.SEEK_END)
        file.seek(0)

    def read(self) -> bytes:
        """All bytes. For pictures; recordings are read from `file`."""
        self.file.seek(0)
        return self.file.read()


class OutFolder:
    """The working directory: the only place where files can be made."""

    def write(
        self,
        name: str,
        file: str,
        data: bytes,
        *,
        content_type: str,
        codec: str,
        width: int = 0,
        height: int = 0,
    ) -> ProcessedFile:
        """Write a file that does not exist, and describe it."""
        with open(file, "xb") as out:
            out.write(data)
        return self.describe(
            name, file, content_type=content_type, codec=codec, width=width, height=height
        )

    def describe(
        self,
        name: str,
        file: str,
        *,
        content_type: str,
        codec: str,
        width: int = 0,
        height: int = 0,
    ) -> ProcessedFile:
        """Describe a file that a codec wrote under its relative name."""
        size = os.stat(file).st_size
        return ProcessedFile(name, file, content_type, size, codec, width, height)
