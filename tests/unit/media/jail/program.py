"""Runs the jailed program on one file, in a folder of its own, as the worker does."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from services.media.domain.processing import Processed, ProcessedFile
from services.media.worker.jail import protocol


@dataclass(frozen=True)
class Outcome:
    """What one job left."""

    lines: tuple[protocol.Line, ...]
    # By name, as they are in the folder.
    files: Mapping[str, bytes]
    exit_code: int
    cpu_seconds: float
    errors: str

    @property
    def layers(self) -> tuple[str, ...]:
        return self.lines[0].jail or ()

    @property
    def processed(self) -> Processed:
        assert self.exit_code == 0, self.errors
        assert self.lines[-1].processed is not None, self.lines[-1]
        return self.lines[-1].processed

    @property
    def reason(self) -> str:
        """Why the file was refused."""
        assert self.exit_code == 0, self.errors
        assert self.lines[-1].rejected is not None, self.lines[-1]
        return self.lines[-1].rejected.reason

    def described(self, name: str) -> ProcessedFile:
        """The description of a variant."""
        return next(file for file in self.processed.files if file.name == name)

    def variant(self, name: str) -> bytes:
        """The bytes of a variant."""
        return self.files[self.described(name).file]


def run(data: bytes, *, memory_bytes: int | None = None) -> Outcome:
    """Processes the bytes of one upload, with less address space than it may take if stated."""
    command = protocol.COMMAND
    if memory_bytes:
        command = ("/bin/sh", "-c", f'ulimit -v {memory_bytes >> 10}; exec "$@"', "sh", *command)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / protocol.INPUT).write_bytes(data)
        (folder / protocol.OUT).mkdir()
        with tempfile.TemporaryFile() as errors:
            process = subprocess.Popen(
                command,
                cwd=folder,
                env={},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
            )
            assert process.stdout is not None
            with process.stdout:
                lines = [protocol.decode(line) for line in process.stdout]
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            errors.seek(0)
            return Outcome(
                lines=tuple(lines),
                files={path.name: path.read_bytes() for path in (folder / protocol.OUT).iterdir()},
                exit_code=process.returncode,
                cpu_seconds=usage.ru_utime + usage.ru_stime,
                errors=errors.read().decode(errors="replace"),
            )
