"""The lines that the jailed program writes to the worker, as JSON, one a line.

The first is `jail`, then any number of `progress`, and finally `processed` or `rejected`. A file
that is refused by its first bytes has no `jail`. The program decodes hostile files, so the worker
decodes its lines strictly, and measures the files itself.
"""

import sys

import msgspec

from services.media.domain.processing import Processed, Rejected

# How the worker starts the program, in the folder of the job. Isolated (-I): neither the working
# directory nor the environment adds modules.
COMMAND = (sys.executable, "-I", "-m", "services.media.worker.jail")
# The folder of the job holds these: the bytes of the upload, and an empty folder.
INPUT = "input"
OUT = "out"

# The environment variable that names the mode, and its values.
MODE = "ROOST_MEDIA_JAIL"


class Rejection(msgspec.Struct, frozen=True):
    """Why the file cannot become a medium."""

    # A name of ErrorReason without its prefix.
    reason: str
    metadata: dict[str, str] = {}


class Line(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line. Exactly one field is set."""

    # The active layers of the jail.
    jail: tuple[str, ...] | None = None
    # Percent.
    progress: int | None = None
    processed: Processed | None = None
    rejected: Rejection | None = None

    @classmethod
    def of_rejected(cls, rejected: Rejected) -> "Line":
        """The final line of a file that is refused."""
        return cls(rejected=Rejection(rejected.reason, rejected.metadata))


def encode(line: Line) -> bytes:
    """The line with its end."""
    return msgspec.json.encode(line) + b"\n"


decode = msgspec.json.Decoder(Line).decode
