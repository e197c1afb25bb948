"""Finds files of a stack that other users of the machine can open."""

from __future__ import annotations

import os
import stat
from pathlib import Path


def open_to_others(folder: Path) -> list[Path]:
    """Return the folder and the paths in it on which group or others have any permission."""
    found = [folder]
    for place, folders, files in os.walk(folder):
        found += [Path(place, name) for name in (*folders, *files)]
    return [path for path in found if _is_open(path)]


def _is_open(path: Path) -> bool:
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return False  # it was deleted after the listing
    return bool(mode & 0o077) and not stat.S_ISLNK(mode)
