"""Runs one process of all services: ``python -m local.joined serve|work``, for a small machine.

``ROOST_JOINED`` holds the variables of each service, by noun, as JSON. Services know nothing of
each other here either: each has its settings, identity, connections and port, and they call each
other through Envoy.
"""

from __future__ import annotations

import importlib
import json
import os
import sys

from local.parts.processes import JOINED, JOINED_VARIABLE
from services.chassis.runtime import process
from services.chassis.runtime.manifest import Process


def main() -> int:
    """Run the process to its end and return its exit code."""
    given = sys.argv[1:]
    if len(given) != 1 or given[0] not in {*Process}:
        print("Say what to do: python -m local.joined serve|work", file=sys.stderr)
        return 2
    settings: dict[str, dict[str, str]] = json.loads(os.environ[JOINED_VARIABLE])
    programs = [
        (importlib.import_module(f"services.{noun}.__main__").PROGRAM, own)
        for noun, own in settings.items()
    ]
    return process.run_joined(JOINED, Process(given[0]), programs)


if __name__ == "__main__":
    sys.exit(main())
