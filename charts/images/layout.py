"""Where the parts of an image are, in the build and in the image."""

from __future__ import annotations

import shutil
from pathlib import Path

# The environment with Roost's packages. Roost's own code is in its folder `code`.
ENVIRONMENT = Path("/opt/roost")
# What the next stage of the build copies.
OUT = Path("/out")


def copy(file: Path) -> Path:
    """Copy a file of the system to its place in the image; of a link, the file that it leads to.
    Returns the place. Its folder is the real one, since Debian's /lib is a link.
    """
    place = file.parent.resolve() / file.name
    target = OUT / place.relative_to("/")
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(file, target)
    return place


def library(name: str) -> Path:
    """The library of the system that the loader finds by this name."""
    (found,) = Path("/usr/lib").glob(f"*-linux-gnu/{name}")
    return found
