"""Finds the programs that wheels install."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from signal import Signals

from local.part import CannotStart, RunAs

EXECUTABLE = 0o755
LAUNCH = Path(__file__).with_name("launch.py")


def launcher(orphan_signal: Signals, user: RunAs | None) -> list[str]:
    """Return the prefix of a command that then runs as ``user`` and dies with this process."""
    identity = (user.uid, user.gid) if user else (-1, -1)
    words = (os.getpid(), int(orphan_signal), *identity)
    return [sys.executable, "-I", "-S", str(LAUNCH), *map(str, words)]


def script(name: str) -> str:
    """Return the path of a program that a wheel installs beside the interpreter."""
    return _program(Path(sys.executable).parent / name)


def packaged(package: str, path: str) -> str:
    """Return the path of a program inside an installed package, without importing that package."""
    found = importlib.util.find_spec(package)
    if found is None or not found.submodule_search_locations:
        raise CannotStart(f"the wheel that holds {package} is not installed")
    return _program(Path(found.submodule_search_locations[0]) / path)


def _program(file: Path) -> str:
    if not file.exists():
        raise CannotStart(f"its program {file} is not installed")
    if not file.stat().st_mode & 0o100:
        file.chmod(EXECUTABLE)  # some installers drop the bit
    return str(file)
