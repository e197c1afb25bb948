"""Writes what the sources of the web client take from the gateway.

python -m gateway.web.contract [--check]

`openapi.json` is the document of the newest version, of which the client's types are made, and
`api-paths.json` are the paths that its service worker leaves alone.
"""

import json
import sys
from pathlib import Path
from typing import Any

from gateway.api.routes import SECTIONS
from gateway.api.versions import NEWEST
from gateway.protocols.rest.openapi import document
from gateway.web.paths import API_PATHS

FOLDER = Path(__file__).parents[2] / "web"


def files() -> dict[str, str]:
    """The texts of the files, by name."""
    written: dict[str, Any] = {
        "openapi.json": document(NEWEST, SECTIONS),
        "api-paths.json": list(API_PATHS),
    }
    return {
        name: json.dumps(value, indent=1, ensure_ascii=False) + "\n"
        for name, value in written.items()
    }


def main(arguments: list[str]) -> int:
    """Write, or compare; returns the exit code."""
    stale = {
        name: text
        for name, text in files().items()
        if not (FOLDER / name).exists() or (FOLDER / name).read_text() != text
    }
    if arguments == ["--check"]:
        for name in stale:
            print(f"web/{name} is not what the gateway declares: run make web-contract.")
        return 1 if stale else 0
    for name, text in stale.items():
        (FOLDER / name).write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
