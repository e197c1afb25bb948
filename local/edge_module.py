"""Compiles envoy/connections.c, the connection filter of the edge, into envoy/defaults.env.

``python -m local.edge_module`` writes the module; with ``--check`` it only compares and fails if
they differ. Envoy takes the module as base64 in its configuration, so nothing is
compiled where a stack runs. The compiler is Zig's, from a wheel that only developers install.
"""

from __future__ import annotations

import base64
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ENVOY = Path(__file__).parents[1] / "envoy"
SOURCE = ENVOY / "connections.c"
DEFAULTS = ENVOY / "defaults.env"
NAME = "CONNECTIONS_MODULE"

# The oldest WebAssembly, which every Envoy runs; without names and paths, so that the output is the
# same on every machine.
OPTIONS = (
    *("-target", "wasm32-freestanding", "-mcpu=mvp", "-nostdlib", "-Os"),
    *("-Wall", "-Wextra", "-Werror", "-Wno-unused-parameter"),
    *("-Wl,--no-entry", "-Wl,--strip-all"),
)


def compiled() -> str:
    """Return the module as base64. Raises CalledProcessError if the source does not compile."""
    with tempfile.TemporaryDirectory() as folder:
        module = Path(folder) / "connections.wasm"
        caches = {f"ZIG_{scope}_CACHE_DIR": folder for scope in ("GLOBAL", "LOCAL")}
        command = [sys.executable, "-m", "ziglang", "cc", *OPTIONS, "-o", str(module), str(SOURCE)]
        subprocess.run(command, env={**os.environ, **caches}, check=True)
        return base64.b64encode(module.read_bytes()).decode()


def main(arguments: list[str]) -> int:
    """Write or compare; returns the exit code."""
    lines = DEFAULTS.read_text().splitlines()
    place = next(i for i, line in enumerate(lines) if line.startswith(f"{NAME}="))
    module = f"{NAME}={compiled()}"
    if "--check" in arguments:
        if lines[place] != module:
            sys.stderr.write("envoy/defaults.env has another module; run `make edge-module`.\n")
            return 1
        return 0
    lines[place] = module
    DEFAULTS.write_text("\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
