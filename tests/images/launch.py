"""Runs a process of Roost out of its image, as `python -m MODULE…` would run it here.

``launch.py FOLDER -m MODULE…``: the settings are in the environment. Files that they name are
copied to a folder of the image's user, as a cluster mounts Secrets.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

from tests.images import engine

USER = 65532
MOUNTED = "/etc/roost"


def main(folder: str, *module: str) -> None:
    """Become podman, which passes signals on to the process."""
    own = Path(tempfile.mkdtemp(dir=folder))
    own.chmod(0o755)
    for name, value in os.environ.items():
        if name.startswith("ROOST_") and name.endswith("_FILE"):
            copy = shutil.copy(value, own / name.lower())
            os.chown(copy, USER, USER)
            os.environ[name] = f"{MOUNTED}/{name.lower()}"
    image = "roost-media" if module[0] == "services.media" else "roost"
    given = [f"--env={name}" for name in os.environ if name.startswith("ROOST_")]
    command = engine.run(image, *module, options=[*given, f"--volume={own}:{MOUNTED}:ro"])
    os.execvp(command[0], command)


if __name__ == "__main__":
    main(sys.argv[1], *sys.argv[3:])
