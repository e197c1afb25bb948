"""Looks at the files of a stack as another user of the machine would."""

from __future__ import annotations

import os
import stat
from pathlib import Path


def open_to_others(folder: Path) -> list[Path]:
    """Return the folder, and what is in it, where group or others may do anything with it."""
    found = [folder]
    for place, folders, files in os.walk(folder):
        found += [Path(place, name) for name in (*folders, *files)]
    return [path for path in found if _is_open(path)]


def _is_open(path: Path) -> bool:
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return False  # it went meanwhile
    return bool(mode & 0o077) and not stat.S_ISLNK(mode)
