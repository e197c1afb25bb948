"""The yardstick of home reads: the gateway of an earlier commit, in front of stub services.

Later gateways may answer from memory, or by other calls. This one always makes two calls of the
mesh for a home of 20 posts and presents what they return, so a ratio to it means the same at each
commit. Its code is taken out of the history, unchanged. It runs with the libraries of today, behind
the Envoy of today.
"""

from __future__ import annotations

import io
import subprocess
import tarfile
from pathlib import Path

from bench.machine import ROOT
from bench.skipped import Skipped

COMMIT = "45fdabdbe88f4a0b2177fca1e8eac801712fc4d7"
# What its gateway imports.
FOLDERS = ("gateway", "services", "gen")
SECONDS = 60


def extract(folder: Path, *, checkout: Path = ROOT, commit: str = COMMIT) -> None:
    """Write the sources of the gateway into a folder. Raises Skipped if the history lacks them."""
    command = ["git", "archive", "--format=tar", commit, *FOLDERS]
    try:
        archive = subprocess.run(
            command, cwd=checkout, capture_output=True, check=True, timeout=SECONDS
        )
    except (OSError, subprocess.CalledProcessError):
        raise Skipped(
            f"The history of this checkout lacks commit {commit[:12]}, whose gateway is the "
            "yardstick (git fetch --unshallow)."
        ) from None
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as content:
        content.extractall(folder, filter="data")


def python_path(folder: Path) -> str:
    """The PYTHONPATH of the gateway in a folder."""
    return f"{folder}:{folder / 'gen'}"
