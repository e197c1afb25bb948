"""`python -I -m services.media.worker.jail`, in the folder of a job: processes one upload."""

import importlib
import os
import sys
from collections.abc import Callable
from typing import Protocol, cast

from services.media.domain.processing import Processed, Rejected
from services.media.worker.jail import enclosure, protocol, signatures
from services.media.worker.jail.job import OutFolder, Source
from services.media.worker.jail.signatures import Family


class Processor(Protocol):
    """The module of a family. Importing it imports all codecs that it uses."""

    LIMITS: enclosure.Limits

    def process(self, source: Source, out: OutFolder, report: Callable[[int], None]) -> Processed:
        """Write the files of the upload and describe them; `report` gets percents.

        Raises Rejected if the file is at fault. Any other exception is a failed try.
        """
        ...


def main() -> int:
    """Process `input`; returns 0 if there is a result, be it a refusal."""
    enclosure.bound_allocator()
    with open(protocol.INPUT, "rb") as file:
        signature = signatures.identify(file.read(signatures.HEAD_BYTES))
        if signature is None:
            _send(protocol.Line.of_rejected(Rejected("MEDIA_TYPE_NOT_ALLOWED")))
            return 0
        processor = _processor(signature.family)
        mode = enclosure.Mode(os.environ.get(protocol.MODE, enclosure.Mode.AVAILABLE))
        layers = enclosure.enter(processor.LIMITS, folder=protocol.OUT, mode=mode)
        _send(protocol.Line(jail=layers))
        source = Source(file, signature=signature)
        try:
            processed = processor.process(source, OutFolder(), _report)
        except Rejected as rejected:
            _send(protocol.Line.of_rejected(rejected))
        else:
            _send(protocol.Line(processed=processed))
    return 0


def _processor(family: Family) -> Processor:
    """Only the codecs of one family are in the process."""
    module = importlib.import_module(f"services.media.worker.jail.{family.value}")
    return cast(Processor, module)


def _report(percent: int) -> None:
    _send(protocol.Line(progress=percent))


def _send(line: protocol.Line) -> None:
    sys.stdout.buffer.write(protocol.encode(line))
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    sys.exit(main())
